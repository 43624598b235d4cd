"""What a supervised model reads of other contexts, as tables on the genes of a data set.

Made once for a data set, without its labels but for the rows that repeat its reference, which
are left out; see :mod:`gtgrn.context.selection`.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from gtgrn.context.rows import SourceRows
from gtgrn.context.tables import components, gene_table, stack_rows
from gtgrn.context.transfer import fit_transfer
from gtgrn.errors import InputError
from gtgrn.files import atomic_path
from gtgrn.manifest import verified

POPULARITY, COMPONENTS, STACK, PRIOR = "T", "U", "stack", "prior"
INPUTS = [POPULARITY, COMPONENTS, STACK, PRIOR]
"""Parts of what a model reads: popularity of genes by source, components of all rows, the rows
themselves, and the ranking that needs no label of the data set."""
DAMAGED = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error)
UNKNOWN = -1
"""A stored label of a gene that the source does not know."""


@dataclass(frozen=True)
class ContextInputs:
    """Tables of other contexts on the genes of a data set.

    Attributes
    ----------
    genes
        Names of the genes, the order of all tables.
    popularity
        T, (genes, sources + 1), see :func:`gtgrn.context.tables.gene_table`.
    components
        U, (genes, components), see :func:`gtgrn.context.tables.components`.
    rows
        ``source:regulator`` of each row that may join as a further regulator.
    labels
        (rows, genes) int8 labels of these rows, -1 where a gene is unknown.
    regulators
        Names of the regulators that are ranked.
    prior
        (regulators, genes) float32 scores without any label of the data set, of mean 0 and
        deviation 1 within a regulator.
    """

    genes: list[str]
    popularity: np.ndarray
    components: np.ndarray
    rows: list[str]
    labels: np.ndarray
    regulators: list[str]
    prior: np.ndarray

    def on(self, genes: Sequence[str], parts: Collection[str] = INPUTS) -> ContextInputs:
        """Return the tables in another order of genes, those of other parts empty.

        Raises
        ------
        InputError
            If a gene is not among those of the tables.
        """
        order = pd.Index(self.genes).get_indexer(genes)
        if (order < 0).any():
            absent = genes[int(np.argmax(order < 0))]
            raise InputError(
                f"the tables of other contexts lack {(order < 0).sum()} genes, such as {absent}",
                field="context",
                remedy="Delete the tables and run the workflow again",
            )
        stacked, ranked = STACK in parts, PRIOR in parts
        return ContextInputs(
            list(genes),
            self.popularity[order] if POPULARITY in parts else np.zeros((len(order), 0)),
            self.components[order] if COMPONENTS in parts else np.zeros((len(order), 0)),
            self.rows if stacked else [],
            self.labels[:, order] if stacked else self.labels[:0, order],
            self.regulators if ranked else [],
            self.prior[:, order] if ranked else self.prior[:0, order],
        )

    def exchanged(self, order: np.ndarray) -> ContextInputs:
        """Return the tables with each gene's entries taken from another gene: a control."""
        return replace(
            self,
            popularity=self.popularity[order],
            components=self.components[order],
            labels=self.labels[:, order],
            prior=self.prior[:, order],
        )

    def record(self) -> dict[str, tuple[int, str]]:
        """Return the number of entries and a digest of each part, by its name."""
        parts = {
            POPULARITY: self.popularity, COMPONENTS: self.components,
            STACK: self.labels, PRIOR: self.prior,
        }  # fmt: skip
        order = np.argsort(self.genes, kind="stable")
        found = {}
        for name, values in parts.items():
            by_gene = values if name in (POPULARITY, COMPONENTS) else values.T
            ordered = np.ascontiguousarray(by_gene[order], dtype=np.float32)
            digest = hashlib.sha256(ordered.tobytes()).hexdigest()[:16]
            found[name] = (int(values.size), digest)
        return found


def make_inputs(
    sources: Sequence[SourceRows], genes: Sequence[str], regulators: Sequence[str]
) -> ContextInputs:
    """Return what a model reads of the sources that a data set may use.

    Parameters
    ----------
    sources
        From :func:`gtgrn.context.selection.select_sources`.
    genes, regulators
        Names of the data set; regulators that no source names are ranked by popularity.
    """
    count = len(genes)
    model = fit_transfer(sources, genes)
    prior = np.zeros((len(regulators), count), dtype=np.float32)
    for positions, scores, _ in model.score(sources, regulators, count):
        centred = scores - scores.mean(axis=1, keepdims=True)
        spread = centred.std(axis=1, keepdims=True)
        prior[positions] = np.divide(
            centred, spread, out=np.zeros_like(centred), where=spread > 1e-9
        )
    rows, labels = stack_rows(sources)
    stored = np.where(np.isfinite(labels), labels, UNKNOWN).astype(np.int8)
    return ContextInputs(
        list(genes), gene_table(sources, count), components(sources, count), rows, stored,
        list(regulators), prior,
    )  # fmt: skip


def write_inputs(inputs: ContextInputs, path: str | Path) -> None:
    """Write the tables as a compressed ``.npz`` file without pickles."""
    with atomic_path(path) as temporary, open(temporary, "wb") as handle:
        np.savez_compressed(
            handle,
            genes=np.array(inputs.genes, dtype=str),
            rows=np.array(inputs.rows, dtype=str),
            regulators=np.array(inputs.regulators, dtype=str),
            popularity=inputs.popularity.astype(np.float32),
            components=inputs.components.astype(np.float32),
            labels=inputs.labels,
            prior=inputs.prior,
        )


def read_inputs(path: str | Path) -> ContextInputs:
    """Read what :func:`write_inputs` wrote.

    Raises
    ------
    InputError
        If the file is absent, truncated or of another kind.
    """
    try:
        with np.load(verified(path), allow_pickle=False) as file:
            tables = {name: file[name] for name in file.files}
            names = {key: tables[key].tolist() for key in ("genes", "rows", "regulators")}
            return ContextInputs(**(tables | names))
    except DAMAGED as error:
        raise InputError(
            f"no readable tables of other contexts ({type(error).__name__})",
            file=path,
            remedy="Delete it and run the workflow again",
        ) from error
