"""Reference networks, candidate regulators and shipped splits, restricted to the genes at hand."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from gtgrn.data.gene_lists import read_listed, read_rows
from gtgrn.data.gene_tables import translate
from gtgrn.data.name_matching import check_share, find_repair, no_overlap, spelt
from gtgrn.data.pair_tables import (
    check_unread,
    keep_true,
    split_joined,
    warn_if_exchanged,
)
from gtgrn.errors import InputError
from gtgrn.manifest import verified
from gtgrn.names import PAIR, REGULATOR, SIGN, TARGET
from gtgrn.tables import as_numbers, check_single, read_table

log = logging.getLogger(__name__)

SIGNS = {
    **dict.fromkeys(["+", "1", "+1", "1.0", "activation", "stimulation"], "+"),
    **dict.fromkeys(["-", "-1", "-1.0", "repression", "inhibition"], "-"),
    **dict.fromkeys(["", "0", "0.0", "unknown"], ""),
}
"""How databases spell the sign (in lower case), and how this workflow writes it."""

SOURCES, SOURCE = "sources", "source"
"""Column of a reference with the databases of an edge; column with one of them."""


def read_reference(
    reference: dict,
    genes: Collection[str],
    *,
    cells: Collection[str] = (),
    dropped: Collection[str] | None = None,
) -> pd.DataFrame:
    """Read a reference network and restrict it to the genes of the expression.

    Parameters
    ----------
    reference
        The section `reference` of a card from :func:`gtgrn.config.cards.load_cards`.
    genes, cells
        Names of the expression; the cells to recognise a table declared the wrong way round.
    dropped
        Names of the genes that the filters dropped; where they are given, it is checked whether
        enough of the reference's names are in the matrix at all.

    Returns
    -------
    pandas.DataFrame
        regulator, target and, where the card names its column, sign (``+``, ``-`` or empty,
        where both are listed); sorted, without self-loops, duplicates and pairs labelled 0.
        `attrs` holds the numbers of rows by what became of them: rows, labelled_0,
        unknown_gene, self_loops, duplicates, edges; `advice` on names, and in `few` that less
        than half of them are in the matrix.

    Raises
    ------
    InputError
        If the file is unreadable, a column is missing, a sign is unknown, no edge is left, or
        next to no name is one of the matrix.
    """
    path, columns = reference["path"], [reference["regulator"], reference["target"]]
    asked = [*columns, *(reference[key] for key in ("sign", "label") if key in reference)]
    table = _read_pairs(reference, asked, genes)
    rows = len(table)
    table = _edges_only(table, reference, asked)
    signs = {SIGN: _signs(table[reference["sign"]], reference)} if "sign" in reference else {}
    listed = _listed(table, reference, columns, genes, signs)
    inside = listed[REGULATOR].isin(genes) & listed[TARGET].isin(genes)
    loops = inside & (listed[REGULATOR] == listed[TARGET])
    kept = listed[inside & ~loops]
    edges = _merge_signs(kept) if "sign" in reference else kept.drop_duplicates()
    log.info(
        "%s: %d rows; dropped %d with a gene that the expression lacks, %d self-loops and %d "
        "duplicates; %d edges of %d regulators stay",
        path, len(listed), (~inside).sum(), loops.sum(), len(kept) - len(edges),
        len(edges), edges[REGULATOR].nunique(),
    )  # fmt: skip
    advice, few = _check_names(listed, genes, cells, dropped, reference, left=len(edges))
    edges = edges.sort_values(PAIR, ignore_index=True)
    counts = {"rows": rows, "labelled_0": rows - len(listed), "unknown_gene": (~inside).sum()}
    counts |= {"self_loops": loops.sum(), "duplicates": len(kept) - len(edges)}
    edges.attrs = {key: int(number) for key, number in counts.items()}
    edges.attrs |= {"edges": len(edges), "advice": advice, "few": few}
    return edges


def _edges_only(table: pd.DataFrame, reference: dict, asked: list[str]) -> pd.DataFrame:
    """Return the rows that are labelled as edges; all, where the card names no label."""
    path = reference["path"]
    if "label" not in reference:
        check_unread(table, asked, path)
        return table
    edges = _labels(table[reference["label"]], path, reference["label"]) == 1
    log.info("%s: %d of %d pairs are labelled as edges", path, edges.sum(), len(edges))
    return table[edges]


def _check_names(
    listed: pd.DataFrame,
    genes: Collection[str],
    cells: Collection[str],
    dropped: Collection[str] | None,
    reference: dict,
    left: int,
) -> tuple[str, str]:
    """Return how more names would match, and whether few do; stop where (next to) none does."""
    measured = {*genes, *(dropped if dropped is not None else ())}
    pairs = list(listed[PAIR].itertuples(index=False, name=None))
    advice = _check_half_match(pairs, measured, reference, "reference")
    names = {*listed[REGULATOR], *listed[TARGET]}
    if not left:
        raise no_overlap("edge", names, genes, cells, reference, "reference.path")
    few = "" if dropped is None else check_share("reference", names, measured, reference)
    return advice or warn_if_exchanged(listed, reference["path"]), few


def _listed(
    table: pd.DataFrame,
    reference: dict,
    columns: list[str],
    genes: Collection[str],
    beside: Mapping[str, pd.Series],
) -> pd.DataFrame:
    """Return the pairs under our names of columns, spelt as the genes are where asked.

    Columns `beside` them are kept; a row that names several genes becomes several rows.
    """
    listed = pd.DataFrame(
        {new: _names(table[old]) for new, old in zip(PAIR, columns, strict=True)} | dict(beside)
    )
    listed = split_joined(listed, genes, reference["path"])
    return listed.assign(**{name: _respell(listed[name], genes, reference) for name in PAIR})


def read_sources(reference: dict, genes: Collection[str]) -> pd.DataFrame:
    """Read which databases list each edge, where the reference has a column `sources`.

    Databases are separated by semicolons. OmniPath writes ``TRRUST_CollecTRI`` for what
    CollecTRI has from TRRUST; such an edge is an edge of both.

    Parameters
    ----------
    reference, genes
        See :func:`read_reference`.

    Returns
    -------
    pandas.DataFrame
        regulator, target, source, each row once, sorted; empty where there is no such column.
    """
    columns = [reference[end] for end in PAIR]
    table = _read_pairs(reference, columns, genes)
    if SOURCES not in table:
        return pd.DataFrame(columns=[*PAIR, SOURCE], dtype=str)
    check_single(table.columns, SOURCES, reference["path"])
    sources = {SOURCE: table[SOURCES].astype(str).str.split(r"[;_]", regex=True)}
    listed = _listed(table, reference, columns, genes, sources)
    listed = listed[listed[REGULATOR].isin(genes) & listed[TARGET].isin(genes)].explode(SOURCE)
    listed[SOURCE] = listed[SOURCE].str.strip()
    listed = listed[listed[SOURCE] != ""].drop_duplicates()
    return listed.sort_values([*PAIR, SOURCE], ignore_index=True)


def read_regulators(
    regulators: dict, genes: Collection[str], *, cells: Collection[str] = ()
) -> list[str]:
    """Read candidate regulators and keep those among the genes of the expression.

    Parameters
    ----------
    regulators
        The section `regulators` of a card from :func:`gtgrn.config.cards.load_cards`.
    genes
        Genes of the expression.
    cells
        Names of its cells, to recognise a table that was declared the wrong way round.

    Returns
    -------
    list of str
        Sorted, each once.

    Raises
    ------
    InputError
        If the file is unreadable, its column is missing, or none or next to none of the
        regulators is among the genes.
    """
    path, listed = regulators["path"], list_regulators(regulators, genes)
    kept = sorted(listed & set(genes))
    _check_half_match([(name,) for name in sorted(listed)], genes, regulators, "regulators")
    log.info("%s: %d of %d regulators are in the expression", path, len(kept), len(listed))
    if not kept:
        raise no_overlap("regulator", listed, genes, cells, regulators, "regulators.path")
    if few := check_share("regulators", listed, genes, regulators):
        log.warning("%s: %s", path, few)
    return kept


def list_regulators(regulators: dict, genes: Collection[str]) -> set[str]:
    """Read the names of a list of regulators, those of genes spelt as these where asked.

    Parameters
    ----------
    regulators, genes
        As in :func:`read_regulators`.
    """
    path, column = regulators["path"], regulators["column"]
    table = keep_true(read_listed(path, [column], genes, "regulators.column"), path)
    return set(_respell(_names(table[column]), genes, regulators)) - {""}


def advise_regulators(regulators: dict, genes: Collection[str]) -> str:
    """Return how more names of a list of regulators would match, or nothing.

    Parameters
    ----------
    regulators, genes
        As in :func:`read_regulators`.
    """
    rows = [(name,) for name in sorted(list_regulators(regulators, genes))]
    return _check_half_match(rows, genes, regulators, "regulators")


def _check_half_match(
    rows: Sequence[tuple[str, ...]], genes: Collection[str], section: dict, kind: str
) -> str:
    """Warn where a repair of names would match more; stop where next to nothing matches now.

    Returns
    -------
    str
        The warning, or nothing.

    Raises
    ------
    InputError
        If some match, but under 5 % of what a repair would match: that is an accident.
    """
    found = find_repair(rows, genes, ignore_case=bool(section.get("ignore_case")))
    if found is None or not found.now:
        return ""  # where nothing matches at all, the error says so
    said, noun = found.repair.remedy, "edges" if kind == "reference" else "regulators"
    if found.hopeless:
        raise InputError(
            found.say(noun), file=section["path"], field=f"{kind}.path",
            remedy=said[0].upper() + said[1:],
        )  # fmt: skip
    log.warning("%s: %s; %s", section["path"], found.say(noun), said)
    return f"{found.say(noun)}; {said}"


def _read_pairs(reference: dict, asked: list[str], genes: Collection[str]) -> pd.DataFrame:
    """Read the table of a reference, with a header or with the names that the card gives."""
    if "columns" not in reference:
        table = read_listed(reference["path"], asked[: len(PAIR)], genes, "reference.columns")
        for column in asked:
            if column not in table:
                raise InputError(
                    f"column missing; the file has {', '.join(map(str, table))}",
                    file=reference["path"],
                    field=column,
                    remedy="Name a column of it in the card, or remove the key; where there is no "
                    "header, name all columns in reference.columns",
                )
            check_single(table.columns, column, reference["path"])
        return table
    path, names = verified(reference["path"]), reference["columns"]
    for column in asked:
        if column not in names:
            raise InputError(
                f"the card's columns are {', '.join(names)}",
                file=path,
                field=column,
                remedy="Name it in reference.columns",
            )
    table = read_rows(path)
    if table.shape[1] != len(names):
        raise InputError(
            f"the table has {table.shape[1]} columns, the card names {len(names)}",
            file=path,
            field="reference.columns",
            remedy="Name each of its columns",
        )
    return table.set_axis(names, axis=1)


def _check_present(names: Collection[str], genes: Collection[str], path: str, field: str) -> None:
    """Refuse files of a split that name a gene which the filters dropped."""
    absent = sorted(set(names) - set(genes))
    if absent:
        raise InputError(
            f"{len(absent)} of {len(set(names))} genes are not in the preprocessed expression, "
            f"such as {', '.join(absent[:3])}",
            file=path,
            field=field,
            remedy="Keep every gene: in the card's section preprocess set min_cells_fraction "
            "and min_genes_per_cell to 0 and n_top_genes to null",
        )


def _names(column: pd.Series) -> pd.Series:
    return column.astype(str).str.strip()


def _respell(names: pd.Series, genes: Collection[str], section: dict) -> pd.Series:
    """Return names, those that are not among the genes as the gene's, where a section asks for it.

    That of the one gene that differs in case only (`ignore_case`), or of the one gene that
    tables say is meant (`translate`).
    """
    found: dict[str, str] = {}
    ignore_case, kinds = bool(section.get("ignore_case")), section.get("translate")
    if ignore_case:
        found = spelt(str)(set(names), genes, True)
    if kinds:
        found = translate(set(names), genes, kinds, ignore_case=ignore_case) | found
        log.info("%s: %d names translated by %s", section["path"], len(found), ", ".join(kinds))
    return names.map(lambda name: found.get(name, name)) if found else names


def _signs(column: pd.Series, reference: dict) -> pd.Series:
    spelt = column.astype(str).str.strip().str.lower()
    unknown = sorted(set(spelt) - set(SIGNS))
    if unknown:
        raise InputError(
            f"unknown sign '{unknown[0]}'",
            file=reference["path"],
            field=reference["sign"],
            remedy="Write +, - or nothing, or remove reference.sign from the card",
        )
    return spelt.map(SIGNS)


def _merge_signs(edges: pd.DataFrame) -> pd.DataFrame:
    """Return each pair once, with the sign on which all its rows that have one agree."""
    seen = edges.assign(plus=edges[SIGN] == "+", minus=edges[SIGN] == "-")
    merged = seen.groupby(PAIR)[["plus", "minus"]].any().reset_index()
    plus, minus = merged["plus"], merged["minus"]
    return merged[PAIR].assign(
        **{SIGN: np.select([plus & ~minus, minus & ~plus], ["+", "-"], default="")}
    )


def _gene_index(path: str, genes: Collection[str]) -> pd.Series:
    """Read the genes of a split, by index."""
    table = read_table(path, ["Gene", "index"])
    names = pd.Series(_names(table["Gene"]).to_numpy(), index=table["index"])
    for column, values in (("Gene", names), ("index", names.index)):
        twice = values[values.duplicated()]
        if len(twice):
            first = list(twice)[0]
            raise InputError(
                f"'{first}' occurs twice", file=path, field=column, remedy="Keep one row of it"
            )
    _check_present(names, genes, path, "Gene")
    return names


def _look_up(column: pd.Series, names: pd.Series, path: str, index_path: str) -> np.ndarray:
    # pandas reads a column of 'True' as such, which equals 1 and, in .loc, chooses rows.
    unknown = ~column.isin(names.index) | (column.dtype == bool)
    if unknown.any():
        row = int(np.flatnonzero(unknown)[0])
        raise InputError(
            f"row {row + 1}: '{column.iloc[row]}' is not an index of {index_path}",
            file=path,
            field=str(column.name),
            remedy="Name the gene table that belongs to these files in splits.edges.genes",
        )
    return names.loc[column].to_numpy()


def _labels(column: pd.Series, path: str, field: str = "Label") -> np.ndarray:
    labels = as_numbers(column)
    bad = ~labels.isin([0, 1])
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"row {row + 1}: '{column.iloc[row]}' is not a label",
            file=path,
            field=field,
            remedy="Write 1 for an edge and 0 for a pair without one",
        )
    return labels.to_numpy(int)
