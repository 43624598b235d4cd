"""GENIE3, and the base of the methods that regress one target at a time.

Their targets are dealt to inference.shards jobs, which a cluster runs side by side and a killed
run keeps; the joined network is the same for any number of them.
"""


scattergather:
    targets=config["inference"]["shards"],


rule infer_genie3:
    input:
        matrix="<results>/{dataset}/matrix.npy",
        genes="<results>/{dataset}/genes.tsv",
    output:
        network=temp("<results>/{dataset}/networks/shards/<method>_{scatteritem}.tsv.gz"),
        provenance=temp("<results>/{dataset}/networks/shards/<method>_{scatteritem}.json"),
    log:
        "<logs>/{dataset}/infer_<method>_{scatteritem}.log",
    benchmark:
        "<benchmarks>/{dataset}/infer_<method>_{scatteritem}.jsonl"
    pathvars:
        method="genie3",
    conda:
        "../../../envs/arboreto.yaml"
    threads: 8
    resources:
        mem_mb=scaled_memory(4000),
        runtime=720,
    params:
        method="genie3",
        options=get_method_options("genie3"),
        seed=config["inference"]["seed"],
        code=source_digest("inference/genie3.py", *TREE_FILES),
    script:
        "../../../scripts/infer_shard.py"


rule gather_genie3:
    input:
        networks=gather.targets(
            "<results>/{{dataset}}/networks/shards/<method>_{scatteritem}.tsv.gz"
        ),
        provenance=gather.targets(
            "<results>/{{dataset}}/networks/shards/<method>_{scatteritem}.json"
        ),
    output:
        network="<results>/{dataset}/networks/<method>.tsv.gz",
        provenance="<results>/{dataset}/networks/<method>.json",
    log:
        "<logs>/{dataset}/gather_<method>.log",
    pathvars:
        method="genie3",
    conda:
        "../../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(4000),
        runtime=30,
    script:
        "../../../scripts/gather_shards.py"
