"""What a person can check before anything is trained: the data of one card on one screen."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from gtgrn.config.unsaid import ORGANISM, UNSAID
from gtgrn.data.cell_types import marker_types
from gtgrn.data.filters import cells_needed
from gtgrn.data.name_matching import check_share
from gtgrn.data.preprocessing import DROPPED, DROPPED_CELLS
from gtgrn.data.reference import advise_regulators, list_regulators, read_reference
from gtgrn.data.store import UNS
from gtgrn.names import IS_REGULATOR, PAIR, REGULATOR, SIGN

WIDTH, LABEL = 88, 12
"""Characters of a line, and of the name that it begins with."""
NAMES_SHOWN = 5
MANY_GENES = 4000
"""Genes above which it is said that fewer make a run much shorter."""
KINDS = {"reference": "genes of known edges", "markers": "marker genes"}
"""What stays beside the most variable genes, in words."""

Line = tuple[str, str]


def summarise_input(
    name: str,
    card: dict,
    adata: ad.AnnData,
    reference: dict | None,
    sources: Sequence[str] = (),
) -> tuple[str, list[str]]:
    """Describe the data of a card after preprocessing.

    Parameters
    ----------
    name, card
        The data set and its card.
    adata
        The matrix from :func:`gtgrn.data.store.read_preprocessed`.
    reference
        The card's section `reference`, or that of a simulated network, or None.
    sources
        Names of the sources of other contexts that rank the network where there is none.

    Returns
    -------
    tuple of str and list of str
        One paragraph each for source, values, cells, genes, sparsity, regulators, markers and
        reference, in lines of at most 88 characters; and what the first screen of the report
        has to say about names.

    Raises
    ------
    InputError
        If a file is unreadable or no edge is left.
    """
    warnings: list[str] = []
    stated = ORGANISM not in card.get(UNSAID, ())
    organism = card["organism"] if stated else "organism not stated"
    lines = [("data set", f"{name} ({card['title']}; {organism})")]
    lines += _describe_matrix(adata)
    lines += _describe_regulators(card, adata, warnings)
    lines += _describe_markers(card, adata)
    if reference is None:
        lines += [("reference", _say_what_ranks(sources, stated))]
    else:
        lines += _describe_reference(reference, adata, warnings)
    return "".join(_wrap(key, text) for key, text in lines), warnings


def _wrap(key: str, text: str) -> str:
    """Return a paragraph whose further lines stand under its text."""
    indent = " " * LABEL
    wrapped = textwrap.wrap(
        text, WIDTH - LABEL, break_long_words=False, break_on_hyphens=False
    )  # fmt: skip
    return f"{key + ':':<{LABEL}}" + f"\n{indent}".join(wrapped) + "\n"


def _describe_matrix(adata: ad.AnnData) -> list[Line]:
    record = adata.uns[UNS]
    source, sizes, settings = record["source"], record["filters"], record["settings"]
    files = source.get("paths", [source.get("path", "")])
    detected = " (detected; set expression.values to overrule)"
    dropped = sizes["cells_before"] - sizes["cells_after"]
    lines = [
        ("source", f"{source['format']} {', '.join(map(str, np.atleast_1d(files)))}"),
        ("values", settings["values"] + (detected if source.get("values_detected") else "")),
        *([("evidence", source["values_evidence"])] if "values_evidence" in source else []),
        *([("left out", _shorten(source["left_out"], 15))] if "left_out" in source else []),
        (
            "cells",
            "none, only names of genes"
            if source["format"] == "genes_only"
            else f"{adata.n_obs} of {sizes['cells_before']}; {dropped} express fewer than "
            f"{settings['min_genes_per_cell']} genes",
        ),
        ("genes", _describe_genes(adata)),
        *([("chosen", said)] if (said := describe_choice(settings, _all_may(adata))) else []),
    ]
    if counts := source.get("gene_map_counts"):
        text = f"{counts['translated']} translated, {counts['kept']} not in the table keep theirs"
        lines.append(("gene names", text))
    if adata.n_obs:
        matrix = adata.layers.get("counts", adata.X)
        stored = matrix.data if sparse.issparse(matrix) else matrix
        zeros = 1 - np.count_nonzero(stored) / (adata.n_obs * adata.n_vars)
        lines.append(("sparsity", f"{zeros:.1%} of the kept values are 0"))
    return lines


def _needed(adata: ad.AnnData) -> int:
    """Return in how many cells a gene had to be expressed."""
    settings, sizes = adata.uns[UNS]["settings"], adata.uns[UNS]["filters"]
    fraction, least = settings["min_cells_fraction"], settings.get("min_cells")
    # Of a group the whole was filtered, not its own cells.
    return cells_needed(int(sizes["cells_after"]), None if fraction == "auto" else fraction, least)


def _dropped(adata: ad.AnnData) -> pd.Series:
    """Return the dropped genes with the number of cells that express each."""
    return pd.Series(adata.uns[DROPPED_CELLS], list(adata.uns[DROPPED]), dtype=int)


def _describe_genes(adata: ad.AnnData) -> str:
    sizes, dropped = adata.uns[UNS]["filters"], _dropped(adata)
    reasons = _why(dropped, _needed(adata))
    text = f"{adata.n_vars} of {sizes['genes_before']}" + (f"; {reasons}" if reasons else "")
    if adata.n_vars > MANY_GENES:
        text += f". preprocess: {{n_top_genes: {MANY_GENES // 2}}} makes a run much shorter"
    return text


def describe_choice(settings: Mapping, every_gene: bool) -> str:
    """Return by what rule genes were chosen and the key that changes it, or nothing.

    Parameters
    ----------
    settings
        What preprocessing recorded.
    every_gene
        Whether each gene may be a regulator.
    """
    if settings.get("n_top_genes", "all") == "all":
        return ""
    number = int(settings["n_top_genes"])
    beside = [KINDS[kind] for kind in str(settings.get("also", "")).split(", ") if kind]
    beside = beside if every_gene else ["regulators", *beside]
    text = f"the {number} most variable" + "".join(f", all {kind}" for kind in beside)
    return f"{text}; preprocess: {{n_top_genes: {2 * number}}} takes more, null all"


def _all_may(adata: ad.AnnData) -> bool:
    """Return whether each gene may be a regulator."""
    return bool(adata.var[IS_REGULATOR].all())


def _say_what_ranks(sources: Sequence[str], stated: bool) -> str:
    """Say what ranks the network where no edge is known."""
    if sources:
        return f"none: no model is trained, other contexts rank the network ({', '.join(sources)})"
    more = "; organism: human (or mouse) in the card lets other contexts rank it"
    return "none: no model is trained, the network is a consensus" + ("" if stated else more)


def _why(dropped: pd.Series, needed: int) -> str:
    """Return how many genes were dropped for which reason."""
    silent, rare = (dropped == 0).sum(), ((dropped > 0) & (dropped < needed)).sum()
    reasons = {
        "in no cell": silent,
        f"in fewer than {needed} cells": rare,
        "not among the chosen": len(dropped) - silent - rare,
    }
    return ", ".join(f"{number} {reason}" for reason, number in reasons.items() if number)


def _shorten(names: Sequence[str], most: int = NAMES_SHOWN) -> str:
    """Return names in one line, and how many more there are."""
    names = list(np.atleast_1d(names))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more


def _name_lost(lost: pd.Series, say: Callable[[str, int], str]) -> str:
    """Name dropped genes that cells express, those of most cells first."""
    heard = lost[lost > 0].sort_values(ascending=False, kind="stable")
    return _shorten([say(gene, int(n)) for gene, n in heard.items()])


def _describe_regulators(card: dict, adata: ad.AnnData, warnings: list[str]) -> list[Line]:
    found = int(adata.var[IS_REGULATOR].sum())
    section = card.get("regulators", {})
    if "path" not in section:
        who = "every gene" if _all_may(adata) else "those of the reference"
        return [("regulators", f"{found}, {who}")]
    dropped = _dropped(adata)
    measured = [*adata.var_names, *dropped.index]
    listed = list_regulators(section, measured)
    lost = dropped[dropped.index.isin(listed)]
    absent = len(listed) - found - len(lost)
    reasons = [_why(lost, _needed(adata)), f"{absent} not in the matrix" if absent else ""]
    text = f"{found} of {len(listed)} in {section['path']}"
    text += "".join(f"; {reason}" for reason in reasons if reason)
    lines = [("regulators", text)]
    if named := _name_lost(lost, lambda gene, n: f"{gene} ({n} cells)"):
        lines.append(("lost", f"{named}; to keep: preprocess: {{keep: [regulators]}}"))
    lines += _advise(
        [
            check_share("regulators", listed, measured, section),
            advise_regulators(section, measured),
        ],
        warnings,
    )
    return lines


def _describe_markers(card: dict, adata: ad.AnnData) -> list[Line]:
    """Name the dropped marker genes, with the types of cells that they mark."""
    dropped = _dropped(adata)
    types = marker_types(card, [*adata.var_names, *dropped.index])
    lost = dropped[dropped.index.isin(list(types))]
    if not len(lost) or not adata.n_obs:
        return []
    text = f"{len(types) - len(lost)} of {len(types)} known marker genes; "
    text += _why(lost, _needed(adata))
    lines = [("markers", text)]
    if named := _name_lost(lost, lambda gene, n: f"{gene} ({types[gene].split(', ')[0]}, {n})"):
        lines.append(("lost", f"{named}; to keep: preprocess: {{keep: [markers]}}"))
    return lines


def _advise(advice: Sequence[str], warnings: list[str]) -> list[Line]:
    """Return lines on names that do not meet, which are warnings of the report too."""
    said = [text for text in advice if text]
    warnings += said
    return [("names", text) for text in said]


def _describe_reference(section: dict, adata: ad.AnnData, warnings: list[str]) -> list[Line]:
    dropped, cells = adata.uns[DROPPED], adata.obs_names
    reference = read_reference(section, adata.var_names, cells=cells, dropped=dropped)
    measured = [*adata.var_names, *dropped]
    counts, unmeasured = reference.attrs, read_reference(section, measured).attrs["unknown_gene"]
    n_regulators, targets = (reference[column].nunique() for column in PAIR)
    reasons = {
        "with a gene not in the matrix": unmeasured,
        "with a dropped gene": counts["unknown_gene"] - unmeasured,
        "self-loops": counts["self_loops"],
        "duplicates": counts["duplicates"],
        "labelled 0": counts["labelled_0"],
    }
    lines = [
        (
            "reference",
            f"{len(reference)} edges of {n_regulators} regulators and {targets} targets, "
            f"of {counts['rows']} rows",
        ),
        ("dropped", ", ".join(f"{number} {reason}" for reason, number in reasons.items())),
    ]
    lines += _advise([counts["few"], counts["advice"]], warnings)
    known = set(reference[REGULATOR])
    others = sorted(known - set(adata.var_names[adata.var[IS_REGULATOR]]))
    if others:
        text = f"{len(others)} of {len(known)} reference regulators, judged nowhere"
        lines.append(("unlisted", f"{text}: {_shorten(others)}"))
    possible = n_regulators * (adata.n_vars - 1)
    share = f"{len(reference) / possible:.3g} of {n_regulators} x {adata.n_vars - 1} pairs"
    lines.append(("density", share))
    if SIGN in reference:
        signs = reference[SIGN].value_counts()
        text = f"{signs.get('+', 0)} +, {signs.get('-', 0)} -, {signs.get('', 0)} unknown"
        lines.append(("signs", text))
    return lines
