"""Networks from expression alone: one rule per module in scripts/gtgrn/inference/methods.

A module states its environment, its threads and whether it regresses one target at a time. The
targets of the latter are dealt to inference.shards jobs, which a cluster runs side by side and
a killed run keeps; the joined network is the same for any number of them.
"""


scattergather:
    targets=config["inference"]["shards"],


for method, plugin in find_plugins(METHODS).items():
    if plugin.trait("SHARDED", False):

        rule:
            name:
                f"infer_{method}"
            input:
                matrix="<results>/{dataset}/matrix.npy",
                genes="<results>/{dataset}/genes.tsv",
            output:
                network=temp(
                    f"<results>/{{dataset}}/networks/shards/{method}_{{scatteritem}}.tsv.gz"
                ),
                provenance=temp(
                    f"<results>/{{dataset}}/networks/shards/{method}_{{scatteritem}}.json"
                ),
            log:
                f"<logs>/{{dataset}}/infer_{method}_{{scatteritem}}.log",
            benchmark:
                f"<benchmarks>/{{dataset}}/infer_{method}_{{scatteritem}}.jsonl"
            priority: NETWORK
            conda:
                f"../../envs/{plugin.trait('ENVIRONMENT', 'base')}.yaml"
            threads: plugin.trait("THREADS", 1)
            resources:
                mem_mb=scaled(4000),
                runtime=scaled(720),
            params:
                **get_method_params(method, "infer_network"),
            script:
                "../../scripts/infer_network.py"

        rule:
            name:
                f"gather_{method}"
            input:
                networks=gather.targets(
                    f"<results>/{{{{dataset}}}}/networks/shards/{method}_{{scatteritem}}.tsv.gz"
                ),
                provenance=gather.targets(
                    f"<results>/{{{{dataset}}}}/networks/shards/{method}_{{scatteritem}}.json"
                ),
            output:
                network=f"<results>/{{dataset}}/networks/{method}.tsv.gz",
                provenance=f"<results>/{{dataset}}/networks/{method}.json",
            log:
                f"<logs>/{{dataset}}/gather_{method}.log",
            priority: NETWORK
            conda:
                "../../envs/base.yaml"
            threads: 1
            resources:
                mem_mb=scaled(4000),
                runtime=scaled(30),
            params:
                code=code("gather_shards"),
            script:
                "../../scripts/gather_shards.py"

    else:

        rule:
            name:
                f"infer_{method}"
            input:
                matrix="<results>/{dataset}/matrix.npy",
                genes="<results>/{dataset}/genes.tsv",
            output:
                network=f"<results>/{{dataset}}/networks/{method}.tsv.gz",
                provenance=f"<results>/{{dataset}}/networks/{method}.json",
            log:
                f"<logs>/{{dataset}}/infer_{method}.log",
            benchmark:
                f"<benchmarks>/{{dataset}}/infer_{method}.jsonl"
            priority: NETWORK
            conda:
                f"../../envs/{plugin.trait('ENVIRONMENT', 'base')}.yaml"
            threads: plugin.trait("THREADS", 1)
            resources:
                mem_mb=scaled(4000),
                runtime=scaled(720),
            params:
                **get_method_params(method, "infer_network"),
            script:
                "../../scripts/infer_network.py"


rule combine_networks:
    input:
        genes="<results>/{dataset}/genes.tsv",
        networks=collect(
            "<results>/{{dataset}}/networks/{method}.tsv.gz", method=PLAN.informed_methods
        ),
    output:
        collect("<results>/{{dataset}}/networks/{ensemble}.tsv.gz", ensemble=ENSEMBLES),
    log:
        "<logs>/{dataset}/combine_networks.log",
    benchmark:
        "<benchmarks>/{dataset}/combine_networks.jsonl"
    priority: NETWORK
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        ensembles=ENSEMBLES,
        code=code("combine_networks"),
    script:
        "../../scripts/combine_networks.py"
