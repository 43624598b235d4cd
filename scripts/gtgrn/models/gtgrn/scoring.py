"""Scoring by the form full: networks, Gaussian process, regulators without labels.

Every pass is recorded with the tensors and masks that it is given, see
:class:`gtgrn.splits.exposure.Exposure`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
import torch

from gtgrn.context.inputs import ContextInputs
from gtgrn.evaluation.metrics import auprc, auroc, mean_within_group_auroc
from gtgrn.models.gtgrn.gaussian_process import NOISE, OWN, complete
from gtgrn.models.gtgrn.hidden_training import make_draw, score, visible_labels
from gtgrn.models.gtgrn.inputs import Inputs
from gtgrn.models.gtgrn.label_matrix import LabelMatrix
from gtgrn.models.gtgrn.regulator_families import Likeness, same_family, score_new_regulators
from gtgrn.models.gtgrn.two_role import FullModel, Visible
from gtgrn.names import EDGES, GENES, PART, REGULATOR, TARGET, TFS, TRAIN, VAL
from gtgrn.splits.exposure import CALIBRATION, NEW_REGULATORS, PROCESS, SCORING, UNJUDGED

PROBABLE = (0.003, 0.997)
"""Bounds of a posterior mean: a linear model's may leave [0, 1], and its log-odds explode."""
PROCESS_VARIANCES = {EDGES: {"own": OWN, "noise": NOISE}, GENES: {"own": 1.0, "noise": 4.0}}
"""Of the Gaussian process: a new gene has no label of its own, so the kernel must carry more."""
STACK_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Shares of the process with rows of other contexts beside the one without, to choose among."""
PRIOR_WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0)
"""Weights of the ranking by other contexts beside that of new regulators, to choose among."""
KNOWN_WEIGHTS = (0.0, 0.05, 0.1, 0.2, 0.3)
"""Weights of that ranking beside the logits of regulators with labels, in deviations of these on
the validation part, to choose among."""
FEW, WORTH = 16, 4.0
"""With at most FEW labelled regulators, k, nothing is chosen: the ranking by other contexts
weighs as much as that of WORTH labelled regulators, WORTH / k."""


@dataclass(frozen=True)
class Scorer:
    """What every pass of scoring reads.

    Attributes
    ----------
    model, config
        The networks, and what is kept beside them; scales and calibration are added to the
        latter by the first pass.
    matrix, inputs
        Labels and features.
    pairs
        Columns regulator, target, part.
    rows, columns
        (pairs,) places of the pairs in the matrix; row -1 for a regulator that has none.
    """

    model: FullModel
    config: dict
    matrix: LabelMatrix
    inputs: Inputs
    pairs: pd.DataFrame
    rows: np.ndarray
    columns: np.ndarray

    def score(self, known: np.ndarray) -> np.ndarray:
        """Return the logits of all pairs where the labels of `known` pairs may be read."""
        logits = self._complete(known)
        met = known.any(axis=1)
        if logits is None:
            return self._read_off(None, met, *self._score_new(known, met, None))
        if met[self.rows].all() and (self.rows >= 0).all():
            return logits[self.rows, self.columns]
        return self._read_off(logits, met, *self._score_new(known, met, logits))

    def _complete(self, known: np.ndarray) -> np.ndarray | None:
        """Return the calibrated logits (T, G) of regulators with labels; None in ``tfs``."""
        if self.model.setting == TFS:
            return None
        matrix, config, inputs = self.matrix, self.config, self.inputs
        draw = make_draw(matrix, inputs, known, np.ones_like(known), hide=False)
        parts = []
        if len(self.model.members):
            logits = [score(m, matrix, inputs, draw, SCORING) for m in self.model.members]
            parts.append((1.0, np.mean(logits, axis=0, dtype=np.float64).reshape(known.shape)))
        weight = config["process_weight"]
        parts += [(weight, own) for own in self._processes(draw.visible)] if weight > 0 else []
        # The scale of a part, and of the sum, is read off the validation pairs seen by the
        # train labels alone, so it is taken at the first pass and kept.
        if "scales" not in config:
            config["scales"] = [_scale(matrix, values, matrix.val) for _, values in parts]
        scaled = [
            weight * (values - centre) / spread
            for (weight, values), (centre, spread) in zip(parts, config["scales"], strict=True)
        ]
        mixed = self._add_known_prior(self._mix(scaled))
        if "calibration" not in config:
            config["calibration"] = _calibrate(matrix, mixed, matrix.val)
        slope, offset = config["calibration"]
        return slope * mixed + offset

    def _processes(self, visible: Visible) -> list[np.ndarray]:
        """Return log-odds (T, G) by the Gaussian process, then with rows of other contexts."""
        matrix, inputs = self.matrix, self.inputs
        context = inputs.context
        matrix.see(PROCESS, visible)
        given = [visible]
        if context is not None and len(context.rows):
            given.append(with_rows(visible, context))
        found = []
        for own in given:
            process = complete(own, inputs.kernel, **PROCESS_VARIANCES[self.model.setting])
            odds = torch.logit(process[: len(matrix.labels)].clamp(*PROBABLE))
            found.append(odds.cpu().numpy())
        return found

    def _mix(self, scaled: list[np.ndarray]) -> np.ndarray:
        """Return the sum of the parts, with the share of rows elsewhere that validation chose."""
        context, config = self.inputs.context, self.config
        if config["process_weight"] == 0 or context is None or not len(context.rows):
            return reduce(np.add, scaled)
        *rest, process, stacked = scaled
        # Beside networks the process counts twice where it reads the rows: they are news to them.
        mixtures = {
            share: sum(rest) + (1 + (share > 0)) * ((1 - share) * process + share * stacked)
            for share in STACK_SHARES
        }
        if "stack_share" not in config:
            self.matrix.ask(CALIBRATION, self.matrix.val)
            config["stack_share"] = max(
                mixtures, key=lambda share: _worth(self.matrix, mixtures[share], self.matrix.val)
            )
        return mixtures[config["stack_share"]]

    def _add_known_prior(self, mixed: np.ndarray) -> np.ndarray:
        """Return logits (T, G) with the ranking by other contexts, weighed by the validation part.

        It knows what the same regulator does elsewhere; tables of genes do not say it, and among
        the rows of the process it is one of hundreds.
        """
        context, config, matrix = self.inputs.context, self.config, self.matrix
        if context is None or not len(context.regulators):
            return mixed
        prior = _prior_rows(context, matrix.regulators)
        if "known_prior_weight" not in config:
            _, spread = _scale(matrix, mixed, matrix.val)
            weights = [weight * spread for weight in KNOWN_WEIGHTS]
            config["known_prior_weight"] = max(
                weights, key=lambda weight: _worth(matrix, mixed + weight * prior, matrix.val)
            )
        return mixed + config["known_prior_weight"] * prior

    def _score_new(
        self, known: np.ndarray, met: np.ndarray, logits: np.ndarray | None
    ) -> tuple[list[str], np.ndarray]:
        """Return the names and the logits (names, G) of the regulators, each without its own row.

        Parameters
        ----------
        known
            (T, G) bool: pairs whose labels may be read.
        met
            (T,) bool: regulators with such a pair.
        logits
            Of :meth:`_complete`.
        """
        matrix, names = self.matrix, self.matrix.regulators
        values, mask = matrix.labels[met], known[met]
        # With logits, only the regulators that are not met are scored here, and judged by it.
        judged = matrix.judged & (~met[:, None] if logits is not None else True)
        messages = matrix.open_pairs(known, judged=judged)[met]
        self._record_new(met, mask if logits is None else messages, messages)
        if logits is not None:
            # What the model has completed stands in for what no label may say, which gives
            # genes without labels their popularity.
            with np.errstate(over="ignore"):  # it is 0 then
                values = np.where(messages, values, 1 / (1 + np.exp(-logits[met])))
            mask = messages = np.ones_like(mask)
        known_names = [names[i] for i in np.flatnonzero(met)]
        wanted = known_names + sorted(set(self.pairs[REGULATOR]) - set(known_names))
        genes_of = pd.Index(matrix.genes).get_indexer(wanted)
        likeness = Likeness(
            same_family(wanted, self.config["families"])[:, : len(known_names)],
            _correlation(self.inputs.profiles, genes_of, genes_of[: len(known_names)]),
        )
        own = np.where(np.arange(len(wanted)) < len(known_names), np.arange(len(wanted)), -1)
        scores = score_new_regulators(values, mask, messages, likeness, self.inputs.kernel, own)
        scores = self._add_prior(scores, wanted, known)
        # Each regulator with labels was scored without its own: that is what calibrates.
        own_scores = np.zeros(matrix.labels.shape)
        own_scores[met] = scores[: len(known_names)]
        slope, offset = _calibrate(matrix, own_scores, known)
        return wanted, slope * scores + offset

    def _add_prior(self, scores: np.ndarray, wanted: list[str], known: np.ndarray) -> np.ndarray:
        """Return scores (wanted, G) of new regulators with the ranking by other contexts added.

        With few labelled regulators its weight follows from their number. With more it is the
        one by which the labelled regulators, each scored without its own row, and those of the
        validation part are ranked best.
        """
        context, config, matrix = self.inputs.context, self.config, self.matrix
        if context is None or not len(context.regulators):
            return scores
        prior, own = _prior_rows(context, wanted), _within(scores)
        labelled = int(known.any(axis=1).sum())
        if "prior_weight" not in config and labelled <= FEW:
            config["prior_weight"] = WORTH / max(labelled, 1)
        if "prior_weight" not in config:
            judges = known | matrix.val
            matrix.ask(CALIBRATION, judges)
            place = pd.Index(wanted).get_indexer(matrix.regulators)
            regulator = np.nonzero(judges)[0]
            config["prior_weight"] = max(
                PRIOR_WEIGHTS,
                key=lambda weight: mean_within_group_auroc(
                    matrix.labels[judges], (own + weight * prior)[place][judges], regulator
                )[0],
            )
        return own + config["prior_weight"] * prior

    def _record_new(self, met: np.ndarray, read: np.ndarray, messages: np.ndarray) -> None:
        """Record which labels, (met regulators, G) bool, the scores of new regulators read."""
        matrix = self.matrix
        parts = [np.zeros_like(matrix.judged), np.zeros_like(matrix.judged)]
        for part, own in zip(parts, (read, messages), strict=True):
            part[met] = own
        judges = (matrix.judged & ~met[:, None]).any()
        matrix.see(NEW_REGULATORS if judges else UNJUDGED, Visible(matrix.labels, *parts))

    def _read_off(
        self, logits: np.ndarray | None, met: np.ndarray, wanted: list[str], scores: np.ndarray
    ) -> np.ndarray:
        """Return the pairs' logits: of regulators with labels from `logits`, else `scores`."""
        result = scores[pd.Index(wanted).get_indexer(self.pairs[REGULATOR]), self.columns]
        if logits is not None:
            ours = (self.rows >= 0) & met[self.rows]
            result[ours] = logits[self.rows[ours], self.columns[ours]]
        return result


def _prior_rows(context: ContextInputs, regulators: Sequence[str]) -> np.ndarray:
    """Return the ranking by other contexts, (regulators, G), 0 for a regulator without one."""
    rows = pd.Index(context.regulators).get_indexer(regulators)
    return np.where(rows[:, None] >= 0, context.prior[rows], 0.0).astype(np.float64)


def with_rows(visible: Visible, context: ContextInputs) -> Visible:
    """Return the labels with the rows of other contexts below them, as further regulators."""
    rows = torch.as_tensor(context.labels, device=visible.labels.device)
    known = (rows >= 0).to(visible.labels)
    added = rows.clamp_min(0).to(visible.labels), known, known
    given = visible.labels, visible.known, visible.messages
    return Visible(*(torch.cat(pair) for pair in zip(given, added, strict=True)))


def score_pairs(
    model: FullModel,
    config: dict,
    matrix: LabelMatrix,
    inputs: Inputs,
    pairs: pd.DataFrame,
    genes: Sequence[str],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits of all rows of the pairs, and the embeddings in the order of genes."""
    rows = pd.Index(matrix.regulators).get_indexer(pairs[REGULATOR])
    columns = pd.Index(matrix.genes).get_indexer(pairs[TARGET])
    scorer = Scorer(model, config, matrix, inputs, pairs, rows, columns)
    scores = scorer.score(matrix.train.copy())
    if config["refit_on_validation"]:
        later = scorer.score(matrix.train | matrix.val)
        # Train and validation pairs keep the scores of a model that did not see the latter,
        # or calibration on them would learn from labels that were copied.
        scores = np.where(np.isin(pairs[PART].to_numpy(), (TRAIN, VAL)), scores, later)
    embeddings = inputs.genes
    if len(model.members):
        nothing = np.zeros_like(matrix.train)
        visible = visible_labels(matrix, matrix.train, nothing, inputs.genes.device)
        matrix.see(SCORING, visible)
        member = model.members[0].eval()
        with torch.no_grad():
            _, embeddings = member.encode(inputs.genes[inputs.regulators], inputs.genes, visible)
    order = pd.Index(matrix.genes).get_indexer(genes)
    return scores, embeddings.cpu().numpy()[order]


def _correlation(profiles: np.ndarray, new: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return correlations (new, known), 0 where the two are one gene."""
    correlation = profiles[new] @ profiles[known].T
    return np.where(new[:, None] == known[None, :], 0.0, correlation)


def _within(scores: np.ndarray) -> np.ndarray:
    """Return scores with mean 0 and deviation 1 in each row, flat rows as zeros."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-9)


def _worth(matrix: LabelMatrix, scores: np.ndarray, pairs: np.ndarray) -> float:
    """Return what a choice goes by: AUROC, AUPRC and AUROC within a regulator, (T, G) pairs."""
    labels, values = matrix.labels[pairs], scores[pairs]
    within, groups = mean_within_group_auroc(labels, values, np.nonzero(pairs)[0])
    return auroc(labels, values) + auprc(labels, values) + (within if groups else 0.0)


def _scale(matrix: LabelMatrix, values: np.ndarray, pairs: np.ndarray) -> tuple[float, float]:
    """Return centre and spread of the values (T, G) of the pairs, (T, G) bool."""
    matrix.ask(CALIBRATION, pairs)
    spread = float(values[pairs].std())
    return float(values[pairs].mean()), spread if spread > 1e-9 else 1.0


def _calibrate(matrix: LabelMatrix, scores: np.ndarray, pairs: np.ndarray) -> tuple[float, float]:
    """Fit slope and offset of the scores (T, G) to the labels of the pairs, (T, G) bool."""
    matrix.ask(CALIBRATION, pairs)
    return _platt(scores[pairs], matrix.labels[pairs])


def _platt(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Fit slope and offset of a logistic regression by Newton's method; the slope stays > 0.

    A weak ridge keeps the slope finite where the scores separate the classes. The sigmoid of
    :mod:`gtgrn.evaluation.calibration` is another: it smooths its targets and penalises the
    slope per standard deviation, which would move every score here.
    """
    labels = labels.astype(np.float64)
    mean = (labels.sum() + 0.5) / (len(labels) + 1)
    weights = np.array([0.0, np.log(mean / (1 - mean))])
    design = np.column_stack([scores, np.ones_like(scores)])
    ridge = np.diag([1.0, 1e-6])
    for _ in range(50):
        probability = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (labels - probability) - ridge @ weights
        curvature = (design * (probability * (1 - probability))[:, None]).T @ design + ridge
        change = np.linalg.solve(curvature, gradient)
        weights = weights + change
        if np.abs(change).max() < 1e-9:
            break
    # Calibration may not turn a ranking round, whatever validation says.
    return max(float(weights[0]), 1e-3), float(weights[1])
