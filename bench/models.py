"""A training step of our peers against a plain statement of the same mathematics.

"Theirs" computes attention as code of that kind does: head by head, over all pairs of genes,
with the edges as a dense mask. Both take the same weights and give the same scores, which is
checked before anything is timed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from gtgrn.models.message_passing import Arcs
from gtgrn.models.peer import network_options
from gtgrn.models.peer_training import Task, prepare
from gtgrn.models.peers import gatv2, genelink, gnnlink
from gtgrn.names import LABEL, PART, REGULATOR, TARGET, TRAIN, VAL
from pairs import pair

GENES, CELLS, REGULATORS, EDGES, BATCH = 910, 758, 34, 3030, 256


def make_task() -> Task:
    """Draw pairs of the size of BEELINE's hESC-500."""
    rng = np.random.default_rng(0)
    genes = [f"g{i:04d}" for i in range(GENES)]
    rows = rng.choice(REGULATORS * GENES, 20_000, replace=False)
    ends = rows // GENES, rows % GENES
    pairs = pd.DataFrame(
        {
            REGULATOR: np.array(genes)[ends[0]],
            TARGET: np.array(genes)[ends[1]],
            LABEL: (np.arange(len(rows)) < EDGES).astype(int),
            PART: np.where(np.arange(len(rows)) < 18_000, TRAIN, VAL),
        }
    )
    return prepare(pairs[ends[0] != ends[1]], genes, "cpu")


class DenseGENELink(nn.Module):
    """GENELink's scores by dense attention, from the weights of ours."""

    def __init__(self, model: genelink.GENELink, arcs: Arcs) -> None:
        super().__init__()
        self.model = model
        self.adjacency = torch.zeros(arcs.n, arcs.n)
        self.adjacency[arcs.target, arcs.source] = 1.0
        self.adjacency = self.adjacency.to_sparse()

    def _head(self, x: torch.Tensor, layer: genelink.Attention, k: int) -> torch.Tensor:
        h = x @ layer.weight[:, k * layer.outputs : (k + 1) * layer.outputs]
        scores = nn.functional.leaky_relu(
            (h @ layer.receiver[k])[:, None] + (h @ layer.sender[k])[None, :], genelink.SLOPE
        )
        masked = torch.where(
            self.adjacency.to_dense() > 0, scores, -9e15 * torch.ones_like(scores)
        )
        weights = nn.functional.softmax(masked, dim=1)
        weights = nn.functional.dropout(weights, layer.dropout, self.training)
        passed = nn.functional.leaky_relu(weights @ h, genelink.SLOPE)
        return nn.functional.normalize(passed, dim=1) + layer.bias[k]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the states of all genes."""
        for layer in (self.model.layer1, self.model.layer2):
            heads = [self._head(x, layer, k) for k in range(layer.heads)]
            if layer is self.model.layer1:
                x = nn.functional.elu(torch.cat(heads, dim=1))
        return torch.stack(heads).mean(0)


def bench_genelink(task: Task, attention_dropout: float) -> None:
    """Time a batch: forward over the whole graph, loss, backward, Adam."""
    arcs = task.arcs(symmetric=True, loops=False)
    options = network_options(genelink.GENELink, genelink.FORMS["published"])
    options["attention_dropout"] = attention_dropout
    torch.manual_seed(0)
    model = genelink.GENELink(CELLS, **options)
    dense = DenseGENELink(model, arcs)
    x = torch.randn(task.n, CELLS)
    dense.eval()
    with torch.no_grad():
        assert torch.allclose(model(x, arcs), dense(x), atol=1e-5)
    dense.train()
    batch = tuple(values[:BATCH] for values in task.train)
    fast, plain = (torch.optim.Adam(model.parameters(), fused=f) for f in (True, False))

    def step(states, optimiser: torch.optim.Optimizer) -> None:
        scores = model.decode(states(), *batch[:2])
        loss = nn.functional.binary_cross_entropy_with_logits(scores, batch[2])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    pair(
        f"GENELink batch, attention dropout {attention_dropout}, dense / ours",
        lambda: step(lambda: model(x, arcs), fast),
        lambda: step(lambda: dense(x), plain),
    )


def bench_gnnlink(task: Task) -> None:
    """Time a step of GNNLink against the dense matrix of all scores under a mask."""
    options = network_options(gnnlink.GNNLink, gnnlink.FORMS["published"])
    torch.manual_seed(0)
    model = gnnlink.GNNLink(CELLS, **options)
    arcs = model.graph(task)
    x = torch.randn(task.n, CELLS)
    x = x / x.norm(dim=1, keepdim=True)
    matrix = torch.zeros(task.n, task.n)
    matrix[task.source, task.sink] = 1.0
    matrix += 2 * torch.eye(task.n)
    root = matrix.sum(1).rsqrt()
    matrix = (root[:, None] * matrix * root).to_sparse()
    regulator, target, labels = task.train
    mask, truth = torch.zeros(2, task.n, task.n)
    mask[regulator, target], truth[regulator, target] = 1.0, labels

    def ours() -> torch.Tensor:
        scores = model.decode(model(x, arcs), regulator, target)
        return gnnlink.rmse(scores, labels)

    def theirs() -> torch.Tensor:
        h = nn.functional.leaky_relu(matrix @ (x @ model.weight1), gnnlink.SLOPE)
        z = nn.functional.leaky_relu(matrix @ (h @ model.weight2), gnnlink.SLOPE)
        errors = (nn.functional.relu(z @ z.t()) - truth) * mask
        return (errors.square().sum() / mask.sum()).sqrt()

    assert torch.allclose(ours(), theirs(), atol=1e-5)
    pair("GNNLink step, dense / ours", lambda: ours().backward(), lambda: theirs().backward())


def bench_gatv2(task: Task) -> None:
    """Time a GATv2 layer, forward and backward, against a row of states for every pair."""
    arcs = task.arcs(symmetric=True, loops=True)
    torch.manual_seed(0)
    layer = gatv2.GATv2Layer(128, 32, 4)
    h = torch.randn(task.n, 128)
    edges = torch.zeros(task.n, task.n, dtype=torch.bool)
    edges[arcs.target, arcs.source] = True

    def dense() -> torch.Tensor:
        receiver, sender = (m(h).view(task.n, 4, 32) for m in (layer.receiver, layer.sender))
        heads = []
        for k in range(4):
            hidden = receiver[:, None, k] + sender[None, :, k]
            scores = nn.functional.leaky_relu(hidden, gatv2.SLOPE) @ layer.attention[k]
            weights = scores.masked_fill(~edges, -torch.inf).softmax(dim=1)
            heads.append(weights @ sender[:, k])
        return torch.stack(heads, dim=1) + layer.bias

    assert torch.allclose(layer(h, arcs)[0], dense(), atol=1e-5)
    pair(
        "GATv2 layer, dense / ours",
        lambda: layer(h, arcs)[0].sum().backward(),
        lambda: dense().sum().backward(),
        rounds=3,
    )


def main() -> None:
    """Run every pair."""
    torch.set_num_threads(1)
    task = make_task()
    for dropout in (0.0, 0.5):
        bench_genelink(task, dropout)
    bench_gnnlink(task)
    bench_gatv2(task)


if __name__ == "__main__":
    main()
