"""Name the inputs of the studies: peers, regulators, embeddings, biology, the paper's tables."""

from gtgrn.config.locations import find_prior


def get_tuning_files(wildcards):
    """Return what a model of the tuning study reads besides genes and split."""
    if wildcards.model != "gtgrn":
        return {"matrix": f"<results>/{wildcards.dataset}/matrix.npy"}
    folder = f"<results>/{wildcards.dataset}/embeddings"
    files = {
        "P": f"{folder}/positional/{SCHEMES[0]}/seed{wildcards.seed}.h5ad",
        "G": f"{folder}/global/seed{wildcards.seed}.h5ad",
        "E": f"{folder}/expression/seed{wildcards.seed}.h5ad",
    }
    return {name: files[name] for name in get_features(PAPER_VARIANT)}


def get_tuning_options(wildcards):
    """Return the options of a grid point, on top of those that the model has in this run."""
    point = GRIDS[wildcards.model][wildcards.point]
    if wildcards.model == "gtgrn":
        return {**variant_options(config, PAPER_VARIANT), **point}
    return {**get_peer_options(wildcards.model).get(config["tuning"]["form"], {}), **point}


def get_tuning_rows(wildcards):
    """Return the files of all grid points of a data set."""
    return [
        f"<results>/{wildcards.dataset}/tuning/{model}/{point}/seed{seed}.tsv"
        for model in GRIDS
        for point in GRIDS[model]
        for seed in TUNING_SEEDS
    ]


def get_peer_runs(dataset):
    """Return (model, form, split, seed) of all that is trained of the peers on a data set."""
    return [
        (*peer, split, seed)
        for peer in get_peers(dataset)
        for split in get_schemes(dataset)
        for seed in SEEDS
    ]


def get_peer_scores(wildcards):
    """Return the score files in the order of get_peer_runs."""
    folder = f"<results>/{wildcards.dataset}/models"
    runs = get_peer_runs(wildcards.dataset)
    return [f"{folder}/{m}/{form}/{s}/seed{n}/scores.tsv.gz" for m, form, s, n in runs]


def get_attention_models(dataset):
    """Return (model, variant) of the models with attention that a data set's ranking reads."""
    own = [("gtgrn", PAPER_VARIANT)] if PAPER_VARIANT else []
    return own + [peer for peer in get_peers(dataset) if peer[0] in ("genelink", "gatv2")]


def get_attention_files(wildcards):
    """Return checkpoints by model and seed, and what they were trained on by seed."""
    folder, split = f"<results>/{wildcards.dataset}", SCHEMES[0]
    features = {
        "P": f"{folder}/embeddings/positional/{split}/seed{{}}.h5ad",
        "G": f"{folder}/embeddings/global/seed{{}}.h5ad",
        "E": f"{folder}/embeddings/expression/seed{{}}.h5ad",
    }
    chosen = get_features(PAPER_VARIANT) if PAPER_VARIANT else []
    return {
        "checkpoints": [
            f"{folder}/models/{model}/{variant}/{split}/seed{seed}/checkpoint.pt"
            for model, variant in get_attention_models(wildcards.dataset)
            for seed in SEEDS
        ],
        "splits": [f"{folder}/splits/{split}/seed{seed}.tsv.gz" for seed in SEEDS],
        **{name: [features[name].format(seed) for seed in SEEDS] for name in chosen},
    }


def get_representations(dataset):
    """Return (name, variant, seed, file) of all gene embeddings of a data set."""
    folder = f"<results>/{dataset}"
    kinds = {"vae": "expression", "global": "global"}
    own = [
        (name, "", seed, f"{folder}/embeddings/{kind}/seed{seed}.h5ad")
        for name, kind in kinds.items()
        for seed in SEEDS
    ]
    models = get_own_models(dataset) + get_peers(dataset) if dataset in SUPERVISED else []
    trained = [
        (*names, seed, f"{folder}/models/{'/'.join(names)}/{SCHEMES[0]}/seed{seed}/embedding.h5ad")
        for names in models
        for seed in SEEDS
    ]
    return own + trained


def get_representation_files(wildcards):
    """Return the files of get_representations, in its order."""
    return [file for *_, file in get_representations(wildcards.dataset)]


def get_representation_names(wildcards):
    """Return (name, variant, seed) of get_representations, in its order."""
    return [names for *names, _ in get_representations(wildcards.dataset)]


def get_runs(dataset):
    """Return (split, seed) of all splits of a data set."""
    return [(split, seed) for split in get_schemes(dataset) for seed in SEEDS]


def get_centralities(wildcards):
    """Return the ranking of regulators where the report shows it, so that the run makes it."""
    made = wildcards.dataset in JUDGED and "regulators" in config["report"]["studies"]
    return {"ranking": f"<results>/{wildcards.dataset}/regulators/ranking.tsv"} if made else {}


def get_priors(dataset):
    """Return the published tables by name that are at hand for a data set."""
    organism = DATASETS[dataset].get("organism")
    found = {
        name: find_prior(name, organism, config["mirror"]) for name in config["biology"]["priors"]
    }
    return {name: section for name, section in found.items() if section is not None}


def get_evidence_files(wildcards):
    """Return the reference with its databases, where the card has one, and the priors."""
    reference = DATASETS[wildcards.dataset].get("reference")
    return {
        "reference": [reference["path"]] if reference else [],
        "priors": [section["path"] for section in get_priors(wildcards.dataset).values()],
    }


def get_biology_files(dataset):
    """Return the files of the target biology of a data set."""
    names = ["regulons.gmt", "adjacencies.tsv", "net.tsv", "regulators.tsv", "novel.tsv"]
    names += [f"activity.{ext}" for ext in ("tsv", "h5ad", "svg", "png")]
    if dataset in JUDGED:
        names += [f"overlap.{ext}" for ext in ("tsv", "svg", "png")] + ["overlap_regulators.tsv"]
    return [f"<results>/{dataset}/biology/{name}" for name in names]


def get_paper_models(dataset):
    """Return (model, variant) of what the paper compares: GT-GRN and the peers."""
    trained = get_evaluated(dataset)
    compared = get_own_models(dataset) + get_peers(dataset)
    shown = [model for model in trained if model in compared]
    return shown or trained[:1]


def get_link_prediction():
    """Return the data sets that are judged on the paper's split."""
    return [dataset for dataset in SUPERVISED if PAPER_SPLIT in get_schemes(dataset)]


def get_regenerated_scores(wildcards):
    """Return the score files of the compared models, seed by seed."""
    models = get_paper_models(wildcards.dataset)
    files = [get_model_scores(wildcards.dataset, PAPER_SPLIT, seed, models) for seed in SEEDS]
    return [path for paths in files for path in paths]


def get_ablation_rows(dataset):
    """Return (row, data set, variant) of Table 6: feature sets, controls, imputation turned round."""
    missing = [name for name in FEATURE_SETS if name not in ABLATED]
    if missing:
        features = ", ".join(missing[0])
        raise WorkflowError(
            f"Table 6 needs a variant with the features {missing[0]} alone. Add "
            f"'{missing[0]}: {{features: [{features}]}}' under variants in the configuration."
        )
    order = [*FEATURE_SETS, *(row for row in ABLATED if row not in FEATURE_SETS)]
    rows = [(row, dataset, ABLATED[row]) for row in order]
    return rows + [
        (name.removeprefix(f"{dataset}-"), name, ABLATED[PRINTED["imputation"]])
        for name in IMPUTED
        if name.startswith(f"{dataset}-magic_")
    ]


def get_ablation_scores(wildcards):
    """Return the score files of the rows of Table 6, seed by seed."""
    return [
        f"<results>/{dataset}/models/gtgrn/{variant}/{PAPER_SPLIT}/seed{seed}/scores.tsv.gz"
        for seed in SEEDS
        for _, dataset, variant in get_ablation_rows(wildcards.dataset)
    ]


def get_paper_files(wildcards):
    """Return what the section paper of the report shows."""
    return [
        "<results>/paper/table3.tsv",
        "<results>/paper/fig4.tsv",
        *expand(
            "<results>/{dataset}/paper/{name}.tsv",
            dataset=STUDIED,
            name=["table5", "fig6", "fig6_fits", "table6"],
        ),
    ]


def get_study_files(wildcards):
    """Return the results of the targets that the report shows."""
    whole = {
        "gatv2": ["<results>/gatv2/protocols.tsv"],
        "biology": [path for dataset in EXPRESSED for path in get_biology_files(dataset)],
        "paper": get_paper_files(wildcards),
    }
    by_dataset = {
        "peers": (["peers.tsv"], [name for name in JUDGED if get_peers(name)]),
        "tuning": (["tuning.tsv"], TUNED),
        "regulators": (["regulators/ranking.tsv"], JUDGED),
        "fig7": (["embedding_map/scores.tsv", "embedding_map/figure.svg"], JUDGED),
        "fig8": (["annotation/scores.tsv", "annotation/figure.svg"], TYPED),
    }
    files = []
    for study in STUDIES[wildcards.page]:
        if study in whole:
            files += whole[study]
        else:
            names, datasets = by_dataset[study]
            files += [f"<results>/{d}/{name}" for d in datasets for name in names]
    return files
