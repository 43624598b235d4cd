"""Options of the sections of the configuration that have no model of their own beside them.

The other sections stand beside their code: see ``OPTION_CLASSES`` in
:mod:`gtgrn.config.generate`.
"""

from __future__ import annotations

from dataclasses import dataclass

from gtgrn.config.options import MOST_JOBS, SEED, option, subsection
from gtgrn.names import EXPRESSION_NULL

NULLS = [
    *["random", "tf_rate", "target_rate", "tf_target_rate", "tf_target_logit"],
    *["degree_product", "label_svd"],
]
ALL_NULLS = [*NULLS, EXPRESSION_NULL]
NEGATIVES = ["N1", "N2", "N3", "N3m"]
PEER_FORMS = ["published", "repaired"]
CARD = {"description": "Name of a card.", "type": "string"}
METHOD = {"description": "Name of a method.", "type": "string"}
VARIANT = {"description": "Name of a variant.", "type": "string"}
SCHEME = {
    "description": "Name of a scheme: edges, genes, tfs, both or transfer; edges_25 keeps 25 % of "
    "the training pairs.",
    "type": "string",
    "pattern": "^((edges|genes|tfs|both)(_[1-9][0-9]?)?|transfer)$",
}
ONE_SEED = {"description": "One seed.", "type": "integer", **SEED}


@dataclass(frozen=True)
class RunOptions:
    """Keys at the top that are no sections."""

    seeds: list[int] | None = option(
        None,
        "Seeds of splits, embeddings and models; each is a full repetition. null: two for the "
        "data sets that ship, which keeps the default run short, and five where one of the user's "
        "own is among them: the mean over five finds more hidden edges than that over fewer.",
        minItems=1,
        maxItems=MOST_JOBS,
        uniqueItems=True,
        items=ONE_SEED,
    )
    mirror: str | None = option(
        None,
        "Folder or URL prefix that holds the files which cards name with 'mirror:' (and the "
        "official downloads, under downloads/); null where there is none.",
    )
    offline: bool = option(
        False, "Fetch nothing; name what is missing and the commands that fetch it."
    )
    gpu: bool = option(
        True,
        "Whether training jobs ask a cluster for a GPU (the resource gpu of their rules); false "
        "for partitions without. Where a job computes is said by the keys device.",
    )
    deterministic: bool = option(
        False,
        "Whether a GPU is to give the same bytes in each run, by algorithms of torch that are "
        "slower; a processor does in any case. Where torch has none, the log of the job says so.",
    )
    image: str | None = option(
        None,
        "Container image in which jobs run under --sdm conda apptainer, made from the Dockerfile "
        "that snakemake --containerize prints; a URL or a file.",
    )


@dataclass(frozen=True)
class InferenceOptions:
    """Expression-only networks."""

    methods: list[str] = option(
        [
            *["genie3", "grnboost2", "aracne", "mrnet", "clr", "c3net", "bc3net", "c3mtc"],
            *["pearson", "partial_correlation", "random"],
        ],
        "Methods to run, each a module in scripts/gtgrn/inference/methods.",
        minItems=1,
        uniqueItems=True,
        items=METHOD,
    )
    seed: int = option(0, "Seed of the methods that draw random numbers.", **SEED)
    shards: int = option(
        1,
        "Jobs among which the targets of a tree method are dealt; the result is the same.",
        minimum=1,
        maximum=MOST_JOBS,
    )
    options: dict = option({}, "Options of a method, by its name.")


def _fraction(default: float, description: str) -> float:
    return option(default, description, exclusiveMinimum=0, exclusiveMaximum=1)


@dataclass(frozen=True)
class SplitFractions:
    """Parts of the scheme edges."""

    train: float = _fraction(0.67, "Fraction of training pairs.")
    val: float = _fraction(0.10, "Fraction of validation pairs.")
    test: float = _fraction(0.23, "Fraction of test pairs.")


@dataclass(frozen=True)
class SplitOptions:
    """How pairs are divided into train, val and test."""

    schemes: list[str] = option(
        ["edges"],
        "Split schemes: edges cuts the pairs of each regulator (S1), genes holds out targets "
        "(S2), tfs regulators (S3), both a target and its regulator (S4); transfer trains on the "
        "known edges of another data set (S5). edges_25 is edges with 25 % of its train pairs, a "
        "point of a learning curve; so for genes, tfs and both.",
        minItems=1,
        uniqueItems=True,
        items=SCHEME,
    )
    sources: dict = option(
        {},
        "For the scheme transfer, the data set whose known edges train, by the data set that is "
        "tested; genes are matched by symbol, whatever its case.",
        additionalProperties={
            "description": "Name of a data set.",
            "type": "string",
            "minLength": 1,
        },
    )
    folds: int = option(
        5,
        "Folds of the schemes genes, tfs and both; seed i tests fold i.",
        minimum=2,
        maximum=MOST_JOBS,
    )
    edges: SplitFractions = subsection(
        SplitFractions, "Fractions of the edges scheme; they sum to 1."
    )


@dataclass(frozen=True)
class EvaluationOptions:
    """How methods are judged."""

    universe: str = option(
        "tf",
        "Pairs over which a whole network is judged: tf, those of regulators with known edges "
        "and any gene, or all ordered pairs of genes, as BEELINE does for simulated networks.",
        enum=["tf", "all"],
    )
    negatives: list[str] = option(
        NEGATIVES,
        "Choices of negatives besides all non-edges (N0): N1 uniform, N2 by the degrees of both "
        "ends, N3 the same regulator and a target by its degree, N3m the same regulator and a "
        "target of the same training rate.",
        uniqueItems=True,
        items={"description": "Name of a choice.", "type": "string", "enum": NEGATIVES},
    )
    draws: int = option(10, "Times that negatives are drawn.", minimum=1)
    stability: bool = option(
        True,
        "Whether every network is inferred three more times, with another seed and on either "
        "half of the cells, to see how far it agrees with itself.",
    )
    stability_genes: int | None = option(
        500,
        "Where there are more genes, that is measured among so many of them, drawn by "
        "inference.seed with the same share of regulators; null takes all.",
        minimum=10,
    )
    bootstrap: int = option(1000, "Resamples behind the interval of a difference.", minimum=2)
    permutations: int = option(1000, "Permutations behind a p-value.", minimum=1)
    threshold: float | None = option(
        None,
        "Least weight of an edge where characteristics of networks are compared at a threshold, "
        "besides a matched number of edges; null leaves that out.",
        minimum=0,
    )


@dataclass(frozen=True)
class AblationOptions:
    """Variants besides network.variant."""

    datasets: list[str] = option(
        [],
        "Names of cards; an empty list trains none.",
        uniqueItems=True,
        items={"description": "Name of a card in datasets.", "type": "string"},
    )
    variants: list[str] = option([], "Names of variants.", uniqueItems=True, items=VARIANT)


@dataclass(frozen=True)
class PeersOptions:
    """Supervised models of other groups."""

    together: bool = option(
        False,
        "One job trains all peers on a split, which saves the start of jobs on small data sets; "
        "otherwise each peer is a job that a cluster runs beside the others.",
    )
    methods: list[str] = option(
        [],
        "Peers to train, each a module in scripts/gtgrn/models/peers; an empty list trains none.",
        uniqueItems=True,
        items={"description": "Name of a peer.", "type": "string"},
    )
    datasets: list[str] | None = option(
        None,
        "Cards on which the peers are trained; null for all, [] only by the target peers.",
        items=CARD,
    )
    forms: list[str] = option(
        PEER_FORMS,
        "published is the release with its quirks and its schedule; repaired is without them, "
        "with supervised edges hidden and early stopping on validation pairs.",
        minItems=1,
        uniqueItems=True,
        items={"description": "Name of a form.", "type": "string", "enum": PEER_FORMS},
    )
    options: dict = option({}, "Options of a peer, by its name and form.")


@dataclass(frozen=True)
class TuningOptions:
    """The grids of Table 4."""

    models: list[str] = option(
        ["gtgrn", "gnnlink", "genelink", "gne"],
        "Models to tune, gtgrn or peers; each has a grid.",
        uniqueItems=True,
        items={"description": "Name of a model.", "type": "string"},
    )
    datasets: list[str] | None = option(
        None, "Cards on which models are tuned; null for all.", items=CARD
    )
    seeds: list[int] | None = option(
        None, "Seeds of the study, among those of the run; null for all.", items=ONE_SEED
    )
    form: str = option(
        "published", "Form of the peers whose options the grid changes.", enum=PEER_FORMS
    )
    grids: dict = option(
        {
            "gtgrn": {
                "learning_rate": [0.001, 0.003, 0.0005],
                "heads": [2, 4, 8],
                "layers": [4, 6, 8],
            },
            "gnnlink": {
                "epochs": [100, 200, 300],
                "learning_rate": [0.001, 0.005, 0.01],
                "hidden": [[128, 128], [128, 256], [128, 512]],
            },
            "genelink": {
                "epochs": [10, 20, 30],
                "learning_rate": [0.001, 0.003, 0.0005],
                "outputs": [[32, 128], [32, 256], [32, 512]],
            },
            "gne": {
                "epochs": [10, 20, 30],
                "learning_rate": [0.001, 0.005, 0.01],
                "dimensions": [128, 256, 512],
            },
        },
        "Values to try, by model and option; the default is Table 4 of the paper, with its output "
        "dimensions as the last width of each model.",
    )


@dataclass(frozen=True)
class NullOptions:
    """Predictors that never see expression."""

    nulls: list[str] = option(
        NULLS,
        "Predictors judged beside every method: from train labels alone, and "
        "label_svd_expression, which reads plain features of expression too.",
        uniqueItems=True,
        items={"description": "Name of a null.", "type": "string", "enum": ALL_NULLS},
    )


@dataclass(frozen=True)
class ContextOptions:
    """Knowledge from other contexts."""

    sources: list[str] | None = option(
        None,
        "Cards of config/sources whose tables say what is known of regulation elsewhere; a card's "
        "section context may name others. [] takes none; null takes those of the Python index for "
        "data sets without known edges whose card states that they are of human or mouse, and "
        "they then rank them; where they cannot be fetched, the consensus does, with a warning.",
        uniqueItems=True,
        items={"description": "Name of a source.", "type": "string", "minLength": 1},
    )
    without: str | None = option(
        None,
        "Variant without other contexts, from which the targets context_ablation and "
        "context_learning_curve measure what they add.",
    )
    ablation: list[str] = option(
        [],
        "Variants of the target context_ablation: without a part, or with other kinds of sources.",
        uniqueItems=True,
        items=VARIANT,
    )
    curve: list[str] = option(
        ["edges_10", "edges_25", "edges_50", "edges"],
        "Split schemes of the target context_learning_curve.",
        uniqueItems=True,
        items=SCHEME,
    )


@dataclass(frozen=True)
class NetworkOptions:
    """The final network."""

    variant: str = option("full", "Variant of GT-GRN that ranks the network.")
    beside: list[str] = option(
        [],
        "Variants trained and judged on every data set beside it.",
        uniqueItems=True,
        items=VARIANT,
    )
    support_fraction: float = option(
        0.05,
        "A method supports a pair that is in this top fraction of its ranking; ties share a rank.",
        exclusiveMinimum=0,
        maximum=1,
    )
    graph_edges: int = option(500, "Highest ranked edges written to the .graphml file.", minimum=1)


DATASETS = {
    "description": "Names of cards in config/datasets (without .yaml) or paths of cards.",
    "type": "array",
    "minItems": 1,
    "uniqueItems": True,
    "items": {"description": "Name or path of a card.", "type": "string", "minLength": 1},
}
"""The one key that has no default."""

PATHVARS = {
    "description": "Folders of the workflow, as Snakemake's pathvars (results, logs, benchmarks, "
    "resources).",
    "type": "object",
    "additionalProperties": {"type": "string", "minLength": 1, "pattern": "^[^{}<>]*$"},
}


def _column(description: str) -> dict:
    return {"description": description, "type": "string", "minLength": 1}


THIRD_PARTY = {
    "description": "Networks that others made, by name; each is judged like ours.",
    "type": "object",
    "default": {},
    "additionalProperties": {
        "type": "object",
        "additionalProperties": False,
        "required": ["dataset", "path"],
        "properties": {
            "dataset": _column("Card of the data set that the network is for."),
            "path": _column(
                "Table with a header, tab- or comma-separated: columns of this workflow, of "
                "arboreto and SCENIC, of BEELINE's rankedEdges.csv, or those that are named here."
            ),
            "regulator": _column("Column with the regulator."),
            "target": _column("Column with the target."),
            "weight": _column("Column with the weight, of which the size counts."),
        },
    },
}
