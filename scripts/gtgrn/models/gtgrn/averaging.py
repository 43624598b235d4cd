"""A moving average of a network's weights."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import nn


class Average:
    """Exponential moving average of a model's weights.

    Parameters
    ----------
    model
        The model that is trained.
    decay
        Weight of the past a step; early steps forget faster.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model, self.decay, self.steps = copy.deepcopy(model), decay, 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take in the state after a step."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for own, new in zip(self.model.parameters(), model.parameters(), strict=True):
            own.lerp_(new, 1 - decay)

    def state_dict(self) -> dict:
        """Return all but the decay."""
        return {"model": self.model.state_dict(), "steps": self.steps}

    def load_state_dict(self, state: Mapping) -> None:
        """Take what :meth:`state_dict` gave."""
        self.model.load_state_dict(state["model"])
        self.steps = state["steps"]
