"""How numbers and names are written in the report; the filters of its template."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from markupsafe import Markup, escape

REPRESENTATIONS = {
    "raw": "Raw expression",
    "vae": "VAE of expression",
    "global": "Global (walks)",
    "gtgrn": "GT-GRN",
    "genelink": "GENELink",
    "gnnlink": "GNNLink",
    "gne": "GNE",
    "gatv2": "GATv2",
    "noise": "Noise",
    "pca": "PCA of expression",
    "variable_genes": "Variable genes",
}
"""Representation of genes, as tables have it -> words."""


def number(value: float, digits: int = 3) -> str:
    """Format with a fixed number of decimals and a true minus; a dash for a missing value."""
    # Adding 0 turns the -0.0 that rounding may leave into 0.0.
    value = round(value, digits) + 0.0 if np.isfinite(value) else value
    return f"{value:.{digits}f}".replace("-", "\u2212") if np.isfinite(value) else "\u2013"


def signed(value: float, digits: int = 3) -> str:
    """Format like :func:`number`, with a plus before what is above zero as printed."""
    text = number(value, digits)
    return f"+{text}" if np.isfinite(value) and round(value, digits) > 0 else text


def write_spread(spread: float, digits: int = 3) -> str:
    """Return a standard deviation with its sign before it.

    Nothing where there is none: one seed, or a method that does not depend on the seed.
    """
    if not np.isfinite(spread) or spread == 0:
        return ""
    least = f"<{10.0**-digits:.{digits}f}"
    return f" \u00b1 {number(spread, digits) if round(spread, digits) else least}"


def plusminus(cell: Mapping, digits: int = 3) -> Markup:
    """Format mean and standard deviation; without a spread the mean alone."""
    spread = write_spread(cell["sd"], digits).strip()
    if not spread:
        return Markup(number(cell["mean"], digits))
    return Markup('{} <span class="sd">{}</span>').format(number(cell["mean"], digits), spread)


def count(value: float) -> str:
    """Format a whole number with separators of thousands."""
    return f"{int(value):,}" if np.isfinite(value) else "\u2013"


def duration(seconds: float) -> str:
    """Format seconds as hours, minutes and seconds."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def cite(text: str) -> Markup:
    """Escape a citation and make its DOI a link, which nothing loads by itself."""
    pattern = r"(?i)\b(?:doi:\s*|doi\s+|https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/[^\s<>&;,]*[^\s<>&;,.)])"
    link = r'<a href="https://doi.org/\1" rel="noreferrer">doi:\1</a>'
    return Markup(re.sub(pattern, link, str(escape(text))))


def plain(section: Mapping) -> str:
    """Write a section of a card or of the records on one line, without its empty entries."""
    parts = []
    for key, value in section.items():
        if isinstance(value, Mapping):
            value = f"({plain(value)})"
        if value is not None and str(value):
            parts.append(f"{key}: {value}")
    return "; ".join(parts)


def name_representation(name: str, variant: str) -> str:
    """Name a representation for a figure."""
    return REPRESENTATIONS.get(name, name) + (f", {variant}" if variant else "")
