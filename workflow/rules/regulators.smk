"""Which regulators matter: attention and centralities."""


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
