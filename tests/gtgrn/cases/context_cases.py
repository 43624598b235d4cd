"""Sources that the tests of gtgrn.context share: small, made by rules that a test can know."""

import numpy as np
import pandas as pd
from gtgrn.context.rows import SourceRows, place_source

GENES = [f"G{number:03d}" for number in range(120)]


def pairs(rows: dict[str, list[str]]) -> pd.DataFrame:
    """Return the table regulator, target of some rows."""
    return pd.DataFrame(
        [(regulator, target) for regulator, targets in rows.items() for target in targets],
        columns=["regulator", "target"],
    )


def source(
    labels: np.ndarray, *, regulators: list[str] | None = None, name: str = "one", **options
) -> SourceRows:
    """Return a source from (rows, genes) labels on the first genes."""
    genes = GENES[: labels.shape[1]]
    names = regulators or [f"R{number}" for number in range(len(labels))]
    rows = {
        r: [genes[i] for i in np.flatnonzero(row)] for r, row in zip(names, labels, strict=True)
    }
    options = {"kind": "chip", "measured": genes} | options
    return place_source(pairs(rows), genes, name=name, **options)


def contexts(seed: int, *, rows: int = 12, cells: int = 4, copy: float = 0.5) -> list[SourceRows]:
    """Return ChIP sources of several cells that share popular genes and regulators' targets.

    A label's log-odds is the gene's popularity plus, with weight `copy`, what the regulator
    likes in every context.
    """
    rng = np.random.default_rng(seed)
    popular = rng.standard_normal(len(GENES))
    liking = rng.standard_normal((rows, len(GENES)))
    made = []
    for number in range(cells):
        odds = -1 + popular + copy * 2 * liking
        labels = rng.random(odds.shape) < 1 / (1 + np.exp(-odds))
        made.append(source(labels, name=f"cells{number}", cell_type=f"line {number}"))
    return made
