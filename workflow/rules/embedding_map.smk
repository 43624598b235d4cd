"""Communities and maps of gene representations (Fig. 7)."""


def get_representations(dataset):
    """Give (name, variant, seed, file) of all gene embeddings of a data set."""
    folder = f"<results>/{dataset}"
    kinds = {"vae": "expression", "global": "global"}
    own = [
        (name, "", seed, f"{folder}/embeddings/{kind}/seed{seed}.h5ad")
        for name, kind in kinds.items()
        for seed in SEEDS
    ]
    models = [("gtgrn", name) for name in get_own_variants(dataset)] + get_peers(dataset)
    models = models if dataset in SUPERVISED else []
    trained = [
        (*names, seed, f"{folder}/models/{'/'.join(names)}/{SCHEMES[0]}/seed{seed}/embedding.h5ad")
        for names in models
        for seed in SEEDS
    ]
    return own + trained


def get_representation_files(wildcards):
    """Give the files of get_representations, in its order."""
    return [file for *_, file in get_representations(wildcards.dataset)]


def get_representation_names(wildcards):
    """Give (name, variant, seed) of get_representations, in its order."""
    return [names for *names, _ in get_representations(wildcards.dataset)]


rule map_embeddings:
    input:
        matrix="<results>/{dataset}/matrix.npy",
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
        embeddings=get_representation_files,
    output:
        coordinates="<results>/{dataset}/embedding_map/coordinates.tsv.gz",
        scores="<results>/{dataset}/embedding_map/scores.tsv",
        regulons="<results>/{dataset}/embedding_map/regulons.tsv",
    log:
        "<logs>/{dataset}/map_embeddings.log",
    benchmark:
        "<benchmarks>/{dataset}/map_embeddings.jsonl"
    wildcard_constraints:
        dataset=one_of(JUDGED),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(4000),
        runtime=60,
    params:
        representations=get_representation_names,
        settings=config["embedding_map"],
        code=source_digest("embedding_map.py", "embeddings.py", "matrix.py"),
    script:
        "../../scripts/map_embeddings.py"


rule draw_embedding_map:
    input:
        coordinates="<results>/{dataset}/embedding_map/coordinates.tsv.gz",
    output:
        svg="<results>/{dataset}/embedding_map/figure.svg",
        png="<results>/{dataset}/embedding_map/figure.png",
    log:
        "<logs>/{dataset}/draw_embedding_map.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        code=source_digest("plots/embeddings.py", "plots/static.py"),
    script:
        "../../scripts/draw_embedding_map.py"
