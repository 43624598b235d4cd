"""The final network in the formats of other tools, beside those of :mod:`gtgrn.network.regulons`.

Each function takes edges with regulator, target and importance, the most important first.
"""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
from scipy import sparse

from gtgrn.files import atomic_path
from gtgrn.names import IS_REGULATOR, REGULATOR, TARGET
from gtgrn.network.regulons import IMPORTANCE

LINKS = 50_000
"""Most links of a network that geneRNIB evaluates."""
LOOM_VERSION = "3.0.0"


def to_gretapy(edges: pd.DataFrame) -> pd.DataFrame:
    """Return edges as gretapy's table of a network: source, target, score."""
    names = {REGULATOR: "source", TARGET: "target", IMPORTANCE: "score"}
    return edges[list(names)].rename(columns=names)


def to_genernib(edges: pd.DataFrame, dataset: str, method: str = "gtgrn") -> ad.AnnData:
    """Return edges as geneRNIB's prediction: no matrix, the table in ``uns["prediction"]``.

    Parameters
    ----------
    edges
        Of them the first :data:`LINKS` are kept, which is what is evaluated there.
    dataset, method
        ``uns["dataset_id"]`` and ``uns["method_id"]``.
    """
    names = {REGULATOR: "source", TARGET: "target", IMPORTANCE: "weight"}
    table = edges.head(LINKS)[list(names)].rename(columns=names).reset_index(drop=True)
    # Its guide asks for weights as text.
    table["weight"] = [f"{weight:.9g}" for weight in table["weight"]]
    table.index = table.index.astype(str)
    return ad.AnnData(uns={"dataset_id": dataset, "method_id": method, "prediction": table})


def to_base_grn(edges: pd.DataFrame) -> pd.DataFrame:
    """Return edges as CellOracle's base network: targets in rows, regulators in columns.

    CellOracle's own has a row for each open region (`peak_id`) and its gene; expression alone
    knows no region, so the target's name stands in its place.

    Returns
    -------
    pandas.DataFrame
        peak_id, gene_short_name, and 0 or 1 for each regulator (float, as in its own tables).
    """
    table = pd.crosstab(edges[TARGET], edges[REGULATOR]).clip(upper=1).astype(float)
    table.columns.name = None
    table = table.rename_axis("gene_short_name").reset_index()
    table.insert(0, "peak_id", table["gene_short_name"])
    return table


def to_anndata(adata: ad.AnnData, edges: pd.DataFrame, net: pd.DataFrame) -> ad.AnnData:
    """Return the cells with their network: ``uns["grn"]`` and ``varp["grn"]``.

    Parameters
    ----------
    adata
        Cells x genes from :func:`gtgrn.data.store.read_preprocessed`; not changed.
    edges
        The edges; all their genes are in `adata`.
    net
        Of :func:`gtgrn.network.regulons.to_net`, kept as ``uns["net"]`` for decoupler.

    Returns
    -------
    anndata.AnnData
        X, obs and `is_regulator` of the cells; ``varp["grn"]``, (genes, genes) sparse, holds the
        importance at [regulator, target].
    """
    place = pd.Index(adata.var_names)
    rows, columns = (place.get_indexer(edges[end]) for end in (REGULATOR, TARGET))
    values = edges[IMPORTANCE].to_numpy(float)
    matrix = sparse.csr_matrix((values, (rows, columns)), shape=(len(place), len(place)))
    table = to_gretapy(edges)
    table.index = table.index.astype(str)
    net = net.reset_index(drop=True)
    net.index = net.index.astype(str)
    layers = {name: values.copy() for name, values in adata.layers.items()}
    return ad.AnnData(
        adata.X.copy(), obs=adata.obs.copy(), var=adata.var[[IS_REGULATOR]].copy(),
        layers=layers, varp={"grn": matrix}, uns={"grn": table, "net": net},
    )  # fmt: skip


def write_loom(adata: ad.AnnData, regulons: dict[str, list[str]], path: str | Path) -> None:
    """Write cells and regulons as a loom file with the attributes that SCENIC's have.

    Parameters
    ----------
    adata
        Cells x genes.
    regulons
        Of :func:`gtgrn.network.regulons.to_regulons`.
    path
        The file: ``matrix`` (genes, cells), ``row_attrs/Gene``, ``row_attrs/Regulons`` (a record
        of 0 and 1 for each gene, one field a regulon) and ``col_attrs/CellID``.
    """
    matrix = adata.X.T.toarray() if sparse.issparse(adata.X) else np.asarray(adata.X).T
    genes = pd.Index(adata.var_names)
    members = np.zeros(len(genes), dtype=[(name, np.int64) for name in regulons or ["none"]])
    for name, targets in regulons.items():
        members[name][genes.get_indexer(targets)] = 1
    with atomic_path(path) as temporary, h5py.File(temporary, "w", track_order=False) as file:
        text = h5py.string_dtype()
        file.create_dataset("matrix", data=matrix.astype(np.float32), compression="gzip")
        file.create_dataset("row_attrs/Gene", data=genes.to_numpy(object), dtype=text)
        file.create_dataset("row_attrs/Regulons", data=members)
        file.create_dataset("col_attrs/CellID", data=adata.obs_names.to_numpy(object), dtype=text)
        for column in adata.obs:
            values = adata.obs[column].astype(str).to_numpy(object)
            file.create_dataset(f"col_attrs/{column}", data=values, dtype=text)
        for group in ("layers", "row_graphs", "col_graphs", "attrs"):
            file.create_group(group)
        file["attrs"].create_dataset("LOOM_SPEC_VERSION", data=LOOM_VERSION, dtype=text)
