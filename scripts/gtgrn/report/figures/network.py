"""The drawing of the best edges."""

from __future__ import annotations

from collections.abc import Collection

import networkx as nx
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from gtgrn.names import KNOWN, METHODS, RANK, REGULATOR, TARGET
from gtgrn.report import style
from gtgrn.report.style import safe

SEED = 0
CENTRE, PULL = 0, 0.4
"""A node that no gene can be, for genes are texts, and the weight of its edges."""
LABEL_ALL = 40
"""Up to so many genes all are labelled; of more, only regulators are."""
LISTED = 12
"""Partners that the hover text of a gene names."""


def network_figure(edges: pd.DataFrame, regulators: Collection[str], value: str) -> go.Figure:
    """Draw edges as a directed graph; the layout does not depend on the order of rows.

    Parameters
    ----------
    edges
        rank, regulator, target, the column `value`, methods[, known].
    regulators
        Genes to draw large and labelled.
    value
        Column to show on hover: probability or score.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(sorted({*edges[REGULATOR], *edges[TARGET]}))
    for row in edges.sort_values([REGULATOR, TARGET]).to_dict("records"):
        graph.add_edge(row[REGULATOR], row[TARGET], **row)
    places = _places(graph)
    figure = go.Figure()
    has_known = KNOWN in edges
    if has_known:
        _add_edges(figure, graph, places, value, 1, "known edge", style.ACCENT, "solid")
    name, dash = ("novel edge", "dot") if has_known else ("edge", "solid")
    _add_edges(figure, graph, places, value, 0, name, style.GREY, dash)
    _add_genes(figure, graph, places, set(regulators))
    hidden = {"visible": False, "showgrid": False}
    style.polish(figure, 680, margin={"l": 8, "r": 8, "t": 34, "b": 8}, hovermode="closest")
    figure.update_xaxes(**hidden)
    figure.update_yaxes(**hidden)
    return figure.update_layout(
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}, dragmode="pan"
    )


def _places(graph: nx.DiGraph) -> dict:
    layout = nx.Graph(list(graph.edges))
    # A weak pull to a hidden centre, or parts that are not connected drift out of sight.
    layout.add_weighted_edges_from((CENTRE, gene, PULL) for gene in graph)
    # Spread wider than by default, for hubs hide their leaves otherwise.
    return nx.spring_layout(layout, k=2.2 / np.sqrt(len(layout)), iterations=300, seed=SEED)


def _add_edges(figure, graph, places, value, known, name, colour, dash):
    chosen = [row for _, _, row in graph.edges(data=True) if int(row.get(KNOWN, 0)) == known]
    if not chosen:
        return
    x, y, sizes = [], [], []
    for row in chosen:
        start, end = places[row[REGULATOR]], places[row[TARGET]]
        x += [*np.round([start[0], end[0]], 4).tolist(), None]
        y += [*np.round([start[1], end[1]], 4).tolist(), None]
        sizes += [0, 9, 0]
    figure.add_scatter(
        x=x, y=y, mode="lines+markers", name=f"{name} ({len(chosen)})", hoverinfo="skip",
        line={"color": colour, "width": 1.2, "dash": dash}, opacity=0.75,
        marker={"symbol": "arrow", "size": sizes, "angleref": "previous", "standoff": 6,
                "color": colour, "line": {"width": 0}, "opacity": 1},
    )  # fmt: skip
    middle = [(places[row[REGULATOR]] + places[row[TARGET]]) / 2 for row in chosen]
    figure.add_scatter(
        x=[round(float(point[0]), 4) for point in middle],
        y=[round(float(point[1]), 4) for point in middle],
        mode="markers", marker={"size": 10, "opacity": 0}, showlegend=False,
        text=[_edge_text(row, value, name) for row in chosen], hoverinfo="text",
    )  # fmt: skip


def _edge_text(row: dict, value: str, name: str) -> str:
    support = safe(row.get(METHODS) or "none").replace(",", ", ")
    return (
        f"<b>{safe(row[REGULATOR])} → {safe(row[TARGET])}</b><br>{name}, rank {row[RANK]}<br>"
        f"{value} {row[value]:.3f}<br>supported by {support}"
    )


def _add_genes(figure, graph, places, regulators):
    for is_regulator, name in ((True, "regulator"), (False, "target gene")):
        genes = [gene for gene in graph if (gene in regulators) == is_regulator]
        if not genes:
            continue
        labelled = is_regulator or len(graph) <= LABEL_ALL
        degree = np.array([graph.out_degree(gene) for gene in genes])
        sizes = (11 + 2.2 * np.sqrt(degree)).round(1).tolist() if is_regulator else 7
        figure.add_scatter(
            x=[round(float(places[gene][0]), 4) for gene in genes],
            y=[round(float(places[gene][1]), 4) for gene in genes],
            mode="markers+text" if labelled else "markers",
            text=[safe(gene) for gene in genes],
            textposition="top center",
            textfont={"size": 12 if is_regulator else 10, "color": style.INK},
            marker={
                "size": sizes,
                "color": style.ACCENT if is_regulator else style.PALE,
                "line": {"color": "white", "width": 1},
                "opacity": 1,
            },
            name=f"{name} ({len(genes)})",
            customdata=[_gene_text(graph, gene) for gene in genes],
            hovertemplate="%{customdata}<extra></extra>",
        )


def _gene_text(graph: nx.DiGraph, gene: str) -> str:
    lines = [f"<b>{safe(gene)}</b>"]
    for name, partners in (
        ("targets", graph.successors(gene)),
        ("regulators", graph.predecessors(gene)),
    ):
        partners = sorted(partners)
        if partners:
            more = f" and {len(partners) - LISTED} more" if len(partners) > LISTED else ""
            listed = "<br>".join(
                ", ".join(map(safe, partners[start : start + 4]))
                for start in range(0, min(LISTED, len(partners)), 4)
            )
            lines.append(f"{len(partners)} {name}: {listed}{more}")
    return "<br>".join(lines)
