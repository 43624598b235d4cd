"""Names of genes straight from a file, so that a misspelt one is told before the run.

As for :mod:`gtgrn.data.obs_columns`, only what is asked for is read, by h5py.
"""

from __future__ import annotations

from collections.abc import Iterable

from gtgrn.data.hdf5_guard import try_hdf5
from gtgrn.data.obs_columns import hdf5_file
from gtgrn.errors import InputError, did_you_mean


def check_named(card: dict, genes: Iterable[str], field: str) -> None:
    """Check that genes are named in a card's file, in whichever column of var.

    Which of the file's names the run goes by is found when the matrix is read, so a gene counts
    as named if any text of var is its name. Files that are fetched, packed or no HDF5, and those
    whose names a table translates, are left to the check after preprocessing.

    Parameters
    ----------
    card
        A card that holds to the schema.
    genes
        Names that the card uses.
    field
        The key that has them, for the message.

    Raises
    ------
    InputError
        Naming the first gene that is not there, and the nearest name.
    """
    expression = card["expression"]
    path = None if "gene_map" in expression else hdf5_file(expression)
    if path is None:
        return
    import h5py

    known: set[str] = set()
    try:
        try_hdf5(path, source=path, matrix=False)
        with h5py.File(path, "r") as file:
            var = file.get("var", file.get("row_attrs"))
            # Written before anndata 0.7, var is one table: left to the later check.
            if hasattr(var, "keys"):
                var.visititems(lambda _, item: known.update(_texts(item)))
    except (OSError, KeyError, ValueError):
        # What is wrong with the file is said where it is read.
        return
    for gene in genes if known else ():
        if gene not in known:
            raise InputError(
                f"no gene of the file is called '{gene}'", file=path, field=field,
                remedy=f"{did_you_mean(gene, known)}Use the names of the file",
            )  # fmt: skip


def _texts(item) -> list[str]:
    """Return the texts of an array of HDF5; none of another object."""
    if getattr(item, "dtype", None) is None or item.dtype.kind not in "OS" or item.ndim != 1:
        return []
    texts = item.asstr()[:] if item.dtype.kind == "O" else item[:]
    return [text.decode() if isinstance(text, bytes) else str(text) for text in texts.tolist()]
