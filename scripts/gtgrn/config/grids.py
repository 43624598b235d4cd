"""The points of a grid of hyper-parameters.

Imported at every start of Snakemake, so nothing heavy is imported here.
"""

from __future__ import annotations

import math
from itertools import product

from gtgrn.config.card_names import CONFIG
from gtgrn.config.options import MOST_JOBS
from gtgrn.errors import InputError


def grid_points(grid: dict[str, list]) -> dict[str, dict]:
    """Return every combination of a grid's values, by a name that can be part of a path.

    Raises
    ------
    InputError
        If there are more than :data:`MOST_JOBS`: each is a job.

    Examples
    --------
    ``{"epochs": [5], "hidden": [[8, 4]]}`` gives ``epochs=5,hidden=8x4``.
    """
    count = math.prod(map(len, grid.values()))
    if count > MOST_JOBS:
        raise InputError(
            f"{count:,} combinations, of which each is a job", file=CONFIG, field="tuning.grids",
            remedy=f"Try fewer values, for at most {MOST_JOBS:,}",
        )  # fmt: skip
    points = {}
    for values in product(*grid.values()):
        options = dict(zip(grid, values, strict=True))
        texts = {
            name: "x".join(map(str, value)) if isinstance(value, list) else str(value)
            for name, value in options.items()
        }
        points[",".join(f"{name}={text}" for name, text in texts.items())] = options
    return points
