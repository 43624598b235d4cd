"""The network that a biologist takes away."""


rule combine_networks:
    input:
        genes="<results>/{dataset}/genes.tsv",
        networks=collect("<results>/{{dataset}}/networks/{method}.tsv.gz", method=INFORMED_METHODS),
    output:
        collect("<results>/{{dataset}}/networks/{ensemble}.tsv.gz", ensemble=ENSEMBLES),
    log:
        "<logs>/{dataset}/combine_networks.log",
    benchmark:
        "<benchmarks>/{dataset}/combine_networks.jsonl"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(4000),
        runtime=30,
    params:
        ensembles=ENSEMBLES,
        code=source_digest("consensus.py"),
    script:
        "../../scripts/combine_networks.py"


rule build_network:
    input:
        unpack(get_network_inputs),
        expression="<results>/{dataset}/expression.h5ad",
        consensus="<results>/{dataset}/networks/mean_rank.tsv.gz",
        networks=collect("<results>/{{dataset}}/networks/{method}.tsv.gz", method=INFORMED_METHODS),
    output:
        network="<results>/{dataset}/network.tsv.gz",
        graph="<results>/{dataset}/network.graphml",
        summary="<results>/{dataset}/network.json",
        reliability="<results>/{dataset}/reliability.tsv",
    log:
        "<logs>/{dataset}/build_network.log",
    benchmark:
        "<benchmarks>/{dataset}/build_network.jsonl"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(4000),
        runtime=60,
    params:
        methods=INFORMED_METHODS,
        options=without(config["network"], "variant"),
        variant=config["network"]["variant"],
        seeds=SEEDS,
        code=source_digest("network.py", "calibration.py", "consensus.py"),
    script:
        "../../scripts/build_network.py"
