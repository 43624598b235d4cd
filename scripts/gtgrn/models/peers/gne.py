"""GNE: gene network embedding, then logistic regression on products of embeddings.

Kc et al. 2019, BMC Systems Biology, doi 10.1186/s12918-019-0694-y. Sizes and schedule are those
of the release (github.com/kckishan/GNE), and so are the quirks that ``published`` has by name:
both parts of a gene scaled to unit length, weights that start from N(0, 1), negatives drawn
log-uniformly by the number of the gene, and the vectors of the softmax added to the embedding.
Chosen here: the last of 20 epochs (the release stops when the AUROC of plain products has not
grown for three epochs, on hESC-500 after 4-6, with .03 less AUROC in the end), the labels of all
training pairs for the regression, one draw of negatives a step, edges without replacement.
"""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn
from tqdm import trange

from gtgrn.errors import InputError
from gtgrn.models.fitted import Fitted
from gtgrn.models.peer_training import (
    SCHEDULE,
    Known,
    Schedule,
    Task,
    choose_options,
    fitted,
    look,
    prepare,
    profiles,
)
from gtgrn.models.peers.genelink import normalise
from gtgrn.training.loop import EarlyStopping, seeded

logger = logging.getLogger(__name__)

FORMS = {
    "published": {
        "identity": 128,
        "attributes": 128,
        "dimensions": 128,
        "keep_probability": 0.5,
        "unit_parts": True,
        "wide_start": True,
        "joint": True,
        "sampler": "log_uniform",
        "symmetric": True,
        "negatives": 10,
        "penalty": 1.0,
        "batch_size": 256,
        "epochs": 20,
        "check_every": 1,
        "patience": None,
        "keep": "last",
        "learning_rate": 5e-3,
        "weight_decay": 0.0,
        "decay": 1.0,
        "clip": None,
    },
    "repaired": {
        "identity": 128,
        "attributes": 128,
        "dimensions": 128,
        "keep_probability": 0.5,
        "unit_parts": False,
        "wide_start": False,
        "joint": False,
        "sampler": "uniform",
        "symmetric": True,
        "negatives": 10,
        "penalty": 1.0,
        "batch_size": 256,
        "epochs": 40,
        "check_every": 1,
        "patience": 10,
        "keep": "best",
        "learning_rate": 5e-3,
        "weight_decay": 1e-3,
        "decay": 1.0,
        "clip": 1.0,
    },
}


class GNE(nn.Module):
    """Embedding of genes that predicts their neighbours, and a linear decoder of pairs.

    A gene's state is tanh(W [e_i || ELU(U x_i)]) of its identity e_i and its expression x_i.

    Parameters
    ----------
    inputs
        Number of cells.
    genes
        Number of genes.
    identity, attributes
        Width of the identity's and of the expression's part.
    dimensions
        Width of a state.
    keep_probability
        Share of units that are kept in training.
    unit_parts
        Whether both parts are scaled to length 1.
    wide_start
        Whether weights start from N(0, 1) and identities from U(-1, 1); else from Xavier's
        uniform distribution, and the softmax's vectors with length 1.
    joint
        Whether a gene's vector in a pair is the sum of its state and its vector in the softmax.
        The softmax is trained on the edges that the regression is then fitted to, so its vectors
        are memory rather than evidence. Without: the state alone.
    """

    def __init__(
        self,
        inputs: int,
        *,
        genes: int,
        identity: int,
        attributes: int,
        dimensions: int,
        keep_probability: float,
        unit_parts: bool,
        wide_start: bool,
        joint: bool,
    ) -> None:
        super().__init__()
        self.unit_parts, self.joint = unit_parts, joint
        self.identity = nn.Parameter(torch.empty(genes, identity))
        self.attributes = nn.Linear(inputs, attributes, bias=False)
        self.dropout = nn.Dropout(1 - keep_probability)
        self.hidden = nn.Linear(identity + attributes, dimensions, bias=False)
        self.context = nn.Parameter(torch.empty(genes, dimensions))
        self.offsets = nn.Parameter(torch.zeros(genes))
        if wide_start:
            nn.init.uniform_(self.identity, -1, 1)
        else:
            nn.init.xavier_uniform_(self.identity)
        for weight in (self.attributes.weight, self.hidden.weight):
            (nn.init.normal_ if wide_start else nn.init.xavier_uniform_)(weight)
        nn.init.normal_(self.context, std=1 if wide_start else 1 / math.sqrt(dimensions))
        # Set by the logistic regression, not by gradient steps.
        self.register_buffer("slope", torch.zeros(dimensions))
        self.register_buffer("intercept", torch.zeros(()))

    def forward(self, x: torch.Tensor, rows: torch.Tensor | None = None) -> torch.Tensor:
        """Return the states of the genes in `rows`, or of all, (n, dimensions)."""
        identity = self.identity if rows is None else self.identity.index_select(0, rows)
        x = x if rows is None else x.index_select(0, rows)
        parts = [identity, nn.functional.elu(self.attributes(x))]
        if self.unit_parts:
            parts = [nn.functional.normalize(part, dim=1) for part in parts]
        return torch.tanh(self.hidden(self.dropout(torch.cat(parts, dim=1))))

    def vectors(self, x: torch.Tensor) -> torch.Tensor:
        """Return what stands for each gene in a pair, (n, dimensions)."""
        return self(x) + self.context if self.joint else self(x)

    def decode(
        self, states: torch.Tensor, regulator: torch.Tensor, target: torch.Tensor
    ) -> torch.Tensor:
        """Return one logit a pair, (pairs,)."""
        products = _products(states, regulator, target)
        return (products * self.slope).sum(1) + self.intercept


def _products(states: torch.Tensor, regulator: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the product of two genes' vectors, unit by unit, (pairs, dimensions)."""
    return states.index_select(0, regulator) * states.index_select(0, target)


def sampling_chances(sampler: str, n: int) -> torch.Tensor:
    """Return the chance of each of `n` genes to be drawn as a negative, (n,), sum 1.

    ``uniform``, or ``log_uniform``: log((i + 2) / (i + 1)) / log(n + 1) for gene i, which is what
    TensorFlow's sampled softmax assumes of words sorted by frequency, and here falls on genes in
    the order of their names.

    Raises
    ------
    InputError
        If the sampler is unknown.
    """
    if sampler == "uniform":
        return torch.full((n,), 1 / n)
    if sampler == "log_uniform":
        ranks = torch.arange(n, dtype=torch.float64)
        return (torch.log1p(1 / (ranks + 1)) / math.log(n + 1)).float()
    raise InputError(
        f"unknown sampler {sampler}", field="sampler", remedy="Use uniform or log_uniform"
    )


def sampled_softmax(
    model: GNE,
    states: torch.Tensor,
    neighbours: torch.Tensor,
    drawn: torch.Tensor,
    expected: torch.Tensor,
) -> torch.Tensor:
    """Return the mean loss of naming each gene's neighbour among it and the drawn genes.

    A gene's logit is lessened by the logarithm of how often it is drawn, so that the softmax over
    a sample stands for that over all genes. A drawn gene that is the neighbour itself is left out
    of its sum.

    Parameters
    ----------
    model
        Gives the vector and the offset of each gene in the softmax.
    states
        (batch, dimensions) states of the genes.
    neighbours
        (batch,) the gene each must name.
    drawn
        (negatives,) other genes, shared by the batch.
    expected
        (genes,) expected number of draws of each gene in a step.
    """
    offsets = model.offsets - expected.log()
    right = (states * model.context.index_select(0, neighbours)).sum(1)
    right = right + offsets.index_select(0, neighbours)
    wrong = states @ model.context.index_select(0, drawn).t() + offsets[drawn]
    wrong = wrong.masked_fill(drawn[None, :] == neighbours[:, None], -math.inf)
    return (torch.logsumexp(torch.cat([right[:, None], wrong], dim=1), dim=1) - right).mean()


def logistic_regression(
    features: torch.Tensor, labels: torch.Tensor, penalty: float, *, steps: int = 50
) -> torch.Tensor:
    """Minimise cross-entropy (summed) + penalty / 2 |slope|^2 by Newton's method.

    Parameters
    ----------
    features
        (pairs, d).
    labels
        (pairs,) 0 or 1.
    penalty
        Weight of the squared slope; the intercept is free.
    steps
        Most steps; it ends when a step is below 1e-8.

    Returns
    -------
    torch.Tensor
        (d + 1,) float64: slope, then intercept.
    """
    x = torch.cat([features, torch.ones_like(features[:, :1])], dim=1).double()
    y = labels.double()
    ridge = torch.full((x.shape[1],), float(penalty), dtype=x.dtype, device=x.device)
    # Not zero: with one class only the intercept would run to infinity.
    ridge[-1] = 1e-6

    def objective(beta: torch.Tensor) -> torch.Tensor:
        losses = nn.functional.binary_cross_entropy_with_logits(x @ beta, y, reduction="sum")
        return losses + 0.5 * (ridge * beta.square()).sum()

    beta = torch.zeros_like(ridge)
    for _ in range(steps):
        p = torch.sigmoid(x @ beta)
        curvature = x.t() @ (x * (p * (1 - p))[:, None]) + torch.diag(ridge)
        step = torch.linalg.solve(curvature, x.t() @ (p - y) + ridge * beta)
        before = objective(beta)
        # A full step can overshoot where the labels are nearly separable.
        while objective(beta - step) > before and step.abs().max() > 1e-8:
            step = step / 2
        beta = beta - step
        if step.abs().max() < 1e-8:
            break
    return beta


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

    First the embedding is trained on the edges of the message graph, then a logistic
    regression on the labels of all training pairs.

    Parameters
    ----------
    pairs
        Columns regulator, target, label, part; labels outside train and val are not read.
    genes
        Names, in the order of the rows of the features.
    features
        ``X``: expression, (genes, cells), log-normalised.
    form
        ``published``: the release with its quirks, of which the head of this module tells, and a
        score that is the same in both directions. ``repaired``: without them, weight decay,
        clipped gradients, the best epoch by validation AUPRC.
    seed
        Seed of weights, batches, negatives and dropout.
    device
        ``auto``, ``cpu`` or ``cuda``.
    options
        What to change of ``FORMS[form]``: arguments of :class:`GNE` and
        :class:`gtgrn.models.peer_training.Schedule`; ``symmetric``, whether edges are used in both
        directions; ``negatives``, genes drawn a step, and their ``sampler``, see
        :func:`sampling_chances`; ``penalty`` of the regression.

    Raises
    ------
    InputError
        If an option or a gene is unknown, or the expression is absent.
    """
    chosen = choose_options(FORMS, form, options)
    symmetric, negatives, penalty, sampler = (
        chosen.pop(name) for name in ("symmetric", "negatives", "penalty", "sampler")
    )
    task = prepare(pairs, genes, device)
    x = profiles(features, task, normalise)
    chances = sampling_chances(sampler, task.n)
    config = {"inputs": x.shape[1], "genes": task.n}
    config |= {k: v for k, v in chosen.items() if k not in SCHEDULE}
    # The embedding sees no pairs, so there are none to hide.
    schedule = Schedule(hide=0.0, **{k: v for k, v in chosen.items() if k in SCHEDULE})
    with seeded(seed):
        model = GNE(**config).to(task.device)
        history = _train(
            model,
            task,
            x,
            schedule,
            symmetric=symmetric,
            negatives=negatives,
            penalty=penalty,
            chances=chances,
            draw=torch.Generator().manual_seed(seed),
        )
    return _score(task, x, model, history, config)


def _train(
    model: GNE,
    task: Task,
    x: torch.Tensor,
    schedule: Schedule,
    *,
    symmetric: bool,
    negatives: int,
    penalty: float,
    chances: torch.Tensor,
    draw: torch.Generator,
) -> list[dict]:
    arcs = task.arcs(symmetric=symmetric, loops=False)
    # An arc's target receives from its source; the gene that names its neighbour is the
    # regulator, and in a symmetric graph either.
    genes, neighbours = arcs.source, arcs.target
    optimiser, rate = schedule.optimiser(model)
    patience = math.inf if schedule.patience is None else schedule.patience
    stopping = EarlyStopping(model, patience)
    loss_of = nn.functional.binary_cross_entropy_with_logits
    history = []
    expected = (1 - (1 - chances) ** negatives).to(task.device)
    for epoch in trange(
        schedule.epochs, desc="gne", unit="epoch", file=sys.stderr, mininterval=5, disable=None
    ):
        model.train()
        for rows in torch.randperm(len(genes), generator=draw).split(
            schedule.step_size(len(genes))
        ):
            # The default split of nothing is one batch of nothing.
            if not len(rows):
                continue
            rows = rows.to(task.device)
            drawn = torch.multinomial(chances, min(negatives, task.n), generator=draw)
            loss = sampled_softmax(
                model, model(x, genes[rows]), neighbours[rows], drawn.to(task.device), expected
            )
            optimiser.zero_grad()
            loss.backward()
            if schedule.clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
            optimiser.step()
            rate.step()
        if (epoch + 1) % schedule.check_every == 0 or epoch + 1 == schedule.epochs:
            model.eval()
            with torch.no_grad():
                states = model.vectors(x)
                train_loss = _regress(model, states, task.train, penalty)
                row = look(model.decode(states, *task.val[:2]), task.val[2], loss_of)
            history.append({"epoch": epoch, "train_loss": train_loss, **row})
            if stopping.check(row["validation_auprc"], epoch):
                break
    if schedule.keep == "best" and stopping.epoch >= 0:
        stopping.restore()
        logger.info("gne: best epoch %d, stopped after %d", stopping.epoch, epoch)
    return history


def _regress(model: GNE, states: torch.Tensor, known: Known, penalty: float) -> float:
    """Fit the decoder to the training pairs; give the mean cross-entropy."""
    regulator, target, labels = known
    products = _products(states, regulator, target)
    beta = logistic_regression(products, labels, penalty)
    model.slope.copy_(beta[:-1])
    model.intercept.copy_(beta[-1])
    logits = model.decode(states, regulator, target)
    return nn.functional.binary_cross_entropy_with_logits(logits, labels).item()


def score(
    model: GNE,
    pairs: pd.DataFrame,
    genes: Sequence[str],
    features: Mapping[str, np.ndarray],
    *,
    device: str = "auto",
) -> np.ndarray:
    """Score every pair by a model that was rebuilt."""
    task = prepare(pairs, genes, device)
    x = profiles(features, task, normalise)
    return _score(task, x, model.to(task.device), [], {}).scores


def _score(task: Task, x: torch.Tensor, model: GNE, history: list[dict], config: dict) -> Fitted:
    model.eval()
    with torch.no_grad():
        return fitted(task, model, model.vectors(x), history, config)
