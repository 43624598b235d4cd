"""Which regulators matter: attention and centralities."""


def get_attention_models(dataset):
    """Give (model, variant) of the models with attention that a data set's ranking reads."""
    own = [("gtgrn", PAPER_VARIANT)] if PAPER_VARIANT else []
    return own + [peer for peer in get_peers(dataset) if peer[0] in ("genelink", "gatv2")]


def get_attention_files(wildcards):
    """Give checkpoints by model and seed, and what they were trained on by seed."""
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


rule rank_regulators:
    input:
        unpack(get_attention_files),
        matrix="<results>/{dataset}/matrix.npy",
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
        network="<results>/{dataset}/network.tsv.gz",
    output:
        attention="<results>/{dataset}/regulators/attention.tsv.gz",
        stability="<results>/{dataset}/regulators/stability.tsv",
        centrality="<results>/{dataset}/regulators/centrality.tsv.gz",
        ranking="<results>/{dataset}/regulators/ranking.tsv",
    log:
        "<logs>/{dataset}/rank_regulators.log",
    benchmark:
        "<benchmarks>/{dataset}/rank_regulators.jsonl"
    wildcard_constraints:
        dataset=one_of(JUDGED),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(8000),
        runtime=240,
    params:
        models=lambda wildcards: get_attention_models(wildcards.dataset),
        seeds=SEEDS,
        options=variant_options(config, PAPER_VARIANT) if PAPER_VARIANT else {},
        code=source_digest("attention.py", "centrality.py", "transformer.py", *PEER_FILES),
    script:
        "../../scripts/rank_regulators.py"
