"""Seeds that depend on names, never on order."""

from __future__ import annotations

import hashlib


def derive_seed(seed: int, *names: object) -> int:
    """Return a 31-bit seed for a named piece of work.

    A hash of the names, not their position, so that a gene keeps its random numbers whatever
    the order of the genes, the number of threads or the shard it falls in.

    Parameters
    ----------
    seed
        The seed of the whole step.
    names
        What distinguishes the piece: a method, a gene, a network.
    """
    text = "\0".join([str(int(seed)), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
