"""Cell types predicted from gene representations (Fig. 8)."""


rule annotate_cells:
    input:
        expression="<results>/{dataset}/expression.h5ad",
        embeddings=STUDIES.representations,
    output:
        scores="<results>/{dataset}/annotation/scores.tsv",
        by_type="<results>/{dataset}/annotation/by_type.tsv",
        predictions="<results>/{dataset}/annotation/predictions.tsv.gz",
        left_out="<results>/{dataset}/annotation/left_out.tsv",
    log:
        "<logs>/{dataset}/annotate_cells.log",
    benchmark:
        "<benchmarks>/{dataset}/annotate_cells.jsonl"
    wildcard_constraints:
        dataset=one_of(PLAN.typed),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        representations=STUDIES.representation_names,
        column=lambda wildcards: cell_type_column(PLAN.datasets[wildcards.dataset]),
        settings=config["annotation"],
        code=code("annotate_cells"),
    script:
        "../../scripts/annotate_cells.py"


rule draw_annotation:
    input:
        by_type="<results>/{dataset}/annotation/by_type.tsv",
        scores="<results>/{dataset}/annotation/scores.tsv",
    output:
        svg=report(
            "<results>/{dataset}/annotation/figure.svg",
            caption="../report/cells.rst",
            category="Maps",
            labels={"Data set": "{dataset}", "Content": "cell types"},
        ),
        png="<results>/{dataset}/annotation/figure.png",
    log:
        "<logs>/{dataset}/draw_annotation.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        code=code("draw_annotation"),
    script:
        "../../scripts/draw_annotation.py"
