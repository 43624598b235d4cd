"""Messages over the arcs of a graph: sums and softmaxes by receiver, exact and fast on a CPU."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import nn


@dataclass(frozen=True)
class Arcs:
    """Directed arcs; node ``target[e]`` receives from node ``source[e]``.

    Attributes
    ----------
    source, target
        (arcs,) int64, sorted by target, then source: the rows and columns of a CSR matrix.
    n
        Number of nodes.
    """

    source: torch.Tensor
    target: torch.Tensor
    n: int

    @cached_property
    def offsets(self) -> torch.Tensor:
        """(n + 1,) first arc of each receiver."""
        return _offsets(self.target, self.n)

    @cached_property
    def by_source(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Arcs in the order of their senders, and (n + 1,) the first of each sender."""
        order = torch.argsort(self.source, stable=True)
        return order, _offsets(self.source, self.n)

    @cached_property
    def alone(self) -> torch.Tensor:
        """Nodes that receive from nobody."""
        return torch.nonzero(self.offsets.diff() == 0).squeeze(1)

    def pattern(self) -> torch.Tensor:
        """Return a CSR matrix of zeros with an entry for each arc."""
        with warnings.catch_warnings():
            # Torch calls every CSR matrix a beta feature; the one operation used is tested.
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
            return torch.sparse_csr_tensor(
                self.offsets,
                self.source,
                torch.zeros(len(self.source), device=self.source.device),
                (self.n, self.n),
                check_invariants=False,
            )


def _offsets(sorted_or_not: torch.Tensor, n: int) -> torch.Tensor:
    counts = torch.bincount(sorted_or_not, minlength=n)
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])


def make_arcs(
    source: torch.Tensor, target: torch.Tensor, n: int, *, symmetric: bool, loops: bool
) -> Arcs:
    """Return each arc once, with both directions and one loop a node if asked."""
    keys = [target * n + source]
    if symmetric:
        keys.append(source * n + target)
    if loops:
        keys.append(torch.arange(n, device=source.device) * (n + 1))
    unique = torch.cat(keys).unique()
    return Arcs(unique % n, unique // n, n)


class _Aggregate(torch.autograd.Function):
    """Weighted sums over arcs, without a row of states for every arc.

    Gathering states to arcs and adding them back costs ten times the kernels used here, which
    read the rows where they lie.
    """

    @staticmethod
    def forward(ctx, weights, states, arcs):
        ctx.save_for_backward(weights, states)
        ctx.arcs = arcs
        return _sums(states, weights, arcs.source, arcs.offsets)

    @staticmethod
    def backward(ctx, gradient):
        (weights, states), arcs = ctx.saved_tensors, ctx.arcs
        of_weights = of_states = None
        if ctx.needs_input_grad[0]:
            pattern = arcs.pattern()
            of_weights = torch.stack(
                [
                    torch.sparse.sampled_addmm(
                        pattern, gradient[:, k].contiguous(), states[:, k].t(), beta=0.0
                    ).values()
                    for k in range(states.shape[1])
                ],
                dim=1,
            )
        if ctx.needs_input_grad[1]:
            order, offsets = arcs.by_source
            of_states = _sums(gradient, weights[order], arcs.target[order], offsets)
        return of_weights, of_states, None


def _sums(
    states: torch.Tensor, weights: torch.Tensor, rows: torch.Tensor, offsets: torch.Tensor
) -> torch.Tensor:
    if not len(rows):
        return torch.zeros_like(states)
    heads = [
        nn.functional.embedding_bag(
            rows,
            states[:, k].contiguous(),
            offsets,
            mode="sum",
            per_sample_weights=weights[:, k].contiguous(),
            include_last_offset=True,
        )
        for k in range(states.shape[1])
    ]
    return torch.stack(heads, dim=1)


def aggregate(weights: torch.Tensor, states: torch.Tensor, arcs: Arcs) -> torch.Tensor:
    """Return each node the weighted sum of what it receives.

    Parameters
    ----------
    weights
        (arcs, heads).
    states
        (n, heads, d).
    arcs
        The arcs.

    Returns
    -------
    torch.Tensor
        (n, heads, d); zeros for a node that receives from nobody.
    """
    return _Aggregate.apply(weights, states, arcs)


class _Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, scores, arcs):
        where = arcs.target[:, None].expand_as(scores)
        peak = scores.new_full((arcs.n, scores.shape[1]), -math.inf)
        peak = peak.scatter_reduce(0, where, scores, "amax")
        weights = torch.exp(scores - peak.gather(0, where))
        weights = weights / _by_receiver(weights, where, arcs.n)
        ctx.save_for_backward(weights, where)
        ctx.n = arcs.n
        return weights

    @staticmethod
    def backward(ctx, gradient):
        weights, where = ctx.saved_tensors
        pulled = weights * gradient
        return pulled - weights * _by_receiver(pulled, where, ctx.n), None


def _by_receiver(values: torch.Tensor, where: torch.Tensor, n: int) -> torch.Tensor:
    """Return each arc the sum over all arcs of its receiver."""
    return values.new_zeros(n, values.shape[1]).scatter_add(0, where, values).gather(0, where)


def arc_softmax(scores: torch.Tensor, arcs: Arcs) -> torch.Tensor:
    """Normalise scores (arcs, heads) over the arcs of each receiver."""
    return _Softmax.apply(scores, arcs)
