"""Attention weights as tables of known edges, and summed to genes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from gtgrn.names import GENE, REGULATOR, TARGET, WEIGHT

LAYER, HEAD = "layer", "head"


def tabulate(task, arcs, layers: Sequence[torch.Tensor], genes: Sequence[str]) -> pd.DataFrame:
    """Return the weights of the message edges, one row per edge, layer and head.

    Parameters
    ----------
    task
        Pairs and message edges by index: :class:`gtgrn.models.peer_training.Task`.
    arcs
        The arcs of the weights, sorted by target, then source; the message edges are among
        them.
    layers
        (arcs, heads) weights of each layer.
    genes
        Names, in the caller's order.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, layer (from 1), head (from 1), weight, sorted by the first
        four.
    """
    edges = torch.unique(task.source * task.n + task.sink)
    # Arcs are sorted by target, then source, the edges by source, then target.
    where = torch.searchsorted(
        arcs.target * task.n + arcs.source, edges % task.n * task.n + edges // task.n
    )
    weights = torch.stack(list(layers))[:, where].permute(1, 0, 2).cpu().numpy().astype(float)
    names = np.asarray(genes, dtype=object)[task.order]
    edge, layer, head = (axis.ravel() for axis in np.indices(weights.shape))
    edges = edges.cpu().numpy()
    return pd.DataFrame(
        {
            REGULATOR: names[edges[edge] // task.n],
            TARGET: names[edges[edge] % task.n],
            LAYER: layer + 1,
            HEAD: head + 1,
            WEIGHT: weights.ravel(),
        }
    )


def gtgrn_weights(
    model,
    pairs: pd.DataFrame,
    genes: Sequence[str],
    features: Mapping[str, np.ndarray],
    *,
    device: str = "auto",
) -> pd.DataFrame:
    """Return GT-GRN's attention of each target to its known regulators, in scoring.

    Parameters
    ----------
    model
        A trained :class:`gtgrn.models.gtgrn.transformer.GTGRN`.
    pairs, genes, features
        As in :func:`gtgrn.models.gtgrn.paper.fit`.
    device
        ``auto``, ``cpu`` or ``cuda``.

    Returns
    -------
    pandas.DataFrame
        As :func:`tabulate`. The softmax of eq. 11 runs over both neighbours of an edge and
        the gene itself.
    """
    from gtgrn.data.scaling import standardise
    from gtgrn.models.message_passing import arc_softmax
    from gtgrn.models.peer_training import prepare

    task = prepare(pairs, genes, device)
    arcs = task.arcs(symmetric=True, loops=True)
    inputs = {
        name: torch.tensor(
            standardise(values)[task.order], dtype=torch.float32, device=task.device
        )
        for name, values in sorted(features.items())
    }
    graph = _as_graph(arcs)
    model = model.to(task.device).eval()
    layers = []
    with torch.no_grad():
        h = model.fuse(inputs)
        for layer in model.layers:
            n, d = h.shape
            query, key, _ = layer.qkv(h).view(n, 3, layer.heads, d // layer.heads).unbind(1)
            scores = (query[arcs.target] * key[arcs.source]).sum(-1) / query.shape[-1] ** 0.5
            layers.append(arc_softmax(scores, arcs))
            h = layer(h, graph)
    return tabulate(task, arcs, layers, genes)


def _as_graph(arcs):
    from gtgrn.models.gtgrn.transformer import MessageGraph

    return MessageGraph(arcs.source, arcs.target, arcs.n)


def to_genes(table: pd.DataFrame) -> pd.DataFrame:
    """Sum the attention that targets pay to each regulator.

    Parameters
    ----------
    table
        From :func:`tabulate`.

    Returns
    -------
    pandas.DataFrame
        Columns gene, layer, head, total (sum over targets), mean (a target), targets; layer 0
        and head 0 hold the mean over all layers and heads. A gene with many targets collects
        attention for that alone, which `mean` does not count.
    """
    by_head = _totals(table, [LAYER, HEAD])
    overall = table.groupby([REGULATOR, TARGET], as_index=False)[WEIGHT].mean()
    whole = _totals(overall.assign(**{LAYER: 0, HEAD: 0}), [LAYER, HEAD])
    return pd.concat([whole, by_head], ignore_index=True)


def _totals(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    groups = table.groupby([REGULATOR, *by])[WEIGHT]
    result = pd.DataFrame({"total": groups.sum(), "mean": groups.mean(), "targets": groups.size()})
    return result.reset_index().rename(columns={REGULATOR: GENE})


def stability(table: pd.DataFrame) -> pd.DataFrame:
    """Return how far seeds agree on the genes' attention.

    Parameters
    ----------
    table
        Columns of :func:`to_genes` and seed, of one model.

    Returns
    -------
    pandas.DataFrame
        One row per layer and head: layer, head, seeds, spearman (mean over pairs of seeds of the
        rank correlation of `total`, over genes both have; missing with one seed), first (the
        gene that comes first most often, the first name of several), first_share (in that
        share of the seeds).
    """
    rows = []
    for (layer, head), group in table.groupby([LAYER, HEAD]):
        wide = group.pivot(index=GENE, columns="seed", values="total").sort_index()
        correlations = wide.corr("spearman", min_periods=3).to_numpy()
        upper = correlations[np.triu_indices(wide.shape[1], 1)]
        firsts = (
            wide.idxmax().value_counts().sort_index().sort_values(ascending=False, kind="stable")
        )
        rows.append(
            {
                LAYER: layer,
                HEAD: head,
                "seeds": wide.shape[1],
                "spearman": np.nanmean(upper) if np.isfinite(upper).any() else np.nan,
                "first": firsts.index[0],
                "first_share": firsts.iloc[0] / wide.shape[1],
            }
        )
    return pd.DataFrame(rows)
