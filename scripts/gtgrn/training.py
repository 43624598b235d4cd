"""What every trained network shares: seeds, early stopping, going on after a kill, checkpoints."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import io
import json
import logging
import math
import pickle
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from gtgrn.edges import write_table
from gtgrn.errors import InputError
from gtgrn.files import atomic_path

logger = logging.getLogger(__name__)

SAVE_SECONDS = 60.0
"""Least time between two saves of an unfinished training."""
HEX = hashlib.sha256().digest_size * 2
NOT_HASHED = ("resume", "save_every")
"""Arguments of a training that change nothing in what it gives."""


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

    def state_dict(self) -> dict:
        """Give all but the model and the patience."""
        return {name: getattr(self, name) for name in ("best", "epoch", "waited", "state")}

    def load_state_dict(self, state: Mapping) -> None:
        """Take what :meth:`state_dict` gave."""
        vars(self).update(state)


def require_finite(value: float, *, what: str, epoch: int, field: str) -> float:
    """Give the value back, or say that training has diverged.

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


def fingerprint(arguments: Mapping) -> str:
    """Hash what a training's result depends on: arguments, code, torch, threads, device.

    Parameters
    ----------
    arguments
        Tables, arrays, tensors, data classes, mappings, sequences and plain values; those
        named in `NOT_HASHED` are left out.

    Returns
    -------
    str
        SHA-256 in hexadecimal.
    """
    digest = hashlib.sha256()
    _feed(digest, {k: v for k, v in arguments.items() if k not in NOT_HASHED})
    _feed(digest, [torch.__version__, torch.get_num_threads(), torch.cuda.is_available()])
    folder = Path(__file__).parent
    for path in sorted([*folder.glob("*.py"), *folder.glob("models/*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _feed(digest, value: object) -> None:
    """Hash a value with its type and size, so that no two values share a stream of bytes."""
    if dataclasses.is_dataclass(value):
        value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, pd.DataFrame):
        value = {name: value[name] for name in value.columns}
    if isinstance(value, pd.Series):
        value = pd.util.hash_pandas_object(value, index=False).to_numpy()
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, Mapping):
        digest.update(f"mapping {len(value)}:".encode())
        for name in sorted(value, key=str):
            _feed(digest, str(name))
            _feed(digest, value[name])
    elif isinstance(value, np.ndarray):
        digest.update(f"array {value.dtype} {value.shape}:".encode())
        plain = pd.util.hash_array(value.ravel()) if value.dtype == object else value
        digest.update(np.ascontiguousarray(plain))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        digest.update(f"sequence {len(value)}:".encode())
        for item in value:
            _feed(digest, item)
    else:
        text = repr(value)
        digest.update(f"{len(text)}:{text}".encode())


class Progress:
    """State of an unfinished training on disk, so that a killed job goes on where it was.

    The file holds the fingerprint of the training, the SHA-256 of what follows, and the state
    as torch saves it. It is replaced as a whole; a file that is damaged, or of other options,
    data or code, is not used. Saved is everything a step reads: weights, optimiser, early
    stopping, all generators; so an interrupted training gives the bytes of one that was not.

    Parameters
    ----------
    path
        File beside the outputs that is none itself, or Snakemake would delete it when the job
        is started again; None saves nothing.
    arguments
        Of the training, see :func:`fingerprint`.
    every
        Least seconds between two saves.
    """

    def __init__(
        self, path: str | Path | None, arguments: Mapping, *, every: float = SAVE_SECONDS
    ) -> None:
        self.path = None if path is None else Path(path)
        self.fingerprint = "" if path is None else fingerprint(arguments)
        self.every, self.saved = every, time.monotonic()
        self.parts: dict[str, object] = {}

    def resume(self, **parts: object) -> tuple[int, list[dict]]:
        """Put the parts of a training into the state that was saved, if there is one.

        Call it after all parts are made, within :func:`seeded`: torch's global generator is
        one of them.

        Parameters
        ----------
        parts
            Modules, optimisers and others with ``state_dict``, and generators of torch and
            numpy.

        Returns
        -------
        tuple
            Epochs that are done, and their history: 0 and nothing without a saved state.
        """
        self.parts = parts
        content = self._read()
        if content is None:
            return 0, []
        for name, part in parts.items():
            _set_state(part, content["parts"][name])
        torch.set_rng_state(content["generator"])
        if content["cuda"]:
            torch.cuda.set_rng_state_all(content["cuda"])
        logger.info("going on after epoch %d, from %s", content["done"], self.path)
        return content["done"], content["history"]

    def save(self, done: int, history: Sequence[dict], *, now: bool = False) -> None:
        """Save the parts if it is time.

        Parameters
        ----------
        done
            Number of epochs done.
        history
            Rows of numbers.
        now
            Whether to save even if the last save was a moment ago.
        """
        due = now or time.monotonic() - self.saved >= self.every
        if self.path is None or not due:
            return
        content = {
            "done": done,
            "history": [{k: _plain(v) for k, v in row.items()} for row in history],
            "parts": {name: _get_state(part) for name, part in self.parts.items()},
            "generator": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
        }
        buffer = io.BytesIO()
        torch.save(content, buffer)
        payload = buffer.getvalue()
        try:
            with atomic_path(self.path) as temporary:
                head = self.fingerprint + hashlib.sha256(payload).hexdigest()
                temporary.write_bytes(head.encode() + payload)
        except OSError as error:
            # The training itself is sound; only a kill would now cost more.
            logger.warning("the state of the training could not be saved: %s", error)
        self.saved = time.monotonic()

    def remove(self) -> None:
        """Delete the file: the training has ended."""
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def _read(self) -> dict | None:
        if self.path is None or not self.path.exists():
            return None
        try:
            data = self.path.read_bytes()
        except OSError as error:
            logger.warning("%s is not readable and is ignored: %s", self.path, error)
            return None
        own, digest, payload = data[:HEX], data[HEX : 2 * HEX], data[2 * HEX :]
        if hashlib.sha256(payload).hexdigest().encode() != digest:
            logger.warning("%s is damaged and is ignored: training starts anew", self.path)
            return None
        if own != self.fingerprint.encode():
            logger.info("%s is of other options, data or code and is ignored", self.path)
            return None
        return torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)


def _plain(value: object) -> object:
    """Give Python's number for numpy's: nothing else is read back without unpickling."""
    return value.item() if isinstance(value, np.generic) else value


def _get_state(part: object) -> object:
    if isinstance(part, torch.Generator):
        return part.get_state()
    if isinstance(part, np.random.Generator):
        return part.bit_generator.state
    return part.state_dict()


def _set_state(part: object, state: object) -> None:
    if isinstance(part, torch.Generator):
        part.set_state(state)
    elif isinstance(part, np.random.Generator):
        part.bit_generator.state = state
    else:
        part.load_state_dict(state)


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
