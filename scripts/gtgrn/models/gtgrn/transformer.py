"""The graph transformer (section 3.3, equations 7 to 15 of the paper) and its attention."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import nn

from gtgrn.errors import InputError
from gtgrn.training.dgl_there import has_dgl

POSITIONAL, GLOBAL, EXPRESSION = "P", "G", "E"
"""The three modalities, by the letters of the ablation: encodings, BERT table, VAE."""
HALF = (torch.bfloat16, torch.float16)
DENSE_LIMIT = 1 << 26
"""Most entries that a mask over all pairs of nodes may have under the backend ``auto``."""


@dataclass(frozen=True)
class MessageGraph:
    """A directed graph over which nodes attend to their in-neighbours.

    Attributes
    ----------
    source, target
        (edges,) int64 node indices; node ``target[e]`` attends to node ``source[e]``.
    n
        Number of nodes.
    """

    source: torch.Tensor
    target: torch.Tensor
    n: int

    @cached_property
    def dgl(self):
        """The same graph as a DGL graph."""
        os.environ.setdefault("DGLBACKEND", "pytorch")
        import dgl

        return dgl.graph((self.source, self.target), num_nodes=self.n)

    @cached_property
    def mask(self) -> torch.Tensor:
        """(n, n) bool: row attends to column."""
        mask = torch.zeros(self.n, self.n, dtype=torch.bool, device=self.source.device)
        mask[self.target, self.source] = True
        return mask


def undirected_with_loops(source: torch.Tensor, target: torch.Tensor, n: int) -> MessageGraph:
    """Return both directions of each edge once, and one self-loop a node.

    Information must reach a regulator from its targets as well as the targets from it; the
    self-loop (the paper counts one per gene in |E|) keeps a gene without an edge in the model.
    """
    loops = torch.arange(n, device=source.device)
    keys = torch.cat([source * n + target, target * n + source, loops * (n + 1)]).unique()
    return MessageGraph(keys // n, keys % n, n)


def attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, graph: MessageGraph, backend: str
) -> torch.Tensor:
    """Attend over the in-neighbours of each node, equations 11 and 12 before O.

    Parameters
    ----------
    query, key, value
        (n, heads, d_k).
    graph
        The message graph.
    backend
        ``dgl`` (message passing over edges, the fastest on a CPU), ``torch`` (masked scaled
        dot product over all pairs, for GPUs whose DGL has no CUDA build), ``sparse`` (a row
        of torch tensors an edge) or ``auto``: dgl on the CPU where it is installed;
        elsewhere torch, and sparse for graphs with more pairs of nodes than `DENSE_LIMIT`.

    Returns
    -------
    torch.Tensor
        (n, heads, d_k); zero for a node without in-neighbour.
    """
    if backend == "auto":
        small = graph.n**2 <= DENSE_LIMIT
        best = query.device.type == "cpu" and has_dgl()
        backend = "dgl" if best else "torch" if small else "sparse"
    if backend == "torch":
        return _attention_torch(query, key, value, graph)
    # Sums over edges lose too much in half precision, and DGL has no kernel for it everywhere.
    wide = [x.float() if x.dtype in HALF else x for x in (query, key, value)]
    if backend == "dgl" and not has_dgl():
        raise InputError(
            "DGL is not installed",
            field="gtgrn.backend",
            remedy="Use auto, torch or sparse, or Python 3.11, for which DGL has wheels",
        )
    if backend == "dgl":
        return _attention_dgl(*wide, graph)
    if backend == "sparse":
        return _attention_sparse(*wide, graph)
    raise InputError(
        f"unknown attention backend {backend}",
        field="gtgrn.backend",
        remedy="Use auto, dgl, torch or sparse",
    )


def _attention_dgl(query, key, value, graph):
    # First, so that DGL finds its backend chosen when it is imported.
    edges = graph.dgl
    from dgl import ops

    scores = ops.u_dot_v(edges, key, query / query.shape[-1] ** 0.5)
    return ops.u_mul_e_sum(edges, value, ops.edge_softmax(edges, scores))


def _attention_torch(query, key, value, graph):
    alone = ~graph.mask.any(dim=1)
    # A row without a neighbour would be softmax of nothing; it attends to all and is zeroed.
    mask = graph.mask | alone[:, None]
    heads = [x.transpose(0, 1).unsqueeze(0) for x in (query, key, value)]
    result = nn.functional.scaled_dot_product_attention(*heads, attn_mask=mask)
    return result[0].transpose(0, 1).masked_fill(alone[:, None, None], 0.0)


def _attention_sparse(query, key, value, graph):
    n, heads, _ = value.shape
    scores = (query[graph.target] * key[graph.source]).sum(-1) / query.shape[-1] ** 0.5
    where = graph.target[:, None].expand_as(scores)
    # The largest score of a node is taken off before exponentials; it cancels, so no gradient.
    largest = scores.new_zeros(n, heads).scatter_reduce(
        0, where, scores.detach(), "amax", include_self=False
    )
    weights = (scores - largest[graph.target]).exp()
    total = weights.new_zeros(n, heads).index_add(0, graph.target, weights)
    sums = torch.zeros_like(value).index_add(
        0, graph.target, weights[:, :, None] * value[graph.source]
    )
    return sums / total.clamp_min(torch.finfo(total.dtype).tiny)[:, :, None]


def _norm(kind: str, dimensions: int) -> nn.Module:
    return nn.BatchNorm1d(dimensions) if kind == "batch" else nn.LayerNorm(dimensions)


class GraphTransformerLayer(nn.Module):
    """One layer: attention, residual and norm, feed-forward, residual and norm (11 to 15).

    Parameters
    ----------
    dimensions, heads
        Width d and number of heads H; d_k = d / H.
    norm
        ``layer`` or ``batch``.
    dropout
        After attention and after the feed-forward layer.
    backend
        See :func:`attention`.
    """

    def __init__(
        self, dimensions: int, heads: int, *, norm: str, dropout: float, backend: str
    ) -> None:
        super().__init__()
        if dimensions % heads:
            raise InputError(
                f"{heads} heads do not divide {dimensions} dimensions",
                field="gtgrn.heads",
                remedy="Choose a divisor",
            )
        self.heads, self.backend = heads, backend
        self.qkv = nn.Linear(dimensions, 3 * dimensions, bias=False)
        self.output = nn.Linear(dimensions, dimensions)
        self.norm1, self.norm2 = _norm(norm, dimensions), _norm(norm, dimensions)
        self.feedforward = nn.Sequential(
            nn.Linear(dimensions, 2 * dimensions), nn.ReLU(), nn.Linear(2 * dimensions, dimensions)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, h: torch.Tensor, graph: MessageGraph) -> torch.Tensor:
        """Update node states (n, d)."""
        n, d = h.shape
        query, key, value = self.qkv(h).view(n, 3, self.heads, d // self.heads).unbind(1)
        attended = attention(query, key, value, graph, self.backend).reshape(n, d)
        h = self.norm1(h + self.dropout(self.output(attended)))
        return self.norm2(h + self.dropout(self.feedforward(h)))


class LinkDecoder(nn.Module):
    """MLP on [h_regulator || h_target] (section 3.3.4); the order of the two matters.

    Parameters
    ----------
    dimensions
        Width of a node state.
    hidden
        Width of the hidden layer.
    dropout
        On the hidden layer.
    """

    def __init__(self, dimensions: int, hidden: int, dropout: float) -> None:
        super().__init__()
        # The first layer on a concatenation is a sum of two maps; each is then computed once
        # a gene instead of once a pair.
        self.regulator = nn.Linear(dimensions, hidden)
        self.target = nn.Linear(dimensions, hidden, bias=False)
        self.output = nn.Sequential(nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 1))

    def forward(
        self, h: torch.Tensor, regulator: torch.Tensor, target: torch.Tensor
    ) -> torch.Tensor:
        """Return one logit per pair, (pairs,)."""
        hidden = self.regulator(h)[regulator] + self.target(h)[target]
        return self.output(hidden).squeeze(-1)


class DegreePrior(nn.Module):
    """What the numbers of edges alone say about a pair, as an offset of its logit.

    The offset is l + s_r (l_r - l) + s_g (l_g - l) with the log-odds l of an edge among the
    visible training pairs, l_r among those of the regulator and l_g among those of the gene,
    each rate smoothed by two pairs at the mean; s_r and s_g are learnt from 1. Not in the
    paper: without it the layers must spend themselves on rediscovering degrees, which a null
    model reads off.
    """

    PSEUDO_PAIRS = 2.0

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2))

    def forward(
        self,
        visible: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
        regulator: torch.Tensor,
        target: torch.Tensor,
        n: int,
    ) -> torch.Tensor:
        """Return the offset of each pair, (pairs,).

        Parameters
        ----------
        visible
            Regulator, target and label of the training pairs that may be seen: never those
            that are scored in the same training step.
        regulator, target
            (pairs,) indices of the pairs to score.
        n
            Number of genes.
        """
        labels = visible[2]
        mean = ((labels.sum() + 1) / (len(labels) + 2)).clamp(1e-6, 1 - 1e-6)
        offset = torch.logit(mean)
        for scale, codes, wanted in zip(self.scale, visible[:2], (regulator, target), strict=True):
            edges = torch.zeros(n, device=labels.device).index_add(0, codes, labels)
            pairs = torch.zeros(n, device=labels.device).index_add(
                0, codes, torch.ones_like(labels)
            )
            rate = (edges + self.PSEUDO_PAIRS * mean) / (pairs + self.PSEUDO_PAIRS)
            offset = offset + scale * (torch.logit(rate) - torch.logit(mean))[wanted]
        return offset


class GTGRN(nn.Module):
    """Projections of the modalities, graph transformer layers and link decoder.

    Parameters
    ----------
    inputs
        Width of each modality, by its letter (P, G, E); those absent are not used.
    dimensions, layers, heads, norm, dropout, backend
        See :class:`GraphTransformerLayer`.
    degree_prior
        Whether logits are offset by :class:`DegreePrior`.
    """

    def __init__(
        self,
        inputs: Mapping[str, int],
        *,
        dimensions: int,
        layers: int,
        heads: int,
        norm: str,
        dropout: float,
        backend: str,
        degree_prior: bool = False,
    ) -> None:
        super().__init__()
        if not inputs:
            raise InputError(
                "a model without any modality",
                field="features",
                remedy="Name at least one of P, G, E",
            )
        self.projections = nn.ModuleDict(
            {name: nn.Linear(width, dimensions) for name, width in sorted(inputs.items())}
        )
        self.input_dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            GraphTransformerLayer(dimensions, heads, norm=norm, dropout=dropout, backend=backend)
            for _ in range(layers)
        )
        self.decoder = LinkDecoder(dimensions, dimensions, dropout)
        self.degree_prior = DegreePrior() if degree_prior else None

    def fuse(self, features: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Project each modality and sum, equations 7 to 10: (n, d).

        In training each Laplacian eigenvector flips its sign at random, because its sign
        carries nothing.
        """
        total = 0
        for name, projection in self.projections.items():
            x = features[name]
            if name == POSITIONAL and self.training:
                flips = torch.randint(0, 2, (x.shape[1],), device=x.device) * 2 - 1
                x = x * flips
            total = total + projection(x)
        return self.input_dropout(total)

    def forward(self, features: Mapping[str, torch.Tensor], graph: MessageGraph) -> torch.Tensor:
        """Return the gene embeddings of the last layer, (n, d)."""
        h = self.fuse(features)
        for layer in self.layers:
            h = layer(h, graph)
        return h

    def decode(
        self,
        h: torch.Tensor,
        regulator: torch.Tensor,
        target: torch.Tensor,
        visible: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    ) -> torch.Tensor:
        """Return one logit per pair, (pairs,); `visible` as in :class:`DegreePrior`."""
        logits = self.decoder(h, regulator, target)
        if self.degree_prior is not None:
            logits = logits + self.degree_prior(visible, regulator, target, len(h))
        return logits
