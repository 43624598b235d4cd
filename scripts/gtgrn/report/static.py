"""Figures for print: matplotlib without a display, the same bytes for the same data."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from gtgrn.files import atomic_path
from gtgrn.report import style

LOOK: Any = {
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9,
    "axes.edgecolor": style.PALE,
    "axes.labelcolor": style.INK,
    "text.color": style.INK,
    "xtick.color": style.GREY,
    "ytick.color": style.INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    # Texts stay texts, and identifiers do not change from run to run.
    "svg.fonttype": "none",
    "svg.hashsalt": "gtgrn",
}
DPI = 160


@contextmanager
def look():
    """Draw with the report's colours; matplotlib's settings are as before afterwards."""
    with mpl.rc_context(LOOK):
        yield


def save(figure: Figure, svg: str | Path, png: str | Path) -> None:
    """Write a figure as SVG and PNG, atomically and without the time."""
    with look():
        for path, metadata in ((svg, {"Date": None}), (png, {"Software": None})):
            with atomic_path(path) as temporary:
                figure.savefig(temporary, dpi=DPI, metadata=metadata, facecolor="white")
