"""What the final network says to a biologist: regulons, known edges, activity by cell type."""


rule write_regulons:
    input:
        unpack(get_known_edges),
        unpack(get_centralities),
        matrix="<results>/{dataset}/matrix.npy",
        genes="<results>/{dataset}/genes.tsv",
        network="<results>/{dataset}/network.tsv.gz",
    output:
        gmt="<results>/{dataset}/biology/regulons.gmt",
        adjacencies="<results>/{dataset}/biology/adjacencies.tsv",
        net="<results>/{dataset}/biology/net.tsv",
        regulators="<results>/{dataset}/biology/regulators.tsv",
        novel="<results>/{dataset}/biology/novel.tsv",
    log:
        "<logs>/{dataset}/write_regulons.log",
    benchmark:
        "<benchmarks>/{dataset}/write_regulons.jsonl"
    wildcard_constraints:
        dataset=one_of(EXPRESSED),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(4000),
        runtime=30,
    params:
        edges=config["biology"]["edges"] or config["network"]["graph_edges"],
        options=without(config["biology"], "edges", "priors"),
        code=source_digest("evidence.py", "matrix.py", "regulons.py"),
    script:
        "../../scripts/write_regulons.py"


rule judge_overlap:
    input:
        unpack(get_evidence_files),
        genes="<results>/{dataset}/genes.tsv",
        models=lambda wildcards: [
            path
            for split, seed in get_runs(wildcards.dataset)
            for path in get_model_scores(wildcards.dataset, split, seed, get_main_model())
        ],
        nulls=lambda wildcards: [
            f"<results>/{wildcards.dataset}/nulls/{null}/{split}/seed{seed}.tsv.gz"
            for split, seed in get_runs(wildcards.dataset)
            for null in NULLS
        ],
    output:
        overall="<results>/{dataset}/biology/overlap.tsv",
        regulators="<results>/{dataset}/biology/overlap_regulators.tsv",
    log:
        "<logs>/{dataset}/judge_overlap.log",
    benchmark:
        "<benchmarks>/{dataset}/judge_overlap.jsonl"
    wildcard_constraints:
        dataset=one_of(JUDGED),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(4000),
        runtime=30,
    params:
        runs=lambda wildcards: get_runs(wildcards.dataset),
        nulls=NULLS,
        reference=lambda wildcards: DATASETS[wildcards.dataset].get("reference"),
        priors=lambda wildcards: get_priors(wildcards.dataset),
        code=source_digest("enrichment.py", "ranking.py", "reference.py"),
    script:
        "../../scripts/judge_overlap.py"


rule score_activity:
    input:
        expression="<results>/{dataset}/expression.h5ad",
        net="<results>/{dataset}/biology/net.tsv",
    output:
        means="<results>/{dataset}/biology/activity.tsv",
        cells="<results>/{dataset}/biology/activity.h5ad",
    log:
        "<logs>/{dataset}/score_activity.log",
    benchmark:
        "<benchmarks>/{dataset}/score_activity.jsonl"
    wildcard_constraints:
        dataset=one_of(EXPRESSED),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(8000),
        runtime=60,
    params:
        cell_type=lambda wildcards: get_card(wildcards)["expression"].get("cell_type"),
        min_targets=config["biology"]["min_targets"],
        seed=config["inference"]["seed"],
        code=source_digest("activity.py"),
    script:
        "../../scripts/score_activity.py"


rule draw_activity:
    input:
        "<results>/{dataset}/biology/activity.tsv",
    output:
        collect("<results>/{{dataset}}/biology/activity.{ext}", ext=["svg", "png"]),
    log:
        "<logs>/{dataset}/draw_activity.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        figure="activity",
        code=source_digest("activity.py", "plots/biology.py", "plots/style.py"),
    script:
        "../../scripts/draw_biology.py"


use rule draw_activity as draw_overlap with:
    input:
        "<results>/{dataset}/biology/overlap.tsv",
    output:
        collect("<results>/{{dataset}}/biology/overlap.{ext}", ext=["svg", "png"]),
    log:
        "<logs>/{dataset}/draw_overlap.log",
    params:
        figure="overlap",
        code=source_digest("enrichment.py", "plots/biology.py", "plots/style.py"),
