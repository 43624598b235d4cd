"""Load and check the configuration, constrain the wildcards, name the inputs of rules."""

import fcntl
import hashlib
import re
import sys
from pathlib import Path

ROOT = Path(workflow.basedir).parent
sys.path.insert(0, str(ROOT / "scripts"))

from gtgrn.config.cards import (
    card_files,
    cell_type_column,
    expand_card,
    expression_files,
    load_cards,
    preprocess_files,
    split_files,
)
from gtgrn.data.downloads import check_offline, is_fetched
from gtgrn.errors import InputError
from gtgrn.config.settings import (
    EDGES,
    ENSEMBLES,
    EXPRESSION,
    PAPER,
    TRANSFER,
    card_names,
    card_paths,
    check_settings,
    check_sources,
    grid_points,
    imputation_counterparts,
    paper_variant,
    parse_scheme,
    variant_options,
)
from snakemake.exceptions import WorkflowError


def find_plugins(folder):
    """Return the rule files of a plug-in folder; the base comes first, it is inherited from."""
    return sorted(Path(workflow.basedir, "rules", folder).glob("[!_]*.smk"))


INFERENCE_RULES = find_plugins("inference")
MODEL_RULES = find_plugins("models")
try:
    check_settings(
        config,
        ["random", "genie3", *(path.stem for path in INFERENCE_RULES)],
        ["genelink", *(path.stem for path in MODEL_RULES)],
        cards=[path.stem for path in sorted(Path("config/datasets").glob("*.yaml"))],
    )
    CARDS = load_cards(card_paths(config, "config/datasets"), mirror=config["mirror"])
    FETCHED = sorted({f for card in CARDS.values() for f in card_files(card) if is_fetched(f)})
    if config["offline"]:
        check_offline(FETCHED, mirror=config["mirror"])
except InputError as error:
    # One line for the user; a traceback through Snakemake would bury it.
    raise WorkflowError(str(error)) from None

DATASETS = {
    name: dataset for card in CARDS for name, dataset in expand_card(card, CARDS[card]).items()
}
try:
    check_sources(config, DATASETS)
except InputError as error:
    raise WorkflowError(str(error)) from None
BOOLEAN = {name: d for name, d in DATASETS.items() if "simulation" in d}
KINETIC = {name: d for name, d in DATASETS.items() if "kinetics" in d}
SIMULATED = BOOLEAN | KINETIC
SUPERVISED = [name for name, d in DATASETS.items() if "reference" in d or name in SIMULATED]
# A data set of genes and known edges alone: nothing is inferred from expression there.
EXPRESSED = [name for name, d in DATASETS.items() if d["expression"]["format"] != "genes_only"]
JUDGED = [name for name in SUPERVISED if name in EXPRESSED]
# Data sets whose cells have types, by a column of the file or by marker genes.
TYPED = [name for name in EXPRESSED if cell_type_column(DATASETS[name])]
# Pages of the report by name, and the studies that each shows.
STUDIES = {
    "report": config["report"]["studies"],
    "paper": [
        *["paper", "peers", "tuning", "gatv2", "regulators", "fig7", "fig8", "biology"],
    ],
}
PRINTED = config["paper"]
PAPER_SPLIT = EDGES if EDGES in config["splits"]["schemes"] else config["splits"]["schemes"][0]
PAPER_DATASETS = PRINTED["datasets"] or config["ablations"]["datasets"]
STUDIED = [name for name in JUDGED if DATASETS[name]["card"] in PAPER_DATASETS]
TUNED = [
    name for name in JUDGED if DATASETS[name]["card"] in (config["tuning"]["datasets"] or CARDS)
]
# The same data with MAGIC where a card goes without it, and without where it has it. Only what
# Table 6 compares is made of them: they are in no list of data sets above.
IMPUTED = imputation_counterparts(config, {name: DATASETS[name] for name in STUDIED})
LISTED = list(DATASETS)
DATASETS |= IMPUTED
METHODS = config["inference"]["methods"]
INFORMED_METHODS = [method for method in METHODS if method != "random"]
NETWORKS = [*METHODS, *ENSEMBLES]
TREE_FILES = [
    "matrix.py",
    *(f"inference/_{name}.py" for name in ("boosting", "forest", "splits", "trees")),
]
MI_FILES = [
    *["matrix.py", "mutual_information.py", "mi_correlations.py", "mi_kernels.py"],
    *["mi_networks.py", "c3_networks.py", "bc3_networks.py"],
    *["inference/_mi.py", "inference/_r.py"],
]
MINET_FILES = [*MI_FILES, "inference/_minet.py"]
JUDGING_FILES = ["metrics.py", "ranking.py", "claims.py", "statistics.py", "resampling.py"]
THIRD_PARTY = config["third_party"]
SCHEMES = config["splits"]["schemes"]
SOURCES = config["splits"]["sources"]
SEEDS = config["seeds"]
NULLS = config["nulls"]
VARIANTS = config["variants"]
# The variant whose attention is read and whose grid is searched.
PAPER_VARIANT = paper_variant(config)
PEERS = config["peers"]["methods"]
FORMS = config["peers"]["forms"]
GRIDS = {
    model: grid_points(config["tuning"]["grids"][model]) for model in config["tuning"]["models"]
}
TUNING_SEEDS = config["tuning"]["seeds"] or SEEDS
STUDY = config["gatv2"]
FULL_FILES = [
    *["models/full.py", "models/gtgrn.py", "training.py", "matrix.py", "splits.py"],
    *["gene_features.py", "hidden_training.py", "kernel_completion.py", "label_matrix.py"],
    *["pair_features.py", "regulator_families.py", "two_role.py"],
]
# With one job for all peers, the jobs of single peers match no data set.
SINGLE_PEERS, JOINT_PEERS = ([], JUDGED) if config["peers"]["together"] else (JUDGED, [])
PEER_FOLDER = "<results>/{{dataset}}/models/<model>/{form}/{{split}}/seed{{seed}}"
JOINT_FOLDER = PEER_FOLDER.replace("<model>", "{model}")
PEER_FILES = ["models/_common.py", "models/gtgrn.py", "matrix.py", "splits.py", "training.py"]


def get_schemes(dataset):
    """Return the split schemes of a data set: transfer only where it has a source."""
    return [name for name in SCHEMES if name != TRANSFER or dataset in SOURCES]


def collect_splits(pattern, datasets=SUPERVISED, **wildcards):
    """Expand a pattern over data sets and their schemes, and over further wildcards."""
    return [
        path
        for dataset in datasets
        for path in expand(pattern, dataset=dataset, split=get_schemes(dataset), **wildcards)
    ]


def get_evaluated_tables(kind):
    """Return the tables of a kind that judging leaves, one a data set, split and seed."""
    pattern = f"<results>/{{dataset}}/evaluation/{{split}}/seed{{seed}}.{kind}.tsv"
    return collect_splits(pattern, seed=SEEDS)


EVALUATED_METRICS = get_evaluated_tables("metrics")
STABILITIES = expand(
    "<results>/{dataset}/evaluation/stability.tsv",
    dataset=[name for name in EXPRESSED if config["evaluation"]["stability"]],
)
AUDITS = collect_splits("<results>/{dataset}/evaluation/{split}/audit.tsv")
NETWORK_FILES = expand("<results>/{dataset}/network.tsv.gz", dataset=EXPRESSED)


# Of what is fetched, only the matrix of 10x Genomics is a folder.
FETCHED_FOLDERS = [
    f
    for card in CARDS.values()
    for f in expression_files(card)
    if card["expression"]["format"] == "10x_mtx" and f in FETCHED
]


wildcard_constraints:
    dataset="|".join(DATASETS),
    split="|".join(SCHEMES),
    seed=r"\d+",
    variant="|".join(VARIANTS),


def hold_folder():
    """Let one run work in this folder, and stop a second with one line.

    Snakemake's own lock (off in the profiles) outlives a killed run and must be removed by
    hand; the kernel drops this one with the process that holds it.
    """
    global FOLDER_LOCK
    FOLDER_LOCK = open(".snakemake/gtgrn.lock", "w")
    try:
        fcntl.flock(FOLDER_LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WorkflowError("Another run is at work in this folder. Wait for it, or end it.")


def source_digest(*files):
    """Return a digest of package files, so that an edit reruns the rules that use them."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(Path(ROOT, "scripts", "gtgrn", name).read_bytes())
    return digest.hexdigest()[:16]


def get_card(wildcards):
    """Return the card of a data set."""
    return DATASETS[wildcards.dataset]


def get_preprocess(wildcards):
    """Return the section preprocess with the card's own keys on top."""
    return {**config["preprocess"], **DATASETS[wildcards.dataset].get("preprocess", {})}


def get_expression_files(wildcards):
    """Return the files behind a data set's expression, where there are any."""
    dataset = DATASETS[wildcards.dataset]
    if wildcards.dataset in SIMULATED:
        return {
            "simulation": f"<results>/{wildcards.dataset}/simulation.h5ad",
            "reference": f"<results>/{wildcards.dataset}/simulation_reference.tsv",
        }
    files = {}
    if expression := expression_files(dataset):
        files["expression"] = expression
    files |= preprocess_files(dataset)
    if "markers" in dataset["expression"]:
        files["markers"] = dataset["expression"]["markers"]
    if "regulators" in dataset:
        if "path" in dataset["regulators"]:
            files["regulators"] = dataset["regulators"]["path"]
    elif "reference" in dataset:
        files["reference"] = dataset["reference"]["path"]
    return files


def get_variants(dataset):
    """Return the variants to train on a data set: those of all sets, and the ablations."""
    variants = get_own_variants(dataset)
    if dataset in EXPRESSED and DATASETS[dataset]["card"] in config["ablations"]["datasets"]:
        variants += config["ablations"]["variants"]
    return list(dict.fromkeys(variants))


def get_own_variants(dataset):
    """Return the network's variant and those beside it, or all that run without expression."""
    if dataset in EXPRESSED:
        return [config["network"]["variant"], *config["network"]["beside"]]
    return [name for name in VARIANTS if set(get_features(name)) <= {"P"}]


def get_own_models(dataset):
    """Return (model, variant) of the forms of GT-GRN that stand for it on a data set."""
    return [("gtgrn", variant) for variant in get_own_variants(dataset)]


def get_features(variant):
    """Return the modalities that a variant of GT-GRN takes."""
    return variant_options(config, variant)["features"]


def is_control(variant):
    """Tell whether a variant of GT-GRN destroys what the features say."""
    return variant_options(config, variant).get("control", "none") != "none"


def get_feature_files(wildcards):
    """Return the files of the modalities that a variant takes."""
    files = {
        EXPRESSION: "<results>/{dataset}/matrix.npy",
        "P": "<results>/{dataset}/embeddings/positional/{split}/seed{seed}.h5ad",
        "G": "<results>/{dataset}/embeddings/global/seed{seed}.h5ad",
        "E": "<results>/{dataset}/embeddings/expression/seed{seed}.h5ad",
    }
    return {name: files[name] for name in get_features(wildcards.variant)}


def get_variant_code(wildcards):
    """Return the digest of what trains a variant's form."""
    files = {
        PAPER: ["models/gtgrn.py", "transformer.py", "training.py", "splits.py"],
        "full": FULL_FILES,
    }
    return source_digest(*files[get_variant_options(wildcards)["form"]])


def get_judged_networks(wildcards):
    """Return the expression-only networks of a data set, where it has expression."""
    names = NETWORKS if wildcards.dataset in EXPRESSED else []
    folder = f"<results>/{wildcards.dataset}/networks"
    return [f"{folder}/{name}.tsv.gz" for name in names] + get_third_party(wildcards)


def get_known_edges(wildcards):
    """Return the reference of a data set, where there is one."""
    known = wildcards.dataset in SUPERVISED
    return {"reference": f"<results>/{wildcards.dataset}/reference.tsv"} if known else {}


def get_third_party(wildcards):
    """Return the networks of others for a data set."""
    card = DATASETS[wildcards.dataset]["card"]
    folder = f"<results>/{wildcards.dataset}/networks/third_party"
    own = [name for name, source in THIRD_PARTY.items() if source["dataset"] == card]
    return [f"{folder}/{name}.tsv.gz" for name in own]


def get_simulation_model(wildcards):
    """Return the Boolean model of a simulated data set."""
    return BOOLEAN[wildcards.dataset]["simulation"]["model"]


def get_kinetics(wildcards):
    """Return the settings of a simulated gene network."""
    return KINETIC[wildcards.dataset]["kinetics"]


def get_source_network(wildcards):
    """Return the network that a sub-network is extracted from, unless one is generated."""
    kinetics = get_kinetics(wildcards)
    return {"network": kinetics["network"]} if "network" in kinetics else {}


def get_simulation(wildcards):
    """Return the settings of a simulated data set."""
    return BOOLEAN[wildcards.dataset]["simulation"]


def get_reference_file(wildcards):
    """Return the file that holds a data set's known edges."""
    if wildcards.dataset in SIMULATED:
        return f"<results>/{wildcards.dataset}/simulation_reference.tsv"
    return DATASETS[wildcards.dataset]["reference"]["path"]


def get_summary_files(wildcards):
    """Return what the summary of a data set reads besides its expression."""
    dataset, files = DATASETS[wildcards.dataset], {}
    if wildcards.dataset in SUPERVISED:
        files["reference"] = get_reference_file(wildcards)
    if "path" in dataset.get("regulators", {}):
        files["regulators"] = dataset["regulators"]["path"]
    return files


def get_split_files(wildcards):
    """Return the split files that a card ships for a scheme, or the files of a transfer's source."""
    if wildcards.split == TRANSFER:
        folder = f"<results>/{SOURCES[wildcards.dataset]}"
        return {"source_genes": f"{folder}/genes.tsv", "source": f"{folder}/reference.tsv"}
    return split_files(DATASETS[wildcards.dataset], parse_scheme(wildcards.split)[0])


def get_variant_options(wildcards):
    """Return the options of a variant of GT-GRN."""
    return variant_options(config, wildcards.variant)


def get_method_options(method):
    """Return the options of an expression-only method."""
    return config["inference"]["options"].get(method, {})


def get_main_model():
    """Return (model, variant) of the model that ranks the final network."""
    return [("gtgrn", config["network"]["variant"])]


def get_evaluated(dataset):
    """Return (model, variant) of each supervised model of a data set."""
    return [("gtgrn", variant) for variant in get_variants(dataset)] + get_peers(dataset)


def get_peers(dataset):
    """Return (model, form) of each peer of a data set; peers need expression."""
    chosen = config["peers"]["datasets"]
    if dataset not in EXPRESSED or (chosen and DATASETS[dataset]["card"] not in chosen):
        return []
    return [(peer, form) for peer in PEERS for form in FORMS]


def get_peer_options(peer):
    """Return the options of a peer by its forms."""
    options = config["peers"]["options"].get(peer, {})
    return {form: options.get(form, {}) for form in FORMS}


def get_model_scores(dataset, split, seed, models):
    """Return the score files of supervised models."""
    return [
        f"<results>/{dataset}/models/{model}/{variant}/{split}/seed{seed}/scores.tsv.gz"
        for model, variant in models
    ]


def get_evaluated_scores(wildcards):
    """Return the score files that are judged on one split."""
    models = get_evaluated(wildcards.dataset)
    return get_model_scores(wildcards.dataset, wildcards.split, wildcards.seed, models)


def get_scores_of_all_seeds(wildcards):
    """Return the score files of all supervised models of a data set, seed by seed."""
    models = get_evaluated(wildcards.dataset)
    files = [get_model_scores(wildcards.dataset, wildcards.split, seed, models) for seed in SEEDS]
    return [path for paths in files for path in paths]


def get_messages_of_all_seeds(wildcards):
    """Return the files of the graphs over which the models passed messages, seed by seed."""
    return [
        path.replace("scores.tsv.gz", "messages.tsv.gz")
        for path in get_scores_of_all_seeds(wildcards)
    ]


def get_audited_artefacts(wildcards):
    """Return the networks and embeddings of a data set, which must know no label."""
    if wildcards.dataset not in EXPRESSED:
        return {}
    folder = f"<results>/{wildcards.dataset}"
    return {
        "networks": [f"{folder}/networks/{method}.tsv.gz" for method in METHODS],
        "expression": [f"{folder}/embeddings/expression/seed{seed}.h5ad" for seed in SEEDS],
        "walked": [f"{folder}/embeddings/global/seed{seed}.h5ad" for seed in SEEDS],
    }


def get_evaluated_models(wildcards):
    """Return (model, variant) in the order of get_evaluated_scores."""
    return get_evaluated(wildcards.dataset)


def get_network_inputs(wildcards):
    """Return what the final network needs besides the consensus, where there is a reference."""
    if wildcards.dataset not in SUPERVISED:
        return {}
    models = get_main_model()
    scores = [get_model_scores(wildcards.dataset, SCHEMES[0], seed, models) for seed in SEEDS]
    return {
        "reference": f"<results>/{wildcards.dataset}/reference.tsv",
        "scores": [path for paths in scores for path in paths],
    }


def without(section, *keys):
    """Return a section of the configuration without some keys."""
    return {key: value for key, value in section.items() if key not in keys}


def one_of(names):
    """Return a pattern for a wildcard; without names it matches nothing."""
    return "|".join(names) or "(?!)"


def scaled_memory(mb):
    """Return a memory request in MB that grows with each attempt."""

    def request(wildcards, attempt):
        return mb * attempt

    return request
