"""GENELink: graph attention over known edges, separate maps for regulators and targets.

Chen & Liu 2022, Bioinformatics, doi 10.1093/bioinformatics/btac559. Sizes and schedule are
those of the release. That each head is passed through a leaky ReLU and scaled to unit rows before
its bias is added, that weights start from Xavier's uniform distribution with gain 1.414, and that
a gene without a neighbour attends to all genes alike (a softmax over equal masked scores) follows
the published code as the author of this module knows it. Whether attention weights are dropped
was chosen by the validation part of hESC-500: without, AUPRC .50 and .54 (two seeds); with
probability .5, .44.

``published`` is the release with its quirks: the whole graph at every batch, a learning rate that
shrinks by 1 % a batch and so ends training after some 800 of them, dropout in scoring, supervised
edges among the messages, the last epoch. ``repaired`` is without them: supervised pairs hidden,
the best epoch by validation AUPRC.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from gtgrn.config.options import option
from gtgrn.data.scaling import standardise
from gtgrn.models.attention import tabulate
from gtgrn.models.message_passing import Arcs, aggregate, arc_softmax
from gtgrn.models.peer import GraphNetwork, Peer, learn_by_messages
from gtgrn.models.peer_training import Schedule, Task, prepare, profiles

ENVIRONMENT = "torch"
GAIN = 1.414
SLOPE = 0.2
WIDTHS = {
    "minItems": 2,
    "maxItems": 2,
    "items": {"description": "A width.", "type": "integer", "minimum": 1},
}


@dataclass(frozen=True, kw_only=True)
class Options(Schedule):
    """Options of GENELink."""

    heads: int = option(3, "Heads of each attention layer.", minimum=1)
    hidden: list[int] = option([128, 64], "Width of a head in the two layers.", **WIDTHS)
    outputs: list[int] = option([32, 16], "Widths of the two layers of a role's map.", **WIDTHS)
    attention_dropout: float = option(
        0.5, "Dropout of attention weights.", minimum=0, exclusiveMaximum=1
    )
    dropout: float = option(
        0.01, "Dropout between the layers of a role's map.", minimum=0, exclusiveMaximum=1
    )
    test_dropout: bool = option(True, "Whether that dropout stays active in scoring.")
    uniform_alone: bool = option(
        True, "Whether a gene without a neighbour receives the mean of all genes."
    )


FORMS = {
    "published": Options(batch_size=256, epochs=20, learning_rate=3e-3, decay=0.99),
    "repaired": Options(
        dropout=0.2,
        test_dropout=False,
        uniform_alone=False,
        hide=0.2,
        epochs=100,
        patience=10,
        keep="best",
        learning_rate=3e-3,
        weight_decay=1e-3,
        clip=1.0,
    ),
}


class Attention(nn.Module):
    """One layer of graph attention, all heads in one product.

    A head computes h = x W, the score LeakyReLU(a_1 . h_i + a_2 . h_j) of receiver i and
    sender j, a softmax over senders, and the weighted sum of h_j; then leaky ReLU, unit rows
    and a bias.

    Parameters
    ----------
    inputs, outputs
        Width of a state before, and of one head after.
    heads
        Number of heads.
    dropout
        On attention weights, in training.
    uniform_alone
        Whether a node without a sender receives the mean of all nodes; else it receives its
        own h.
    """

    def __init__(
        self, inputs: int, outputs: int, heads: int, *, dropout: float, uniform_alone: bool
    ) -> None:
        super().__init__()
        self.heads, self.outputs = heads, outputs
        self.dropout, self.uniform_alone = dropout, uniform_alone
        # The bounds are those of a head by itself: that heads lie side by side is ours.
        self.weight = _uniform((inputs, heads * outputs), inputs + outputs)
        self.receiver = _uniform((heads, outputs), 2 * outputs + 1)
        self.sender = _uniform((heads, outputs), 2 * outputs + 1)
        self.bias = nn.Parameter(torch.zeros(heads, outputs))

    def weigh(self, x: torch.Tensor, arcs: Arcs) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mapped states (n, heads, outputs) and attention weights (arcs, heads)."""
        h = (x @ self.weight).view(len(x), self.heads, self.outputs)
        ends = torch.stack([self.receiver, self.sender], dim=2)
        receiver, sender = torch.bmm(h.transpose(0, 1), ends).transpose(0, 1).unbind(2)
        scores = receiver.index_select(0, arcs.target) + sender.index_select(0, arcs.source)
        return h, arc_softmax(nn.functional.leaky_relu(scores, SLOPE), arcs)

    def forward(self, x: torch.Tensor, arcs: Arcs) -> torch.Tensor:
        """Return (n, heads, outputs)."""
        h, weights = self.weigh(x, arcs)
        weights = nn.functional.dropout(weights, self.dropout, self.training)
        passed = aggregate(weights, h, arcs)
        if len(arcs.alone):
            passed = passed.index_copy_(0, arcs.alone, self._alone(h, arcs.alone))
        passed = nn.functional.leaky_relu(passed, SLOPE)
        return _UnitRows.apply(passed) + self.bias

    def _alone(self, h: torch.Tensor, alone: torch.Tensor) -> torch.Tensor:
        if not self.uniform_alone:
            return h.index_select(0, alone)
        if not self.training or self.dropout == 0:
            return h.mean(0).expand(len(alone), -1, -1)
        kept = torch.rand(self.heads, len(alone), len(h), device=h.device) >= self.dropout
        weights = kept.to(h.dtype) / (len(h) * (1 - self.dropout))
        return torch.bmm(weights, h.transpose(0, 1)).transpose(0, 1)


class _UnitRows(torch.autograd.Function):
    """x / |x| over the last axis; torch's own walks over the states thrice as often."""

    @staticmethod
    def forward(ctx, x):
        inverse = torch.linalg.vector_norm(x, dim=-1, keepdim=True).clamp_min_(1e-12).reciprocal_()
        unit = x * inverse
        ctx.save_for_backward(unit, inverse)
        return unit

    @staticmethod
    def backward(ctx, gradient):
        unit, inverse = ctx.saved_tensors
        along = (gradient * unit).sum(-1, keepdim=True)
        return torch.addcmul(gradient, unit, along, value=-1).mul_(inverse)


def _uniform(shape: tuple[int, int], fans: int) -> nn.Parameter:
    """Draw from Xavier's uniform distribution for the given sum of fan-in and fan-out."""
    bound = GAIN * math.sqrt(6.0 / fans)
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))


class GENELink(GraphNetwork):
    """Two attention layers, a map for each role, and the dot product.

    Parameters
    ----------
    inputs
        Number of cells.
    heads
        Heads of each layer; concatenated after the first, averaged after the second.
    hidden
        Width of a head in the two layers.
    outputs
        Widths of the two layers of a role's map.
    attention_dropout, uniform_alone
        See :class:`Attention`.
    dropout
        Between the two layers of a role's map.
    test_dropout
        Whether that dropout stays active in scoring.
    """

    def __init__(
        self,
        inputs: int,
        *,
        heads: int,
        hidden: Sequence[int],
        outputs: Sequence[int],
        attention_dropout: float,
        dropout: float,
        test_dropout: bool,
        uniform_alone: bool,
    ) -> None:
        super().__init__()
        self.dropout, self.test_dropout = dropout, test_dropout
        options: dict[str, Any] = {"dropout": attention_dropout, "uniform_alone": uniform_alone}
        self.layer1 = Attention(inputs, hidden[0], heads, **options)
        self.layer2 = Attention(heads * hidden[0], hidden[1], heads, **options)
        self.regulator, self.target = (
            nn.ModuleList([nn.Linear(hidden[1], outputs[0]), nn.Linear(outputs[0], outputs[1])])
            for _ in range(2)
        )
        for layer in (*self.regulator, *self.target):
            nn.init.xavier_uniform_(layer.weight, gain=GAIN)

    def graph(self, task: Task, hidden: torch.Tensor | None = None) -> Arcs:
        """Return the message graph: both directions of an edge, without the pairs `hidden`."""
        return task.arcs(symmetric=True, loops=False, hidden=hidden)

    def forward(self, x: torch.Tensor, arcs: Arcs) -> torch.Tensor:
        """Return the states of all genes, (n, hidden[1])."""
        h = nn.functional.elu(self.layer1(x, arcs).flatten(1))
        return self.layer2(h, arcs).mean(1)

    def decode(
        self, states: torch.Tensor, regulator: torch.Tensor, target: torch.Tensor
    ) -> torch.Tensor:
        """Return one logit per pair, (pairs,)."""
        as_regulator = self._role(self.regulator, states).index_select(0, regulator)
        return (as_regulator * self._role(self.target, states).index_select(0, target)).sum(1)

    def _role(self, layers: nn.ModuleList, states: torch.Tensor) -> torch.Tensor:
        hidden = nn.functional.leaky_relu(layers[0](states))
        hidden = nn.functional.dropout(hidden, self.dropout, self.training or self.test_dropout)
        return nn.functional.leaky_relu(layers[1](hidden))


def normalise(expression: np.ndarray) -> np.ndarray:
    """Scale each gene (row) to mean 0 and variance 1."""
    return standardise(expression.T).T


PEER = Peer("genelink", FORMS, GENELink, normalise, partial(learn_by_messages, name="genelink"))
fit, score = PEER.fit, PEER.score


def attention_weights(
    model: GENELink,
    pairs: pd.DataFrame,
    genes: Sequence[str],
    features: Mapping[str, np.ndarray],
    *,
    device: str = "auto",
) -> pd.DataFrame:
    """Return the attention that each target pays to its known regulators, in scoring.

    Parameters and columns are those of :func:`gtgrn.models.peers.gatv2.attention_weights`.
    """
    task = prepare(pairs, genes, device)
    x, arcs = profiles(features, task, normalise), model.graph(task)
    model = model.to(task.device).eval()
    with torch.no_grad():
        first = model.layer1.weigh(x, arcs)[1]
        h = nn.functional.elu(model.layer1(x, arcs).flatten(1))
        second = model.layer2.weigh(h, arcs)[1]
    return tabulate(task, arcs, [first, second], genes)
