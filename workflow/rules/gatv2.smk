"""The GATv2 study on simulated sets: protocols, layers x heads, shared edges."""


rule simulate_sets:
    input:
        "resources/boolean_models/{boolean}.yaml",
    output:
        sets="<results>/gatv2/{boolean}/sets.npz",
        reference="<results>/gatv2/{boolean}/reference.tsv",
    log:
        "<logs>/gatv2/{boolean}/simulate_sets.log",
    benchmark:
        "<benchmarks>/gatv2/{boolean}/simulate_sets.jsonl"
    wildcard_constraints:
        boolean=one_of(STUDY["models"]),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings={k: STUDY[k] for k in ("replicates", "dropout", "cells", "bins", "seed")},
        code=source_digest("gatv2_study.py", "simulate.py"),
    script:
        "../../scripts/simulate_sets.py"


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
        protocol=one_of(STUDY["protocols"]),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        grid=[{"epochs": STUDY["epochs"]}],
        code=source_digest("gatv2_study.py", "models/gatv2.py", *PEER_FILES),
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
            {"layers": int(wildcards.layers), "heads": n, "epochs": STUDY["epochs"]}
            for n in STUDY["heads"]
        ],
        code=source_digest("gatv2_study.py", "models/gatv2.py", *PEER_FILES),


rule collect_gatv2:
    input:
        protocols=collect(
            "<results>/gatv2/{boolean}/{protocol}/seed{seed}.tsv",
            boolean=STUDY["models"],
            protocol=STUDY["protocols"],
            seed=SEEDS,
        ),
        shared=collect(
            "<results>/gatv2/{boolean}/{protocol}/seed{seed}.shared_edges.tsv",
            boolean=STUDY["models"],
            protocol=STUDY["protocols"],
            seed=SEEDS,
        ),
        grid=collect(
            "<results>/gatv2/{boolean}/grid/layers{layers}/seed{seed}.tsv",
            boolean=STUDY["models"],
            layers=STUDY["layers"],
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
        code=source_digest("gatv2_tables.py", "peers.py", "plots/peers.py"),
    script:
        "../../scripts/collect_gatv2.py"
