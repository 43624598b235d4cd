"""Which regulators matter: attention and centralities."""


rule rank_regulators:
    input:
        unpack(STUDIES.attention),
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
        dataset=one_of(PLAN.judged),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(240),
    params:
        **trained_with(variant_options(config, PLAN.paper_variant) if PLAN.paper_variant else {}),
        models=of_dataset(PLAN.attention_models),
        seeds=SEEDS,
        code=code("rank_regulators", PEERS, PLAN.peers),
    script:
        "../../scripts/rank_regulators.py"
