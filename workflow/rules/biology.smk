"""What the final network says to a biologist: regulons, known edges, activity by cell type."""


rule write_regulons:
    input:
        unpack(FILES.known_edges),
        unpack(STUDIES.centralities),
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
        dataset=one_of(PLAN.expressed),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        edges=config["biology"]["edges"] or config["network"]["graph_edges"],
        options=without(config["biology"], "edges", "priors"),
        code=code("write_regulons"),
    script:
        "../../scripts/write_regulons.py"


rule judge_overlap:
    input:
        unpack(given(STUDIES.evidence)),
        genes="<results>/{dataset}/genes.tsv",
        models=STUDIES.main_scores,
        nulls=STUDIES.null_scores,
    output:
        overall="<results>/{dataset}/biology/overlap.tsv",
        regulators="<results>/{dataset}/biology/overlap_regulators.tsv",
    log:
        "<logs>/{dataset}/judge_overlap.log",
    benchmark:
        "<benchmarks>/{dataset}/judge_overlap.jsonl"
    wildcard_constraints:
        dataset=one_of(PLAN.judged),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        runs=of_dataset(PLAN.runs),
        nulls=NULLS,
        reference=lambda wildcards: PLAN.datasets[wildcards.dataset].get("reference"),
        priors=of_dataset(STUDIES.priors),
        code=code("judge_overlap"),
    script:
        "../../scripts/judge_overlap.py"


rule score_activity:
    input:
        unpack(STUDIES.annotated),
        expression="<results>/{dataset}/expression.h5ad",
        net="<results>/{dataset}/biology/net.tsv",
    output:
        means="<results>/{dataset}/biology/activity.tsv",
        markers="<results>/{dataset}/biology/markers.tsv",
        cells="<results>/{dataset}/biology/activity.h5ad",
    log:
        "<logs>/{dataset}/score_activity.log",
    benchmark:
        "<benchmarks>/{dataset}/score_activity.jsonl"
    wildcard_constraints:
        dataset=one_of(PLAN.expressed),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        cell_type=of_dataset(GROUPS.cell_types),
        expression=lambda wildcards: get_card(wildcards)["expression"],
        markers=20,
        min_targets=config["biology"]["min_targets"],
        seed=config["inference"]["seed"],
        code=code("score_activity"),
    script:
        "../../scripts/score_activity.py"


rule draw_activity:
    input:
        "<results>/{dataset}/biology/activity.tsv",
    output:
        report(
            "<results>/{dataset}/biology/activity.svg",
            caption="../report/activity.rst",
            category="Biology",
            labels={"Data set": "{dataset}", "Content": "activity of regulators"},
        ),
        "<results>/{dataset}/biology/activity.png",
    log:
        "<logs>/{dataset}/draw_activity.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        figure="activity",
        code=code("draw_biology"),
    script:
        "../../scripts/draw_biology.py"


use rule draw_activity as draw_overlap with:
    input:
        "<results>/{dataset}/biology/overlap.tsv",
    output:
        report(
            "<results>/{dataset}/biology/overlap.svg",
            caption="../report/overlap.rst",
            category="Biology",
            labels={"Data set": "{dataset}", "Content": "held-out known edges"},
        ),
        "<results>/{dataset}/biology/overlap.png",
    log:
        "<logs>/{dataset}/draw_overlap.log",
    params:
        figure="overlap",
        code=code("draw_biology"),
