"""The report: one file that opens offline."""


rule build_report:
    input:
        metrics="<results>/benchmark/metrics.tsv",
        runtime="<results>/benchmark/runtime.tsv",
        networks=collect("<results>/{dataset}/network.tsv.gz", dataset=DATASETS),
        summaries=collect("<results>/{dataset}/network.json", dataset=DATASETS),
        reliability=collect("<results>/{dataset}/reliability.tsv", dataset=SUPERVISED),
        curves=collect(
            "<results>/{dataset}/evaluation/{split}/seed{seed}.curves.tsv.gz",
            dataset=SUPERVISED,
            split=SCHEMES,
            seed=SEEDS,
        ),
    output:
        "<results>/report.html",
    log:
        "<logs>/build_report.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        results="<results>",
        cards=DATASETS,
        settings=config,
        code=source_digest("report.py"),
    script:
        "../../scripts/build_report.py"
