"""What is done where the memory of a GPU runs out: the same in smaller blocks, and a line."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import torch

logger = logging.getLogger(__name__)

Part = TypeVar("Part")


def in_blocks(compute: Callable[..., Part], size: int, *rows: torch.Tensor) -> list[Part]:
    """Return what is computed of the rows of tensors, block after block.

    A block that does not fit into the memory of the GPU is tried again with half of its rows,
    as are those after it; what was computed before is kept. The smallest block has one row.

    Parameters
    ----------
    compute
        Takes a block of each tensor. It may be called twice for a row, so it changes nothing.
    size
        Rows of a block, at least 1.
    rows
        Tensors of equal length; empty ones are one block.

    Raises
    ------
    torch.OutOfMemoryError
        If one row does not fit.
    """
    parts: list[Part] = []
    start, end = 0, len(rows[0])
    while start < end or not parts:
        block = [tensor[start : start + size] for tensor in rows]
        try:
            parts.append(compute(*block))
        except torch.OutOfMemoryError:
            if len(block[0]) <= 1:
                raise
            size = (len(block[0]) + 1) // 2
        else:
            start += len(block[0])
            continue
        # Outside of the handler, whose exception holds on to the tensors of the block.
        torch.cuda.empty_cache()
        logger.warning(
            "The memory of the GPU is full: row %d of %d and those after it are computed "
            "%d at a time",
            *(start, end, size),
        )
    return parts
