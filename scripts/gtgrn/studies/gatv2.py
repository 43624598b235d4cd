"""The GATv2 study (arXiv 2409.13664): one network behind many simulated sets of expression.

The graphs of all sets are one graph without edges between sets, and one model is trained on it:
two layers, 200 epochs over all training samples, the last epoch kept. A sample is a pair of
genes in one set. Protocols differ in what of the same pairs the test part sees trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from gtgrn.errors import InputError
from gtgrn.evaluation.metrics import auprc, auroc
from gtgrn.files import atomic_path
from gtgrn.manifest import verified
from gtgrn.models.nulls.predictors import tf_target_rate
from gtgrn.models.peer import network_options
from gtgrn.models.peer_training import PROFILES, prepare, profiles, train
from gtgrn.models.peers import gatv2
from gtgrn.names import AUPRC, AUROC, LABEL, PAIR, PART, REGULATOR, TEST, TRAIN, VAL
from gtgrn.seeds import derive_seed
from gtgrn.simulation.boolean import add_dropout, simulate
from gtgrn.simulation.boolean_models import BooleanModel
from gtgrn.splits.universe import label_universe
from gtgrn.studies.gatv2_tables import FOLD, LEAKY, MODEL
from gtgrn.training.loop import seeded

SPLIT_FIRST, LEAVE_OUT = "split_first", "leave_one_regulator_out"
FRACTIONS = {TRAIN: 0.7, VAL: 0.1, TEST: 0.2}
SET = "set"
NULL, MEMORY, MAJORITY = "tf_target_rate", "memory", "majority"


def make_sets(
    model: BooleanModel,
    *,
    replicates: int,
    dropouts: Sequence[int],
    cells: int,
    bins: int,
    seed: int,
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Simulate the sets.

    Parameters
    ----------
    model
        The Boolean model.
    replicates, dropouts
        Simulations, and the dropouts (percent) of each: all are the same cells.
    cells, bins
        Cells of a simulation; a gene's features are its means in so many bins of cells in the
        order of pseudotime, which are comparable between simulations where cells are not.
    seed
        Seed of all random numbers.

    Returns
    -------
    tuple
        Set (as ``r0-d50``) to (genes, bins) float32, and the names of the genes.
    """
    sets = {}
    for replicate in range(replicates):
        own = derive_seed(seed, "replicate", replicate)
        result = simulate(model, n_cells=cells, seed=own)
        order = np.argsort(result.pseudotime.to_numpy(), kind="stable")
        for dropout in dropouts:
            values = add_dropout(
                result.expression,
                quantile=dropout / 100,
                probability=dropout / 100,
                seed=derive_seed(own, "dropout"),
            )
            parts = np.array_split(values.to_numpy()[order], bins)
            means = np.stack([part.mean(axis=0) for part in parts], axis=1)
            sets[f"r{replicate}-d{dropout}"] = means.astype(np.float32)
    return sets, list(result.expression.columns)


def sets_of_expression(matrices: Mapping[str, np.ndarray], bins: int) -> dict[str, np.ndarray]:
    """Return the features of genes in measured or simulated sets: their means in bins of cells.

    Cells of different sets are made comparable by one order: their place on the first principal
    component of all cells, the mean of each set taken out, from where genes are low to high.

    Parameters
    ----------
    matrices
        Set -> (cells, genes), the same genes in all.
    bins
        Bins of cells.

    Returns
    -------
    dict of str to numpy.ndarray
        Set -> (genes, bins) float32.

    Raises
    ------
    InputError
        If a set has fewer cells than bins.
    """
    few = [name for name, values in matrices.items() if len(values) < bins]
    if few:
        raise InputError(
            f"{few[0]} has {len(matrices[few[0]])} cells for {bins} bins",
            field="gatv2.bins",
            remedy="Lower it, or leave the set out",
        )
    centred = [values - values.mean(axis=0) for values in matrices.values()]
    axis = np.linalg.eigh(sum(block.T @ block for block in centred))[1][:, -1]
    axis *= -1 if axis.sum() < 0 else 1
    sets = {}
    for (name, values), block in zip(matrices.items(), centred, strict=True):
        order = np.argsort(np.round(block @ axis, 9), kind="stable")
        parts = np.array_split(values[order], bins)
        sets[name] = np.stack([part.mean(axis=0) for part in parts], axis=1).astype(np.float32)
    return sets


def write_sets(sets: Mapping[str, np.ndarray], genes: Sequence[str], path: str | Path) -> None:
    """Write the sets to one ``.npz`` file, atomically."""
    with atomic_path(path) as temporary, open(temporary, "wb") as handle:
        np.savez_compressed(
            handle, genes=np.array(genes, dtype=str), sets=np.array(list(sets), dtype=str),
            values=np.stack(list(sets.values())),
        )  # fmt: skip


def read_sets(path: str | Path) -> tuple[dict[str, np.ndarray], list[str]]:
    """Read what :func:`write_sets` wrote."""
    with np.load(verified(path), allow_pickle=False) as file:
        return dict(zip(file["sets"].tolist(), file["values"], strict=True)), file[
            "genes"
        ].tolist()


def folds(
    protocol: str, reference: pd.DataFrame, genes: Sequence[str], sets: Sequence[str], *, seed: int
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Return the samples of each fold of a protocol.

    Parameters
    ----------
    protocol
        ``paper_leaky``: the rarer class is repeated until both are as many, then samples are
        split at random, so that copies of a sample, and the same pair in other sets, are on
        both sides. ``split_first``: pairs are split, the same in all sets; only then is the
        training part to be oversampled. ``leave_one_regulator_out``: a fold for each
        regulator, whose pairs are the test part in all sets.
    reference
        Edges of the network: regulator, target.
    genes, sets
        Names.
    seed
        Seed of the split.

    Yields
    ------
    tuple
        Name of the fold; columns regulator, target, label, part, set.
    """
    pairs = label_universe(reference, genes)
    rng = np.random.default_rng(derive_seed(seed, protocol))
    if protocol == LEAKY:
        samples = _in_sets(pairs, sets)
        rows = gatv2.balanced_rows(
            torch.tensor(samples[LABEL].to_numpy()),
            torch.Generator().manual_seed(derive_seed(seed, protocol)),
        ).numpy()
        samples = samples.iloc[np.sort(rows)].reset_index(drop=True)
        yield "all", samples.assign(**{PART: _parts(samples[LABEL], FRACTIONS, rng)})
    elif protocol == SPLIT_FIRST:
        yield "all", _in_sets(pairs.assign(**{PART: _parts(pairs[LABEL], FRACTIONS, rng)}), sets)
    elif protocol == LEAVE_OUT:
        for regulator in sorted(pairs[REGULATOR].unique()):
            others = pairs[REGULATOR] != regulator
            part = pd.Series(TEST, index=pairs.index)
            part[others] = _parts(pairs.loc[others, LABEL], {TRAIN: 0.9, VAL: 0.1}, rng)
            yield regulator, _in_sets(pairs.assign(**{PART: part}), sets)
    else:
        raise InputError(
            f"unknown protocol {protocol}",
            field="gatv2.protocols",
            remedy=f"Use {LEAKY}, {SPLIT_FIRST} or {LEAVE_OUT}",
        )


def _in_sets(pairs: pd.DataFrame, sets: Sequence[str]) -> pd.DataFrame:
    return pd.concat([pairs.assign(**{SET: name}) for name in sets], ignore_index=True)


def _parts(labels: pd.Series, fractions: Mapping[str, float], rng) -> np.ndarray:
    """Cut each class by the fractions, at random, at least one row per part."""
    parts = np.empty(len(labels), dtype=object)
    for label in (0, 1):
        rows = rng.permutation(np.flatnonzero(labels == label))
        inner = list(fractions.values())[:-1]
        cuts = np.round(np.cumsum(inner) * len(rows)).astype(int)
        # The largest part is the first: the others take from it if they would be empty.
        last = len(rows) - np.arange(len(inner), 0, -1)
        for part, chosen in zip(fractions, np.split(rows, np.minimum(cuts, last)), strict=True):
            parts[chosen] = part
    return parts


def count_shared(samples: pd.DataFrame) -> dict[str, int]:
    """Count what the training and the test part have in common.

    Returns
    -------
    dict
        ``edges``: edges of the network (positive pairs, whatever the set) in both parts;
        ``pairs``: the same of all pairs; ``samples``: rows of the test part whose pair and
        set is in the training part; ``test_edges``, ``test_pairs``, ``test_samples``: their
        numbers in the test part.
    """
    parts = [samples[samples[PART] == part] for part in (TRAIN, TEST)]
    counts: dict[str, int] = {}
    for name, subset, columns in (
        ("edges", [p[p[LABEL] == 1] for p in parts], PAIR),
        ("pairs", parts, PAIR),
    ):
        trained, tested = (set(map(tuple, p[list(columns)].to_numpy())) for p in subset)
        counts |= {name: len(trained & tested), f"test_{name}": len(tested)}
    columns = [*PAIR, SET]
    trained = set(map(tuple, parts[0][columns].to_numpy()))
    rows = list(map(tuple, parts[1][columns].to_numpy()))
    return counts | {
        "samples": sum(row in trained for row in rows),
        "test_samples": len(rows),
    }


def score_fold(
    protocol: str,
    samples: pd.DataFrame,
    genes: Sequence[str],
    sets: Mapping[str, np.ndarray],
    *,
    layers: int = 2,
    heads: int = 4,
    epochs: int = 200,
    seed: int,
) -> np.ndarray:
    """Train on a fold and return the logit of each sample, (samples,).

    Messages pass over the training edges, and none of which either direction is judged; in
    ``paper_leaky`` over all edges of the network, those of the test part among them.

    Parameters
    ----------
    protocol, samples
        From :func:`folds`.
    genes, sets
        From :func:`make_sets`.
    layers, heads, epochs
        Of GATv2; a head is 32 wide.
    seed
        Seed of weights, batches and repeats.
    """
    options = _options(layers, heads, epochs)
    nodes = [f"{name}\t{gene}" for name in sets for gene in genes]
    named = in_union(samples)
    task = prepare(named, nodes, "cpu")
    if protocol == LEAKY:
        edges = named.loc[named[LABEL] == 1, list(PAIR)].drop_duplicates()
        index = pd.Index([nodes[i] for i in task.order])
        ends = [torch.as_tensor(index.get_indexer(edges[column])) for column in PAIR]
        task = replace(task, source=ends[0], sink=ends[1])
    stacked = np.concatenate(list(sets.values()))
    x = profiles({PROFILES: stacked}, task, gatv2.normalise)
    draw = torch.Generator().manual_seed(seed)
    with seeded(seed):
        model = gatv2.GATv2(x.shape[1], **network_options(gatv2.GATv2, options))
        arcs = task.arcs(symmetric=True, loops=True)
        train(
            model,
            task,
            options,
            forward=lambda graph: model(x, graph),
            graph=lambda hidden=None: arcs,
            loss_of=nn.functional.binary_cross_entropy_with_logits,
            draw=draw,
            # The leaky samples are balanced already.
            rows=gatv2.balanced_rows(task.train[2], draw),
            name="gatv2",
        )
    model.eval()
    with torch.no_grad():
        return model.decode(model(x, arcs), task.regulator, task.target).numpy().astype(float)


def _options(layers: int, heads: int, epochs: int) -> gatv2.Options:
    """Return the options of the published form with other layers, heads and epochs."""
    published: gatv2.Options = gatv2.FORMS["published"]
    hidden = published.hidden[-1:] * layers
    return replace(published, heads=heads, hidden=hidden, epochs=epochs, check_every=epochs)


def memory(samples: pd.DataFrame) -> np.ndarray:
    """Score a sample by the training labels of the same pair, in any set; no model, no expression.

    Returns
    -------
    numpy.ndarray
        (samples,) mean label less one half; below all others (-1) for a pair never trained.
    """
    seen = samples[samples[PART] == TRAIN].groupby(list(PAIR))[LABEL].mean()
    names = pd.MultiIndex.from_frame(samples[list(PAIR)])
    return (seen.reindex(names) - 0.5).fillna(-1.0).to_numpy()


def majority(samples: pd.DataFrame) -> np.ndarray:
    """Return (samples,) the commoner training label for every sample, as a logit: the base rate.

    A model that is less accurate than this has learnt less than how rare edges are.
    """
    trained = samples.loc[samples[PART] == TRAIN, LABEL].mean()
    return np.full(len(samples), 1.0 if trained > 0.5 else -1.0)


def in_union(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the samples with genes named by set, as nodes of the union of the sets' graphs."""
    names = {column: samples[SET] + "\t" + samples[column] for column in PAIR}
    return samples.assign(**names)


def measure(labels: np.ndarray, logits: np.ndarray, *, threshold: bool = True) -> dict[str, float]:
    """Return the six measures; a pair is called an edge where its logit is above 0.

    Precision is 0 where no pair is called. Without `threshold` only the two measures of
    ranking are given, for scores that are no logits.
    """
    row = {AUROC: auroc(labels, logits), AUPRC: auprc(labels, logits)}
    if not threshold:
        return row
    called, true = logits > 0, labels == 1
    hits = int((called & true).sum())
    precision = hits / called.sum() if called.any() else 0.0
    recall = hits / true.sum() if true.any() else np.nan
    total = precision + recall
    return {
        "accuracy": float((called == true).mean()),
        "precision": precision,
        "recall": recall,
        "F1": 2 * precision * recall / total if total > 0 else 0.0,
        **row,
    }


def run_protocol(
    protocol: str,
    reference: pd.DataFrame,
    genes: Sequence[str],
    sets: Mapping[str, np.ndarray],
    *,
    seed: int,
    **options: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train and test every fold of a protocol, beside nulls on the same training samples.

    Returns
    -------
    tuple
        Measures (protocol, fold, seed, method, n, positives, part, the measures) of the
        validation and the test part; and shared (protocol, fold, seed and the counts of
        :func:`count_shared`).
    """
    rows, shared = [], []
    for fold, samples in folds(protocol, reference, genes, list(sets), seed=seed):
        names = {"protocol": protocol, FOLD: fold, "seed": seed}
        shared.append(names | count_shared(samples))
        scores = {
            MODEL: score_fold(protocol, samples, genes, sets, seed=seed, **options),
            MEMORY: memory(samples),
            MAJORITY: majority(samples),
        }
        if protocol != LEAKY:
            # It refuses a table that holds a pair twice, as the leaky one does by design.
            scores[NULL] = tf_target_rate(in_union(samples), seed=seed)
        for part in (VAL, TEST):
            mask = (samples[PART] == part).to_numpy()
            labels = samples[LABEL].to_numpy()[mask]
            counts = {PART: part, "n": len(labels), "positives": int(labels.sum())}
            for method, values in scores.items():
                measured = measure(labels, values[mask], threshold=method != NULL)
                rows.append(names | {"method": method} | counts | measured)
    return pd.DataFrame(rows), pd.DataFrame(shared)
