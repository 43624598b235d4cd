"""The tables and figures of the GT-GRN paper, with its numbers and the best null beside ours."""

from gtgrn.config.settings import FEATURE_SETS, find_feature_sets

NUMBERS = "resources/paper_numbers.tsv"
DRAWN = ["tsv", "html", "svg", "png"]
# Rows of Table 6 that are trained for other targets anyhow come first.
ABLATED = find_feature_sets(
    {name: variant_options(config, name) for name in VARIANTS},
    PAPER_VARIANT,
    first=[*config["network"]["beside"], *config["ablations"]["variants"]],
)


rule measure_nulls:
    input:
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
        splits=collect(
            f"<results>/{{{{dataset}}}}/splits/{PAPER_SPLIT}/seed{{seed}}.tsv.gz", seed=SEEDS
        ),
        nulls=collect(
            f"<results>/{{{{dataset}}}}/nulls/{{null}}/{PAPER_SPLIT}/seed{{seed}}.tsv.gz",
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
        dataset=one_of(JUDGED),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(4000),
        runtime=30,
    params:
        nulls=NULLS,
        seeds=SEEDS,
        universe=config["evaluation"]["universe"],
        code=source_digest("paper_tables.py", "reconstruction.py", "metrics.py", "ranking.py"),
    script:
        "../../scripts/measure_nulls.py"


rule compare_link_prediction:
    input:
        numbers=NUMBERS,
        metrics=collect(
            f"<results>/{{dataset}}/evaluation/{PAPER_SPLIT}/seed{{seed}}.metrics.tsv",
            dataset=get_link_prediction(),
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
        models={dataset: get_paper_models(dataset) for dataset in get_link_prediction()},
        own=[model for dataset in get_link_prediction() for model in get_own_models(dataset)],
        cards={dataset: DATASETS[dataset]["card"] for dataset in get_link_prediction()},
        controls=[name for name in VARIANTS if is_control(name)],
        code=source_digest("paper_tables.py", "statistics.py", "summaries.py"),
    script:
        "../../scripts/compare_link_prediction.py"


rule draw_reconstruction:
    input:
        reconstruction=collect(
            f"<results>/{{dataset}}/evaluation/{PAPER_SPLIT}/reconstruction.tsv", dataset=JUDGED
        ),
        nulls=collect("<results>/{dataset}/paper/nulls.tsv", dataset=JUDGED),
    output:
        collect("<results>/paper/fig4.{ext}", ext=DRAWN),
    log:
        "<logs>/paper/draw_reconstruction.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        models={dataset: get_paper_models(dataset) for dataset in JUDGED},
        own=[model for dataset in JUDGED for model in get_own_models(dataset)],
        code=source_digest(
            "paper_tables.py", "plots/paper.py", "plots/static.py", "plots/static_paper.py"
        ),
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
        dataset=one_of(TUNED),
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        code=source_digest(
            "plots/paper.py", "plots/peers.py", "plots/static.py", "plots/static_paper.py"
        ),
    script:
        "../../scripts/draw_tuning.py"


rule regenerate_networks:
    input:
        numbers=NUMBERS,
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
        measured="<results>/{dataset}/paper/nulls.tsv",
        nulls=collect(
            f"<results>/{{{{dataset}}}}/nulls/{{null}}/{PAPER_SPLIT}/seed{{seed}}.tsv.gz",
            seed=SEEDS,
            null=NULLS,
        ),
        models=get_regenerated_scores,
    output:
        table="<results>/{dataset}/paper/table5.tsv",
        degrees="<results>/{dataset}/paper/fig6.tsv",
        fits="<results>/{dataset}/paper/fig6_fits.tsv",
    log:
        "<logs>/{dataset}/regenerate_networks.log",
    benchmark:
        "<benchmarks>/{dataset}/regenerate_networks.jsonl"
    wildcard_constraints:
        dataset=one_of(STUDIED),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(8000),
        runtime=60,
    params:
        models=lambda wildcards: get_paper_models(wildcards.dataset),
        nulls=NULLS,
        seeds=SEEDS,
        universe=config["evaluation"]["universe"],
        threshold=PRINTED["threshold"],
        samples=PRINTED["samples"],
        code=source_digest("degree_law.py", "paper_tables.py", "regeneration.py", "topology.py"),
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
        code=source_digest(
            "degree_law.py", "plots/paper.py", "plots/static.py", "plots/static_paper.py"
        ),
    script:
        "../../scripts/draw_degrees.py"


rule compare_ablations:
    input:
        numbers=NUMBERS,
        nulls="<results>/{dataset}/paper/nulls.tsv",
        scores=get_ablation_scores,
    output:
        "<results>/{dataset}/paper/table6.tsv",
    log:
        "<logs>/{dataset}/compare_ablations.log",
    benchmark:
        "<benchmarks>/{dataset}/compare_ablations.jsonl"
    wildcard_constraints:
        dataset=one_of(STUDIED),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(4000),
        runtime=60,
    params:
        rows=lambda wildcards: get_ablation_rows(wildcards.dataset),
        imputed=PRINTED["imputation"],
        seeds=SEEDS,
        samples=config["evaluation"]["bootstrap"],
        code=source_digest("paper_tables.py", "resampling.py", "statistics.py"),
    script:
        "../../scripts/compare_ablations.py"


rule table3:
    input:
        rules.compare_link_prediction.output,


rule fig4:
    input:
        rules.draw_reconstruction.output,


# The study of the target tuning, by the paper's name.
rule fig5:
    input:
        collect("<results>/{dataset}/paper/fig5.{ext}", dataset=TUNED, ext=DRAWN),


rule table5:
    input:
        collect("<results>/{dataset}/paper/table5.tsv", dataset=STUDIED),


rule fig6:
    input:
        collect("<results>/{dataset}/paper/fig6.{ext}", dataset=STUDIED, ext=DRAWN),


rule table6:
    input:
        collect("<results>/{dataset}/paper/table6.tsv", dataset=STUDIED),


# The page shows these and the other studies: peers, gatv2, regulators, fig7, fig8 and biology.
rule paper:
    input:
        "<results>/paper.html",
        rules.table3.input,
        rules.fig4.input,
        rules.fig5.input,
        rules.table5.input,
        rules.fig6.input,
        rules.table6.input,
