"""GATv2 on a gene regulatory network, with its attention weights (arXiv 2409.13664).

The publication says two GATv2 layers, oversampled classes and attention read as importance;
widths, rate and the decoder on [h_regulator || h_target] are chosen here. The layer is that of
Brody et al. 2022 (arXiv 2105.14491). Classes are balanced within the training part only, after
the split, so that no copy of a test pair is trained on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn

from gtgrn.models.attention import tabulate
from gtgrn.models.fitted import Fitted
from gtgrn.models.gtgrn.transformer import LinkDecoder
from gtgrn.models.message_passing import Arcs, aggregate, arc_softmax
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
from gtgrn.models.peers.genelink import normalise
from gtgrn.training.loop import seeded

SLOPE = 0.2

FORMS = {
    "published": {
        "heads": 4,
        "hidden": [32, 32],
        "dropout": 0.0,
        "symmetric": True,
        "oversample": True,
        "batch_size": None,
        "hide": 0.0,
        "epochs": 200,
        "check_every": 5,
        "patience": None,
        "keep": "last",
        "learning_rate": 5e-3,
        "weight_decay": 0.0,
        "decay": 1.0,
        "clip": None,
    },
    "repaired": {
        "heads": 4,
        "hidden": [32, 32],
        "dropout": 0.2,
        "symmetric": True,
        "oversample": False,
        "batch_size": None,
        "hide": 0.2,
        "epochs": 100,
        "check_every": 1,
        "patience": 10,
        "keep": "best",
        "learning_rate": 3e-3,
        "weight_decay": 1e-3,
        "decay": 1.0,
        "clip": 1.0,
    },
}


class GATv2Layer(nn.Module):
    """Attention a . LeakyReLU(W_r h_i + W_s h_j) of receiver i to sender j, head by head.

    The concatenation of the two maps in the publication's W [h_i || h_j] is their sum here.

    Parameters
    ----------
    inputs, outputs
        Width of a state before, and of one head after.
    heads
        Number of heads.
    """

    def __init__(self, inputs: int, outputs: int, heads: int) -> None:
        super().__init__()
        self.heads, self.outputs = heads, outputs
        self.receiver = nn.Linear(inputs, heads * outputs)
        self.sender = nn.Linear(inputs, heads * outputs)
        self.attention = nn.Parameter(nn.init.xavier_normal_(torch.empty(heads, outputs)))
        self.bias = nn.Parameter(torch.zeros(heads, outputs))

    def forward(self, h: torch.Tensor, arcs: Arcs) -> tuple[torch.Tensor, torch.Tensor]:
        """Return states (n, heads, outputs) and attention weights (arcs, heads)."""
        receiver = self.receiver(h).index_select(0, arcs.target)
        sender = self.sender(h)
        hidden = nn.functional.leaky_relu(receiver + sender.index_select(0, arcs.source), SLOPE)
        scores = (hidden.view(-1, self.heads, self.outputs) * self.attention).sum(-1)
        weights = arc_softmax(scores, arcs)
        states = aggregate(weights, sender.view(-1, self.heads, self.outputs), arcs)
        return states + self.bias, weights


class GATv2(nn.Module):
    """GATv2 layers (two in the publication) and an MLP on [h_regulator || h_target].

    Parameters
    ----------
    inputs
        Number of cells.
    heads
        Heads of each layer; averaged after the last, concatenated after the others.
    hidden
        Width of a head in each layer.
    dropout
        On the states between layers and in the decoder.
    symmetric
        Whether messages also pass from a target to its regulators.
    """

    def __init__(
        self, inputs: int, *, heads: int, hidden: Sequence[int], dropout: float, symmetric: bool
    ) -> None:
        super().__init__()
        self.symmetric = symmetric
        widths = [inputs, *(heads * width for width in hidden)]
        self.layers = nn.ModuleList(
            GATv2Layer(*sizes, heads) for sizes in zip(widths[:-1], hidden, strict=True)
        )
        self.dropout = nn.Dropout(dropout)
        self.decoder = LinkDecoder(hidden[-1], hidden[-1], dropout)

    def attend(self, x: torch.Tensor, arcs: Arcs) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return the states (n, hidden[-1]) and each layer's attention weights (arcs, heads)."""
        h, first = self.layers[0](x, arcs)
        attended = [first]
        for layer in self.layers[1:]:
            h, weights = layer(self.dropout(nn.functional.elu(h.flatten(1))), arcs)
            attended.append(weights)
        return h.mean(1), attended

    def forward(self, x: torch.Tensor, arcs: Arcs) -> torch.Tensor:
        """Return the states of all genes, (n, hidden[-1])."""
        return self.attend(x, arcs)[0]

    def decode(
        self, states: torch.Tensor, regulator: torch.Tensor, target: torch.Tensor
    ) -> torch.Tensor:
        """Return one logit a pair, (pairs,)."""
        return self.decoder(states, regulator, target)


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
        ``published``: training classes balanced by repeating the rarer one, supervised edges
        among the messages, the last epoch. ``repaired``: no repeats, supervised pairs hidden,
        the best epoch by validation AUPRC.
    seed
        Seed of weights, batches, repeats and dropout.
    device
        ``auto``, ``cpu`` or ``cuda``.
    options
        What to change of ``FORMS[form]``: arguments of :class:`GATv2` and
        :class:`gtgrn.models.peer_training.Schedule`, and ``oversample``.

    Raises
    ------
    InputError
        If an option or a gene is unknown, or the expression is absent.
    """
    chosen = choose_options(FORMS, form, options)
    oversample = chosen.pop("oversample")
    task = prepare(pairs, genes, device)
    x = profiles(features, task, normalise)
    config = {"inputs": x.shape[1]} | {k: v for k, v in chosen.items() if k not in SCHEDULE}
    schedule = Schedule(**{k: v for k, v in chosen.items() if k in SCHEDULE})
    draw = torch.Generator().manual_seed(seed)
    with seeded(seed):
        model = GATv2(**config).to(task.device)
        history = train(
            model,
            task,
            schedule,
            forward=lambda arcs: model(x, arcs),
            graph=lambda hidden=None: _graph(task, model.symmetric, hidden),
            loss_of=nn.functional.binary_cross_entropy_with_logits,
            draw=draw,
            rows=balanced_rows(task.train[2], draw) if oversample else None,
            name="gatv2",
        )
    return _score(task, x, model, history, config)


def balanced_rows(labels: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Return every row once and rows of the rarer class again, until both are as many.

    Parameters
    ----------
    labels
        (pairs,) 0 or 1, of training pairs.
    draw
        Generator of the rows that are repeated.
    """
    labels = labels.cpu()
    classes = [torch.nonzero(labels == label).squeeze(1) for label in (0, 1)]
    rare, common = sorted(classes, key=len)
    if not len(rare):
        return common
    again = torch.randint(len(rare), (len(common) - len(rare),), generator=draw)
    return torch.cat([common, rare, rare[again]])


def score(
    model: GATv2,
    pairs: pd.DataFrame,
    genes: Sequence[str],
    features: Mapping[str, np.ndarray],
    *,
    device: str = "auto",
) -> np.ndarray:
    """Score every pair by a model that was rebuilt."""
    task = prepare(pairs, genes, device)
    return _score(task, profiles(features, task, normalise), model.to(task.device), [], {}).scores


def attention_weights(
    model: GATv2,
    pairs: pd.DataFrame,
    genes: Sequence[str],
    features: Mapping[str, np.ndarray],
    *,
    device: str = "auto",
) -> pd.DataFrame:
    """Return the attention that each target pays to each of its known regulators.

    The weights of a receiver sum to one over its regulators, itself and, where messages pass
    both ways, its own targets; the last two are left out of the table.

    Parameters
    ----------
    model
        A trained model.
    pairs, genes, features
        As in :func:`fit`; the known regulators are those of the message graph.
    device
        ``auto``, ``cpu`` or ``cuda``.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, layer (from 1), head (from 1), weight; a row a message edge,
        layer and head, sorted by the first four.
    """
    task = prepare(pairs, genes, device)
    x = profiles(features, task, normalise)
    arcs = _graph(task, model.symmetric)
    model = model.to(task.device).eval()
    with torch.no_grad():
        layers = model.attend(x, arcs)[1]
    return tabulate(task, arcs, layers, genes)


def _graph(task: Task, symmetric: bool, hidden: torch.Tensor | None = None) -> Arcs:
    return task.arcs(symmetric=symmetric, loops=True, hidden=hidden)


def _score(task: Task, x: torch.Tensor, model: GATv2, history: list[dict], config: dict) -> Fitted:
    model.eval()
    with torch.no_grad():
        return fitted(task, model, model(x, _graph(task, model.symmetric)), history, config)
