"""Trained networks and their histories on disk."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from gtgrn.errors import InputError
from gtgrn.files import atomic_path
from gtgrn.manifest import verified
from gtgrn.tables import write_table


def write_history(rows: Sequence[dict], path: str | Path) -> None:
    """Write one row per epoch."""
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
    # Not to the file itself: torch writes its name, here a temporary one, into the archive.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


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
    path = verified(path)
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
