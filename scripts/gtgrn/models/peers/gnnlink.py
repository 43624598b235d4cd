"""GNNLink: graph convolutions over known edges, completion of the matrix of links.

Mao et al. 2023, Briefings in Bioinformatics, doi 10.1093/bib/bbad414. Sizes and schedule are
those of the release (github.com/sdesignates/GNNLink): Glorot's uniform initial weights, no bias, a
leaky ReLU of slope .2 after either layer, a dropout that is named and not applied, and messages
that run against the edges only: a regulator hears its targets, a target hears itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn

from gtgrn.data.scaling import standardise
from gtgrn.models.fitted import Fitted
from gtgrn.models.message_passing import Arcs, aggregate, make_arcs
from gtgrn.models.peer_training import (
    SCHEDULE,
    Schedule,
    Task,
    choose_options,
    fitted,
    prepare,
    profiles,
    train,
)
from gtgrn.training.loop import seeded

SLOPE = 0.2

FORMS = {
    "published": {
        "hidden": [128, 64],
        "dropout": 0.0,
        "one_way": True,
        "symmetric_score": True,
        "rectify": True,
        "loss": "rmse",
        "batch_size": None,
        "hide": 0.0,
        "epochs": 100,
        "check_every": 5,
        "patience": None,
        "keep": "last",
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "decay": 1.0,
        "clip": None,
    },
    "repaired": {
        "hidden": [128, 64],
        "dropout": 0.2,
        "one_way": False,
        "symmetric_score": False,
        "rectify": False,
        "loss": "cross_entropy",
        "batch_size": None,
        "hide": 0.2,
        "epochs": 200,
        "check_every": 1,
        "patience": 20,
        "keep": "best",
        "learning_rate": 1e-3,
        "weight_decay": 1e-3,
        "decay": 1.0,
        "clip": 1.0,
    },
}


class GNNLink(nn.Module):
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
        """Return one score a pair, (pairs,)."""
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


LOSSES = {"rmse": rmse, "cross_entropy": nn.functional.binary_cross_entropy_with_logits}


def fit(
    pairs: pd.DataFrame,
    genes: Sequence[str],
    features: Mapping[str, np.ndarray],
    *,
    form: str = "published",
    seed: int,
    device: str = "auto",
    **options: object,
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
        ``published``: the release with its quirks: one-way messages, a symmetric rectified
        score, RMSE over the training pairs, 100 steps with all of them, the last one kept.
        ``repaired``: messages both ways, a score that knows direction, cross-entropy,
        supervised pairs hidden from the messages, the best epoch by validation AUPRC.
    seed
        Seed of weights, batches and dropout.
    device
        ``auto``, ``cpu`` or ``cuda``.
    options
        What to change of ``FORMS[form]``: arguments of :class:`GNNLink` and
        :class:`gtgrn.models.peer_training.Schedule`, and ``loss``, a key of ``LOSSES``.

    Returns
    -------
    Fitted
        Scores are logits where the loss is cross-entropy, else estimates of the label.

    Raises
    ------
    InputError
        If an option or a gene is unknown, or the expression is absent.
    """
    chosen = choose_options(FORMS, form, options)
    loss_of = LOSSES[chosen.pop("loss")]
    task = prepare(pairs, genes, device)
    x = profiles(features, task, normalise)
    config = {"inputs": x.shape[1]} | {k: v for k, v in chosen.items() if k not in SCHEDULE}
    schedule = Schedule(**{k: v for k, v in chosen.items() if k in SCHEDULE})
    with seeded(seed):
        model = GNNLink(**config).to(task.device)
        history = train(
            model,
            task,
            schedule,
            forward=lambda arcs: model(x, arcs),
            graph=lambda hidden=None: model.graph(task, hidden),
            loss_of=loss_of,
            draw=torch.Generator().manual_seed(seed),
            name="gnnlink",
        )
    return _score(task, x, model, history, config)


def score(
    model: GNNLink,
    pairs: pd.DataFrame,
    genes: Sequence[str],
    features: Mapping[str, np.ndarray],
    *,
    device: str = "auto",
) -> np.ndarray:
    """Score every pair by a model that was rebuilt."""
    task = prepare(pairs, genes, device)
    return _score(task, profiles(features, task, normalise), model.to(task.device), [], {}).scores


def _score(
    task: Task, x: torch.Tensor, model: GNNLink, history: list[dict], config: dict
) -> Fitted:
    model.eval()
    with torch.no_grad():
        return fitted(task, model, model(x, model.graph(task)), history, config)
