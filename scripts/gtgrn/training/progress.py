"""Going on after a kill: the state of an unfinished training on disk."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from gtgrn.code import digest as code_digest
from gtgrn.files import atomic_path

logger = logging.getLogger(__name__)

SAVE_SECONDS = 60.0
"""Least time between two saves of an unfinished training."""
HEX = hashlib.sha256().digest_size * 2
NOT_HASHED = ("resume", "save_every")
"""Arguments of a training that change nothing in what it gives."""


def fingerprint(arguments: Mapping, *, module: str) -> str:
    """Hash what a training's result depends on: arguments, code, torch, threads, device.

    Parameters
    ----------
    arguments
        Tables, arrays, tensors, data classes, mappings, sequences and plain values; those
        named in `NOT_HASHED` are left out.
    module
        Dotted name of the module that trains: it and all that it imports are hashed, as in the
        digest of a job.

    Returns
    -------
    str
        SHA-256 in hexadecimal.
    """
    digest = hashlib.sha256()
    _feed(digest, {k: v for k, v in arguments.items() if k not in NOT_HASHED})
    _feed(digest, [torch.__version__, torch.get_num_threads(), torch.cuda.is_available()])
    digest.update(code_digest(module).encode())
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
        File beside the outputs. It must not be an output itself: Snakemake deletes those when
        the job is started again. None saves nothing.
    arguments, module
        Of the training, see :func:`fingerprint`.
    every
        Least seconds between two saves.
    """

    def __init__(
        self,
        path: str | Path | None,
        arguments: Mapping,
        *,
        module: str,
        every: float = SAVE_SECONDS,
    ) -> None:
        self.path = None if path is None else Path(path)
        self.fingerprint = "" if path is None else fingerprint(arguments, module=module)
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
    """Return Python's number for numpy's: nothing else is read back without unpickling."""
    return value.item() if isinstance(value, np.generic) else value


def _get_state(part: Any) -> Any:
    if isinstance(part, torch.Generator):
        return part.get_state()
    if isinstance(part, np.random.Generator):
        return part.bit_generator.state
    return part.state_dict()


def _set_state(part: Any, state: Any) -> None:
    if isinstance(part, torch.Generator):
        part.set_state(state)
    elif isinstance(part, np.random.Generator):
        part.bit_generator.state = state
    else:
        part.load_state_dict(state)
