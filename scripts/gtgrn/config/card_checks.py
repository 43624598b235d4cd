"""Checks between the fields of a data set card; the schema checks each field by itself.

Imported at every start of Snakemake, so nothing heavy is imported here.
"""

from __future__ import annotations

from pathlib import Path

from gtgrn.config.group_checks import check_groups
from gtgrn.config.locations import schema_path
from gtgrn.config.perturbation_checks import check_perturbations
from gtgrn.config.validation import how_to_add, read_schema
from gtgrn.errors import InputError

SCHEMA = schema_path("dataset.schema.yaml")

SCANPY_DATASETS = ("pbmc68k_reduced",)
"""Functions of scanpy.datasets that read a file of the package and download nothing."""

SIMULATORS = ("simulation", "kinetics")

SIGNIFICANCE_FILES = ("gene_ordering", "pseudotime")

# Keys of the section expression that have an effect only with some formats.
ONLY_WITH = {
    "path": ("h5ad", "10x_mtx", "10x_h5", "loom", "table", "scanpy", "genes_only"),
    "paths": ("table",),
    "values": ("h5ad", "10x_mtx", "10x_h5", "loom", "table", "scanpy"),
    "orientation": ("table",),
    "row_names": ("table",),
    "drop_columns": ("table",),
    "not_genes": ("h5ad", "10x_mtx", "10x_h5", "loom", "table"),
    "column": ("genes_only",),
    "layer": ("h5ad", "loom", "10x_h5"),
    "gene_names": ("h5ad", "10x_mtx", "10x_h5", "loom", "table"),
    "gene_map": ("h5ad", "10x_mtx", "10x_h5", "loom", "table"),
    "total_counts": ("h5ad", "loom", "scanpy"),
    "cell_type": ("h5ad", "loom", "scanpy"),
    "markers": ("h5ad", "10x_mtx", "10x_h5", "loom", "table", "scanpy"),
}


def check_consistency(card: dict, path: Path) -> None:
    """Check what holds between the fields of a card that holds to the schema.

    Where values are read and not declared, ``values: auto`` is filled in.

    Parameters
    ----------
    card
        The card.
    path
        Its file, for the message.

    Raises
    ------
    InputError
        Naming the first field that contradicts another, and the remedy.
    """
    _check_expression(card["expression"], path)
    if card["expression"]["format"] == "genes_only" and "reference" not in card:
        raise InputError(
            "missing; a list of genes without expression is of no use without it",
            file=path,
            field="reference",
            remedy="Add the section",
        )
    _check_simulation(card, path)
    _check_source(card, path)
    check_groups(card, path)
    check_perturbations(card, path)
    significance = card.get("preprocess", {}).get("significance", {})
    used = [key for key in (*SIGNIFICANCE_FILES, "root") if key in significance]
    if len(used) > 1:
        raise InputError(
            f"has no effect beside {used[0]}",
            file=path,
            field=f"preprocess.significance.{used[1]}",
            remedy="Keep one of the two",
        )


def _check_expression(expression: dict, path: Path) -> None:
    """Check the keys of the matrix against its format and against each other."""
    form = expression["format"]
    for key, formats in ONLY_WITH.items():
        if key in expression and form not in formats:
            raise InputError(
                f"has no effect with format {form}",
                file=path,
                field=f"expression.{key}",
                remedy=f"Remove it; it goes with format {' or '.join(formats)}",
            )
    if "markers" in expression and "cell_type" in expression:
        raise InputError(
            "there is a column of cell types already", file=path, field="expression.markers",
            remedy="Keep one of the two",
        )  # fmt: skip
    if "path" in expression and "paths" in expression:
        raise InputError(
            "there is a path already", file=path, field="expression.paths", remedy="Keep one"
        )
    needed = ["path"] if form in ONLY_WITH["path"] and "paths" not in expression else []
    if form in ONLY_WITH["values"]:
        expression.setdefault("values", "auto")
    for key in [*needed, *(["orientation"] if form == "table" else [])]:
        if key not in expression:
            raise InputError(
                f"missing; format {form} needs it",
                file=path,
                field=f"expression.{key}",
                remedy=how_to_add(
                    read_schema(SCHEMA)["properties"]["expression"]["properties"][key]
                ),
            )
    _check_values(expression, path)
    if form == "scanpy":
        check_ships_with_scanpy(expression["path"], path)


def _check_values(expression: dict, path: Path) -> None:
    """Check what is said of the values and of the names of rows."""
    counted = ("counts", "estimated_counts", "auto")
    if "total_counts" in expression and expression["values"] not in counted:
        raise InputError(
            f"has no effect with values {expression['values']}",
            file=path,
            field="expression.total_counts",
            remedy="Remove it, or declare 'values: counts'",
        )
    if not expression.get("row_names", True) and expression["orientation"] != "cells_by_genes":
        raise InputError(
            "without names of rows, the genes of genes_by_cells have none",
            file=path,
            field="expression.row_names",
            remedy="Remove it, or declare 'orientation: cells_by_genes'",
        )


def check_ships_with_scanpy(name: str, file: object = "scanpy.datasets") -> None:
    """Refuse a data set that scanpy would download, with no checksum to hold it against.

    Parameters
    ----------
    name
        Function of scanpy.datasets.
    file
        The card, for the message.

    Raises
    ------
    InputError
        If the data are not part of the package.
    """
    if name not in SCANPY_DATASETS:
        raise InputError(
            f"'{name}' does not ship with scanpy; it would be downloaded unchecked",
            file=file,
            field="expression.path",
            remedy=f"Use {' or '.join(SCANPY_DATASETS)}, or save the data as h5ad and name it",
        )


def _check_source(card: dict, path: Path) -> None:
    """Check that references and regulators name one table each."""
    for section, name in (("reference", "prior"), ("regulators", "list")):
        keys = card.get(section)
        if keys is not None and ("path" in keys) == (name in keys):
            raise InputError(
                "there is a path already" if "path" in keys else "missing, and so is the path",
                file=path,
                field=f"{section}.{name}",
                remedy=f"Give either 'path' or '{name}'",
            )
    reference = card.get("reference", {})
    if "prior" in reference:
        for key in ("columns", "label", "sign"):
            if key in reference:
                raise InputError(
                    "has no effect with a prior",
                    file=path,
                    field=f"reference.{key}",
                    remedy="Remove it, or give the table's path instead of the prior",
                )


def _check_simulation(card: dict, path: Path) -> None:
    simulated = card["expression"]["format"] == "simulation"
    given = [section for section in SIMULATORS if section in card]
    if simulated and not given:
        raise InputError(
            "missing; format simulation needs it",
            file=path,
            field="simulation",
            remedy="Add the section with 'model' and 't_max', or 'kinetics' with a network",
        )
    if len(given) == 2:
        raise InputError(
            "there is a section simulation already", file=path, field="kinetics",
            remedy="Keep one of the two",
        )  # fmt: skip
    if given and not simulated:
        raise InputError(
            f"has no effect with format {card['expression']['format']}",
            file=path,
            field=given[0],
            remedy="Remove the section, or declare 'format: simulation' in expression",
        )
    kinetics = card.get("kinetics")
    if kinetics is not None and ("network" in kinetics) == ("generate" in kinetics):
        raise InputError(
            "there is a network already" if "network" in kinetics else "missing",
            file=path,
            field="kinetics.generate" if "network" in kinetics else "kinetics.network",
            remedy="Give either 'network' or 'generate'",
        )
    for section in ("reference", "regulators", "splits"):
        if simulated and section in card:
            raise InputError(
                "a simulation's network is known from its model",
                file=path,
                field=section,
                remedy="Remove the section",
            )
