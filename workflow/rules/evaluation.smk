"""What a score means: every method, null and variant on the same test pairs."""


rule evaluate_split:
    input:
        genes="<results>/{dataset}/genes.tsv",
        split="<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
        negatives="<results>/{dataset}/splits/{split}/seed{seed}.negatives.tsv.gz",
        networks=FILES.judged_networks,
        nulls=CONTEXT.null_scores,
        models=FILES.evaluated_scores,
    output:
        metrics="<results>/{dataset}/evaluation/{split}/seed{seed}.metrics.tsv",
        curves="<results>/{dataset}/evaluation/{split}/seed{seed}.curves.tsv.gz",
        comparisons="<results>/{dataset}/evaluation/{split}/seed{seed}.comparisons.tsv",
        permutations="<results>/{dataset}/evaluation/{split}/seed{seed}.permutations.tsv",
    log:
        "<logs>/{dataset}/evaluate_split_{split}_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/evaluate_split_{split}_seed{seed}.jsonl"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        nulls=of_dataset(CONTEXT.nulls),
        models=of_dataset(PLAN.evaluated),
        main="gtgrn",
        controls=PLAN.controls,
        beside={},
        options=config["evaluation"],
        code=code("evaluate_split"),
    script:
        "../../scripts/evaluate_split.py"


rule import_network:
    input:
        genes="<results>/{dataset}/genes.tsv",
        scores=lambda wildcards: beside(config["third_party"][wildcards.name]["path"]),
    output:
        "<results>/{dataset}/networks/third_party/{name}.tsv.gz",
    log:
        "<logs>/{dataset}/import_network_{name}.log",
    wildcard_constraints:
        name=one_of(config["third_party"]),
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        columns=lambda wildcards: without(config["third_party"][wildcards.name], "dataset", "path"),
        code=code("import_network"),
    script:
        "../../scripts/import_network.py"


# Third parties beside the nulls, on the splits of all others, without training a model.
use rule evaluate_split as score_third_party with:
    input:
        genes="<results>/{dataset}/genes.tsv",
        split="<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
        negatives="<results>/{dataset}/splits/{split}/seed{seed}.negatives.tsv.gz",
        networks=FILES.third_party,
        nulls=CONTEXT.null_scores,
        models=[],
    output:
        metrics="<results>/{dataset}/evaluation/{split}/seed{seed}.third_party.metrics.tsv",
        curves="<results>/{dataset}/evaluation/{split}/seed{seed}.third_party.curves.tsv.gz",
        comparisons="<results>/{dataset}/evaluation/{split}/seed{seed}.third_party.comparisons.tsv",
        permutations="<results>/{dataset}/evaluation/{split}/seed{seed}.third_party.permutations.tsv",
    log:
        "<logs>/{dataset}/score_third_party_{split}_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/score_third_party_{split}_seed{seed}.jsonl"
    params:
        nulls=of_dataset(CONTEXT.nulls),
        models=[],
        main="gtgrn",
        controls=[],
        beside={},
        options=config["evaluation"],
        code=code("evaluate_split"),


rule judge_networks:
    input:
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
        networks=FILES.judged_networks,
    output:
        "<results>/{dataset}/evaluation/networks.tsv",
    log:
        "<logs>/{dataset}/judge_networks.log",
    benchmark:
        "<benchmarks>/{dataset}/judge_networks.jsonl"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        universe=config["evaluation"]["universe"],
        code=code("judge_networks"),
    script:
        "../../scripts/judge_networks.py"


rule measure_stability:
    input:
        unpack(FILES.known_edges),
        matrix="<results>/{dataset}/matrix.npy",
        genes="<results>/{dataset}/genes.tsv",
        networks=collect("<results>/{{dataset}}/networks/{method}.tsv.gz", method=PLAN.methods),
    output:
        "<results>/{dataset}/evaluation/stability.tsv",
    log:
        "<logs>/{dataset}/measure_stability.log",
    benchmark:
        "<benchmarks>/{dataset}/measure_stability.jsonl"
    conda:
        "../../envs/mi.yaml"
    threads: 2
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(1440),
    params:
        methods=PLAN.methods,
        options=config["inference"]["options"],
        seed=config["inference"]["seed"],
        genes=config["evaluation"]["stability_genes"],
        code=code("measure_stability", METHODS, PLAN.methods),
    script:
        "../../scripts/measure_stability.py"


rule describe_networks:
    input:
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
        networks=FILES.judged_networks,
        splits=collect("<results>/{{dataset}}/splits/{{split}}/seed{seed}.tsv.gz", seed=SEEDS),
        models=FILES.scores_of_all_seeds,
    output:
        reconstruction="<results>/{dataset}/evaluation/{split}/reconstruction.tsv",
        agreement="<results>/{dataset}/evaluation/{split}/agreement.tsv",
        characteristics="<results>/{dataset}/evaluation/{split}/characteristics.tsv",
        motifs="<results>/{dataset}/evaluation/{split}/motifs.tsv",
        paths="<results>/{dataset}/evaluation/{split}/false_positive_paths.tsv",
    log:
        "<logs>/{dataset}/describe_networks_{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/describe_networks_{split}.jsonl"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        models=of_dataset(PLAN.evaluated),
        seeds=SEEDS,
        universe=config["evaluation"]["universe"],
        threshold=config["evaluation"]["threshold"],
        code=code("describe_networks"),
    script:
        "../../scripts/describe_networks.py"


rule audit_leakage:
    input:
        unpack(FILES.audited),
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
        matrix="<results>/{dataset}/matrix.npy",
        splits=collect("<results>/{{dataset}}/splits/{{split}}/seed{seed}.tsv.gz", seed=SEEDS),
        negatives=collect(
            "<results>/{{dataset}}/splits/{{split}}/seed{seed}.negatives.tsv.gz", seed=SEEDS
        ),
        positional=collect(
            "<results>/{{dataset}}/embeddings/positional/{{split}}/seed{seed}.h5ad", seed=SEEDS
        ),
        scores=FILES.scores_of_all_seeds,
        messages=FILES.messages_of_all_seeds,
        exposure=FILES.exposure_of_all_seeds,
        sources=CONTEXT.tables,
        elsewhere=CONTEXT.audited,
    output:
        "<results>/{dataset}/evaluation/{split}/audit.tsv",
    log:
        "<logs>/{dataset}/audit_leakage_{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/audit_leakage_{split}.jsonl"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        models=of_dataset(PLAN.evaluated),
        shown=PLAN.refitted,
        elsewhere=of_dataset(CONTEXT.places),
        exchanged=PLAN.exchanged,
        labels=given(FILES.label_files),
        seeds=SEEDS,
        positional=config["positional"],
        cards=of_dataset(CONTEXT.cards),
        dataset=of_dataset(CONTEXT.about),
        code=code("audit_leakage"),
    script:
        "../../scripts/audit_leakage.py"


rule collect_metrics:
    input:
        metrics=FILES.evaluated_tables("metrics"),
        comparisons=FILES.evaluated_tables("comparisons"),
        permutations=FILES.evaluated_tables("permutations"),
        stability=FILES.stabilities(),
        reconstruction=FILES.expand_splits(
            "<results>/{dataset}/evaluation/{split}/reconstruction.tsv"
        ),
    output:
        metrics="<results>/benchmark/metrics.tsv",
        table=report(
            "<results>/benchmark/table.tsv",
            caption="../report/table.rst",
            category="Benchmark",
            labels={"Content": "methods"},
        ),
        summary="<results>/benchmark/summary.tsv",
        comparisons=report(
            "<results>/benchmark/comparisons.tsv",
            caption="../report/comparisons.rst",
            category="Benchmark",
            labels={"Content": "differences to the nulls"},
        ),
        permutations="<results>/benchmark/permutations.tsv",
        reconstruction="<results>/benchmark/reconstruction.tsv",
        ranks="<results>/benchmark/ranks.tsv",
        stability="<results>/benchmark/stability.tsv",
    log:
        "<logs>/collect_metrics.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        code=code("collect_metrics"),
    script:
        "../../scripts/collect_metrics.py"


rule collect_runtime:
    input:
        FILES.evaluated_tables("metrics"),
        collect("<results>/{dataset}/network.tsv.gz", dataset=PLAN.expressed),
    output:
        "<results>/benchmark/runtime.tsv",
    log:
        "<logs>/collect_runtime.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        datasets=list(PLAN.datasets),
        seeds=SEEDS,
        benchmarks=workflow.pathvars.apply("<benchmarks>"),
        code=code("collect_runtime"),
    script:
        "../../scripts/collect_runtime.py"
