"""What every trained network shares: seeds, early stopping, going on after a kill, checkpoints."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from gtgrn.errors import InputError

logger = logging.getLogger(__name__)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Run a block on its own stream of torch's random numbers and restore the old one after.

    Dropout and initialisers draw from torch's global generator and take no other; so the
    generator is forked instead of being read.
    """
    devices = list(range(torch.cuda.device_count()))
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


@dataclass(frozen=True)
class Embedding:
    """A trained embedding and what is needed to make it again.

    Attributes
    ----------
    values
        (genes, dimensions) float32.
    history
        One dictionary per epoch.
    model
        The trained module, best state restored.
    config
        Arguments that rebuild the module.
    """

    values: np.ndarray
    history: list[dict]
    model: nn.Module
    config: dict


class EarlyStopping:
    """Keep the best state of a whole model and say when to stop.

    The whole model is one module: restoring an encoder without the decoder that was trained
    with it costs accuracy.

    Parameters
    ----------
    model
        The module whose state is kept.
    patience
        Number of checks without improvement after which to stop; infinity never stops.
    """

    def __init__(self, model: nn.Module, patience: float) -> None:
        self.model, self.patience = model, patience
        self.best, self.epoch, self.waited = -math.inf, -1, 0
        self.state = copy.deepcopy(model.state_dict())

    def check(self, value: float, epoch: int) -> bool:
        """Record a validation value (larger is better); True when training should stop.

        A NaN counts as no improvement.
        """
        if value > self.best:
            self.best, self.epoch, self.waited = value, epoch, 0
            self.state = copy.deepcopy(self.model.state_dict())
        else:
            self.waited += 1
        return self.waited >= self.patience

    def restore(self) -> None:
        """Load the best state back into the model."""
        self.model.load_state_dict(self.state)

    def state_dict(self) -> dict:
        """Return all but the model and the patience."""
        return {name: getattr(self, name) for name in ("best", "epoch", "waited", "state")}

    def load_state_dict(self, state: Mapping) -> None:
        """Take what :meth:`state_dict` gave."""
        vars(self).update(state)


def require_finite(value: float, *, what: str, epoch: int, field: str) -> float:
    """Return the value, or say that training has diverged.

    Parameters
    ----------
    value
        A loss.
    what, epoch
        Its name and the epoch, for the message.
    field
        Configuration key of the learning rate.

    Raises
    ------
    InputError
        If the value is not finite: every weight will be NaN after the next step.
    """
    if math.isfinite(value):
        return value
    raise InputError(
        f"training diverged: the {what} is {value} in epoch {epoch}",
        field=field,
        remedy="Lower the learning rate, or look for extreme values in the input",
    )
