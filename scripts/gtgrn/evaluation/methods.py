"""Every method on the same test pairs."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.evaluation.calibration import Calibrator
from gtgrn.evaluation.metrics import evaluate, pr_curve, roc_curve
from gtgrn.evaluation.negatives import compare_positives, score_negatives
from gtgrn.names import BRIER, ECE, LABEL, PAIR, PART, SCORE, TEST, VAL
from gtgrn.splits.negatives import MATCHED, N0, find_rows

logger = logging.getLogger(__name__)


def align_scores(split: pd.DataFrame, scores: pd.DataFrame, name: str) -> np.ndarray:
    """Return a method's score for each pair of a split.

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
    split: pd.DataFrame,
    scores: Mapping[tuple[str, str], np.ndarray],
    negatives: Mapping[str, pd.DataFrame] | None = None,
    *,
    calibrated: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Judge methods on the test part; calibrate each on the validation part only.

    Parameters
    ----------
    split
        Columns regulator, target, label, part.
    scores
        (method, variant) -> scores aligned with the split's rows.
    negatives
        Scheme -> negatives of the test part, for further rows; N0 needs none.
    calibrated
        Whether probabilities are made and judged (Brier, ECE). On splits whose test part has
        other regulators than the validation part there are none: what a regulator's number of
        targets is, nothing that was seen can say.

    Returns
    -------
    tuple
        Metrics (part, negatives, method, variant, metric, value, n, n_positive) and curves
        (method, variant, curve, x, y).
    """
    test, val = (split[PART] == TEST).to_numpy(), (split[PART] == VAL).to_numpy()
    labels = split[LABEL].to_numpy(int)
    negatives = negatives or {}
    rows = {scheme: find_rows(split, drawn) for scheme, drawn in negatives.items()}
    tables, curves = [], []
    for (method, variant), values in scores.items():
        part = split[test].assign(**{SCORE: values[test]})
        table = evaluate(part)
        if calibrated:
            calibrator = Calibrator().fit(values[val], labels[val])
            probable = part.assign(**{SCORE: calibrator.transform(values[test])})
            both = evaluate(probable, probabilities=True)
            table = pd.concat([table, both[both["metric"].isin([BRIER, ECE])]])
        names = {"method": method, "variant": variant}
        tables.append(table.assign(part=TEST, negatives=N0, **names))
        for scheme, drawn in negatives.items():
            table = score_negatives(split, values, drawn, rows=rows[scheme])
            tables.append(table.assign(part=TEST, negatives=scheme, **names))
        roc = roc_curve(labels[test], values[test]).set_axis(["x", "y"], axis=1)
        pr = pr_curve(labels[test], values[test]).set_axis(["x", "y"], axis=1)
        curves += [roc.assign(curve="ROC", **names), pr.assign(curve="PR", **names)]
    columns = ["part", "negatives", "method", "variant", "metric", "value", "n", "n_positive"]
    return pd.concat(tables)[columns], pd.concat(curves)[["method", "variant", "curve", "x", "y"]]


def matched_wins(
    split: pd.DataFrame,
    scores: Mapping[tuple[str, str], np.ndarray],
    negatives: Mapping[str, pd.DataFrame],
) -> dict[str, dict[tuple[str, str], np.ndarray]]:
    """Return each method's wins by positive, for the schemes that match negatives to positives.

    Parameters
    ----------
    split, scores, negatives
        See :func:`evaluate_methods`.

    Returns
    -------
    dict
        Scheme -> (method, variant) -> (positives,) in [0, 1], the positives in one order.
    """
    wins = {}
    for scheme in MATCHED:
        if scheme in negatives:
            drawn = negatives[scheme]
            rows = find_rows(split, drawn)
            wins[scheme] = {
                name: compare_positives(split, values, drawn, rows=rows)["wins"].to_numpy()
                for name, values in scores.items()
            }
    return wins
