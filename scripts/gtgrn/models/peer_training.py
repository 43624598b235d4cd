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

import numpy as np
import pandas as pd
import torch
from torch import nn
from tqdm import trange

from gtgrn.errors import InputError
from gtgrn.evaluation.metrics import auprc, auroc
from gtgrn.models.fitted import Fitted
from gtgrn.models.gtgrn.paper import _indices
from gtgrn.models.message_passing import Arcs, make_arcs
from gtgrn.names import LABEL, PART, TRAIN, VAL
from gtgrn.splits.leakage import message_edges
from gtgrn.training.loop import EarlyStopping, pick_device

logger = logging.getLogger(__name__)

PROFILES = "X"
"""Name of the expression among the features: (genes, cells), log-normalised."""

Known = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Regulator, target (int64) and label (float32) of pairs, each (pairs,)."""


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
    messages
        The message edges by name: regulator, target.
    """

    order: np.ndarray
    regulator: torch.Tensor
    target: torch.Tensor
    train: Known
    val: Known
    source: torch.Tensor
    sink: torch.Tensor
    device: torch.device
    messages: pd.DataFrame

    @property
    def n(self) -> int:
        """Number of genes."""
        return len(self.order)

    def arcs(self, *, symmetric: bool, loops: bool, hidden: torch.Tensor | None = None) -> Arcs:
        """Return the message graph, without training pairs `hidden` (and their reverses)."""
        source, sink = self.source, self.sink
        if hidden is not None:
            gone = _keys(self.train[0][hidden], self.train[1][hidden], self.n)
            keep = ~torch.isin(_keys(source, sink, self.n), gone)
            source, sink = source[keep], sink[keep]
        return make_arcs(source, sink, self.n, symmetric=symmetric, loops=loops)


def _keys(a: torch.Tensor, b: torch.Tensor, n: int) -> torch.Tensor:
    """Return one number a pair of nodes, the same for both directions."""
    return torch.minimum(a, b) * n + torch.maximum(a, b)


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
    messages = message_edges(pairs)
    edges = [tensor(x) for x in _indices(messages, names)]
    return Task(
        order, tensor(regulator), tensor(target), train, known(VAL), *edges, where, messages
    )


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


def choose_options(
    forms: Mapping[str, Mapping[str, object]], form: str, changes: Mapping[str, object]
) -> dict[str, object]:
    """Return the options of a form with some of them changed.

    Raises
    ------
    InputError
        If the form or an option is unknown.
    """
    if form not in forms:
        raise InputError(
            f"unknown form {form}", field="form", remedy=f"Use {' or '.join(sorted(forms))}"
        )
    unknown = sorted(set(changes) - set(forms[form]))
    if unknown:
        raise InputError(
            f"unknown option {unknown[0]}",
            field=unknown[0],
            remedy=f"Use one of {', '.join(sorted(forms[form]))}",
        )
    return {**forms[form], **changes}


@dataclass(frozen=True)
class Schedule:
    """How a peer is trained.

    Attributes
    ----------
    batch_size
        Training pairs a step; None takes all of them in one. Not used where `hide` is set.
    hide
        Above 0: a step takes this share of the training pairs and hides them (both
        directions) from the message graph, as pairs to predict are hidden at test time.
    epochs, check_every, patience
        Passes over the training pairs at most, passes between two looks at the validation
        part, and looks without improvement after which to stop; None never stops early.
    keep
        ``best``: the state with the highest validation AUPRC; ``last``: the last one.
    learning_rate, weight_decay, decay
        Of AdamW (Adam without weight decay), and the factor on the rate after every step.
    clip
        Largest norm of a gradient; None does not clip.
    """

    batch_size: int | None
    hide: float
    epochs: int
    check_every: int
    patience: int | None
    keep: str
    learning_rate: float
    weight_decay: float = 0.0
    decay: float = 1.0
    clip: float | None = None

    def step_size(self, n: int) -> int:
        """Return the number of training pairs of a step, out of `n`."""
        if self.hide > 0:
            return max(1, math.ceil(self.hide * n))
        return n if self.batch_size is None else self.batch_size

    def optimiser(self, model: nn.Module):
        """Return the optimiser and its per-step decay."""
        optimiser = torch.optim.AdamW(
            model.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        return optimiser, torch.optim.lr_scheduler.ExponentialLR(optimiser, self.decay)


SCHEDULE = frozenset(Schedule.__dataclass_fields__)
"""Names of the options that are the schedule's; the others are the model's."""


def train(
    model: nn.Module,
    task: Task,
    schedule: Schedule,
    *,
    forward: Callable[[Arcs], torch.Tensor],
    graph: Callable[..., Arcs],
    loss_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    draw: torch.Generator,
    rows: torch.Tensor | None = None,
    name: str,
) -> list[dict]:
    """Train an encoder and its decoder on the training part and restore the state to keep.

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

    Returns
    -------
    list of dict
        One row a look at the validation part.
    """
    full = graph()
    rows = torch.arange(len(task.train[0])) if rows is None else rows
    size = schedule.step_size(len(rows))
    optimiser, rate = schedule.optimiser(model)
    patience = math.inf if schedule.patience is None else schedule.patience
    stopping = EarlyStopping(model, patience)
    history = []
    for epoch in trange(
        schedule.epochs, desc=name, unit="epoch", file=sys.stderr, mininterval=5, disable=None
    ):
        model.train()
        total = 0.0
        for chosen in rows[torch.randperm(len(rows), generator=draw)].split(size):
            chosen = chosen.to(task.device)
            states = forward(graph(hidden=chosen) if schedule.hide > 0 else full)
            regulator, target, labels = (values[chosen] for values in task.train)
            loss = loss_of(model.decode(states, regulator, target), labels)
            optimiser.zero_grad()
            loss.backward()
            if schedule.clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
            optimiser.step()
            rate.step()
            total += loss.item() * len(chosen)
        if (epoch + 1) % schedule.check_every == 0 or epoch + 1 == schedule.epochs:
            model.eval()
            with torch.no_grad():
                scores = model.decode(forward(full), *task.val[:2])
            row = look(scores, task.val[2], loss_of)
            history.append({"epoch": epoch, "train_loss": total / len(rows), **row})
            if stopping.check(row["validation_auprc"], epoch):
                break
    if schedule.keep == "best" and stopping.epoch >= 0:
        stopping.restore()
        logger.info("%s: best epoch %d, stopped after %d", name, stopping.epoch, epoch)
    return history


def look(
    scores: torch.Tensor,
    labels: torch.Tensor,
    loss_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> dict[str, float]:
    """Return the validation columns of the history."""
    truth, values = labels.cpu().numpy(), scores.cpu().numpy()
    return {
        "validation_loss": loss_of(scores, labels).item(),
        "validation_auroc": auroc(truth, values),
        "validation_auprc": auprc(truth, values),
    }


def fitted(
    task: Task, model: nn.Module, states: torch.Tensor, history: list[dict], config: dict
) -> Fitted:
    """Score every pair and put the states back into the caller's order of genes."""
    # Sorted, because the rounding of a product of matrices depends on where a row stands.
    order = torch.argsort(task.regulator * task.n + task.target, stable=True)
    scores = torch.empty(len(order), device=task.device)
    scores[order] = model.decode(states, task.regulator[order], task.target[order])
    embeddings = np.empty(tuple(states.shape), dtype=np.float32)
    embeddings[task.order] = states.cpu().numpy()
    values = scores.cpu().numpy().astype(np.float64)
    return Fitted(values, embeddings, history, model, config, task.messages)
