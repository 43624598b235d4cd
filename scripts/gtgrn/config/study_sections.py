"""Options of the sections of studies: each is read by the target of its name and by no other."""

from __future__ import annotations

from dataclasses import dataclass

from gtgrn.config.options import MOST_JOBS, SEED, option
from gtgrn.config.sections import CARD

PROTOCOLS = ["paper_leaky", "split_first", "leave_one_regulator_out"]
COUNT = {"description": "A value.", "type": "integer", "minimum": 1}


@dataclass(frozen=True)
class Gatv2StudyOptions:
    """The GATv2 study."""

    models: list[str] = option(
        ["hsc"],
        "Boolean models, each a file in resources/boolean_models.",
        minItems=1,
        uniqueItems=True,
        items={
            "description": "Name of a Boolean model.",
            "type": "string",
            "enum": ["hsc", "gsd", "mcad", "vsc"],
        },
    )
    expression: dict = option(
        {},
        "Studies on data sets of the run instead of a simulation - name of the study, and its "
        "data sets, which have the same genes and known edges, such as replicates and dropouts of "
        "one experiment.",
        propertyNames={"pattern": "^[A-Za-z][A-Za-z0-9_]*$"},
        additionalProperties={
            "description": "Data sets of one study.",
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {"description": "Name of a data set.", "type": "string", "minLength": 1},
        },
    )
    replicates: int = option(
        10,
        "Simulations of each model; each gives a set for every dropout.",
        minimum=1,
        maximum=MOST_JOBS,
    )
    dropout: list[int] = option(
        [0, 50, 70],
        "BEELINE's dropout of the sets, in percent.",
        minItems=1,
        uniqueItems=True,
        items={"description": "Percent.", "type": "integer", "minimum": 0, "maximum": 100},
    )
    cells: int = option(2000, "Cells of a simulation.", minimum=1)
    bins: int = option(
        100,
        "Features of a gene - its mean in so many bins of cells along pseudotime.",
        minimum=2,
    )
    protocols: list[str] = option(
        PROTOCOLS,
        "paper_leaky oversamples, then splits; split_first holds the same pairs out of all sets, "
        "then oversamples the training part; leave_one_regulator_out holds out all pairs of a "
        "regulator.",
        minItems=1,
        uniqueItems=True,
        items={"description": "Name of a protocol.", "type": "string", "enum": PROTOCOLS},
    )
    epochs: int = option(200, "Largest number of epochs.", minimum=1)
    layers: list[int] = option([1, 2, 3, 4], "Values to try in the grid.", minItems=1, items=COUNT)
    heads: list[int] = option([1, 2, 4, 8], "Values to try in the grid.", minItems=1, items=COUNT)
    seed: int = option(
        0,
        "Seed of the simulations; the seeds of the run are those of splits and weights.",
        **SEED,
    )


@dataclass(frozen=True)
class EmbeddingMapOptions:
    """Communities and maps of gene representations."""

    neighbors: int = option(
        15, "Nearest neighbours of a gene in the graph, itself among them.", minimum=2
    )
    resolution: float = option(
        1, "Resolution of Leiden's modularity; more gives more communities.", exclusiveMinimum=0
    )
    min_targets: int = option(
        5, "Known targets among the genes that a regulator needs to be tested.", minimum=1
    )
    fdr: float = option(
        0.05,
        "False discovery rate up to which a regulon is enriched.",
        exclusiveMinimum=0,
        exclusiveMaximum=1,
    )
    permutations: int = option(
        200, "Permutations of the genes' labels behind the null.", minimum=1
    )
    seed: int = option(0, "Seed of all random numbers of the target.", **SEED)


@dataclass(frozen=True)
class AnnotationOptions:
    """Cell types from gene representations."""

    folds: int = option(5, "Folds of the cells; a type with fewer cells is left out.", minimum=2)
    largest: int | None = option(
        None, "Keep so many of the most frequent types; null keeps all.", minimum=2
    )
    hidden: list[int] = option(
        [64, 32],
        "Widths of the perceptron's hidden layers; two and the output are the paper's three.",
        minItems=1,
        items={"description": "A width.", "type": "integer", "minimum": 1},
    )
    epochs: int = option(40, "Number of epochs.", minimum=1)
    components: int = option(
        50,
        "Principal components of the floor pca, at most as many as cells or genes.",
        minimum=1,
    )
    genes: int = option(200, "Genes of the floor variable_genes.", minimum=1)
    bootstrap: int = option(500, "Resamples of the cells behind an interval.", minimum=2)
    seed: int = option(0, "Seed of all random numbers of the target.", **SEED)


@dataclass(frozen=True)
class BiologyOptions:
    """Regulons of the final network."""

    edges: int | None = option(
        None,
        "Highest ranked edges that make regulons (at most a quarter of all pairs), and novel "
        "edges listed; null takes network.graph_edges.",
        minimum=1,
    )
    targets: int | None = option(
        None,
        "Make regulons of so many best targets of each regulator instead; null takes edges.",
        minimum=1,
    )
    min_targets: int = option(5, "A regulon with fewer targets is left out.", minimum=1)
    min_methods: int = option(
        3, "Expression-only methods that make an edge count as supported.", minimum=1
    )
    priors: list[str] = option(
        [],
        "Published tables of targets compared with the held-out pairs, where the mirror has the "
        "file and the organism is theirs.",
        uniqueItems=True,
        items={
            "description": "Name of a table.",
            "type": "string",
            "enum": ["collectri", "trrust"],
        },
    )


@dataclass(frozen=True)
class PaperTargetOptions:
    """Tables and figures of the paper."""

    datasets: list[str] | None = option(
        None,
        "Cards for what the paper shows on one data set (Tables 5 and 6, Fig. 6); null for those "
        "of ablations.datasets.",
        items=CARD,
    )
    imputation: str | None = option(
        "PE",
        "Feature set that Table 6 also trains on the same data with MAGIC (without it, where the "
        "card imputes), or null. With G the walked networks are inferred once more, and imputed "
        "data make the trees of GENIE3 deep and slow.",
        enum=["E", "PE", "GE", "PGE", None],
    )
    threshold: float = option(
        0.5,
        "Least probability of an edge in Table 5; the paper names none.",
        minimum=0,
        maximum=1,
    )
    samples: int = option(
        100,
        "Samples of each fitted power law in Fig. 6 that its distance is held against.",
        minimum=0,
    )


@dataclass(frozen=True)
class ReportOptions:
    """The report."""

    studies: list[str] = option(
        [],
        "Targets whose results the report shows; it then needs them.",
        uniqueItems=True,
        items={
            "description": "The study of a section of the report.",
            "type": "string",
        },
    )
