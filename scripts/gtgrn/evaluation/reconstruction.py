"""Full network reconstruction: every method over the whole universe, as in Fig. 4 of the paper.

The universe is all pairs of a regulator with reference edges and a gene (``tf``), or all ordered
pairs of genes (``all``), BEELINE's choices for experimental and for simulated data; without
self-loops. A pair that a network lacks has weight 0. In the larger universe genes that regulate
nothing add negatives only: AUROC rises for whoever gives their pairs no weight, the density
falls, and AUPRC with it.

A supervised model is judged twice: over all pairs, of which it was trained on many (``all``, not
a result but what Fig. 4 shows), and without its training pairs (``untrained``). The networks
that were made from expression alone stand beside it in both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from gtgrn.evaluation.metrics import evaluate
from gtgrn.evaluation.stability import agreement
from gtgrn.evaluation.topology import compare_motifs, false_positive_paths, select_edges
from gtgrn.names import AUPRC, AUPRC_RATIO, AUROC, EPR, LABEL, PAIR, PART, SCORE, TRAIN
from gtgrn.splits.universe import label_pairs, label_universe, universe

TF, ALL = "tf", "all"
UNIVERSES = (TF, ALL)
EVERY_PAIR, UNTRAINED = "all", "untrained"
METRICS = [AUROC, AUPRC, AUPRC_RATIO, EPR]
COLUMNS = [
    *["pairs", "method", "variant", "trained_pairs", "metric", "value", "n", "n_positive"],
]
AGREEMENT = ["between", "first", "second", "k", "jaccard", "spearman"]


def draw_universe(reference: pd.DataFrame, genes: Sequence[str], kind: str = TF) -> pd.DataFrame:
    """Return the labelled universe.

    Parameters
    ----------
    reference
        Columns regulator, target: reference edges among the genes.
    genes
        All genes of the data set.
    kind
        ``tf`` or ``all``.

    Returns
    -------
    pandas.DataFrame
        regulator, target, label.

    Raises
    ------
    ValueError
        If the kind is another word.
    """
    if kind not in UNIVERSES:
        raise ValueError(f"universe is {kind!r}, but must be one of {', '.join(UNIVERSES)}")
    if kind == TF:
        return label_universe(reference, genes)
    pairs = universe(genes, genes)
    return pairs.assign(**{LABEL: label_pairs(pairs, reference)})


def training_pairs(pairs: pd.DataFrame, split: pd.DataFrame) -> np.ndarray:
    """Mark the pairs of a universe that are in a split's training part, as (pairs,) bool."""
    train = pd.MultiIndex.from_frame(split.loc[split[PART] == TRAIN, PAIR])
    return pd.MultiIndex.from_frame(pairs[PAIR]).isin(train)


def judge(
    pairs: pd.DataFrame,
    weights: Mapping[tuple[str, str], np.ndarray],
    trained: np.ndarray | None = None,
) -> pd.DataFrame:
    """Judge methods over a universe, or over what of it was not trained on.

    Parameters
    ----------
    pairs
        regulator, target, label.
    weights
        (method, variant) -> (pairs,) weights or scores, higher for a likelier edge.
    trained
        (pairs,) bool. With it every method is judged without these pairs.

    Returns
    -------
    pandas.DataFrame
        pairs (``all`` or ``untrained``), method, variant, metric, value, n, n_positive; the
        metrics AUROC, AUPRC, AUPRC_ratio and EPR.
    """
    kept = np.ones(len(pairs), dtype=bool) if trained is None else ~trained
    tables = []
    for (method, variant), values in weights.items():
        table = evaluate(pairs[kept].assign(**{SCORE: values[kept]}))
        tables.append(table.assign(method=method, variant=variant))
    table = pd.concat(tables, ignore_index=True)
    table = table[table["metric"].isin(METRICS)]
    return table.assign(pairs=EVERY_PAIR if trained is None else UNTRAINED)


def reconstruct(
    pairs: pd.DataFrame,
    networks: Mapping[tuple[str, str], np.ndarray],
    models: Mapping[tuple[str, str], np.ndarray],
    trained: np.ndarray,
) -> pd.DataFrame:
    """Judge unsupervised and supervised methods, over all pairs and without training pairs.

    Parameters
    ----------
    pairs
        regulator, target, label.
    networks, models
        (method, variant) -> (pairs,) weights; the models were trained on pairs, the networks
        on none.
    trained
        (pairs,) bool.

    Returns
    -------
    pandas.DataFrame
        pairs, method, variant, trained_pairs (how many of the judged pairs the method was
        trained on), metric, value, n, n_positive.
    """
    everyone = {**networks, **models}
    every_pair, untrained = judge(pairs, everyone), judge(pairs, everyone, trained)
    names = pd.MultiIndex.from_frame(every_pair[["method", "variant"]])
    supervised = names.isin(list(models)) if models else np.zeros(len(every_pair), dtype=bool)
    every_pair = every_pair.assign(trained_pairs=np.where(supervised, int(trained.sum()), 0))
    return pd.concat([every_pair, untrained.assign(trained_pairs=0)], ignore_index=True)[COLUMNS]


def align_predictions(pairs: pd.DataFrame, scores: pd.DataFrame) -> np.ndarray:
    """Return a model's probability of each pair; what it cannot score has its least.

    Scores outside [0, 1] are taken for log-odds. The order of the pairs is that of the scores,
    and a weight is never negative, as in networks from expression.

    Parameters
    ----------
    pairs
        regulator, target.
    scores
        regulator, target, score.

    Returns
    -------
    numpy.ndarray
        (pairs,) in [0, 1].
    """
    known = scores.set_index(PAIR)[SCORE].astype(float)
    if not known.between(0, 1).all():
        known = 1 / (1 + np.exp(-known))
    values = known.reindex(pd.MultiIndex.from_frame(pairs[PAIR]))
    return values.fillna(known.min()).to_numpy()


def compare_networks(weights: Mapping[str, np.ndarray], k: int, *, between: str) -> pd.DataFrame:
    """Return the agreement of each two of some networks in long form.

    Parameters
    ----------
    weights
        Name -> (pairs,) weights over one universe.
    k
        Number of edges of the Jaccard index.
    between
        What the networks differ in, for the table.

    Returns
    -------
    pandas.DataFrame
        between, first, second, k, jaccard, spearman; each couple once.
    """
    jaccard, correlation = agreement(weights, k)
    rows = [
        (between, one, two, k, jaccard.loc[one, two], correlation.loc[one, two])
        for one, two in combinations(weights, 2)
    ]
    return pd.DataFrame(rows, columns=AGREEMENT)


def describe_errors(
    networks: Mapping[str, pd.DataFrame], reference: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return BEELINE's two views of errors, each network cut to as many edges as the reference.

    Parameters
    ----------
    networks
        Name -> regulator, target, weight.
    reference
        Columns regulator, target.

    Returns
    -------
    tuple
        Tables of :func:`gtgrn.evaluation.topology.compare_motifs` and of
        :func:`gtgrn.evaluation.topology.false_positive_paths`, with the column network first.
    """
    motifs, paths = [], []
    for name, network in networks.items():
        edges = select_edges(network, k=len(reference))
        motifs.append(compare_motifs(edges, reference).assign(network=name))
        paths.append(false_positive_paths(edges, reference).assign(network=name))
    return tuple(
        pd.concat(tables)[["network", *tables[0].columns[:-1]]] for tables in (motifs, paths)
    )
