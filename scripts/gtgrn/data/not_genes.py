"""Rows and columns of a matrix that are no genes and no cells.

One rule: what the lists below know by name, and what numbers or repeats the names of the rows, is
left out, all of it named in one warning (``not_genes: keep`` in a card keeps it). Any other column
of text is refused, all of them named at once with the ``drop_columns`` that removes them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

import anndata as ad
import numpy as np
from scipy import sparse

log = logging.getLogger(__name__)

KEEP = "keep"

SUMMARY_ROWS = re.compile(
    r"N_(unmapped|multimapping|noFeature|ambiguous)"  # STAR
    r"|no(Unmapped|Multimapping|NoFeature|Ambiguous|\w*Reads)"  # STARsolo
    r"|__\w+"  # htseq-count, umi_tools and their kin
    r"|no_feature|ambiguous|too_low_aQual|not_aligned|alignment_not_unique"
    r"|(Unassigned|Assigned)(_\w+)?"  # featureCounts' summary
    r"|(un|multi)?mapped|multimapping|unassigned|unclassified|unknown|undetermined|decoy"
    r"|library[_. ]?size|n_?reads|total_?(reads|umis?)|[-*.?]",
    flags=re.I,
)
SPIKE_INS = re.compile(r"(gERCC|ERCC)[-_.]\d{5}|SIRV\d\w*", flags=re.I)

ANNOTATIONS = {
    # A numbering, by pandas and by tibble
    "index", "level_0", "...1", "x1_row", "row_names", "rownames", "row.names",
    # featureCounts
    "geneid", "gene_length", "effective_length", "efflength", "mean_length", "exon_length",
    "chr", "chrom", "chromosome", "start", "end", "strand", "length", "width",
    "start_position", "end_position", "seqnames", "seqname", "chromosome_name",
    # biomart, GENCODE, GEO
    "gene_id", "gene_name", "gene_symbol", "genesymbol", "symbol", "gene_short_name",
    "ensembl", "ensembl_id", "ensembl_gene_id", "ensembl_gene_id_version", "external_gene_name",
    "hgnc_symbol", "mgi_symbol", "hgnc_id", "entrezid", "entrez_id", "entrezgene_id",
    "entrezgene", "description", "gene_description", "gene_biotype", "gene_type", "biotype",
    "transcript_id", "transcript_id(s)", "gene.name", "gene.symbol",
    "feature_type", "feature_types", "genome", "id_ref", "identifier",
    # Seurat, scanpy: of cells
    "orig.ident", "orig_ident", "ncount_rna", "nfeature_rna", "ncount_sct", "nfeature_sct",
    "percent.mt", "percent_mt", "percent.mito", "percent.ribo", "pct_mt", "seurat_clusters",
    "rna_snn_res.0.5", "rna_snn_res.0.8", "rna_snn_res.1", "s.score", "g2m.score", "s_score",
    "g2m_score", "phase", "old.ident", "n_genes", "n_counts", "n_umi", "numi", "ngene",
    "n_genes_by_counts", "log1p_n_genes_by_counts", "total_counts", "log1p_total_counts",
    "total_counts_mt", "pct_counts_mt", "log1p_total_counts_mt", "percent_mito", "mt_frac",
    "doublet_score", "doublet_scores", "predicted_doublet", "predicted_doublets", "leiden",
    "louvain", "cluster", "clusters", "cell_type", "celltype", "cell.type", "batch", "sample",
    "sample_id", "sampleid", "condition", "donor", "donor_id", "patient", "barcode", "barcodes",
    "cell_id", "cellid", "cell_barcode", "size_factor", "size_factors", "sizefactor",
    "pseudotime", "pseudo_time", "dpt_pseudotime", "age", "sex", "gender", "group", "groups",
    "label", "labels", "class", "ident", "stage", "day", "time", "timepoint", "time_point",
    "treatment", "genotype", "tissue", "replicate", "plate", "well", "lane", "subtype",
    "disease", "diagnosis", "status", "library", "experiment", "study", "dataset", "species",
    "percent_ribo", "pct_counts_ribo", "mito_frac", "n_cells", "n_cells_by_counts",
    "mean_counts", "pct_dropout_by_counts", "highly_variable", "dispersions", "mean", "means",
    "median", "average", "std", "variance",
    "umap_1", "umap_2", "umap1", "umap2", "tsne_1", "tsne_2", "tsne1", "tsne2",
}  # fmt: skip
"""Names, in lower case, of columns that programs write beside the counts; none is a gene."""

BY_PANDAS = re.compile(r"Unnamed: ?\d+(_level_\d+)?(\.\d+)?", flags=re.I)
"""What pandas calls a column without a name; one that it wrote several times gets a number."""
UNNAMED = re.compile(rf"{BY_PANDAS.pattern}|V1|X", flags=re.I)
TOTALS = re.compile(
    r"(.*[\W_])?(totals?|sums?|(row|col|column)_?(sum|total)s?|all|overall|n_?(counts|umis?))"
    r"([\W_].*)?",
    flags=re.I,
)
"""Names that a row or column of sums may have; what has one is held against the sums."""


def is_annotation(
    name: str, values: np.ndarray, numeric: bool, rows: Sequence[str] | np.ndarray
) -> bool:
    """Return whether a column of a table is known to be no gene and no cell.

    Parameters
    ----------
    name
        Its name in the header.
    values
        Its values: numbers where numeric, else text.
    numeric
        Whether all are numbers.
    rows
        The names of the rows.
    """
    if name.strip().lower() in ANNOTATIONS or BY_PANDAS.fullmatch(name.strip()):
        return True
    if name.strip() and not UNNAMED.fullmatch(name.strip()):
        return False
    return is_numbering(values, numeric) or np.array_equal(
        np.asarray(values).astype(str), np.asarray(rows).astype(str)
    )


def is_numbering(values: np.ndarray, numeric: bool = True) -> bool:
    """Return whether values count the rows: 0, 1, 2 and so on, or 1, 2, 3."""
    if not numeric or not len(values):
        return False
    numbers = np.asarray(values, dtype=float)
    counted = np.arange(len(numbers))
    return bool(np.array_equal(numbers, counted) or np.array_equal(numbers, counted + 1))


def leave_out(adata: ad.AnnData, path: object) -> tuple[ad.AnnData, list[str]]:
    """Leave out genes and cells that are none, and name all of them in one warning.

    Parameters
    ----------
    adata
        Cells x genes, as read.
    path
        The file, for the message.

    Returns
    -------
    tuple of anndata.AnnData and list of str
        The matrix without them, and their names.
    """
    genes, cells = adata.var_names.astype(str), adata.obs_names.astype(str)
    odd_genes = np.array([is_no_gene(name) for name in genes], dtype=bool)
    odd_genes |= _totals(genes, adata.X, axis=1, already=odd_genes)
    odd_cells = np.array([name.lower() in ANNOTATIONS for name in cells], dtype=bool)
    odd_cells |= _totals(cells, adata.X, axis=0, already=odd_cells)
    if odd_genes.all() or odd_cells.all() or not (odd_genes.any() or odd_cells.any()):
        return adata, []
    names = [*genes[odd_genes], *cells[odd_cells]]
    adata = adata[~odd_cells, ~odd_genes].copy()
    warn_left_out(names, path)
    return adata, names


def is_no_gene(name: str) -> bool:
    """Return whether a name is that of a summary row, an annotation or a spike-in."""
    known = name.lower() in ANNOTATIONS or BY_PANDAS.fullmatch(name)
    return bool(known or SUMMARY_ROWS.fullmatch(name) or SPIKE_INS.fullmatch(name))


def _totals(names: Sequence[str], matrix, axis: int, already: np.ndarray) -> np.ndarray:
    """Return which genes (axis 1) or cells (axis 0) are the sums of the other ones."""
    found = np.zeros(len(names), dtype=bool)
    for position, name in enumerate(names):
        if not TOTALS.fullmatch(name.strip()):
            continue
        one = np.take(matrix, [position], axis) if not sparse.issparse(matrix) else (
            matrix[:, [position]] if axis else matrix[[position], :]
        )  # fmt: skip
        total = np.asarray(one.sum(axis=axis), dtype=float).ravel()
        for kept in (np.ones(len(names), dtype=bool), ~already):
            kept = kept.copy()
            kept[position] = False
            others = matrix[:, kept] if axis else matrix[kept, :]
            sums = np.asarray(others.sum(axis=axis), dtype=float).ravel()
            found[position] |= bool(np.allclose(total, sums, rtol=1e-4) and (sums > 0).any())
    return found


def warn_left_out(names: Sequence[str], path: object) -> None:
    """Name in one line what was left out."""
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    log.warning(
        "%s: %d rows or columns are no genes or cells and were left out: %s; "
        "set 'not_genes: keep' in the card's section expression to keep them",
        path, len(names), shown,
    )  # fmt: skip
