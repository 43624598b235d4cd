"""The networks of a folder of results: found, looked up, and written for other tools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import networkx as nx
import pandas as pd

from gtgrn.data.store import read_preprocessed, write_h5ad
from gtgrn.errors import InputError, did_you_mean, name_some
from gtgrn.files import atomic_path
from gtgrn.names import IS_REGULATOR, KNOWN, METHODS, PAIR, RANK, REGULATOR, SIGN, TARGET
from gtgrn.network import exchange
from gtgrn.network.ranking import to_graph
from gtgrn.network.regulons import (
    rated,
    select_edges,
    sign_edges,
    to_adjacencies,
    to_net,
    to_regulons,
    write_gmt,
)
from gtgrn.tables import read_measures, write_table

NETWORK = "network.tsv.gz"
EDGES, TARGETS = 1000, 5
"""Edges that are written, and targets below which a regulon is left out, unless asked."""
SHOWN = ["probability", "score", "consensus", "bound_elsewhere", "rests_on", KNOWN, SIGN]
"""Columns of a network that a look-up shows where they are there, in this order."""


def find_dataset(results: str | Path, name: str | None) -> Path:
    """Return the folder of a data set's results.

    Parameters
    ----------
    results
        Folder of the results of a run.
    name
        The data set; None where there is but one with a network.

    Raises
    ------
    InputError
        If there is no such data set, or several and none is named.
    """
    folder = Path(results)
    found = [p.parent for depth in ("*", "*/*") for p in sorted(folder.glob(f"{depth}/{NETWORK}"))]
    # Folders with a dot hold checksums under the same names.
    there = [str(p.relative_to(folder)) for p in found if not p.name.startswith(".")]
    if name is None and len(there) == 1:
        return folder / there[0]
    if name in there:
        return folder / name
    listed = name_some(there)
    raise InputError(
        f"no network of '{name}'" if name else f"there are networks of {listed}" if there else
        "there is no network",
        file=folder,
        remedy=(did_you_mean(name, there) if name else "")
        + (f"Name one of {listed} by --dataset" if there else "First give: gtgrn run"),
    )  # fmt: skip


def dataset_name(folder: Path, results: str | Path) -> str:
    """Return the name of a data set for a file: a group's folders joined by ``_``."""
    return "_".join(folder.relative_to(results).parts)


def read_final(folder: Path) -> pd.DataFrame:
    """Return the final network of a data set, best first."""
    return read_measures(folder / NETWORK, [RANK, *PAIR], texts=[SIGN, "sign_from", "rests_on"])


def look_up(network: pd.DataFrame, gene: str, top: int) -> dict[str, pd.DataFrame]:
    """Return the best regulators and the best targets of a gene.

    Parameters
    ----------
    network
        From :func:`read_final`.
    gene
        Its name, in any case.
    top
        Rows of either table.

    Returns
    -------
    dict
        ``regulators`` and ``targets``, each with the other gene, its place among all regulators
        of the target or all targets of the regulator, the rank in the whole network, and the
        columns of :data:`SHOWN`. A table without rows where the gene is no regulator or target.

    Raises
    ------
    InputError
        If the gene is not in the network.
    """
    names = pd.Index(sorted({*network[REGULATOR], *network[TARGET]}))
    spelt = names[names.str.lower() == gene.lower()]
    if gene not in names and len(spelt) != 1:
        raise InputError(
            f"'{gene}' is in no pair of this network",
            remedy=did_you_mean(gene, names)
            + "A gene that few cells express is filtered out: see input_summary.txt",
        )
    gene = gene if gene in names else spelt[0]
    tables = {}
    for what, own, other in (("regulators", TARGET, REGULATOR), ("targets", REGULATOR, TARGET)):
        found = network[network[own] == gene].sort_values(RANK).head(top)
        columns = [name for name in SHOWN if name in network]
        table = found[[other, RANK, *columns]].copy()
        table.insert(0, "place", range(1, len(table) + 1))
        if METHODS in found:
            table["methods"] = [
                len(str(text).split(",")) if text else 0 for text in found[METHODS]
            ]
        tables[what] = table.reset_index(drop=True)
    return tables


class Export:
    """What every format is written from.

    Parameters
    ----------
    folder
        Of the data set's results.
    edges
        Number of the best edges.
    targets
        Targets below which a regulon is left out.
    """

    def __init__(self, folder: Path, edges: int = EDGES, targets: int = TARGETS) -> None:
        self.folder, self.count, self.minimum = folder, edges, targets
        self.network = read_final(folder)
        self.edges = select_edges(rated(self.network), edges)

    @property
    def cells(self):
        """Return the expression, cells x genes."""
        return read_preprocessed(self.folder / "expression.h5ad")

    def signed(self) -> pd.DataFrame:
        """Return the edges with correlation and sign."""
        reference = self.folder / "reference.tsv"
        known = read_measures(reference, PAIR, texts=[SIGN]) if reference.is_file() else None
        return sign_edges(self.edges, self.cells.to_df(), known)

    def anndata(self, path: Path) -> None:
        """Write cells and network in one h5ad."""
        net = to_net(self.signed(), self.minimum)
        write_h5ad(exchange.to_anndata(self.cells, self.edges, net), path, compression="gzip")

    def graphml(self, path: Path) -> None:
        """Write a graph for Cytoscape or networkx."""
        regulators = self.cells.var_names[self.cells.var[IS_REGULATOR]]
        with atomic_path(path) as temporary:
            nx.write_graphml(to_graph(self.network, regulators, len(self.edges)), temporary)

    def gmt(self, path: Path) -> None:
        """Write regulons, split by the sign of the correlation."""
        write_gmt(to_regulons(self.signed(), self.minimum), path)

    def loom(self, path: Path) -> None:
        """Write cells and regulons for SCENIC's tools."""
        exchange.write_loom(self.cells, to_regulons(self.signed(), self.minimum), path)

    def adjacencies(self, path: Path) -> None:
        """Write pySCENIC's adjacencies."""
        write_table(to_adjacencies(self.edges), path)

    def gretapy(self, path: Path) -> None:
        """Write gretapy's table of a network, separated by commas."""
        with atomic_path(path) as temporary:
            exchange.to_gretapy(self.edges).to_csv(temporary, index=False, float_format="%.9g")

    def genernib(self, path: Path) -> None:
        """Write geneRNIB's prediction."""
        write_h5ad(exchange.to_genernib(self.edges, self.folder.name), path)

    def celloracle(self, path: Path) -> None:
        """Write CellOracle's base network."""
        with atomic_path(path) as temporary:
            exchange.to_base_grn(self.edges).to_parquet(temporary, index=False)


FORMATS: dict[str, tuple[str, Callable[[Export, Path], None]]] = {
    "anndata": ("grn.h5ad", Export.anndata),
    "graphml": ("grn.graphml", Export.graphml),
    "gmt": ("regulons.gmt", Export.gmt),
    "loom": ("regulons.loom", Export.loom),
    "scenic": ("adjacencies.tsv", Export.adjacencies),
    "gretapy": ("gretapy.csv", Export.gretapy),
    "genernib": ("genernib.h5ad", Export.genernib),
    "celloracle": ("base_grn.parquet", Export.celloracle),
}
"""Format -> name of its file, and what writes it."""
