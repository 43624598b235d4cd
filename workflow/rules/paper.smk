"""The tables and figures of the GT-GRN paper, with its numbers and the best null beside ours."""

DRAWN = ["tsv", "html", "svg", "png"]


rule measure_nulls:
    input:
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
        splits=collect(
            f"<results>/{{{{dataset}}}}/splits/{PLAN.main_split}/seed{{seed}}.tsv.gz", seed=SEEDS
        ),
        nulls=collect(
            f"<results>/{{{{dataset}}}}/nulls/{{null}}/{PLAN.main_split}/seed{{seed}}.tsv.gz",
            seed=SEEDS,
            null=NULLS,
        ),
    output:
        "<results>/{dataset}/paper/nulls.tsv",
    log:
        "<logs>/{dataset}/measure_nulls.log",
    benchmark:
        "<benchmarks>/{dataset}/measure_nulls.jsonl"
    wildcard_constraints:
        dataset=one_of(PLAN.judged),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        nulls=NULLS,
        seeds=SEEDS,
        universe=config["evaluation"]["universe"],
        code=code("measure_nulls"),
    script:
        "../../scripts/measure_nulls.py"


rule compare_link_prediction:
    input:
        numbers=beside(PAPER_NUMBERS),
        metrics=collect(
            f"<results>/{{dataset}}/evaluation/{PLAN.main_split}/seed{{seed}}.metrics.tsv",
            dataset=PLAN.link_prediction,
            seed=SEEDS,
        ),
    output:
        "<results>/paper/table3.tsv",
    log:
        "<logs>/paper/compare_link_prediction.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        models={dataset: PLAN.paper_models(dataset) for dataset in PLAN.link_prediction},
        own=[model for dataset in PLAN.link_prediction for model in PLAN.own_models(dataset)],
        cards={dataset: PLAN.datasets[dataset]["card"] for dataset in PLAN.link_prediction},
        controls=PLAN.controls,
        code=code("compare_link_prediction"),
    script:
        "../../scripts/compare_link_prediction.py"


rule draw_reconstruction:
    input:
        reconstruction=collect(
            f"<results>/{{dataset}}/evaluation/{PLAN.main_split}/reconstruction.tsv",
            dataset=PLAN.judged,
        ),
        nulls=collect("<results>/{dataset}/paper/nulls.tsv", dataset=PLAN.judged),
    output:
        collect("<results>/paper/fig4.{ext}", ext=DRAWN),
    log:
        "<logs>/paper/draw_reconstruction.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        models={dataset: PLAN.paper_models(dataset) for dataset in PLAN.judged},
        own=[model for dataset in PLAN.judged for model in PLAN.own_models(dataset)],
        code=code("draw_reconstruction"),
    script:
        "../../scripts/draw_reconstruction.py"


rule draw_tuning:
    input:
        tuning="<results>/{dataset}/tuning.tsv",
        nulls="<results>/{dataset}/paper/nulls.tsv",
    output:
        collect("<results>/{{dataset}}/paper/fig5.{ext}", ext=DRAWN),
    log:
        "<logs>/{dataset}/draw_tuning.log",
    wildcard_constraints:
        dataset=one_of(PLAN.tuned),
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        code=code("draw_tuning"),
    script:
        "../../scripts/draw_tuning.py"


rule regenerate_networks:
    input:
        numbers=beside(PAPER_NUMBERS),
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
        measured="<results>/{dataset}/paper/nulls.tsv",
        nulls=collect(
            f"<results>/{{{{dataset}}}}/nulls/{{null}}/{PLAN.main_split}/seed{{seed}}.tsv.gz",
            seed=SEEDS,
            null=NULLS,
        ),
        models=STUDIES.regenerated_scores,
    output:
        table="<results>/{dataset}/paper/table5.tsv",
        degrees="<results>/{dataset}/paper/fig6.tsv",
        fits="<results>/{dataset}/paper/fig6_fits.tsv",
    log:
        "<logs>/{dataset}/regenerate_networks.log",
    benchmark:
        "<benchmarks>/{dataset}/regenerate_networks.jsonl"
    wildcard_constraints:
        dataset=one_of(PLAN.studied),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        models=of_dataset(PLAN.paper_models),
        nulls=NULLS,
        seeds=SEEDS,
        universe=config["evaluation"]["universe"],
        threshold=config["paper"]["threshold"],
        samples=config["paper"]["samples"],
        code=code("regenerate_networks"),
    script:
        "../../scripts/regenerate_networks.py"


rule draw_degrees:
    input:
        degrees="<results>/{dataset}/paper/fig6.tsv",
        fits="<results>/{dataset}/paper/fig6_fits.tsv",
    output:
        collect("<results>/{{dataset}}/paper/fig6.{ext}", ext=["html", "svg", "png"]),
    log:
        "<logs>/{dataset}/draw_degrees.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        code=code("draw_degrees"),
    script:
        "../../scripts/draw_degrees.py"


rule compare_ablations:
    input:
        numbers=beside(PAPER_NUMBERS),
        nulls="<results>/{dataset}/paper/nulls.tsv",
        scores=STUDIES.ablation_scores,
    output:
        "<results>/{dataset}/paper/table6.tsv",
    log:
        "<logs>/{dataset}/compare_ablations.log",
    benchmark:
        "<benchmarks>/{dataset}/compare_ablations.jsonl"
    wildcard_constraints:
        dataset=one_of(PLAN.studied),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        rows=of_dataset(STUDIES.ablation_rows),
        imputed=config["paper"]["imputation"],
        seeds=SEEDS,
        samples=config["evaluation"]["bootstrap"],
        code=code("compare_ablations"),
    script:
        "../../scripts/compare_ablations.py"


rule table3:
    """Table 3 of the paper beside ours: link prediction."""
    input:
        rules.compare_link_prediction.output,


rule fig4:
    """Figure 4: reconstruction of networks."""
    input:
        rules.draw_reconstruction.output,


rule fig5:
    """Figure 5: the study of the target tuning, by the paper's name."""
    input:
        collect("<results>/{dataset}/paper/fig5.{ext}", dataset=PLAN.tuned, ext=DRAWN),


rule table5:
    """Table 5: characteristics of regenerated networks."""
    input:
        collect("<results>/{dataset}/paper/table5.tsv", dataset=PLAN.studied),


rule fig6:
    """Figure 6: degrees of regenerated networks."""
    input:
        collect("<results>/{dataset}/paper/fig6.{ext}", dataset=PLAN.studied, ext=DRAWN),


rule table6:
    """Table 6: what each embedding adds."""
    input:
        collect("<results>/{dataset}/paper/table6.tsv", dataset=PLAN.studied),


# The page shows these and the other studies: peers, gatv2, regulators, fig7, fig8 and biology.
rule paper:
    """All tables and figures of the paper; its page shows the other studies, too."""
    input:
        "<results>/paper.html",
        rules.table3.input,
        rules.fig4.input,
        rules.fig5.input,
        rules.table5.input,
        rules.fig6.input,
        rules.table6.input,
