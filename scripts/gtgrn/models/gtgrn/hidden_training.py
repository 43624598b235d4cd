"""Train a two-role network on labels that it is not shown."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from tqdm import trange

from gtgrn.evaluation.metrics import auprc, auroc
from gtgrn.models.gtgrn.averaging import Average
from gtgrn.models.gtgrn.inputs import Inputs
from gtgrn.models.gtgrn.label_matrix import LabelMatrix
from gtgrn.models.gtgrn.pair_features import CHANNELS, pair_features
from gtgrn.models.gtgrn.two_role import TwoRole, Visible
from gtgrn.names import EDGES, GENES
from gtgrn.splits.exposure import PAIR_FEATURES, TRAINING, VALIDATION
from gtgrn.training.loop import EarlyStopping, require_finite, seeded
from gtgrn.training.progress import Progress

if TYPE_CHECKING:
    from gtgrn.models.gtgrn.full_options import FullOptions

RATE = "gtgrn.learning_rate"
CACHE_BYTES = 1 << 30
"""Memory that the pair features of all draws may take."""


@dataclass(frozen=True)
class Draw:
    """One choice of pairs to hide, and all that does not depend on weights.

    Attributes
    ----------
    asked
        (T, G) bool: pairs whose logits are wanted.
    visible
        The labels that may be used.
    pair
        (asked pairs, channels) their pair features, or None.
    """

    asked: torch.Tensor
    visible: Visible
    pair: torch.Tensor | None


def visible_labels(
    matrix: LabelMatrix, known: np.ndarray, supervised: np.ndarray, device: torch.device
) -> Visible:
    """Return the labels of known pairs, less the supervised ones and their reverses.

    Rates count all that stays known. Messages and pair features also leave out the reverse
    of every validation and test pair: a reciprocal edge would tell about what judges.

    Parameters
    ----------
    matrix
        Labels and masks.
    known
        (T, G) bool: pairs whose labels may be used at all.
    supervised
        (T, G) bool: pairs asked about in this step.
    device
        Where the tensors go.
    """
    shown = known & ~supervised
    messages = matrix.open_pairs(known, asked=supervised, judged=matrix.judged)
    arrays = np.where(shown, matrix.labels, 0.0), shown, messages
    return Visible(*(torch.as_tensor(x, dtype=torch.float32, device=device) for x in arrays))


def draw_supervised(
    known: np.ndarray, setting: str, share: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw the pairs to hide and to ask about: as the setting's judged pairs are drawn.

    Single pairs in ``edges``, whole columns in ``genes``, whole rows in ``tfs``.
    """
    if setting == EDGES:
        drawn = known & (rng.random(known.shape) < share)
        if not drawn.any():
            # Of a dozen pairs none may be drawn, and a step without a pair has no loss.
            drawn.flat[rng.choice(np.flatnonzero(known))] = True
        return drawn
    axis = 1 if setting == GENES else 0
    present = np.flatnonzero(known.any(axis=1 - axis))
    count = min(max(1, round(share * len(present))), max(1, len(present) - 1))
    chosen = np.zeros(known.shape[axis], dtype=bool)
    chosen[rng.choice(present, count, replace=False)] = True
    return known & (chosen[None, :] if axis == 1 else chosen[:, None])


def make_draw(
    matrix: LabelMatrix,
    inputs: Inputs,
    known: np.ndarray,
    asked: np.ndarray,
    *,
    hide: bool = True,
) -> Draw:
    """Prepare what one step sees: the known labels, less those asked about if `hide`."""
    device = inputs.genes.device
    hidden = asked if hide else np.zeros_like(asked)
    visible = visible_labels(matrix, known, hidden, device)
    where = torch.as_tensor(asked, device=device)
    pair = None
    if inputs.neighbours is not None:
        matrix.see(PAIR_FEATURES, visible, asked if hide else None)
        pair = pair_features(visible, inputs.neighbours)[where]
    return Draw(where, visible, pair)


class Draws(Sequence):
    """Draws of which each is prepared when it is first asked for.

    Parameters
    ----------
    matrix, inputs, known
        See :func:`make_draw`.
    asked
        The pairs that each hides.
    """

    def __init__(
        self,
        matrix: LabelMatrix,
        inputs: Inputs,
        known: np.ndarray,
        asked: Sequence[np.ndarray],
    ) -> None:
        self.asked = asked
        self._make = lambda i: make_draw(matrix, inputs, known, asked[i])
        self._made: dict[int, Draw] = {}

    def __len__(self) -> int:
        return len(self.asked)

    def __getitem__(self, i: int) -> Draw:
        if i not in self._made:
            self._made[i] = self._make(i)
        return self._made[i]


def make_draws(
    matrix: LabelMatrix,
    inputs: Inputs,
    setting: str,
    known: np.ndarray,
    *,
    share: float,
    count: int,
    seed: int,
) -> Draws:
    """Draw what the training steps hide, once for all members of an ensemble.

    The pair channel costs more than a step of the network; over a fixed set of draws it is
    computed at most once. There are fewer draws where the channel of so many would not fit
    `CACHE_BYTES`.
    """
    asked = share * known.sum() * (CHANNELS if inputs.neighbours is not None else 0)
    size = 4 * (int(asked) + 3 * known.size)
    count = max(4, min(count, CACHE_BYTES // size))
    rng = np.random.default_rng(seed)
    asked = [draw_supervised(known, setting, share, rng) for _ in range(count)]
    return Draws(matrix, inputs, known, asked)


def predict(
    model: TwoRole, matrix: LabelMatrix, inputs: Inputs, draw: Draw, phase: str
) -> torch.Tensor:
    """Return the logits of the asked pairs, in the order of the matrix's rows and columns."""
    compared = draw.asked if phase in (TRAINING, VALIDATION) else None
    matrix.see(phase, draw.visible, compared)
    pair = draw.pair if model.pair is not None else None
    features = inputs.genes[inputs.regulators], inputs.genes
    return model(*features, draw.visible, draw.asked, pair)


def train_member(
    matrix: LabelMatrix,
    inputs: Inputs,
    draws: Sequence[Draw],
    validation: Draw,
    network: Mapping,
    options: FullOptions,
    *,
    seed: int,
    progress: Progress | None = None,
) -> tuple[TwoRole, list[dict]]:
    """Return a trained network, averaged over its steps, and one dictionary per look.

    The checkpoint that validation AUPRC chooses is the one kept.

    Parameters
    ----------
    matrix, inputs
        Labels with their masks, and features.
    draws, validation
        What the steps hide, each step one at random; and the question about the validation
        pairs, which sees train labels alone.
    network
        Arguments of :class:`gtgrn.models.gtgrn.two_role.TwoRole`.
    options
        Of the optimiser, the looks and the average; an epoch is a step.
    seed
        Seed of weights, dropout and the order of the draws.
    progress
        Where the state is saved; the caller removes it when all members have ended.

    """
    progress = progress or Progress(None, {}, module=__name__)
    rng = np.random.default_rng(seed)
    with seeded(seed):
        model = TwoRole(**network).to(inputs.genes.device)
        averaged = Average(model, options.average)
        optimiser = torch.optim.AdamW(
            model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
        )
        stopping = EarlyStopping(averaged.model, options.patience)
        parts = {"model": model, "averaged": averaged, "optimiser": optimiser, "rng": rng}
        if matrix.exposure is not None:
            parts["exposure"] = matrix.exposure
        start, history = progress.resume(**parts, stopping=stopping)
        bar = {"desc": "full", "unit": "step", "file": sys.stderr, "mininterval": 10}
        for step in trange(start, options.epochs, **bar):
            model.train()
            draw = draws[rng.integers(len(draws))]
            step_loss = _step(model, matrix, inputs, draw, optimiser, options.clip, step)
            averaged.update(model)
            if (step + 1) % options.check_every == 0 or step + 1 == options.epochs:
                row = _look(averaged.model, matrix, inputs, validation, step)
                history.append({"epoch": step, "train_loss": step_loss, **row})
                if stopping.check(row["validation_auprc"], step):
                    break
            progress.save(step + 1, history)
        progress.save(options.epochs, history, now=True)
        stopping.restore()
    return averaged.model, history


def _step(
    model: TwoRole,
    matrix: LabelMatrix,
    inputs: Inputs,
    draw: Draw,
    optimiser: torch.optim.Optimizer,
    clip: float,
    step: int,
) -> float:
    """Take one step on the pairs that a draw hides, and return its loss."""
    labels = torch.as_tensor(matrix.labels, device=inputs.genes.device)
    logits = predict(model, matrix, inputs, draw, TRAINING)
    loss = nn.functional.binary_cross_entropy_with_logits(logits, labels[draw.asked])
    value = require_finite(loss.item(), what="loss", epoch=step, field=RATE)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimiser.step()
    return value


def _look(
    model: TwoRole, matrix: LabelMatrix, inputs: Inputs, validation: Draw, step: int
) -> dict[str, float]:
    """Return the measures of the validation part."""
    scores = score(model, matrix, inputs, validation, VALIDATION)
    total = float(scores.sum())
    require_finite(total, what="sum of logits", epoch=step, field=RATE)
    labels = matrix.labels[validation.asked.cpu().numpy()]
    return {"validation_auroc": auroc(labels, scores), "validation_auprc": auprc(labels, scores)}


@torch.no_grad()
def score(
    model: TwoRole, matrix: LabelMatrix, inputs: Inputs, draw: Draw, phase: str
) -> np.ndarray:
    """Return the logits of the asked pairs without dropout."""
    model.eval()
    return predict(model, matrix, inputs, draw, phase).cpu().numpy()
