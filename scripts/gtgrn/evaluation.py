"""Every method on the same test pairs."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd

from gtgrn.calibration import Calibrator
from gtgrn.edges import LABEL, PAIR, PART, SCORE, TEST, VAL
from gtgrn.errors import InputError
from gtgrn.metrics import evaluate, pr_curve, roc_curve

logger = logging.getLogger(__name__)

N0 = "N0"
"""All non-edges of the part as negatives, the headline choice."""


def align_scores(split: pd.DataFrame, scores: pd.DataFrame, name: str) -> np.ndarray:
    """Give a method's score for each pair of a split.

    Parameters
    ----------
    split
        Columns regulator, target.
    scores
        Columns regulator, target, score; more pairs may be there, none may lack.
    name
        The method, for the error.

    Raises
    ------
    InputError
        If a pair has no score or the score is not finite.
    """
    values = scores.set_index(PAIR)[SCORE].reindex(pd.MultiIndex.from_frame(split[PAIR]))
    if not np.isfinite(values.to_numpy(float)).all():
        raise InputError(
            f"{int((~np.isfinite(values)).sum())} of {len(split)} pairs have no finite score",
            file=name,
            field=SCORE,
            remedy="Make the scores again",
        )
    return values.to_numpy(float)


def evaluate_methods(
    split: pd.DataFrame, scores: Mapping[tuple[str, str], np.ndarray]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Judge methods on the test part; calibrate each on the validation part only.

    Parameters
    ----------
    split
        Columns regulator, target, label, part.
    scores
        (method, variant) -> scores aligned with the split's rows.

    Returns
    -------
    tuple
        Metrics (part, negatives, method, variant, metric, value, n, n_positive) and curves
        (method, variant, curve, x, y).
    """
    test, val = (split[PART] == TEST).to_numpy(), (split[PART] == VAL).to_numpy()
    labels = split[LABEL].to_numpy(int)
    tables, curves = [], []
    for (method, variant), values in scores.items():
        part = split[test].assign(**{SCORE: values[test]})
        table = evaluate(part)
        calibrator = Calibrator().fit(values[val], labels[val])
        calibrated = part.assign(**{SCORE: calibrator.transform(values[test])})
        both = evaluate(calibrated, probabilities=True)
        table = pd.concat([table, both[both["metric"].isin(["Brier", "ECE"])]])
        names = {"method": method, "variant": variant}
        tables.append(table.assign(part=TEST, negatives=N0, **names))
        roc = roc_curve(labels[test], values[test]).set_axis(["x", "y"], axis=1)
        pr = pr_curve(labels[test], values[test]).set_axis(["x", "y"], axis=1)
        curves += [roc.assign(curve="ROC", **names), pr.assign(curve="PR", **names)]
    columns = ["part", "negatives", "method", "variant", "metric", "value", "n", "n_positive"]
    return pd.concat(tables)[columns], pd.concat(curves)[["method", "variant", "curve", "x", "y"]]
