"""A graph transformer over regulators x targets that reads signed labels, and its decoder.

A gene has two roles, regulator and target, with an encoder each. One layer lets every
regulator attend to the targets of which it is known that it does or does not regulate them,
and every target to such regulators; known absences are messages too, since in a labelled
regulator's row an absence is a measurement. What a step may see comes in as a mask, and no
label outside the mask has any influence.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from gtgrn.training.memory import in_blocks

PSEUDO_PAIRS = 2.0
"""Pairs at the mean rate by which the rate of a regulator or target is smoothed."""
CLAMP = 5.0
"""Bound of an attention score: one edge may not silence all others."""

DENSE_LIMIT = 1 << 26
"""Attention scores beyond which they are computed again for gradients instead of being kept."""
BLOCK = 1 << 19
"""Pairs whose hidden layer is held at once."""


@dataclass(frozen=True)
class Visible:
    """What a step may see of the labels.

    Attributes
    ----------
    labels
        (regulators, targets) 0 or 1; only entries in a mask are used.
    known
        (regulators, targets) float mask of the pairs that count in rates.
    messages
        (regulators, targets) float mask of the pairs that carry messages: a part of `known`.
    """

    labels: torch.Tensor
    known: torch.Tensor
    messages: torch.Tensor


def rates(visible: Visible) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return log-odds: overall (), of regulators (T,) and of targets (G,), both less overall.

    A regulator or target without a visible pair gets 0.
    """
    positives = visible.labels * visible.known
    mean = (positives.sum() + 1) / (visible.known.sum() + 2)
    overall = torch.logit(mean)
    of_role = []
    for axis in (1, 0):
        edges, pairs = positives.sum(axis), visible.known.sum(axis)
        rate = (edges + PSEUDO_PAIRS * mean) / (pairs + PSEUDO_PAIRS)
        of_role.append(torch.logit(rate) - overall)
    return overall, of_role[0], of_role[1]


def masked_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """Attend where the mask allows; a row without a neighbour gives zeros.

    Parameters
    ----------
    query
        (rows, heads, d_k).
    key, value
        (columns, heads, d_k).
    mask
        (rows, columns) bool.

    Returns
    -------
    torch.Tensor
        (rows, heads * d_k).
    """
    if query.requires_grad and mask.numel() * query.shape[1] > DENSE_LIMIT:
        return checkpoint(
            _attend, query, key, value, mask, use_reentrant=False, preserve_rng_state=False
        )
    return _attend(query, key, value, mask)


def _attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    scores = torch.einsum("thd,ghd->htg", query, key) / query.shape[-1] ** 0.5
    # Scores are bounded, so their exponentials need no maximum taken off first.
    weights = scores.clamp(-CLAMP, CLAMP).exp() * mask
    weights = weights / weights.sum(-1, keepdim=True).clamp_min(1e-12)
    return torch.einsum("htg,ghd->thd", weights, value).flatten(1)


class RoleAttention(nn.Module):
    """What the nodes of one role hear from those of the other: positives and negatives apart.

    Parameters
    ----------
    dimensions, heads
        Width of a node state and number of heads.
    """

    def __init__(self, dimensions: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(dimensions, 2 * dimensions, bias=False)
        self.key_value = nn.Linear(dimensions, 4 * dimensions, bias=False)
        self.output = nn.Linear(2 * dimensions, dimensions)

    def forward(
        self, receivers: torch.Tensor, senders: torch.Tensor, masks: tuple[torch.Tensor, ...]
    ) -> torch.Tensor:
        """Return messages (receivers, d); masks (receivers, senders) of positives, negatives."""
        query = self.query(receivers).unflatten(1, (2, self.heads, -1)).unbind(1)
        key_value = self.key_value(senders).unflatten(1, (2, 2, self.heads, -1)).unbind(1)
        heard = [
            masked_attention(q, kv[:, 0], kv[:, 1], mask)
            for q, kv, mask in zip(query, key_value, masks, strict=True)
        ]
        return self.output(torch.cat(heard, dim=1))


class SignedLayer(nn.Module):
    """One transformer layer on both roles at once (pre-norm, residual, feed-forward).

    Parameters
    ----------
    dimensions, heads, dropout
        Width, heads and dropout of the residual branches.
    """

    def __init__(self, dimensions: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(dimensions) for _ in range(2))
        self.attention = nn.ModuleList(RoleAttention(dimensions, heads) for _ in range(2))
        self.feedforward = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(dimensions),
                nn.Linear(dimensions, 2 * dimensions),
                nn.GELU(),
                nn.Linear(2 * dimensions, dimensions),
            )
            for _ in range(2)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: tuple[torch.Tensor, torch.Tensor], visible: Visible):
        """Update the states of regulators (T, d) and of targets (G, d)."""
        positive = (visible.messages * visible.labels) > 0
        negative = (visible.messages * (1 - visible.labels)) > 0
        normed = [norm(h) for norm, h in zip(self.norms, states, strict=True)]
        masks = [(positive, negative), (positive.T, negative.T)]
        result = []
        for role in (0, 1):
            heard = self.attention[role](normed[role], normed[1 - role], masks[role])
            h = states[role] + self.dropout(heard)
            result.append(h + self.dropout(self.feedforward[role](h)))
        return tuple(result)


class TwoRole(nn.Module):
    """Encoders of both roles, signed layers, and the decoder: rates + bilinear + pair channel.

    Parameters
    ----------
    width
        Width of the gene features.
    regulators
        Number of labelled regulators, each with an embedding of its own.
    dimensions, heads, layers
        Width of the states, attention heads, number of signed layers (0: encoders alone).
    rank
        Rank of the bilinear decoder.
    channels
        Width of the pair channel; 0 for none.
    dropout
        On inputs' hidden layers, residual branches and the decoder's factors.
    """

    def __init__(
        self,
        *,
        width: int,
        regulators: int,
        dimensions: int = 64,
        heads: int = 4,
        layers: int = 1,
        rank: int = 16,
        channels: int = 0,
        dropout: float = 0.25,
    ) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(
            nn.Sequential(
                nn.Dropout(0.2),
                nn.Linear(width + 1, dimensions),
                nn.GELU(),
                nn.Dropout(dropout),
                nn.Linear(dimensions, dimensions),
            )
            for _ in range(2)
        )
        self.identity = nn.Parameter(0.1 * torch.randn(regulators, dimensions))
        self.layers = nn.ModuleList(SignedLayer(dimensions, heads, dropout) for _ in range(layers))
        self.final = nn.ModuleList(nn.LayerNorm(dimensions) for _ in range(2))
        self.bias = nn.ModuleList(nn.Linear(dimensions, 1) for _ in range(2))
        self.factor = nn.ModuleList(nn.Linear(dimensions, rank) for _ in range(2))
        self.scale = nn.Parameter(torch.ones(2))
        self.dropout = nn.Dropout(dropout)
        self.pair = None
        if channels:
            self.pair = nn.Sequential(nn.Linear(channels, 32), nn.GELU(), nn.Linear(32, 1))
        # The model starts as the additive null and has to earn every departure from it.
        for layer in [*self.bias, *([self.pair[-1]] if self.pair else [])]:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def encode(
        self, regulators: torch.Tensor, targets: torch.Tensor, visible: Visible
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return states of regulators (T, d) and targets (G, d) from features and labels."""
        _, *of_role = rates(visible)
        states = [
            encoder(torch.cat([x, rate[:, None]], dim=1))
            for encoder, x, rate in zip(self.encoders, (regulators, targets), of_role, strict=True)
        ]
        # A regulator of which nothing is known has no identity to speak of.
        met = (visible.known.sum(1) > 0).float()[:, None]
        states[0] = states[0] + met * self.identity
        for layer in self.layers:
            states = layer(states, visible)
        return tuple(norm(h) for norm, h in zip(self.final, states, strict=True))

    def forward(
        self,
        regulators: torch.Tensor,
        targets: torch.Tensor,
        visible: Visible,
        asked: torch.Tensor,
        pair: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the logits of the asked pairs, (asked pairs,).

        Parameters
        ----------
        regulators, targets
            (T, width) and (G, width) gene features.
        visible
            The labels that may be used.
        asked
            (T, G) bool.
        pair
            (asked pairs, channels) pair features, from the same visible labels.
        """
        states = self.encode(regulators, targets, visible)
        overall, *of_role = rates(visible)
        sides = [
            self.scale[role] * of_role[role] + self.bias[role](states[role]).squeeze(1)
            for role in (0, 1)
        ]
        factors = [self.dropout(f(h)) for f, h in zip(self.factor, states, strict=True)]
        bilinear = factors[0] @ factors[1].T / factors[0].shape[1] ** 0.5
        logits = (overall + sides[0][:, None] + sides[1][None, :] + bilinear)[asked]
        if self.pair is None:
            return logits
        # In blocks, because the hidden layer is wider than all that is kept of a pair.
        own = in_blocks(lambda x: self.pair(x).squeeze(-1), BLOCK, pair)
        return logits + torch.cat(own)


class FullModel(nn.Module):
    """The networks of an ensemble; everything else is computed from the train labels.

    Parameters
    ----------
    setting
        ``edges``, ``genes`` or ``tfs``.
    members
        Number of networks.
    network
        Arguments of each :class:`TwoRole`; None in the setting ``tfs``.
    """

    def __init__(self, *, setting: str, members: int, network: dict | None) -> None:
        super().__init__()
        self.setting = setting
        self.members = nn.ModuleList(TwoRole(**network) for _ in range(members))
