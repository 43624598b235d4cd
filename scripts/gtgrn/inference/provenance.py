"""What a network was made from: a small file beside it that people and the audit read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from gtgrn.errors import InputError
from gtgrn.files import write_text
from gtgrn.manifest import verified, verified_digest


def write_provenance(
    path: str | Path,
    *,
    method: str,
    options: dict,
    seed: int,
    matrix: str | Path,
    engine: str = "native",
    versions: dict[str, str] | None = None,
    details: dict | None = None,
) -> None:
    """Write which method, engine and versions made a network, and from which matrix.

    Parameters
    ----------
    path
        The JSON file.
    method, options, seed
        What the method was given.
    matrix
        The expression matrix; its sha256 is recorded.
    engine, versions
        What did the work; by default this package alone.
    details
        What else the method says of how it worked.
    """
    record = {
        "method": method,
        "engine": engine,
        "versions": versions or {},
        "options": options,
        "seed": seed,
        "matrix_sha256": verified_digest(matrix),
        **({"details": details} if details else {}),
    }
    write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", path)


def common_provenance(paths: Sequence[str | Path]) -> str:
    """Return what the shards of a network have in common, which must be all.

    Raises
    ------
    InputError
        If shards were made by different engines, versions or options, or from different
        matrices: together they would be no method's network.
    """
    texts = {Path(path): verified(path).read_text(encoding="utf-8") for path in paths}
    (first, text), *others = texts.items()
    for path, other in others:
        if other != text:
            raise InputError(
                f"was not made the way {first.name} was",
                file=path,
                remedy="Remove the folder of shards and run again in one environment",
            )
    return text
