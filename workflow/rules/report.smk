"""The report, and the same with every study of the papers: files that open offline."""


rule build_report:
    input:
        AUDITS,
        metrics="<results>/benchmark/metrics.tsv",
        comparisons="<results>/benchmark/comparisons.tsv",
        ranks="<results>/benchmark/ranks.tsv",
        stability=STABILITIES,
        described=collect_splits(
            "<results>/{dataset}/evaluation/{split}/{table}.tsv",
            datasets=JUDGED,
            table=["reconstruction", "agreement", "characteristics"],
        ),
        runtime="<results>/benchmark/runtime.tsv",
        expression=collect("<results>/{dataset}/expression.h5ad", dataset=EXPRESSED),
        networks=collect("<results>/{dataset}/network.tsv.gz", dataset=EXPRESSED),
        summaries=collect("<results>/{dataset}/network.json", dataset=EXPRESSED),
        reliability=collect("<results>/{dataset}/reliability.tsv", dataset=JUDGED),
        curves=collect_splits(
            "<results>/{dataset}/evaluation/{split}/seed{seed}.curves.tsv.gz",
            datasets=JUDGED,
            seed=SEEDS,
        ),
        embeddings=collect(
            "<results>/{dataset}/embeddings/{kind}/seed{seed}.history.tsv",
            dataset=JUDGED,
            kind=["expression", "global"],
            seed=SEEDS,
        ),
        models=collect(
            "<results>/{dataset}/models/gtgrn/{variant}/{split}/seed{seed}/history.tsv",
            dataset=JUDGED,
            variant=config["network"]["variant"],
            split=SCHEMES[0],
            seed=SEEDS,
        ),
        studies=get_study_files,
    output:
        "<results>/{page}.html",
    log:
        "<logs>/build_{page}.log",
    wildcard_constraints:
        page=one_of(STUDIES),
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        cards={name: DATASETS[name] for name in EXPRESSED},
        settings=lambda wildcards: {**config, "report": {"studies": STUDIES[wildcards.page]}},
        code=source_digest(
            "report.py",
            "report.html.j2",
            "report_judgement.html.j2",
            "plots/annotation.py",
            "plots/benchmark.py",
            "plots/biology.py",
            "plots/comparison.py",
            "plots/embeddings.py",
            "plots/judgement.py",
            "plots/network.py",
            "plots/paper.py",
            "plots/peers.py",
            "plots/style.py",
            "plots/text.py",
            "plots/training.py",
        ),
    script:
        "../../scripts/build_report.py"
