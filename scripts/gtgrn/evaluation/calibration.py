"""Probabilities from scores, fitted on validation pairs only.

Two maps are known here. Platt's (Platt 1999, Probabilistic outputs for support vector
machines) is a sigmoid with two parameters and works on few labels. Isotonic regression
follows any monotone shape, but wants many. Both are made strictly increasing, because the
product is a ranked network and calibration must not undo its ranks:

- Platt's slope has a small positive floor. Where the validation part says that the score is
  useless or worse, the probabilities come out all but constant, in the score's order.
- Isotonic regression gives steps, that is ties. A hundredth of the Platt map is mixed in,
  which orders the pairs inside a step and moves no probability by more than 0.01.

Order is kept as far as floats can tell probabilities apart: log-odds beyond about 36 all
become 1.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from gtgrn.errors import InputError

logger = logging.getLogger(__name__)

METHODS = ("auto", "platt", "isotonic")
MIN_FOR_ISOTONIC = 100
"""Pairs of the rarer class from which `auto` takes isotonic regression."""
PLATT_SHARE = 0.01
"""Share of the Platt map in the isotonic one."""
MIN_SLOPE = 1e-3
"""Floor of the slope per standard deviation of the score: a change by 0.00025 at most."""
RIDGE = 0.01
"""Penalty on the squared slope, in units of one pair's log-loss: nothing beside data, but it
makes the slope unique where all scores are equal."""
PROBABILITY_LIMIT = 1e-12
"""Probabilities are clipped this far from 0 and 1 before their log-odds are taken."""


class Calibrator:
    """A monotone map from scores to probabilities.

    Parameters
    ----------
    method
        "platt", "isotonic", or "auto": isotonic with at least `MIN_FOR_ISOTONIC` pairs of
        each class, else Platt.
    probabilities
        Whether the scores are uncalibrated probabilities; the map is then fitted on their
        log-odds. Otherwise scores are taken as they are: log-odds by preference, but any
        finite numbers, the higher the likelier.

    Raises
    ------
    InputError
        If the method is unknown.
    """

    def __init__(self, method: str = "auto", *, probabilities: bool = False) -> None:
        if method not in METHODS:
            raise InputError(
                f"unknown calibration '{method}'",
                field="method",
                remedy=f"Choose from {', '.join(METHODS)}",
            )
        self.method, self.probabilities = method, probabilities
        self._state: dict[str, Any] | None = None

    def fit(self, scores: ArrayLike, labels: ArrayLike) -> Calibrator:
        """Fit the map; nothing of the train or test part belongs here.

        Parameters
        ----------
        scores
            (n,) scores of the validation pairs, all of them, not a balanced sample: the
            probabilities are those of the part's density of positives.
        labels
            (n,) 0 or 1.

        Returns
        -------
        Calibrator
            Itself.

        Raises
        ------
        InputError
            If a class is missing, a label is not 0 or 1, a score is not a finite number, the
            lengths differ, or probabilities are announced and not given.
        """
        scores, labels = self._to_log_odds(scores), np.asarray(labels)
        if labels.shape != scores.shape:
            raise InputError(
                f"{scores.size} scores but {labels.size} labels", remedy="Give one label a score"
            )
        if not np.isin(labels, (0, 1)).all():
            raise InputError("labels must be 0 or 1", field="label", remedy="Mend the split")
        n, n_positive = len(labels), int(labels.sum())
        if n_positive in (0, n):
            raise InputError(
                f"calibration needs validation pairs of both classes, but {n_positive} of {n} "
                "are positive",
                field="label",
                remedy="Enlarge the validation part of the split",
            )
        # Sorted, so that no order of pairs changes a rounding error.
        order = np.lexsort((labels, scores))
        scores, positive = scores[order], labels[order] == 1
        # Platt's targets: labels as if one more pair of each class had been seen, so that
        # neither map ever says 0 or 1.
        targets = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n - n_positive + 2))
        method = self.method
        if method == "auto":
            enough = min(n_positive, n - n_positive) >= MIN_FOR_ISOTONIC
            method = "isotonic" if enough else "platt"
        self._state = {"fitted": method, "n": n, "n_positive": n_positive}
        self._state |= _fit_platt(scores, targets)
        if method == "isotonic":
            steps = IsotonicRegression(out_of_bounds="clip").fit(scores, targets)
            self._state["thresholds"] = steps.X_thresholds_.tolist()
            self._state["values"] = steps.y_thresholds_.tolist()
        logger.info("calibration: %s on %d pairs, %d positive", method, n, n_positive)
        return self

    def transform(self, scores: ArrayLike) -> np.ndarray:
        """Return the probability of each score.

        Parameters
        ----------
        scores
            (n,) scores of the kind that the map was fitted on.

        Returns
        -------
        numpy.ndarray
            (n,) probabilities, increasing with the score.

        Raises
        ------
        InputError
            If the map is not fitted or a score is not a finite number.
        """
        state = self._fitted()
        scores = self._to_log_odds(scores)
        standardised = (scores - state["centre"]) / state["scale"]
        platt = expit(state["slope"] * standardised + state["intercept"])
        if state["fitted"] == "platt":
            return platt
        steps = np.interp(scores, state["thresholds"], state["values"])
        return (1 - PLATT_SHARE) * steps + PLATT_SHARE * platt

    def _fitted(self) -> dict[str, Any]:
        if self._state is None:
            raise InputError("calibration is not fitted", remedy="Call fit first")
        return self._state

    def _to_log_odds(self, scores: ArrayLike) -> np.ndarray:
        """Check scores and, if they are probabilities, take their log-odds."""
        scores = np.asarray(scores, dtype=float)
        if scores.ndim != 1 or not np.isfinite(scores).all():
            raise InputError(
                "scores must be a vector of finite numbers",
                field="score",
                remedy="Look for NaN in the model's scores",
            )
        if not self.probabilities:
            return scores
        if ((scores < 0) | (scores > 1)).any():
            raise InputError(
                "scores announced as probabilities lie outside [0, 1]",
                field="score",
                remedy="Give probabilities, or construct with probabilities=False",
            )
        return logit(np.clip(scores, PROBABILITY_LIMIT, 1 - PROBABILITY_LIMIT))


def _fit_platt(scores: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Minimise the cross-entropy of a sigmoid with a slope of at least `MIN_SLOPE`.

    The problem is convex, and targets inside (0, 1) keep its solution finite even where the
    scores separate the classes.

    Parameters
    ----------
    scores
        (n,) finite numbers.
    targets
        (n,) numbers in (0, 1).

    Returns
    -------
    dict
        centre and scale of the score, and slope and intercept on the standardised score.
    """
    centre, scale = float(scores.mean()), float(scores.std())
    if scale <= 1e-12 * max(1.0, abs(centre)):
        scale = 1.0
    standardised = (scores - centre) / scale

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        slope, intercept = parameters
        log_odds = slope * standardised + intercept
        value = np.logaddexp(0, log_odds).sum() - targets @ log_odds + RIDGE / 2 * slope**2
        error = expit(log_odds) - targets
        gradient = np.array([error @ standardised + RIDGE * slope, error.sum()])
        return value / len(scores), gradient / len(scores)

    result = minimize(
        loss,
        x0=[1.0, float(logit(targets.mean()))],
        jac=True,
        method="L-BFGS-B",
        bounds=[(MIN_SLOPE, None), (None, None)],
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000},
    )
    slope, intercept = map(float, result.x)
    if slope <= MIN_SLOPE:
        logger.warning(
            "calibration: validation positives score no higher than negatives, "
            "so the sigmoid is all but constant"
        )
    return {"centre": centre, "scale": scale, "slope": slope, "intercept": intercept}
