"""GNE: gene network embedding, then logistic regression on products of embeddings.

Kc et al. 2019, BMC Systems Biology, doi 10.1186/s12918-019-0694-y. Sizes and schedule are those
of the release (github.com/kckishan/GNE), and so are the quirks that ``published`` has by name:
both parts of a gene scaled to unit length, weights that start from N(0, 1), negatives drawn
log-uniformly by the number of the gene, and the vectors of the softmax added to the embedding.
Chosen here: the last of 20 epochs (the release stops when the AUROC of plain products has not
grown for three epochs, on hESC-500 after 4-6, with .03 less AUROC in the end), the labels of all
training pairs for the regression, one draw of negatives per step, edges without replacement.

First the embedding is trained on the edges of the message graph, then a logistic regression on
the labels of all training pairs. ``published`` has the quirks and a score that is the same in both
directions; ``repaired`` is without them, with weight decay, clipped gradients and the best epoch
by validation AUPRC.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

from gtgrn.config.options import option
from gtgrn.errors import InputError
from gtgrn.models.peer import Peer
from gtgrn.models.peer_training import (
    CROSS_ENTROPY,
    BatchSchedule,
    Known,
    Steps,
    Task,
    look,
    run_epochs,
)
from gtgrn.models.peers.genelink import normalise
from gtgrn.splits.exposure import TRAINING, VALIDATION

ENVIRONMENT = "torch"


@dataclass(frozen=True, kw_only=True)
class Options(BatchSchedule):
    """Options of GNE; the embedding sees no pairs, so there are none to hide."""

    identity: int = option(128, "Width of the identity's part.", minimum=1)
    attributes: int = option(128, "Width of the expression's part.", minimum=1)
    dimensions: int = option(128, "Width of a state.", minimum=1)
    keep_probability: float = option(
        0.5, "Share of units kept in training.", exclusiveMinimum=0, maximum=1
    )
    unit_parts: bool = option(True, "Whether both parts are scaled to length 1.")
    wide_start: bool = option(True, "Whether weights start from N(0, 1).")
    joint: bool = option(True, "Whether a gene's vector in a pair adds its vector in the softmax.")
    sampler: str = option(
        "log_uniform",
        "Chances of genes to be drawn as negatives.",
        enum=["uniform", "log_uniform"],
    )
    symmetric: bool = option(True, "Whether edges are used in both directions.")
    negatives: int = option(10, "Genes drawn in a step.", minimum=1)
    penalty: float = option(1.0, "Penalty of the regression.", minimum=0)


FORMS = {
    "published": Options(batch_size=256, epochs=20, learning_rate=5e-3),
    "repaired": Options(
        unit_parts=False,
        wide_start=False,
        joint=False,
        sampler="uniform",
        batch_size=256,
        epochs=40,
        patience=10,
        keep="best",
        learning_rate=5e-3,
        weight_decay=1e-3,
        clip=1.0,
    ),
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
        self.slope: torch.Tensor
        self.intercept: torch.Tensor
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

    def represent(self, task: Task, x: torch.Tensor) -> torch.Tensor:
        """Return what stands for each gene in a pair, (n, dimensions)."""
        return self.vectors(x)

    def vectors(self, x: torch.Tensor) -> torch.Tensor:
        """Return what stands for each gene in a pair, (n, dimensions)."""
        return self(x) + self.context if self.joint else self(x)

    def decode(
        self, states: torch.Tensor, regulator: torch.Tensor, target: torch.Tensor
    ) -> torch.Tensor:
        """Return one logit per pair, (pairs,)."""
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


def learn(
    model: GNE, task: Task, x: torch.Tensor, options: Options, draw: torch.Generator
) -> list[dict]:
    """Train the embedding on the message edges and, at each look, the regression on pairs."""
    arcs = task.arcs(symmetric=options.symmetric, loops=False)
    # An arc's target receives from its source; the gene that names its neighbour is the
    # regulator, and in a symmetric graph either.
    genes, neighbours = arcs.source, arcs.target
    size, steps = options.step_size(len(genes)), Steps(model, options)
    chances = sampling_chances(options.sampler, task.n)
    expected = (1 - (1 - chances) ** options.negatives).to(task.device)

    def train_epoch() -> float:
        for rows in torch.randperm(len(genes), generator=draw).split(size):
            # The default split of nothing is one batch of nothing.
            if not len(rows):
                continue
            rows = rows.to(task.device)
            count = min(options.negatives, task.n)
            drawn = torch.multinomial(chances, count, generator=draw).to(task.device)
            edges = genes[rows], neighbours[rows]
            task.exposure.see(TRAINING, edges)
            states = model(x, edges[0])
            steps.take(sampled_softmax(model, states, edges[1], drawn, expected))
        return math.nan

    def look_at(_: float) -> dict[str, float]:
        states = model.vectors(x)
        task.exposure.ask(TRAINING, task.train[:2])
        loss = _regress(model, states, task.train, options.penalty)
        task.exposure.ask(VALIDATION, task.val[:2])
        scores = model.decode(states, *task.val[:2])
        return {"train_loss": loss, **look(scores, task.val[2], CROSS_ENTROPY)}

    return run_epochs(model, options, train_epoch=train_epoch, look_at=look_at, name="gne")


def _regress(model: GNE, states: torch.Tensor, known: Known, penalty: float) -> float:
    """Fit the decoder to the training pairs; return the mean cross-entropy."""
    regulator, target, labels = known
    products = _products(states, regulator, target)
    beta = logistic_regression(products, labels, penalty)
    model.slope.copy_(beta[:-1])
    model.intercept.copy_(beta[-1])
    logits = model.decode(states, regulator, target)
    return CROSS_ENTROPY(logits, labels).item()


PEER = Peer("gne", FORMS, GNE, normalise, learn)
fit, score = PEER.fit, PEER.score
