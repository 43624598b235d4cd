"""Options of preprocessing."""

from __future__ import annotations

from dataclasses import dataclass

from gtgrn.config.options import option

MAGIC_LIMITS = {
    "knn": {
        "description": "Neighbours that set the kernel's bandwidth.",
        "type": "integer",
        "minimum": 1,
    },
    "knn_max": {
        "description": "Largest number of neighbours with a weight above 0.",
        "type": "integer",
        "minimum": 1,
    },
    "decay": {
        "description": "Decay rate of the kernel's tails.",
        "type": "number",
        "exclusiveMinimum": 0,
    },
    "t": {
        "description": "Power of the diffusion operator.",
        "type": "integer",
        "minimum": 1,
    },
    "n_pca": {
        "description": "Principal components in which neighbours are sought.",
        "type": "integer",
        "minimum": 1,
    },
}


@dataclass(frozen=True)
class PreprocessOptions:
    """Options of the section preprocess; a card may override each."""

    min_cells_fraction: float | None = option(
        None,
        "Keep genes expressed in at least this fraction of the cells.",
        minimum=0,
        maximum=1,
    )
    min_cells: int | None = option(
        None,
        "Keep genes expressed in at least this many cells, besides the fraction; without either, "
        "in 10 cells, or in a tenth of fewer than 100.",
        minimum=0,
    )
    keep: list[str] = option(
        [],
        "Genes that stay if any cell expresses them, however few do - the listed regulators, the "
        "marker genes of cell types (expression.markers of a card, else those of blood cells that "
        "ship with the workflow), or both.",
        uniqueItems=True,
        items={
            "description": "One kind of genes.",
            "type": "string",
            "enum": ["regulators", "markers"],
        },
    )
    min_genes_per_cell: int = option(
        200, "Keep cells that express at least this many genes.", minimum=0
    )
    target_sum: float = option(
        10000, "Total of each cell after normalisation of counts.", exclusiveMinimum=0
    )
    magic: bool | dict = option(
        False,
        "MAGIC imputation, true with the published settings or a section that changes them.",
        additionalProperties=False,
        properties=MAGIC_LIMITS,
    )
    n_top_genes: int | None = option(
        None,
        "Most variable genes kept besides the regulators; null in a card keeps all genes. Where "
        "the configuration has null and a card says nothing, 1000 besides those of also, which "
        "then is [markers].",
        minimum=0,
    )
    also: list[str] = option(
        [],
        "Genes kept besides the most variable ones where they pass the filters - those of the "
        "known edges (reference), the marker genes of cell types, or both.",
        uniqueItems=True,
        items={
            "description": "One kind of genes.",
            "type": "string",
            "enum": ["reference", "markers"],
        },
    )


@dataclass(frozen=True)
class CardPreprocessOptions(PreprocessOptions):
    """What a card's section preprocess may say besides."""

    significance: dict | None = option(
        None,
        "Keep the genes that change along pseudotime, as BEELINE does: the keys of "
        "gtgrn.data.gene_selection.find_ordering and p_value (0.01).",
    )
