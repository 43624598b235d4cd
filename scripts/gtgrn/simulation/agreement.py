"""How alike two simulated data sets of the same genes are: what simulators are judged by."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gtgrn.names import PAIR


def compare_expression(ours: pd.DataFrame, theirs: pd.DataFrame) -> dict[str, float]:
    """Compare marginals and correlations of two samples of cells.

    Parameters
    ----------
    ours, theirs
        Cells x genes; the genes are the same, the cells need not be.

    Returns
    -------
    dict of str to float
        ``mean_ks`` and ``max_ks``: the two-sample Kolmogorov-Smirnov distance of a gene's
        values, mean and largest over genes; ``mean_difference``: mean absolute difference of
        the genes' means; ``correlation_r``: Pearson correlation of the two sets of pairwise
        correlations; ``correlation_difference``: their mean absolute difference.
    """
    from scipy.stats import ks_2samp

    genes = sorted(ours.columns)
    ours, theirs = ours[genes], theirs[genes]
    distances = [ks_2samp(ours[gene], theirs[gene]).statistic for gene in genes]
    upper = np.triu_indices(len(genes), 1)
    first, second = (np.corrcoef(x.to_numpy().T)[upper] for x in (ours, theirs))
    return {
        "mean_ks": float(np.mean(distances)),
        "max_ks": float(np.max(distances)),
        "mean_difference": float((ours.mean() - theirs.mean()).abs().mean()),
        "correlation_r": float(np.corrcoef(first, second)[0, 1]),
        "correlation_difference": float(np.abs(first - second).mean()),
    }


def correlation_auroc(expression: pd.DataFrame, edges: pd.DataFrame) -> float:
    """Return the AUROC of |Pearson| for the edges among all ordered pairs of different genes.

    Parameters
    ----------
    expression
        Cells x genes.
    edges
        Columns regulator and target; self-loops do not count.
    """
    from sklearn.metrics import roc_auc_score

    genes = sorted(expression.columns)
    # Rounded, so that both directions of a pair tie whatever the order of summation.
    scores = np.abs(np.corrcoef(expression[genes].to_numpy().T)).round(12)
    known = {(regulator, target) for regulator, target in edges[PAIR].itertuples(index=False)}
    pairs = [(i, j) for i in range(len(genes)) for j in range(len(genes)) if i != j]
    labels = np.array([(genes[i], genes[j]) in known for i, j in pairs], dtype=int)
    return float(roc_auc_score(labels, np.array([scores[i, j] for i, j in pairs])))
