"""Cell types by marker genes, for data sets without labels.

Cells are clustered (Leiden on scanpy's graph of neighbours); a cluster is called after the type
whose markers its cells express most, above what genes of like expression do (the score of
scanpy.tl.score_genes, after Tirosh et al. 2016, doi:10.1126/science.aad0501). The margin to the
next type says how clear that was. It replaces the manual annotation of the paper, which nobody
can repeat; it is no gold standard.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from gtgrn.config.locations import MARKERS, shipped
from gtgrn.data.gene_lists import read_listed
from gtgrn.data.gene_tables import translate
from gtgrn.data.preprocessing import preprocess
from gtgrn.errors import InputError
from gtgrn.names import CELL_TYPE, GENE

log = logging.getLogger(__name__)

CLUSTER, SCORE, MARGIN = "marker_cluster", "marker_score", "marker_margin"
UNKNOWN = ""
"""Type of a cluster that expresses no type's markers more than other genes: none."""
VARIABLE_GENES = 2000
COMPONENTS, NEIGHBORS, BINS, CONTROLS = 30, 15, 25, 50


def read_markers(path: str | Path) -> dict[str, list[str]]:
    """Read a table of marker genes.

    Parameters
    ----------
    path
        Columns cell_type and gene; a gene may mark several types.

    Returns
    -------
    dict of str to list of str
        Type to its markers, both sorted by name.

    Raises
    ------
    InputError
        If a column is missing, a field is empty or there are fewer than two types.
    """
    table = read_listed(path, [CELL_TYPE, GENE], (), "expression.markers")[[CELL_TYPE, GENE]]
    if (table == "").any(axis=None):
        raise InputError("a field is empty", file=path, remedy="Give each gene its type")
    if table[CELL_TYPE].nunique() < 2:
        raise InputError(
            "there are fewer than two types", file=path, field=CELL_TYPE, remedy="Add another"
        )
    return {kind: sorted(set(rows)) for kind, rows in table.groupby(CELL_TYPE)[GENE]}


def marker_types(card: dict, genes: Collection[str]) -> dict[str, str]:
    """Return the marker genes among the genes, with the cell types that they mark.

    Parameters
    ----------
    card
        A card: its own table of markers counts, else that of blood cells which ships with the
        workflow; by their orthologs for the mouse, and none for other organisms.
    genes
        Genes of the matrix.

    Returns
    -------
    dict of str to str
        Gene to its types, in the order of names.
    """
    own, organism = card["expression"].get("markers"), card.get("organism", "human")
    ours = shipped(MARKERS)
    if own is None and (organism not in ("human", "mouse") or not Path(ours).is_file()):
        return {}
    here: set[str] = set(genes)
    found: dict[str, list[str]] = {}
    markers = read_markers(own or ours)
    names = {gene for listed in markers.values() for gene in listed}
    others = translate(names, here, ["orthologs"]) if own is None and organism == "mouse" else {}
    for kind, listed in markers.items():
        for gene in (others.get(name, name) for name in listed):
            if gene in here:
                found.setdefault(gene, []).append(kind)
    return {gene: ", ".join(found[gene]) for gene in sorted(found)}


def measured_markers(
    markers: Mapping[str, list[str]], genes: pd.Index, file: object = None
) -> dict[str, list[str]]:
    """Keep the markers that are among the genes, and the types that have any.

    Raises
    ------
    InputError
        If fewer than two types keep a marker.
    """
    found = {kind: [name for name in names if name in genes] for kind, names in markers.items()}
    kept = {kind: names for kind, names in found.items() if names}
    for kind in sorted(set(found) - set(kept)):
        log.warning("no marker of %s is among the genes: no cell gets this type", kind)
    if len(kept) < 2:
        raise InputError(
            f"{len(kept)} of {len(markers)} types have a marker among the genes",
            file=file, field=GENE, remedy="Use the names of genes that the expression has",
        )  # fmt: skip
    return kept


def label_cells(
    adata: ad.AnnData,
    markers: Mapping[str, list[str]],
    *,
    values: str,
    total_counts: str | None = None,
    resolution: float = 1.0,
    seed: int = 0,
    file: object = None,
) -> pd.DataFrame:
    """Return the types of cells whose markers their clusters express most.

    Parameters
    ----------
    adata
        Cells x all measured genes as read; not changed. Never imputed values: imputation would
        spread each marker over its neighbours.
    markers
        From :func:`read_markers`.
    values, total_counts
        What the values are, as in :func:`gtgrn.data.preprocessing.preprocess`.
    resolution
        Of Leiden.
    seed
        Seed of components, neighbours, Leiden and the choice of control genes.
    file
        The table of markers, for messages.

    Returns
    -------
    pandas.DataFrame
        Index: the cells in the order of `adata`. Columns cell_type (empty where no type scores
        above 0), marker_cluster (0 the largest), marker_score (mean over the cluster's cells of
        the type's score) and marker_margin (less that of the next type).

    Raises
    ------
    InputError
        If fewer than two types have a marker among the genes, or there are fewer than three cells.
    """
    if adata.n_obs < 3:
        raise InputError(
            f"{adata.n_obs} cells make no clusters", field="expression.markers",
            remedy="Remove the key, or give more cells",
        )  # fmt: skip
    kept = measured_markers(markers, adata.var_names, file)
    # In the order of their names, so that the file's order has no part in the clusters.
    work = preprocess(
        adata[np.argsort(adata.obs_names.to_numpy(str), kind="stable")],
        values=values, total_counts=total_counts, n_top_genes=VARIABLE_GENES,
        min_cells_fraction=0.0, min_genes_per_cell=0,  # every cell is to have a type
        regulators=sorted({name for names in kept.values() for name in names}),
    )  # fmt: skip
    clusters = _cluster(work, resolution, seed)
    table = name_clusters(clusters, _score_types(work, kept, seed))
    summary = table.groupby(CLUSTER).agg(
        cells=(CELL_TYPE, "size"), type=(CELL_TYPE, "first"), margin=(MARGIN, "first")
    )
    log.info("clusters and their types by markers:\n%s", summary.to_string())
    return table.loc[adata.obs_names]


def _score_types(work: ad.AnnData, markers: Mapping[str, list[str]], seed: int) -> pd.DataFrame:
    """Return cells x types: the markers' expression above that of genes of like expression."""
    import scanpy as sc

    scores = pd.DataFrame(index=work.obs_names)
    for kind, names in markers.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            sc.tl.score_genes(
                work, names, score_name="score", random_state=seed,
                n_bins=max(1, min(BINS, work.n_vars // 10)), ctrl_size=CONTROLS,
            )  # fmt: skip
        scores[kind] = work.obs["score"].to_numpy()
    return scores


def _cluster(work: ad.AnnData, resolution: float, seed: int) -> np.ndarray:
    """Return Leiden's clusters of cells in their main components, the largest first."""
    import scanpy as sc

    components = min(COMPONENTS, min(work.shape) - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        sc.pp.pca(work, n_comps=components, random_state=seed)
        sc.pp.neighbors(
            work, n_neighbors=min(NEIGHBORS, work.n_obs - 1), use_rep="X_pca", random_state=seed
        )
        sc.tl.leiden(
            work, resolution=resolution, flavor="igraph", directed=False, n_iterations=-1,
            random_state=seed,
        )  # fmt: skip
    return by_size(work.obs["leiden"].astype(int).to_numpy())


def name_clusters(clusters: np.ndarray, scores: pd.DataFrame) -> pd.DataFrame:
    """Call each cluster after the type with the best mean score.

    Parameters
    ----------
    clusters
        (cells,) numbers.
    scores
        Cells x types.

    Returns
    -------
    pandas.DataFrame
        As :func:`label_cells` gives it; ties go to the first type by name, with margin 0.
    """
    means = scores[sorted(scores)].groupby(clusters).mean()
    ordered = np.sort(means.to_numpy(), axis=1)
    named = pd.DataFrame(
        {
            CELL_TYPE: means.idxmax(axis=1).where(ordered[:, -1] > 0, UNKNOWN),
            SCORE: ordered[:, -1],
            MARGIN: ordered[:, -1] - ordered[:, -2],
        }
    )
    table = named.loc[clusters].set_axis(scores.index)
    table.insert(1, CLUSTER, clusters)
    return table


def by_size(labels: np.ndarray) -> np.ndarray:
    """Return the groups numbered from 0 by falling size, ties by their first member."""
    _, first, inverse, counts = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(counts), dtype=int)
    rank[np.lexsort((first, -counts))] = np.arange(len(counts))
    return rank[inverse]
