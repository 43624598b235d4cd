"""What a person can check before anything is trained: the data of one card in a few lines."""

from __future__ import annotations

from collections.abc import Iterable

import anndata as ad
import numpy as np
from scipy import sparse

from gtgrn.data.preprocessing import DROPPED
from gtgrn.data.reference import advise_regulators, list_regulators, read_reference
from gtgrn.data.store import UNS
from gtgrn.names import IS_REGULATOR, PAIR, REGULATOR, SIGN


def summarise_input(name: str, card: dict, adata: ad.AnnData, reference: dict | None) -> str:
    """Describe the data of a card after preprocessing.

    Parameters
    ----------
    name, card
        The data set and its card.
    adata
        The matrix from :func:`gtgrn.data.store.read_preprocessed`.
    reference
        The card's section `reference`, or that of a simulated network, or None.

    Returns
    -------
    str
        One line each for source, values, cells, genes, sparsity, regulators and reference.

    Raises
    ------
    InputError
        If a file is unreadable or no edge is left.
    """
    lines = [("data set", f"{name} ({card['title']}; {card['organism']})")]
    lines += _describe_matrix(adata)
    lines += _describe_regulators(card, adata)
    lines += _describe_reference(reference, adata)
    return "\n".join(f"{key + ':':<12}{text}" for key, text in lines) + "\n"


def _describe_matrix(adata: ad.AnnData) -> list[tuple[str, str]]:
    record = adata.uns[UNS]
    source, sizes, settings = record["source"], record["filters"], record["settings"]
    files = source.get("paths", [source.get("path", "")])
    detected = " (detected; set expression.values to overrule)"
    lines = [
        ("source", f"{source['format']} {', '.join(map(str, np.atleast_1d(files)))}"),
        ("values", settings["values"] + (detected if source.get("values_detected") else "")),
        *([("evidence", source["values_evidence"])] if "values_evidence" in source else []),
        *([("left out", _shorten(source["left_out"]))] if "left_out" in source else []),
        (
            "cells",
            "none, only names of genes"
            if source["format"] == "genes_only"
            else f"{adata.n_obs} of {sizes['cells_before']}; "
            f"{sizes['cells_before'] - sizes['cells_after']} express fewer than "
            f"{settings['min_genes_per_cell']} genes",
        ),
        (
            "genes",
            f"{adata.n_vars} of {sizes['genes_before']}; "
            f"{sizes['genes_before'] - sizes['genes_after']} in fewer than "
            f"{settings['min_cells_fraction']:.3g} of the cells, "
            f"{sizes['genes_after'] - adata.n_vars} not among the chosen",
        ),
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


def _shorten(names: Iterable[str], most: int = 15) -> str:
    """Return names in one line, and how many more there are."""
    names = list(np.atleast_1d(names))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more


def _describe_regulators(card: dict, adata: ad.AnnData) -> list[tuple[str, str]]:
    found = int(adata.var[IS_REGULATOR].sum())
    section = card.get("regulators", {})
    if "path" in section:
        dropped = set(adata.uns[DROPPED])
        listed = list_regulators(section, [*adata.var_names, *dropped])
        lost = sorted(listed & dropped)
        text = (
            f"{found} of {len(listed)} in {section['path']}; {len(lost)} are among the dropped "
            f"genes, {len(listed) - found - len(lost)} not in the matrix"
        )
        advice = advise_regulators(section, [*adata.var_names, *dropped])
        return [
            ("regulators", text),
            *([("lost", f"{_shorten(lost)}; preprocess.keep: [regulators]")] if lost else []),
            *([("names", advice)] if advice else []),
        ]
    if found == adata.n_vars:
        return [("regulators", f"{found}, every gene")]
    return [("regulators", f"{found}, those of the reference")]


def _describe_reference(section: dict | None, adata: ad.AnnData) -> list[tuple[str, str]]:
    if section is None:
        return [("reference", "none: no model is trained, the network is a consensus")]
    measured = [*adata.var_names, *adata.uns[DROPPED]]
    reference = read_reference(section, adata.var_names, cells=adata.obs_names)
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
    if counts["advice"]:
        lines.append(("names", counts["advice"]))
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
