"""Inferred networks as text: random walks."""


rule sample_walks:
    input:
        genes="<results>/{dataset}/genes.tsv",
        networks=collect(
            "<results>/{{dataset}}/networks/{method}.tsv.gz", method=config["walks"]["networks"]
        ),
    output:
        "<results>/{dataset}/walks/seed{seed}.npz",
    log:
        "<logs>/{dataset}/sample_walks_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/sample_walks_seed{seed}.jsonl"
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        networks=config["walks"]["networks"],
        options=without(config["walks"], "networks"),
        code=code("sample_walks"),
    script:
        "../../scripts/sample_walks.py"
