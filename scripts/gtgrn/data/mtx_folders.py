"""Matrix Market files with lists of genes and cells beside them, under every usual name.

Cell Ranger (2 and 3 on), GEO's prefixed copies of it, STARsolo, alevin-fry, kallisto | bustools
and their kin; unpacked or packed in any way, genes x cells or cells x genes.
"""

from __future__ import annotations

import csv
import logging
import re
from pathlib import Path
from typing import TextIO

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from gtgrn.data.gene_tables import share_of_ensembl
from gtgrn.data.not_genes import is_numbering
from gtgrn.errors import InputError
from gtgrn.opening import open_text, plain_name
from gtgrn.tables import FLOATS

log = logging.getLogger(__name__)

GENES, CELLS = "genes", "cells"
LISTS = {
    GENES: ("features.tsv", "genes.tsv", "features.txt", "genes.txt", "gene_names.txt",
            "features.csv", "genes.csv", "all_genes.csv", "quants_mat_cols.txt",
            "rownames.txt", "rownames.tsv", "rownames.csv"),
    CELLS: ("barcodes.tsv", "barcodes.txt", "cells.tsv", "cells.txt", "barcodes.csv",
            "cell_metadata.csv", "quants_mat_rows.txt",
            "colnames.txt", "colnames.tsv", "colnames.csv"),
}  # fmt: skip
"""Ends of the names of the lists beside ``matrix.mtx``."""

BESIDE = {
    GENES: (".genes.names.txt", ".genes.txt", "_cols.txt", ".genes.tsv", ".features.tsv",
            "_genes.tsv", "_features.tsv", "_genes.txt", "_features.txt"),
    CELLS: (".barcodes.txt", "_rows.txt", ".barcodes.tsv", "_barcodes.tsv", ".cells.txt",
            "_cells.tsv", "_barcodes.txt"),
}  # fmt: skip
"""What follows the matrix's own name, as kallisto and alevin-fry call them."""

BLANKS = " \t\r\n"
"""What stands between numbers; Python would strip blanks of all alphabets."""

OTHER_FEATURES = {
    "antibody capture", "crispr guide capture", "multiplexing capture", "custom", "peaks",
    "antigen capture", "vdj", "adt", "hto", "protein",
}  # fmt: skip
KINDS = {*OTHER_FEATURES, "gene expression", "gene", "mrna", "rna", "expression"}
"""What the third column says of a feature."""
MORE = "more"
WORDS = {GENES: ("gene", "feature"), CELLS: ("barcode", "cell")}
"""Words in the name of a list that is called otherwise."""
HEADER = re.compile(
    r"x|v1|index|(gene|feature|barcode|cell|ensembl|symbol|bc_wells|sample|name)s?([_. -]?\w+)?"
    r"|\w+[_. -](genes?|ids?|names?|symbols?|barcodes?|cells?)",
    flags=re.I,
)
"""Names of columns in such lists."""


def find_matrices(path: Path) -> list[Path]:
    """Return the Matrix Market files of a folder, or of the one folder below it that has some.

    A folder with several is that of STARsolo or kallisto where one of them is the usual one.
    """
    if path.is_file():
        return [path]
    here = [p for p in sorted(path.iterdir()) if p.is_file() and plain_name(p).endswith(".mtx")]
    if here:
        usual = [p for p in here if plain_name(p) in ("matrix.mtx", "cells_x_genes.mtx",
                                                      "quants_mat.mtx")]  # fmt: skip
        return usual if len(usual) == 1 else here
    below = [found for p in sorted(path.iterdir()) if p.is_dir() for found in find_matrices(p)]
    for word in ("filtered", "counts_filtered", "counts_unfiltered", "alevin"):
        chosen = [p for p in below if word in "/".join(p.relative_to(path).parts[:-1])]
        if len(chosen) == 1 and len(below) > 1:
            log.warning("%s: %s is read, of %d matrices below it", path, chosen[0], len(below))
            return chosen
    return below


def read_mtx_folder(path: Path, expression: dict) -> ad.AnnData:
    """Read a matrix with the lists of its genes and cells.

    Parameters
    ----------
    path
        The folder, or the matrix itself where a folder has several.
    expression
        The section `expression` of a card; not looked at.

    Returns
    -------
    anndata.AnnData
        Cells x genes; the names are the symbols, `var["gene_ids"]` the identifiers.

    Raises
    ------
    InputError
        If there is no matrix or several, a list is missing, or lengths do not fit.
    """
    found = find_matrices(path)
    if len(found) != 1:
        names = ", ".join(str(p.relative_to(path)) for p in found[:4])
        if not found:
            raise ValueError("there is no matrix.mtx in the folder")
        raise InputError(
            f"there are {len(found)} matrices: {names}",
            file=path,
            field="expression.path",
            remedy="Give the path of one of them, and the other ones a card each",
        )
    matrix_path = found[0]
    lists = {kind: _list_beside(matrix_path, kind) for kind in (GENES, CELLS)}
    matrix = read_matrix_market(matrix_path)
    genes, cells = _read_list(lists[GENES]), _read_list(lists[CELLS])
    matrix, genes, cells = _orient(matrix, genes, cells, matrix_path, lists)
    return _as_anndata(matrix, genes, cells[0].to_numpy(str), lists[GENES])


def _list_beside(matrix: Path, kind: str) -> Path:
    """Find the list of genes or cells that belongs to a matrix."""
    name = plain_name(matrix)
    stem = name.removesuffix(".mtx")
    prefix = stem.removesuffix("matrix")
    wanted = [prefix + end for end in LISTS[kind]] if prefix != stem else []
    wanted += [stem + end for end in BESIDE[kind]] + [f"{stem}.{e}" for e in LISTS[kind]]
    wanted += list(LISTS[kind])
    there = {plain_name(p): p for p in sorted(matrix.parent.iterdir()) if p.is_file()}
    for candidate in wanted:
        if candidate in there:
            return there[candidate]
    called = _called_after(kind, there)
    if called:
        log.warning("%s: %s is read as the list of its %s", matrix, called.name, kind)
        return called
    examples = {GENES: "features.tsv or genes.tsv", CELLS: "barcodes.tsv"}[kind]
    before = f" (after '{prefix}')" if prefix != stem and prefix else ""
    raise InputError(
        f"there is no {examples}{before}, plain or packed, beside {matrix.name}",
        file=matrix,
        field="expression.path",
        remedy=f"Put the list of the {kind} there: one name in a line, in the matrix's order",
    )


def _called_after(kind: str, there: dict[str, Path]) -> Path | None:
    """Return the one list that is called after what it lists, where there is one matrix."""
    other = next(words for name, words in WORDS.items() if name != kind)
    called = [
        place for name, place in there.items()
        if not name.endswith(".mtx") and any(word in name for word in WORDS[kind])
        and not any(word in name for word in other)
    ]  # fmt: skip
    alone = sum(name.endswith(".mtx") for name in there) == 1
    return called[0] if alone and len(called) == 1 else None


def _read_list(path: Path) -> pd.DataFrame:
    """Read a list of names: text, without a header, one column or several."""
    sep = "," if plain_name(path).endswith(".csv") else "\t"
    with open_text(path) as text:
        # R writes one name less above a table with names of rows.
        width = max((len(fields) for fields in csv.reader(text, delimiter=sep)), default=0)
    if not width:
        raise ValueError(f"{path.name} is empty")
    with open_text(path) as text:
        table = pd.read_csv(
            text, sep=sep, header=None, names=range(width), dtype=str, keep_default_na=False,
            na_filter=False, quoting=0, index_col=False,
        )  # fmt: skip
    return table.fillna("").apply(lambda column: column.str.strip())


def _without_numbering(names: pd.DataFrame) -> pd.DataFrame:
    """Return a list without a first column that only numbers its lines."""
    if names.shape[1] < 2 or not names[0].map(str.isdigit).all():
        return names
    if not is_numbering(names[0].to_numpy(float)):
        return names
    return names.iloc[:, 1:].set_axis(range(names.shape[1] - 1), axis=1)


def read_matrix_market(path: Path) -> sparse.csr_matrix:
    """Read a Matrix Market file, in coordinates or dense, with every line checked.

    Not by scipy.io.mmread, which a blank after the last number can crash, and which reads 1.5 as
    1 where the header promises integers.

    Raises
    ------
    ValueError
        If the header is another one, an entry is no number, out of range or repeated, or their
        number is not the one promised.
    """
    # Remarks may be in any encoding; no number survives what cannot be decoded.
    with open_text(path, errors="replace") as text:
        words = text.readline(1000).lower().split()
        if len(words) < 5 or words[0] != "%%matrixmarket":
            raise ValueError("its first line is not that of a Matrix Market file")
        _, _, layout, field, symmetry = words[:5]
        if field not in ("integer", "real", "pattern", "double"):
            raise ValueError(f"its values are {field}, not real or whole numbers")
        if layout not in ("coordinate", "array") or symmetry != "general":
            raise ValueError(f"it is {layout} {symmetry}, not coordinate or array general")
        line = text.readline(1000)
        while line.startswith("%") or (line and not line.strip(BLANKS)):
            line = text.readline(1_000_000)
        if layout == "array":
            return _read_array(text, line, field)
        try:
            rows, columns, entries = map(int, line.encode("ascii").split())
        except ValueError as error:
            raise ValueError("its line of sizes has not three whole numbers") from error
        if min(rows, columns, entries) < 0 or max(rows, columns) > 2**31 - 1:
            raise ValueError(f"its sizes {rows} x {columns} are impossible")
        table = _read_entries(text, field)
    if len(table) != entries:
        raise ValueError(f"it has {len(table)} entries, its header says {entries}")
    return _from_entries(table, rows, columns, field)


def _read_array(text: TextIO, sizes: str, field: str) -> sparse.csr_matrix:
    """Read the values of a dense matrix: one in a line, column after column."""
    try:
        rows, columns = map(int, sizes.encode("ascii").split())
    except ValueError as error:
        raise ValueError("its line of sizes has not two whole numbers") from error
    values = _read_entries(text, "array")[0].to_numpy()
    if min(rows, columns) < 0 or len(values) != rows * columns:
        raise ValueError(f"it has {len(values)} values, its header says {rows} x {columns}")
    _check_whole(values, field)
    return sparse.csr_matrix(values.reshape(columns, rows).T.astype(np.float32))


def _read_entries(text: TextIO, field: str) -> pd.DataFrame:
    # One column more than there should be, because pandas cuts off what is too much.
    names = {"pattern": [0, 1, MORE], "array": [0, MORE]}.get(field, [0, 1, 2, MORE])
    kinds = {0: np.int64, 1: np.int64, 2: np.float64, MORE: object}
    kinds |= {0: np.float64} if field == "array" else {}
    try:
        table = pd.read_csv(
            text, sep=r"\s+", header=None, names=names, index_col=False, comment="%",
            dtype={name: kinds[name] for name in names}, on_bad_lines="error",
            quoting=csv.QUOTE_NONE, float_precision=FLOATS,
        )  # fmt: skip
    except pd.errors.EmptyDataError:
        return pd.DataFrame({name: np.array([], kinds[name]) for name in names})
    if table[MORE].notna().any():
        raise ValueError(f"after an entry there is '{table[MORE].dropna().iloc[0]}'")
    if table[[name for name in names if name != MORE]].isna().any(axis=None):
        raise ValueError("an entry lacks a number")
    return table


def _check_whole(values: np.ndarray, field: str) -> None:
    if field == "integer" and (values != np.rint(values)).any():
        wrong = values[values != np.rint(values)][0]
        raise ValueError(f"its header says integer, but a value is {wrong:g}: write real there")


def _from_entries(table: pd.DataFrame, rows: int, columns: int, field: str) -> sparse.csr_matrix:
    i, j = table[0].to_numpy() - 1, table[1].to_numpy() - 1
    values = np.ones(len(table)) if field == "pattern" else table[2].to_numpy()
    if len(table) and (min(i.min(), j.min()) < 0 or i.max() >= rows or j.max() >= columns):
        raise ValueError(f"an entry lies outside of its {rows} x {columns} values")
    _check_whole(values, field)
    matrix = sparse.coo_matrix((values.astype(np.float32), (i, j)), shape=(rows, columns)).tocsr()
    if matrix.nnz != len(table):
        raise ValueError(f"{len(table) - matrix.nnz} entries repeat another's place")
    return matrix


def _orient(matrix, genes: pd.DataFrame, cells: pd.DataFrame, path: Path, lists: dict):
    """Return the matrix as cells x genes with lists of the right lengths."""
    for g, c in ((0, 0), (1, 0), (0, 1), (1, 1)):
        # A list that is one line longer has a header.
        if (g and not _is_header(genes)) or (c and not _is_header(cells)):
            continue
        shape = (len(genes) - g, len(cells) - c)
        # Where both numbers are the same, only the tool's own names tell which is which.
        cells_first = plain_name(path) in ("cells_x_genes.mtx", "quants_mat.mtx")
        for transposed in (True, False) if cells_first else (False, True):
            if matrix.shape == (shape[::-1] if transposed else shape):
                if shape[0] == shape[1]:
                    log.warning(
                        "%s: there are as many genes as cells (%d); %s are taken for the rows",
                        path, shape[0], CELLS if transposed else GENES,
                    )  # fmt: skip
                genes, cells = map(_without_numbering, (genes.iloc[g:], cells.iloc[c:]))
                return (matrix if transposed else matrix.T).tocsr(), genes, cells
    raise InputError(
        f"the matrix is {matrix.shape[0]} x {matrix.shape[1]}, but {lists[GENES].name} has "
        f"{len(genes)} lines and {lists[CELLS].name} {len(cells)}",
        file=path,
        field="expression.path",
        remedy="Name the folder whose lists belong to this matrix, or fetch them again",
    )


def _is_header(names: pd.DataFrame) -> bool:
    first = [name for name in names.iloc[0] if name] if len(names) else []
    return bool(first) and all(HEADER.fullmatch(name) for name in first[:2])


def _as_anndata(matrix, genes: pd.DataFrame, cells: np.ndarray, path: Path) -> ad.AnnData:
    """Name genes by their symbol, the second column where there is one; keep only genes."""
    if genes.shape[1] == 2 and genes[1].str.lower().isin(KINDS).all():
        genes = pd.DataFrame({0: genes[0], 1: genes[0], 2: genes[1]})  # symbols and kinds
    identifiers = genes.iloc[:, 0].to_numpy(str)
    symbols = genes.iloc[:, 1].to_numpy(str) if genes.shape[1] > 1 else identifiers
    if genes.shape[1] > 1 and share_of_ensembl(symbols) > 0.5 > share_of_ensembl(identifiers):
        identifiers, symbols = symbols, identifiers
    symbols = np.where(symbols == "", identifiers, symbols)
    var = pd.DataFrame({"gene_ids": identifiers}, index=symbols.astype(object))
    if genes.shape[1] > 2:
        var["feature_types"] = genes.iloc[:, 2].to_numpy(str)
    adata = ad.AnnData(matrix, obs=pd.DataFrame(index=cells.astype(object)), var=var)
    if genes.shape[1] > 2:
        adata = _only_genes(adata, path)
    return _join_spliced(adata, path)


def _only_genes(adata: ad.AnnData, path: Path) -> ad.AnnData:
    """Keep the features that are genes: Gene Expression, or any word that means nothing else."""
    kinds = adata.var["feature_types"].str.strip().str.lower()
    genes = kinds == "gene expression"
    if not genes.any():
        genes = ~kinds.isin(OTHER_FEATURES)
    if not genes.any():
        raise InputError(
            f"its {adata.n_vars} features are {', '.join(sorted(set(kinds)))}; none is a gene",
            file=path,
            field="expression.path",
            remedy="Name the matrix of gene expression",
        )
    return adata if genes.all() else adata[:, genes.to_numpy()].copy()


def _join_spliced(adata: ad.AnnData, path: Path) -> ad.AnnData:
    """Add up spliced and ambiguous counts where alevin-fry lists them apart (G, G-U, G-A)."""
    third, rest = divmod(adata.n_vars, 3)
    names = adata.var_names.to_numpy(str)
    if rest or not third:
        return adata
    plain = names[:third]
    if not all(
        (names[k * third : (k + 1) * third] == np.char.add(plain, end)).all()
        for k, end in ((1, "-U"), (2, "-A"))
    ):
        return adata
    log.warning("%s: spliced and ambiguous counts are added up, unspliced ones left out", path)
    matrix = sparse.csr_matrix(adata.X)
    return ad.AnnData(
        (matrix[:, :third] + matrix[:, 2 * third :]).tocsr(),
        obs=adata.obs, var=adata.var.iloc[:third],
    )  # fmt: skip
