"""GNNLink: graph convolutions over known edges, completion of the matrix of links.

Mao et al. 2023, Briefings in Bioinformatics, doi 10.1093/bib/bbad414. Sizes and schedule are
those of the release (github.com/sdesignates/GNNLink): Glorot's uniform initial weights, no bias, a
leaky ReLU of slope .2 after either layer, a dropout that is named and not applied, and messages
that run against the edges only: a regulator hears its targets, a target hears itself.

``published`` is the release with its quirks: one-way messages, a symmetric rectified score, RMSE
over the training pairs, 100 steps with all of them, the last one kept. ``repaired`` has messages
both ways, a score that knows direction, cross-entropy, supervised pairs hidden from the messages,
the best epoch by validation AUPRC. Scores are logits where the loss is cross-entropy, else
estimates of the label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from gtgrn.config.options import option
from gtgrn.data.scaling import standardise
from gtgrn.models.message_passing import Arcs, aggregate, make_arcs
from gtgrn.models.peer import GraphNetwork, Peer, learn_by_messages
from gtgrn.models.peer_training import CROSS_ENTROPY, Schedule, Task

ENVIRONMENT = "torch"
SLOPE = 0.2


@dataclass(frozen=True, kw_only=True)
class Options(Schedule):
    """Options of GNNLink."""

    hidden: list[int] = option(
        [128, 64],
        "Widths of the two layers.",
        minItems=2,
        maxItems=2,
        items={"description": "A width.", "type": "integer", "minimum": 1},
    )
    dropout: float = option(
        0.0, "Dropout of the states of the first layer.", minimum=0, exclusiveMaximum=1
    )
    one_way: bool = option(True, "Whether only regulators hear their targets.")
    symmetric_score: bool = option(True, "Whether a pair's score is the same in both directions.")
    rectify: bool = option(True, "Whether scores below zero become zero.")
    loss: str = option("rmse", "Loss over the training pairs.", enum=["rmse", "cross_entropy"])


FORMS = {
    "published": Options(epochs=100, check_every=5, learning_rate=1e-3),
    "repaired": Options(
        dropout=0.2,
        one_way=False,
        symmetric_score=False,
        rectify=False,
        loss="cross_entropy",
        hide=0.2,
        epochs=200,
        patience=20,
        keep="best",
        learning_rate=1e-3,
        weight_decay=1e-3,
        clip=1.0,
    ),
}


class GNNLink(GraphNetwork):
    """Two graph convolutions, Z = act(A act(A X W1) W2), and a product of states.

    Parameters
    ----------
    inputs
        Number of cells.
    hidden
        Widths of the two layers.
    dropout
        On the states of the first layer.
    one_way
        Whether A = D^-1/2 (M + 2 I) D^-1/2, where M has a one for each edge from the row's gene to
        the column's and D holds the sums of rows: only regulators hear others. The release adds
        the loops twice. Else A = D^-1 (M + M' + I).
    symmetric_score
        Whether a pair's score is z_i . z_j, the same in both directions; else z_i' B z_j + b
        with a learnt matrix and offset.
    rectify
        Whether scores below zero become zero.
    """

    def __init__(
        self,
        inputs: int,
        *,
        hidden: Sequence[int],
        dropout: float,
        one_way: bool,
        symmetric_score: bool,
        rectify: bool,
    ) -> None:
        super().__init__()
        self.dropout, self.one_way, self.rectify = dropout, one_way, rectify
        self.weight1 = nn.Parameter(nn.init.xavier_uniform_(torch.empty(inputs, hidden[0])))
        self.weight2 = nn.Parameter(nn.init.xavier_uniform_(torch.empty(*hidden)))
        self.roles = None if symmetric_score else nn.Linear(hidden[1], hidden[1], bias=False)
        self.offset = None if symmetric_score else nn.Parameter(torch.zeros(()))

    def weigh(self, arcs: Arcs) -> torch.Tensor:
        """Return the entries of A, (arcs,)."""
        sums = arcs.offsets.diff()
        if not self.one_way:
            return sums.index_select(0, arcs.target).reciprocal()
        loops = arcs.source == arcs.target
        # One loop is among the arcs.
        root = (sums + 1).rsqrt()
        ends = root.index_select(0, arcs.target) * root.index_select(0, arcs.source)
        return (1 + loops.to(ends.dtype)) * ends

    def graph(self, task: Task, hidden: torch.Tensor | None = None) -> Arcs:
        """Return the message graph of A without the training pairs `hidden`."""
        arcs = task.arcs(symmetric=not self.one_way, loops=True, hidden=hidden)
        if not self.one_way:
            return arcs
        return make_arcs(arcs.target, arcs.source, arcs.n, symmetric=False, loops=False)

    def forward(self, x: torch.Tensor, arcs: Arcs) -> torch.Tensor:
        """Return the states of all genes, (n, hidden[1])."""
        weights = self.weigh(arcs)[:, None]
        h = x @ self.weight1
        h = nn.functional.leaky_relu(aggregate(weights, h[:, None], arcs)[:, 0], SLOPE)
        h = nn.functional.dropout(h, self.dropout, self.training) @ self.weight2
        return nn.functional.leaky_relu(aggregate(weights, h[:, None], arcs)[:, 0], SLOPE)

    def decode(
        self, states: torch.Tensor, regulator: torch.Tensor, target: torch.Tensor
    ) -> torch.Tensor:
        """Return one score per pair, (pairs,)."""
        left = states if self.roles is None else self.roles(states)
        scores = (left.index_select(0, regulator) * states.index_select(0, target)).sum(1)
        if self.offset is not None:
            scores = scores + self.offset
        return nn.functional.relu(scores) if self.rectify else scores


def normalise(expression: np.ndarray) -> np.ndarray:
    """Scale each gene (row) to mean 0 and variance 1, then to length 1."""
    scaled = standardise(expression.T).T
    length = np.linalg.norm(scaled, axis=1, keepdims=True)
    return scaled / np.where(length > 0, length, 1.0)


def rmse(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the root mean squared error over the pairs at hand: those outside are masked."""
    # The root has no slope at zero; a rectified model can fit its few pairs exactly.
    return ((scores - labels).square().mean() + 1e-12).sqrt()


LOSSES = {"rmse": rmse, "cross_entropy": CROSS_ENTROPY}


def learn(
    model: GNNLink, task: Task, x: torch.Tensor, options: Options, draw: torch.Generator
) -> list[dict]:
    """Train the network by the loss that the options name."""
    loss_of = LOSSES[options.loss]
    return learn_by_messages(model, task, x, options, draw, loss_of=loss_of, name="gnnlink")


PEER = Peer("gnnlink", FORMS, GNNLink, normalise, learn)
fit, score = PEER.fit, PEER.score
