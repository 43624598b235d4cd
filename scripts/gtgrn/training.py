"""What every trained network of the workflow shares: seeds, early stopping, checkpoints."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from gtgrn.edges import write_table
from gtgrn.errors import InputError
from gtgrn.files import atomic_path


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Give a block its own stream of torch's random numbers and restore the old one after.

    Dropout and initialisers draw from torch's global generator and take no other; so the
    generator is forked instead of being read.
    """
    devices = list(range(torch.cuda.device_count()))
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def pick_device(name: str = "auto") -> torch.device:
    """Give the device by name; ``auto`` is CUDA where torch sees one, else the CPU.

    Raises
    ------
    InputError
        If CUDA is asked for by name and torch sees none.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(
            "CUDA was asked for, but torch sees no GPU",
            field="device",
            remedy="Set device to auto or cpu, or install a CUDA build of torch",
        )
    return torch.device(name)


@dataclass(frozen=True)
class Embedding:
    """A trained embedding and what is needed to make it again.

    Attributes
    ----------
    values
        (genes, dimensions) float32.
    history
        One dictionary an epoch.
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
        Number of checks without improvement after which to stop.
    """

    def __init__(self, model: nn.Module, patience: int) -> None:
        self.model, self.patience = model, patience
        self.best, self.epoch, self.waited = float("-inf"), -1, 0
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


def write_history(rows: Sequence[dict], path: str | Path) -> None:
    """Write one row an epoch."""
    write_table(pd.DataFrame(rows), path)


def save_checkpoint(
    path: str | Path, model: nn.Module, *, config: dict, genes: Sequence[str]
) -> None:
    """Write weights, configuration and gene order, loadable with ``weights_only=True``.

    Parameters
    ----------
    path
        File to write, atomically.
    model
        Module whose weights are saved, moved to the CPU.
    config
        JSON-able configuration that rebuilds the module.
    genes
        Names of the genes in the order of the module's rows.
    """
    state = {name: value.detach().cpu() for name, value in model.state_dict().items()}
    content = {"state": state, "config": json.dumps(config, sort_keys=True), "genes": list(genes)}
    with atomic_path(path) as temporary:
        torch.save(content, temporary)


def load_checkpoint(path: str | Path) -> tuple[dict, dict, list[str]]:
    """Read a checkpoint without unpickling anything but tensors and plain values.

    Returns
    -------
    tuple
        State dictionary, configuration, gene names.

    Raises
    ------
    InputError
        If the file is absent, truncated or not such a checkpoint.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        return content["state"], json.loads(content["config"]), content["genes"]
    except (
        OSError,
        RuntimeError,
        LookupError,
        TypeError,
        ValueError,
        EOFError,
        pickle.UnpicklingError,
    ) as error:
        raise InputError(
            f"not a readable checkpoint ({type(error).__name__})",
            file=path,
            remedy="Train the model again",
        ) from error
