"""What all figures of the report share: colours, fonts, and how a figure becomes text."""

from __future__ import annotations

import html

import plotly.graph_objects as go

NETWORK, NULL, CONTROL, MODEL, MAIN = "network", "null", "control", "model", "main"
PEER = "peer"
"""Kinds of methods: expression-only networks, predictors without expression, GT-GRN with its
biology destroyed, its other variants, the variant that ranks the final network, and the
supervised models of other groups."""

ACCENT, INK, GREY, PALE, GRID = "#0b5fa5", "#1f2933", "#5b6673", "#b4bcc6", "#e7ebef"
CONTROLS, VARIANTS = "#b4534b", "#7fb2dc"
# Okabe and Ito's colours without their blues and yellow, with maroon, violet and grey: a test
# holds that the colour-blind can tell each two apart.
QUALITATIVE = ["#e69f00", "#009e73", "#cc79a7", "#800000", "#d55e00", "#8000e0", "#4d4d4d"]
DARK = {
    "white": "#14181d", "#ffffff": "#14181d", INK: "#e4e9ee", GREY: "#a9b4bf", PALE: "#6b7683",
    GRID: "#2a323a", ACCENT: "#5aa9e6", CONTROLS: "#e08a83", VARIANTS: "#4f7ea8",
    "#800000": "#d98080", "#8000e0": "#b98cff", "#4d4d4d": "#b8b8b8", "#009e73": "#2fbf93",
}  # fmt: skip
"""Colour of a figure on paper -> on a dark page; the others can be read on both."""
COLOURS = [ACCENT, *QUALITATIVE]
"""In the order to take them for series of equal standing."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def safe(name: object) -> str:
    """Escape a name: plotly reads texts as HTML."""
    return html.escape(str(name))


def polish(figure: go.Figure, height: int, **layout: object) -> go.Figure:
    """Lay a figure out in the look of the report, in place, and return it.

    Parameters
    ----------
    figure
        Any figure.
    height
        In pixels; the width follows the page.
    layout
        More of plotly's layout.
    """
    figure.update_layout(
        template="none",
        height=height,
        font={"family": FONT, "size": 13, "color": INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 60, "r": 16, "t": 58, "b": 50},
        hoverlabel={"bgcolor": "white", "font": {"family": FONT, "size": 12, "color": INK}},
        legend={"font": {"size": 12}},
    )
    axis = {
        "gridcolor": GRID,
        "linecolor": PALE,
        "ticks": "outside",
        "tickcolor": PALE,
        "ticklen": 4,
        "zeroline": False,
        "showline": True,
        "title": {"standoff": 8, "font": {"size": 13}},
        "tickfont": {"size": 12, "color": GREY},
    }
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    figure.update_annotations(font={"size": 14, "color": INK})
    return figure.update_layout(**layout)


def spec(figure: go.Figure) -> str:
    """Return a figure as JSON that may stand inside an HTML script element."""
    text = figure.to_json(validate=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
