"""Work in blocks that grow smaller where the memory of a GPU runs out."""

from __future__ import annotations

import pytest
import torch
from gtgrn.training.memory import in_blocks

FULL = "CUDA out of memory. Tried to allocate 2.00 GiB"


@pytest.mark.parametrize("size", [1, 3, 4, 10, 99])
@pytest.mark.parametrize("fits", [1, 2, 5, 10])
def test_every_row_is_computed_once_in_its_order(size, fits):
    rows, seen = torch.arange(10), []

    def compute(own, doubled):
        if len(own) > fits:
            raise torch.OutOfMemoryError(FULL)
        assert torch.equal(doubled, 2 * own)
        seen.append(len(own))
        return own

    parts = in_blocks(compute, size, rows, 2 * rows)
    assert torch.equal(torch.cat(parts), rows)
    assert sum(seen) == 10
    assert max(seen) <= min(size, fits)
    # Halves of what does not fit: never fewer than half of what would.
    assert seen[0] >= min(size, (fits + 1) // 2)


def test_no_row_is_one_empty_block():
    (part,) = in_blocks(lambda own: own.sum(0), 4, torch.empty(0, 3))
    assert torch.equal(part, torch.zeros(3))


def test_what_fits_is_said_once_and_kept(caplog):
    calls = []

    def compute(own):
        calls.append(len(own))
        if len(own) > 3:
            raise torch.OutOfMemoryError(FULL)
        return len(own)

    assert in_blocks(compute, 6, torch.arange(8)) == [3, 3, 2]
    assert calls == [6, 3, 3, 2]
    (line,) = caplog.messages
    assert line == (
        "The memory of the GPU is full: row 0 of 8 and those after it are computed 3 at a time"
    )


def test_another_error_passes():
    with pytest.raises(ZeroDivisionError):
        in_blocks(lambda own: 1 / 0, 2, torch.arange(4))
