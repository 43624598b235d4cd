"""The network that a biologist takes away."""


rule build_network:
    input:
        unpack(FILES.final_network),
        unpack(CONTEXT.ranking),
        expression="<results>/{dataset}/expression.h5ad",
        consensus="<results>/{dataset}/networks/log_rank.tsv.gz",
        networks=collect(
            "<results>/{{dataset}}/networks/{method}.tsv.gz", method=PLAN.informed_methods
        ),
    output:
        network=report(
            "<results>/{dataset}/network.tsv.gz",
            caption="../report/network.rst",
            category="Networks",
            labels={"Data set": "{dataset}", "Content": "all pairs"},
        ),
        graph=report(
            "<results>/{dataset}/network.graphml",
            caption="../report/graph.rst",
            category="Networks",
            labels={"Data set": "{dataset}", "Content": "strongest edges, GraphML"},
        ),
        summary="<results>/{dataset}/network.json",
        reliability="<results>/{dataset}/reliability.tsv",
    log:
        "<logs>/{dataset}/build_network.log",
    benchmark:
        "<benchmarks>/{dataset}/build_network.jsonl"
    priority: NETWORK
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        methods=PLAN.informed_methods,
        options=without(config["network"], "variant"),
        variant=config["network"]["variant"],
        seeds=SEEDS,
        split=PLAN.main_split,
        code=code("build_network"),
    script:
        "../../scripts/build_network.py"
