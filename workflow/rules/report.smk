"""The report, and the same with every study of the papers: files that open offline."""


rule build_report:
    input:
        FILES.audits(),
        metrics="<results>/benchmark/metrics.tsv",
        comparisons="<results>/benchmark/comparisons.tsv",
        ranks="<results>/benchmark/ranks.tsv",
        stability=FILES.stabilities(),
        described=[
            path
            for table in ("reconstruction", "agreement", "characteristics")
            for path in FILES.expand_splits(
                f"<results>/{{dataset}}/evaluation/{{split}}/{table}.tsv", PLAN.judged
            )
        ],
        runtime="<results>/benchmark/runtime.tsv",
        expression=collect("<results>/{dataset}/expression.h5ad", dataset=PLAN.expressed),
        warnings=collect("<results>/{dataset}/input_warnings.txt", dataset=PLAN.expressed),
        networks=collect("<results>/{dataset}/network.tsv.gz", dataset=PLAN.expressed),
        summaries=collect("<results>/{dataset}/network.json", dataset=PLAN.expressed),
        reliability=collect("<results>/{dataset}/reliability.tsv", dataset=PLAN.judged),
        curves=FILES.expand_splits(
            "<results>/{dataset}/evaluation/{split}/seed{seed}.curves.tsv.gz", PLAN.judged
        ),
        embeddings=collect(
            "<results>/{dataset}/embeddings/{kind}/seed{seed}.history.tsv",
            dataset=PLAN.judged,
            kind=["expression", "global"],
            seed=SEEDS,
        ),
        models=collect(
            "<results>/{dataset}/models/gtgrn/{variant}/{split}/seed{seed}/history.tsv",
            dataset=PLAN.judged,
            variant=config["network"]["variant"],
            split=PLAN.main_split,
            seed=SEEDS,
        ),
        studies=STUDIES.of_page,
    output:
        report(
            "<results>/{page}.html",
            caption="../report/page.rst",
            category="Report",
            labels={"Content": "report"},
        ),
    log:
        "<logs>/build_{page}.log",
    wildcard_constraints:
        page=one_of(STUDIES.pages),
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        cards={name: PLAN.datasets[name] for name in PLAN.expressed},
        command=repeat_command(),
        settings=lambda wildcards: {**config, "report": {"studies": STUDIES.pages[wildcards.page]}},
        code=code("build_report", SECTIONS, find_plugins(SECTIONS)),
    script:
        "../../scripts/build_report.py"
