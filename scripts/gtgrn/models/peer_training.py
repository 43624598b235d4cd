"""What the supervised peers share: pairs by index, arcs of the message graph, training.

Nothing here depends on the order of genes or pairs: both are sorted by name first, so that
weights, batches and dropout fall on the same gene whatever the order of the tables.
"""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from tqdm import trange

from gtgrn.config import common_options as common
from gtgrn.config.options import option
from gtgrn.errors import InputError
from gtgrn.evaluation.metrics import auprc, auroc
from gtgrn.models.gtgrn.paper import _indices
from gtgrn.models.message_passing import Arcs, make_arcs
from gtgrn.names import LABEL, PART, TRAIN, VAL
from gtgrn.splits import leakage
from gtgrn.splits.exposure import TRAINING, VALIDATION, Exposure
from gtgrn.training.devices import pick_device
from gtgrn.training.loop import EarlyStopping

logger = logging.getLogger(__name__)

PROFILES = "X"
"""Name of the expression among the features: (genes, cells), log-normalised."""

Known = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Regulator, target (int64) and label (float32) of pairs, each (pairs,)."""
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Loss of scores and labels."""
CROSS_ENTROPY: Loss = nn.functional.binary_cross_entropy_with_logits


@dataclass(frozen=True)
class Task:
    """Pairs by index, genes in the order of their names.

    Attributes
    ----------
    order
        (genes,) row of the caller for each gene in name order.
    regulator, target
        (pairs,) genes of every pair, in the caller's order of pairs.
    train, val
        Pairs of the two parts, sorted; the labels of no other pair are read.
    source, sink
        Message edges: see :func:`gtgrn.splits.leakage.message_edges`.
    device
        Where the tensors lie.
    exposure
        The record of what enters the network.
    """

    order: np.ndarray
    regulator: torch.Tensor
    target: torch.Tensor
    train: Known
    val: Known
    source: torch.Tensor
    sink: torch.Tensor
    device: torch.device
    exposure: Exposure

    @property
    def n(self) -> int:
        """Number of genes."""
        return len(self.order)

    def arcs(self, *, symmetric: bool, loops: bool, hidden: torch.Tensor | None = None) -> Arcs:
        """Return the message graph, without training pairs `hidden` (and their reverses)."""
        source, sink = self.source, self.sink
        if hidden is not None:
            asked = self.train[0][hidden], self.train[1][hidden]
            keep = leakage.outside_of((source, sink), asked, self.n)
            source, sink = source[keep], sink[keep]
        return make_arcs(source, sink, self.n, symmetric=symmetric, loops=loops)


def prepare(pairs: pd.DataFrame, genes: Sequence[str], device: str) -> Task:
    """Index pairs and message edges by genes sorted by name.

    Parameters
    ----------
    pairs
        Columns regulator, target, label, part.
    genes
        Names, in the order of the caller's rows.
    device
        ``auto``, ``cpu`` or ``cuda``.

    Raises
    ------
    InputError
        If a pair names an unknown gene, or the training part is empty.
    """
    where = pick_device(device)
    order = np.argsort(np.asarray(genes, dtype=object), kind="stable")
    names = [genes[i] for i in order]

    def tensor(values: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(values, dtype=torch.int64, device=where)

    regulator, target = _indices(pairs, names)

    def known(part: str) -> Known:
        rows = np.flatnonzero(pairs[PART] == part)
        rows = rows[np.lexsort((target[rows], regulator[rows]))]
        labels = pairs[LABEL].to_numpy()[rows].astype(np.float32)
        return (
            tensor(regulator[rows]),
            tensor(target[rows]),
            torch.as_tensor(labels, device=where),
        )

    train = known(TRAIN)
    if not len(train[0]):
        raise InputError("no training pair", field=PART, remedy="Make the split again")
    source, sink = (tensor(x) for x in _indices(leakage.message_edges(pairs), names))
    ends = tensor(regulator), tensor(target)
    exposure = Exposure(pairs, names, directed=False, hides=False)
    return Task(order, *ends, train, known(VAL), source, sink, where, exposure)


def profiles(
    features: Mapping[str, np.ndarray], task: Task, normalise: Callable[[np.ndarray], np.ndarray]
) -> torch.Tensor:
    """Return the normalised expression, (genes, cells) float32, genes in name order.

    Raises
    ------
    InputError
        If the features lack the expression, or it has another number of genes.
    """
    values = features.get(PROFILES)
    if values is None or len(values) != task.n:
        raise InputError(
            "a peer needs the expression of every gene",
            field=f"features.{PROFILES}",
            remedy="Give a matrix of genes by cells, in the order of the genes",
        )
    scaled = normalise(np.asarray(values, dtype=np.float64)[task.order])
    return torch.as_tensor(scaled, dtype=torch.float32, device=task.device)


@dataclass(frozen=True, kw_only=True)
class BatchSchedule:
    """How a peer is trained in batches, by AdamW (Adam without weight decay)."""

    batch_size: int | None = option(
        None, "Training pairs in a step; null takes all of them in one.", minimum=1
    )
    epochs: int = option(100, "Largest number of passes over the training pairs.", minimum=1)
    check_every: int = option(1, "Passes between two looks at the validation part.", minimum=1)
    patience: int | None = option(
        None, "Looks without improvement after which to stop; null never stops.", minimum=1
    )
    keep: str = option(
        "last",
        "best keeps the state of highest validation AUPRC, last the last one.",
        enum=["best", "last"],
    )
    learning_rate: float = common.learning_rate(0.001)
    weight_decay: float = common.weight_decay(0.0)
    decay: float = option(
        1.0, "Factor on the learning rate after every step.", exclusiveMinimum=0, maximum=1
    )
    clip: float | None = option(
        None, "Largest norm of a gradient; null does not clip.", exclusiveMinimum=0
    )
    device: str = common.device()

    def step_size(self, n: int) -> int:
        """Return the number of training pairs of a step, out of `n`."""
        return n if self.batch_size is None else self.batch_size

    def optimiser(
        self, model: nn.Module
    ) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
        """Return the optimiser and its per-step decay."""
        optimiser = torch.optim.AdamW(
            model.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        return optimiser, torch.optim.lr_scheduler.ExponentialLR(optimiser, self.decay)


@dataclass(frozen=True, kw_only=True)
class Schedule(BatchSchedule):
    """How a peer is trained that passes messages over the pairs it is asked about."""

    hide: float = option(
        0.0,
        "Above 0, a step takes this share of the training pairs, whatever the batch size, and "
        "hides them from the message graph.",
        minimum=0,
        exclusiveMaximum=1,
    )

    def step_size(self, n: int) -> int:
        """Return the number of training pairs of a step, out of `n`."""
        return max(1, math.ceil(self.hide * n)) if self.hide > 0 else super().step_size(n)


class Steps:
    """The steps of an optimiser under a schedule.

    Parameters
    ----------
    model
        What is trained.
    schedule
        Gives the optimiser, its decay and the largest gradient.
    """

    def __init__(self, model: nn.Module, schedule: BatchSchedule) -> None:
        self.model, self.clip = model, schedule.clip
        self.optimiser, self.rate = schedule.optimiser(model)

    def take(self, loss: torch.Tensor) -> None:
        """Take one step down the gradient of a loss."""
        self.optimiser.zero_grad()
        loss.backward()
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.optimiser.step()
        self.rate.step()


def run_epochs(
    model: nn.Module,
    schedule: BatchSchedule,
    *,
    train_epoch: Callable[[], float],
    look_at: Callable[[float], dict[str, float]],
    name: str,
) -> list[dict]:
    """Train for the epochs of a schedule, look at validation, and restore the state to keep.

    Parameters
    ----------
    model, schedule
        What is trained and how.
    train_epoch
        Takes the steps of one epoch and returns its loss.
    look_at
        Takes that loss and returns a row of the history.
    name
        What the progress bar says.

    Returns
    -------
    list of dict
        One row per look at the validation part.
    """
    stopping = EarlyStopping(model, math.inf if schedule.patience is None else schedule.patience)
    history = []
    for epoch in trange(
        schedule.epochs, desc=name, unit="epoch", file=sys.stderr, mininterval=5, disable=None
    ):
        model.train()
        loss = train_epoch()
        if (epoch + 1) % schedule.check_every == 0 or epoch + 1 == schedule.epochs:
            model.eval()
            with torch.no_grad():
                history.append({"epoch": epoch, **look_at(loss)})
            if stopping.check(history[-1]["validation_auprc"], epoch):
                break
    if schedule.keep == "best" and stopping.epoch >= 0:
        stopping.restore()
        logger.info("%s: best epoch %d, stopped after %d", name, stopping.epoch, epoch)
    return history


def train(
    model: Any,
    task: Task,
    schedule: Schedule,
    *,
    forward: Callable[[Arcs], torch.Tensor],
    graph: Callable[..., Arcs],
    loss_of: Loss = CROSS_ENTROPY,
    draw: torch.Generator,
    rows: torch.Tensor | None = None,
    name: str,
) -> list[dict]:
    """Train an encoder and its decoder, restore the state to keep, and return a row per look.

    Parameters
    ----------
    model
        Module with ``decode(states, regulator, target)``.
    task, schedule
        What to learn and how.
    forward
        Gives the states of all genes over a message graph.
    graph
        Gives the message graph; takes the training pairs to hide as `hidden`.
    loss_of
        Loss of scores and labels.
    draw
        Generator of the batches.
    rows
        Training pairs of one pass, repeats allowed; by default each once.
    name
        What the progress bar says.
    """
    full, record = graph(), task.exposure
    record.hides = schedule.hide > 0
    rows = torch.arange(len(task.train[0])) if rows is None else rows
    size, steps = schedule.step_size(len(rows)), Steps(model, schedule)

    def train_epoch() -> float:
        total = 0.0
        for chosen in rows[torch.randperm(len(rows), generator=draw)].split(size):
            chosen = chosen.to(task.device)
            arcs = graph(hidden=chosen) if schedule.hide > 0 else full
            record.see(TRAINING, (arcs.source, arcs.target))
            states = forward(arcs)
            regulator, target, labels = (values[chosen] for values in task.train)
            record.ask(TRAINING, (regulator, target))
            loss = loss_of(model.decode(states, regulator, target), labels)
            steps.take(loss)
            total += loss.item() * len(chosen)
        return total / len(rows)

    def look_at(loss: float) -> dict[str, float]:
        record.see(VALIDATION, (full.source, full.target))
        record.ask(VALIDATION, task.val[:2])
        scores = model.decode(forward(full), *task.val[:2])
        return {"train_loss": loss, **look(scores, task.val[2], loss_of)}

    return run_epochs(model, schedule, train_epoch=train_epoch, look_at=look_at, name=name)


def look(
    scores: torch.Tensor,
    labels: torch.Tensor,
    loss_of: Loss,
) -> dict[str, float]:
    """Return the validation columns of the history."""
    truth, values = labels.cpu().numpy(), scores.cpu().numpy()
    return {
        "validation_loss": loss_of(scores, labels).item(),
        "validation_auroc": auroc(truth, values),
        "validation_auprc": auprc(truth, values),
    }
