"""The network that a biologist takes away."""


rule build_consensus:
    input:
        expression="<results>/{dataset}/expression.h5ad",
        networks=collect("<results>/{{dataset}}/networks/{method}.tsv.gz", method=INFORMED_METHODS),
    output:
        "<results>/{dataset}/networks/consensus.tsv.gz",
    log:
        "<logs>/{dataset}/build_consensus.log",
    benchmark:
        "<benchmarks>/{dataset}/build_consensus.jsonl"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(4000),
        runtime=30,
    params:
        code=source_digest("consensus.py"),
    script:
        "../../scripts/build_consensus.py"


rule build_network:
    input:
        unpack(get_network_inputs),
        expression="<results>/{dataset}/expression.h5ad",
        consensus="<results>/{dataset}/networks/consensus.tsv.gz",
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
