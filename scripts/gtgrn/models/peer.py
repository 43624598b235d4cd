"""A supervised peer: what distinguishes it from the others, and the fit and score of all.

A peer is a module of :mod:`gtgrn.models.peers`. It states its ENVIRONMENT, its option class and
FORMS, the options of its form ``published`` and of ``repaired``; it has a network, and a
:class:`Peer` that puts them together, whose ``fit`` and ``score`` are the module's.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from gtgrn.config.options import change, choose
from gtgrn.errors import InputError
from gtgrn.models.fitted import Fitted
from gtgrn.models.message_passing import Arcs
from gtgrn.models.peer_training import (
    CROSS_ENTROPY,
    BatchSchedule,
    Loss,
    Schedule,
    Task,
    prepare,
    profiles,
    train,
)
from gtgrn.splits.exposure import SCORING
from gtgrn.training.loop import seeded
from gtgrn.training.memory import in_blocks


class GraphNetwork(nn.Module, ABC):
    """A network that represents genes by messages over a graph that it chooses itself."""

    @abstractmethod
    def graph(self, task: Task, hidden: torch.Tensor | None = None) -> Arcs:
        """Return the message graph, without the training pairs `hidden`."""

    def represent(self, task: Task, x: torch.Tensor) -> torch.Tensor:
        """Return the states of all genes over the whole message graph."""
        arcs = self.graph(task)
        task.exposure.see(SCORING, (arcs.source, arcs.target))
        return self(x, arcs)


def network_options(network: type, options: BatchSchedule) -> dict[str, Any]:
    """Return those of a peer's options that are arguments of its network."""
    return choose(options, inspect.signature(network).parameters)


@dataclass(frozen=True)
class Peer:
    """A supervised model of another group.

    Attributes
    ----------
    name
        Of its module.
    forms
        Its options by form, instances of one option class.
    network
        Its class. It takes `inputs` (cells), `genes` (their number) where it names them, and
        options; it has ``represent(task, x)``, what stands for each gene in a pair, and
        ``decode(states, regulator, target)``, one score per pair.
    normalise
        What is done to the expression, (genes, cells), genes in name order.
    learn
        Trains a network: (network, task, expression, options, generator of batches) -> history.
    """

    name: str
    forms: Mapping[str, Any]
    network: type
    normalise: Callable[[np.ndarray], np.ndarray]
    learn: Callable[[Any, Task, torch.Tensor, Any, torch.Generator], list[dict]]

    def fit(
        self,
        pairs: pd.DataFrame,
        genes: Sequence[str],
        features: Mapping[str, np.ndarray],
        *,
        form: str = "published",
        seed: int,
        **options: Any,
    ) -> Fitted:
        """Train on the training part and score every pair.

        Parameters
        ----------
        pairs
            Columns regulator, target, label, part; labels outside train and val are not read.
        genes
            Names, in the order of the rows of the features.
        features
            ``X``: expression, (genes, cells), log-normalised.
        form
            ``published``: the release with its quirks; ``repaired``: without them. The module
            of the peer says what that is.
        seed
            Seed of weights, batches and dropout.
        options
            What to change of the form's own options.

        Raises
        ------
        InputError
            If a form, an option or a gene is unknown, or the expression is absent.
        """
        if form not in self.forms:
            raise InputError(
                f"unknown form {form}", field="form", remedy=f"Use {' or '.join(self.forms)}"
            )
        chosen = change(self.forms[form], options, field=f"peers.options.{self.name}.{form}")
        task = prepare(pairs, genes, chosen.device)
        x = profiles(features, task, self.normalise)
        sizes = {"inputs": x.shape[1], "genes": task.n}
        names = inspect.signature(self.network).parameters
        config = {name: size for name, size in sizes.items() if name in names}
        config |= network_options(self.network, chosen)
        with seeded(seed):
            model = self.network(**config).to(task.device)
            draw = torch.Generator().manual_seed(seed)
            history = self.learn(model, task, x, chosen, draw)
        return self._score(model, task, x, seed, history, config)

    def score(
        self,
        model: nn.Module,
        pairs: pd.DataFrame,
        genes: Sequence[str],
        features: Mapping[str, np.ndarray],
        *,
        seed: int = 0,
        device: str = "auto",
    ) -> np.ndarray:
        """Score every pair by a model that was rebuilt; `seed` is that of dropout in scoring."""
        task = prepare(pairs, genes, device)
        x = profiles(features, task, self.normalise)
        return self._score(model.to(task.device), task, x, seed, [], {}).scores

    def _score(
        self,
        model: Any,
        task: Task,
        x: torch.Tensor,
        seed: int,
        history: list[dict],
        config: dict,
    ) -> Fitted:
        model.eval()
        with torch.no_grad(), seeded(seed):
            return fitted(task, model, model.represent(task, x), history, config)


def learn_by_messages(
    model: Any,
    task: Task,
    x: torch.Tensor,
    options: Schedule,
    draw: torch.Generator,
    *,
    loss_of: Loss = CROSS_ENTROPY,
    rows: torch.Tensor | None = None,
    name: str,
) -> list[dict]:
    """Train a network that passes messages over its graph: see :func:`train`."""
    return train(
        model,
        task,
        options,
        forward=lambda arcs: model(x, arcs),
        graph=lambda hidden=None: model.graph(task, hidden),
        loss_of=loss_of,
        draw=draw,
        rows=rows,
        name=name,
    )


def fitted(
    task: Task, model: Any, states: torch.Tensor, history: list[dict], config: dict
) -> Fitted:
    """Score every pair and put the states back into the caller's order of genes."""
    # Sorted, because the rounding of a product of matrices depends on where a row stands.
    order = torch.argsort(task.regulator * task.n + task.target, stable=True)
    scores = torch.empty(len(order), device=task.device)
    ends = task.regulator[order], task.target[order]
    parts = in_blocks(lambda *block: model.decode(states, *block), len(order), *ends)
    scores[order] = torch.cat(parts)
    embeddings = np.empty(tuple(states.shape), dtype=np.float32)
    embeddings[task.order] = states.cpu().numpy()
    values = scores.cpu().numpy().astype(np.float64)
    record = task.exposure
    return Fitted(values, embeddings, history, model, config, record.messages(), record.table())
