"""Where a network trains: the processor, or one GPU of its own among those of the machine."""

from __future__ import annotations

import logging
import os
import re

import torch

from gtgrn.errors import InputError
from gtgrn.training.gpu_locks import DETERMINISTIC, VISIBLE, choose_gpu, visible_gpus

logger = logging.getLogger(__name__)


def pick_device(name: str = "auto") -> torch.device:
    """Return the device by name, and say which it is.

    Parameters
    ----------
    name
        ``auto`` is CUDA where torch sees a GPU, else ``cpu``; ``cuda`` is a GPU on which no
        other job of this user trains, where there are several; ``cuda:1`` is that one.

    Raises
    ------
    InputError
        If CUDA, or a GPU by number, is asked for by name and torch sees none.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "cpu" or (name == "auto" and not count):
        return torch.device("cpu")
    number = re.fullmatch(r"cuda:(\d+)", name)
    if not count:
        raise InputError(
            "CUDA was asked for, but torch sees no GPU",
            field="device",
            remedy="Set device to auto or cpu, or install a CUDA build of torch",
        )
    if number and int(number[1]) >= count:
        raise InputError(
            f"there is no GPU {number[1]}: torch sees {count}, counted from 0",
            field="device",
            remedy=f"Correct the number, or see {VISIBLE}",
        )
    index = int(number[1]) if number else choose_gpu(visible_gpus(count))
    properties = torch.cuda.get_device_properties(index)
    logger.info(
        "Training on cuda:%d, %s, %.0f GiB; torch %s for CUDA %s",
        *(index, properties.name, properties.total_memory / 2**30),
        *(torch.__version__, torch.version.cuda),
    )
    if os.environ.get(DETERMINISTIC) == "1":
        # cuBLAS reads it when it is first used; see "Reproducibility" in torch's documentation.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.benchmark = False
        # Where torch has no such algorithm it says so in the log, which is no reason to stop.
        torch.use_deterministic_algorithms(True, warn_only=True)
        logger.info("deterministic: the same GPU and torch give the same bytes in each run")
    return torch.device("cuda", index)
