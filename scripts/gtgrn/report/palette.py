"""One line for each method, the same in every figure: a colour and a dash that no other has.

Colours are such that the colour-blind can tell them apart. There are fewer than methods, so that a
second round of methods takes the colours again with another dash.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from gtgrn.plugins import METHODS, PEERS, find_plugins
from gtgrn.report import style

COMBINED = ("borda", "log_rank", "mean_rank")
"""Networks that combine the expression-only methods."""
SOLID = ("solid", "longdash", "dashdot")
BROKEN = (
    "6px,3px",
    "2px,2px",
    "10px,3px",
    "10px,3px,2px,3px",
    "14px,4px",
    "4px,4px",
    "6px,2px,2px,2px",
)
DOTTED = (
    "3px,2px",
    "8px,2px",
    "5px,2px,1px,2px",
    "12px,3px",
    "1px,3px",
    "9px,5px",
    "15px,3px,3px,3px",
)
COLOURS = {
    style.NETWORK: style.QUALITATIVE,
    style.PEER: style.QUALITATIVE,
    style.NULL: (style.GREY, style.PALE),
    style.CONTROL: (style.CONTROLS, "#e08a83"),
    style.MODEL: (style.VARIANTS, "#4f7ea8"),
}
DASHES = {
    style.NETWORK: SOLID,
    style.PEER: ("4px,2px", "9px,2px,2px,2px"),
    style.NULL: BROKEN,
    style.CONTROL: DOTTED,
    style.MODEL: DOTTED,
}


def line_of(kind: str, name: str, names: Sequence[str]) -> dict:
    """Return the colour and dash of a method.

    Parameters
    ----------
    kind
        One of :mod:`gtgrn.report.style`.
    name
        What tells it from others of its kind: the method, or of a model the variant.
    names
        All of its kind in the run. Methods and peers that ship with the package keep their lines
        whatever else there is.
    """
    if kind == style.MAIN:
        return {"color": style.ACCENT, "dash": "solid"}
    shipped = {style.NETWORK: [*find_plugins(METHODS), *COMBINED], style.PEER: find_plugins(PEERS)}
    order = list(shipped.get(kind, ()))
    if kind == style.PEER:
        order = [f"{peer} {form}" for peer in order for form in ("repaired", "published")]
    order += sorted(set(names).difference(order))
    lines = [(colour, dash) for dash, colour in product(DASHES[kind], COLOURS[kind])]
    colour, dash = lines[order.index(name) % len(lines)]
    return {"color": colour, "dash": dash}
