"""Columns of tables -> the heading to print and what it means, for a tooltip."""

from __future__ import annotations

from gtgrn.names import (
    AUPRC,
    AUPRC_RATIO,
    AUROC,
    BRIER,
    ECE,
    EPR,
    PRECISION_AT_POSITIVES,
    WITHIN_GENE,
    WITHIN_TF,
)

N3_AUROC, N3M_WIN_RATE = "N3_AUROC", "N3m_win_rate"
METRICS = {
    AUROC: (
        "AUROC",
        "Area under the ROC curve: how often a known edge is ranked above another pair. 0.5 "
        "is chance, 1 is best.",
    ),
    AUPRC: (
        "AUPRC",
        "Area under the precision-recall curve (average precision). Chance is the density, 1 "
        "is best.",
    ),
    AUPRC_RATIO: ("AUPRC / density", "AUPRC in units of chance: 1 is a random ranking."),
    EPR: (
        "EPR",
        "Early precision ratio: precision of the first k pairs over the density, k being the "
        "number of known edges. 1 is chance.",
    ),
    PRECISION_AT_POSITIVES: (
        "Precision at k",
        "Share of known edges among the first k pairs, k being the number of known edges.",
    ),
    WITHIN_TF: (
        "AUROC within TF",
        "Mean of the AUROCs inside each regulator: how many targets a regulator has cannot "
        "raise it. 0.5 is chance.",
    ),
    WITHIN_GENE: (
        "AUROC within gene",
        "Mean of the AUROCs inside each target: how often a gene is a target cannot raise "
        "it. 0.5 is chance.",
    ),
    N3_AUROC: (
        "AUROC on N3",
        "AUROC against drawn negatives that are as often targets as the known edges. 0.5 is "
        "chance.",
    ),
    N3M_WIN_RATE: (
        "Win rate on N3m",
        "How often a known target outranks a non-target of the same regulator that was as "
        "often a target in training. 0.5 is chance.",
    ),
    BRIER: ("Brier", "Mean squared error of the calibrated probability. 0 is best."),
    ECE: (
        "ECE",
        "Expected calibration error: mean gap between predicted and observed frequency over "
        "ten bins. 0 is best.",
    ),
}
"""Metric, as files have it -> heading and meaning, in the order to show."""

COLUMNS = {
    "gene": ("Gene", ""),
    "regulator": ("Regulator", "Gene that regulates: the edge starts here."),
    "target": ("Target", "Gene that is regulated: the edge ends here."),
    "rank": ("Rank", "Place among all pairs of the network, 1 being the best."),
    "probability": (
        "Probability",
        "Mean over seeds of the calibrated probability that the reference lists the pair.",
    ),
    "score": (
        "Score",
        "What the network is ranked by; higher is better, and it is no probability.",
    ),
    "consensus": (
        "Consensus",
        "Weighted log rank over the expression-only methods; higher is better.",
    ),
    "correlation": ("Correlation", "Pearson's correlation of the two genes over these cells."),
    "sign_from": (
        "Sign from",
        "Where the sign comes from: the reference, or the correlation over these cells.",
    ),
    "specific_score": (
        "Specific score",
        "The score less what a gene gets because most regulators bind it.",
    ),
    "bound_elsewhere": (
        "Bound elsewhere",
        "Sources of ChIP-seq of other cells in which the regulator has the target.",
    ),
    "expression_support": (
        "Methods that agree",
        "Number of expression-only methods that support the pair: what these cells say of it.",
    ),
    "untrained_probability": (
        "By other seeds",
        "Mean probability over the seeds that did not train on the pair; empty where all did.",
    ),
    "untrained_score": (
        "By other seeds",
        "Mean score over the seeds that did not train on the pair; empty where all did.",
    ),
    "rank_apart": (
        "Rank apart",
        "Rank among known pairs for a known one, among novel pairs for a novel one.",
    ),
    "specific_rank": (
        "Rank less popularity",
        "Rank once regulators and genes that rank high with all others are no longer ahead.",
    ),
    "rests_on": ("Rests on", "Sources of other contexts that speak for the pair."),
    "mean_rank": ("Mean rank", "Mean place over the measures, 1 being the most central."),
    "best_rank": ("Best rank", "Best place in one of the measures."),
    "worst_rank": ("Worst rank", "Worst place in one of the measures."),
    "first": ("First", "In how many measures, or which gene, comes first."),
    "first_share": ("Share of seeds", "Share of seeds in which this gene comes first."),
    "measures": ("Measures", "Number of centralities behind the mean rank."),
    "spearman": ("Spearman", "Rank correlation: 1 is the same order, 0 is none in common."),
    "jaccard": ("Jaccard", "Edges that both have over edges that either has: 1 is the same set."),
    "seeds": ("Seeds", "Number of seeds behind the value."),
    "runs": ("Runs", "Number of runs behind the value."),
    "left_out": ("Left out because", "Why the group has no network of its own."),
    "cells_in_file": ("Cells in the file", "Cells of the group before the filters."),
    "mean_of_others": (
        "Mean of other groups",
        "Share of best edges that leave this regulator, the mean over the other groups.",
    ),
    "share": ("Share of edges", "Share of the group's best edges that leave this regulator."),
    "place": ("Place", ""),
    "fdr": ("FDR", "False discovery rate (Benjamini and Hochberg)."),
    "p": ("p", "Share of labellings at random that look as good as the data."),
    "trained_on_reference": (
        "Trained on the reference",
        "Whether the representation learnt from the edges that it is judged by.",
    ),
    "enriched_share": (
        "Enriched regulons",
        "Share of regulons of which a community holds more than chance allows.",
    ),
    "null_share": ("Enriched, names shuffled", "The same after the genes' names were shuffled."),
    "modularity": ("Modularity", "How clearly the communities are apart in the graph; at most 1."),
    "silhouette": ("Silhouette", "How clearly the communities are apart in space; at most 1."),
    "cell_type": ("Cell type", ""),
    "dataset": ("Data set", ""),
    "reading": ("Reading", "What the numbers say."),
}
"""Column of a table that is no metric -> heading and meaning."""


def heading(name: str) -> str:
    """Return what to print above a column.

    Parameters
    ----------
    name
        The column as a file has it; one that is not known gets spaces and a capital.
    """
    return _describe(name)[0]


def tip(name: str) -> str:
    """Return what a column means; empty where nothing is known but its name."""
    return _describe(name)[1]


def describe_column(name: str) -> dict[str, str]:
    """Return label and tip of a column."""
    label, meaning = _describe(name)
    return {"label": label, "tip": meaning}


def _describe(name: str) -> tuple[str, str]:
    found = METRICS.get(name) or COLUMNS.get(name)
    if found:
        return found
    for prefix, words in (
        ("validation_", "validation"),
        ("test_", "test"),
        ("original_", "original code"),
    ):
        metric = METRICS.get(name.removeprefix(prefix))
        if metric and name.startswith(prefix):
            return f"{metric[0]}, {words}", metric[1]
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:], ""
