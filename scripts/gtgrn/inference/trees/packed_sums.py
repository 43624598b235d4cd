"""Split search on one integer for each cell, its weight above and its target below.

The sum of such integers holds both sums, exactly and whatever the order. A feature is searched in
two steps: the sums along its cells are written one after another, which takes one addition a
cell, and then the gains of all of them are compared, which the processor does for several at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from gtgrn.inference.trees.split_search import trailing_zeros

DIGITS = 52
"""Most bits of a target's part: those of the mantissa of a 64-bit float."""

EXPONENT = np.uint64(0x4330000000000000)
"""Bits of the float 2**52: with an integer below 2**52 in its mantissa, 2**52 + the integer."""

_U0, _U1, _U2, _U6, _U63 = (np.uint64(i) for i in (0, 1, 2, 6, 63))

ANY_ORDER = {"nnan", "nsz"}
"""The largest of numbers that are no NaN is the same in each order; adding stays as written."""


def _as_float(_context, bits):
    """Return the 64-bit float of these bits."""

    def generate(_target, builder, _signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.uint64), generate


# Its type is that of the call in compiled code, which has no context.
as_float: Callable[[int], float] = cast(Any, intrinsic(_as_float))


@njit(cache=True)
def digits(weight):
    """Return the bits for the targets' part of a sum of at most this weight."""
    used = 0
    while weight >> used:
        used += 1
    return np.uint64(min(DIGITS, 64 - used))


@njit(cache=True, nogil=True, error_model="numpy")
def pack(weights, parts, cells, bits, packed):
    """Pack a node's cells; return the units of the targets' part that are a part of 1.

    Parameters
    ----------
    weights, parts
        Of the node's cells: weight, and weight x (target - mean).
    cells
        Of the node.
    bits
        See :func:`digits`.
    packed
        Of all cells; those of the node are written.
    """
    size = 0.0
    for i in range(len(cells)):
        size += abs(parts[i])
    # Half of the range is for negative sums; a bit more is spare, for rounding.
    unit, rest = np.float64(_U1 << (bits - _U2)) / size, _U0
    for i in range(len(cells)):
        part = np.uint64(np.int64(np.floor(parts[i] * unit + 0.5)))
        packed[cells[i]] = (weights[i] << bits) + part
        rest += part
    # The parts add up to 0 exactly: both sides of a split then tell the same gain.
    packed[cells[0]] -= rest
    return unit


@njit(cache=True, nogil=True, error_model="numpy")
def sums_along(order, packed, start, sums):
    """Write the sums of the cells above each possible split; return their number.

    Parameters
    ----------
    order
        Cells above the lowest rank as :func:`gtgrn.inference.trees.split_search.dense_ranks`
        gives them.
    packed
        Of all cells, 0 outside of the node.
    start
        What the sums start from: half of the range of the targets' part.
    sums
        Room for one more than the cells.
    """
    n, total = _U0, start
    for entry in order:
        bits = np.uint64(entry)
        part = packed[bits >> _U2]
        total += part
        sums[n] = total
        # A split is next to a cell of the node or to the last of cells of the same value.
        n += (bits & np.uint64(part != _U0)) | ((bits >> _U1) & _U1)
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def sums_by_rank(row, cells, packed, start, words, by_rank, sums):
    """Write the sums of the cells up to each rank but the last; return the number of ranks.

    Parameters
    ----------
    row
        A feature's ranks of all cells.
    cells
        Of the node.
    packed, start, sums
        See :func:`sums_along`.
    words, by_rank
        Zeros: a bit and a sum for every rank. They are zeros again at the end.
    """
    for cell in cells:
        rank = np.uint64(row[cell])
        words[rank >> _U6] |= _U1 << (rank & _U63)
        by_rank[rank] += packed[cell]
    n, total = _U0, start
    for q in range(len(words)):
        bits = words[q]
        words[q] = 0
        while bits:
            rank = (np.uint64(q) << _U6) | trailing_zeros(bits)
            bits &= bits - _U1
            total += by_rank[rank]
            by_rank[rank] = 0
            sums[n] = total
            n += _U1
    return n


@njit(cache=True, nogil=True, error_model="numpy", fastmath=ANY_ORDER)
def largest_gain(sums, bits, table):
    """Return the largest gain of the splits that sums describe, in units squared.

    Parameters
    ----------
    sums
        Of the cells on one side, see :func:`sums_along`.
    bits
        See :func:`digits`.
    table
        1 / (weight on this side x weight on the other), 0 where a side is empty.
    """
    best, mask = 0.0, (_U1 << bits) - _U1
    zero = as_float(EXPONENT | (_U1 << (bits - _U1)))
    for total in sums:
        part = as_float(EXPONENT | (total & mask)) - zero
        gain = part * part * table[total >> bits]
        best = gain if gain > best else best
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def weight_at(sums, gain, bits, table):
    """Return the weight on this side of the first split with a gain, 0 if none has it.

    Parameters are those of :func:`largest_gain`, and the gain. No split is at an empty side.
    """
    mask, zero = (_U1 << bits) - _U1, as_float(EXPONENT | (_U1 << (bits - _U1)))
    for total in sums:
        part, weight = as_float(EXPONENT | (total & mask)) - zero, total >> bits
        if table[weight] > 0 and part * part * table[weight] == gain:
            return weight
    return _U0
