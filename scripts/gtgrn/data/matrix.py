"""The expression matrix by gene, mapped from disk: what the expression-only methods read.

``expression.h5ad`` is what people open; this copy exists because it can be mapped into memory.
However many processes or shards work on it, the machine holds its pages once, a gene's values
lie side by side, and a job that needs nothing else starts without anndata.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.files import atomic_path
from gtgrn.manifest import verified
from gtgrn.names import GENE, IS_REGULATOR
from gtgrn.tables import read_table, write_table

REMEDY = "Remove the file and let the rule preprocess_expression make it again"


def write_matrix(
    values: np.ndarray, genes: pd.DataFrame, path: str | Path, genes_path: str | Path
) -> None:
    """Write the matrix and the table of its genes, each atomically.

    Parameters
    ----------
    values
        (cells, genes) dense or scipy sparse; stored as float32, genes in rows.
    genes
        Columns gene (sorted) and is_regulator (bool), one row per column of `values`.
    path, genes_path
        The ``.npy`` file and the table.
    """
    cells, count = values.shape
    form = {"descr": np.dtype(np.float32).str, "fortran_order": False, "shape": (count, cells)}
    # Written, not mapped: on a full disk the kernel kills a process that writes to a map.
    with atomic_path(path) as temporary, open(temporary, "wb") as handle:
        np.lib.format.write_array_header_1_0(handle, form)
        by_gene = values.T
        if hasattr(by_gene, "tocsr"):
            by_gene = by_gene.tocsr()
        # In blocks: the transpose of the whole would be a second matrix in memory.
        for start in range(0, count, 256):
            block = by_gene[start : start + 256]
            block = block.toarray() if hasattr(block, "toarray") else block
            handle.write(np.ascontiguousarray(block, dtype=np.float32).data)
    write_table(genes.astype({IS_REGULATOR: int})[[GENE, IS_REGULATOR]], genes_path)


def read_genes(path: str | Path) -> tuple[list[str], list[str]]:
    """Return the names of all genes and of the regulators, both sorted."""
    table = read_table(path, [GENE, IS_REGULATOR])
    return list(table[GENE]), list(table.loc[table[IS_REGULATOR] == 1, GENE])


def read_matrix(path: str | Path, genes_path: str | Path) -> tuple[pd.DataFrame, list[str]]:
    """Map the matrix into memory.

    Returns
    -------
    tuple
        Cells x genes, float32, a read-only view of the file that costs no memory of its own;
        and the names of the regulators.

    Raises
    ------
    InputError
        If a file is absent, truncated or changed, or the two do not belong together.
    """
    genes, regulators = read_genes(genes_path)
    path = verified(path)
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise InputError("file not found", file=path, remedy=REMEDY) from error
    except ValueError as error:
        raise InputError(f"not a readable matrix ({error})", file=path, remedy=REMEDY) from error
    if mapped.ndim != 2 or len(mapped) != len(genes):
        raise InputError(
            f"{len(mapped)} rows for {len(genes)} genes of {genes_path}", file=path, remedy=REMEDY
        )
    return pd.DataFrame(mapped.T, columns=genes, copy=False), regulators
