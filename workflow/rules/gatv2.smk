"""The GATv2 study on simulated or given sets: protocols, layers x heads, shared edges."""


rule simulate_sets:
    input:
        lambda wildcards: beside(f"resources/boolean_models/{wildcards.boolean}.yaml"),
    output:
        sets="<results>/gatv2/{boolean}/sets.npz",
        reference="<results>/gatv2/{boolean}/reference.tsv",
    log:
        "<logs>/gatv2/{boolean}/simulate_sets.log",
    benchmark:
        "<benchmarks>/gatv2/{boolean}/simulate_sets.jsonl"
    wildcard_constraints:
        boolean=one_of(set(config["gatv2"]["models"]).difference(STUDIES.gatv2_measured)),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        settings={
            k: config["gatv2"][k] for k in ("replicates", "dropout", "cells", "bins", "seed")
        },
        code=code("simulate_sets"),
    script:
        "../../scripts/simulate_sets.py"


rule gather_sets:
    input:
        matrices=STUDIES.measured_sets("matrix.npy"),
        genes=STUDIES.measured_sets("genes.tsv"),
        known=STUDIES.measured_sets("reference.tsv"),
    output:
        sets="<results>/gatv2/{boolean}/sets.npz",
        reference="<results>/gatv2/{boolean}/reference.tsv",
    log:
        "<logs>/gatv2/{boolean}/gather_sets.log",
    benchmark:
        "<benchmarks>/gatv2/{boolean}/gather_sets.jsonl"
    wildcard_constraints:
        boolean=one_of(STUDIES.gatv2_measured),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        datasets=lambda wildcards: config["gatv2"]["expression"][wildcards.boolean],
        bins=config["gatv2"]["bins"],
        code=code("gather_sets"),
    script:
        "../../scripts/gather_sets.py"


rule study_protocol:
    input:
        sets="<results>/gatv2/{boolean}/sets.npz",
        reference="<results>/gatv2/{boolean}/reference.tsv",
    output:
        scores="<results>/gatv2/{boolean}/{protocol}/seed{seed}.tsv",
        shared="<results>/gatv2/{boolean}/{protocol}/seed{seed}.shared_edges.tsv",
    log:
        "<logs>/gatv2/{boolean}/{protocol}_seed{seed}.log",
    benchmark:
        "<benchmarks>/gatv2/{boolean}/{protocol}_seed{seed}.jsonl"
    wildcard_constraints:
        protocol=one_of(config["gatv2"]["protocols"]),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        grid=[{"epochs": config["gatv2"]["epochs"]}],
        code=code("study_gatv2"),
    script:
        "../../scripts/study_gatv2.py"


use rule study_protocol as study_grid with:
    output:
        scores="<results>/gatv2/{boolean}/grid/layers{layers}/seed{seed}.tsv",
        shared="<results>/gatv2/{boolean}/grid/layers{layers}/seed{seed}.shared_edges.tsv",
    log:
        "<logs>/gatv2/{boolean}/grid_layers{layers}_seed{seed}.log",
    benchmark:
        "<benchmarks>/gatv2/{boolean}/grid_layers{layers}_seed{seed}.jsonl"
    wildcard_constraints:
        layers=r"\d+",
    params:
        grid=lambda wildcards: [
            {"layers": int(wildcards.layers), "heads": n, "epochs": config["gatv2"]["epochs"]}
            for n in config["gatv2"]["heads"]
        ],
        code=code("study_gatv2"),


rule collect_gatv2:
    input:
        protocols=collect(
            "<results>/gatv2/{boolean}/{protocol}/seed{seed}.tsv",
            boolean=STUDIES.gatv2,
            protocol=config["gatv2"]["protocols"],
            seed=SEEDS,
        ),
        shared=collect(
            "<results>/gatv2/{boolean}/{protocol}/seed{seed}.shared_edges.tsv",
            boolean=STUDIES.gatv2,
            protocol=config["gatv2"]["protocols"],
            seed=SEEDS,
        ),
        grid=collect(
            "<results>/gatv2/{boolean}/grid/layers{layers}/seed{seed}.tsv",
            boolean=STUDIES.gatv2,
            layers=config["gatv2"]["layers"],
            seed=SEEDS,
        ),
    output:
        protocols="<results>/gatv2/protocols.tsv",
        shared="<results>/gatv2/shared_edges.tsv",
        grid="<results>/gatv2/grid.tsv",
        figure="<results>/gatv2/grid.html",
    log:
        "<logs>/gatv2/collect_gatv2.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        code=code("collect_gatv2"),
    script:
        "../../scripts/collect_gatv2.py"
