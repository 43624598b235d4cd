"""What other contexts say: rankings without labels, their nulls, and the benchmark of both."""


rule rank_by_context:
    input:
        genes="<results>/{dataset}/genes.tsv",
        sources=CONTEXT.tables,
    output:
        ranking="<results>/{dataset}/context/ranking.tsv.gz",
        summary="<results>/{dataset}/context/summary.json",
        dropped="<results>/{dataset}/context/dropped.tsv",
    log:
        "<logs>/{dataset}/rank_by_context.log",
    benchmark:
        "<benchmarks>/{dataset}/rank_by_context.jsonl"
    wildcard_constraints:
        dataset=one_of(CONTEXT.ranked),
    priority: NETWORK
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        cards=of_dataset(CONTEXT.cards),
        dataset=of_dataset(CONTEXT.about),
        code=code("rank_by_context"),
    script:
        "../../scripts/rank_by_context.py"


rule prepare_context:
    input:
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
        sources=CONTEXT.tables,
    output:
        inputs="<results>/{dataset}/context/inputs/{kinds}.npz",
        dropped="<results>/{dataset}/context/inputs/{kinds}.dropped.tsv",
    log:
        "<logs>/{dataset}/prepare_context_{kinds}.log",
    benchmark:
        "<benchmarks>/{dataset}/prepare_context_{kinds}.jsonl"
    wildcard_constraints:
        dataset=one_of(CONTEXT.judged),
        kinds=r"[a-z-]+",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        cards=of_dataset(CONTEXT.cards),
        dataset=of_dataset(CONTEXT.about),
        code=code("prepare_context"),
    script:
        "../../scripts/prepare_context.py"


rule score_context_nulls:
    input:
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
        split="<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
        sources=CONTEXT.tables,
    output:
        collect(
            "<results>/{{dataset}}/nulls/{null}/{{split}}/seed{{seed}}.tsv.gz", null=CONTEXT_NULLS
        ),
    log:
        "<logs>/{dataset}/score_context_nulls_{split}_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/score_context_nulls_{split}_seed{seed}.jsonl"
    wildcard_constraints:
        dataset=one_of(CONTEXT.judged),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        cards=of_dataset(CONTEXT.cards),
        dataset=of_dataset(CONTEXT.about),
        code=code("score_context_nulls"),
    script:
        "../../scripts/score_context_nulls.py"


rule score_expression_null:
    input:
        matrix="<results>/{dataset}/matrix.npy",
        genes="<results>/{dataset}/genes.tsv",
        split="<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
    output:
        f"<results>/{{dataset}}/nulls/{EXPRESSION_NULL}/{{split}}/seed{{seed}}.tsv.gz",
    log:
        "<logs>/{dataset}/score_expression_null_{split}_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/score_expression_null_{split}_seed{seed}.jsonl"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(120),
    params:
        code=code("score_expression_null"),
    script:
        "../../scripts/score_expression_null.py"


# The same learner with what other contexts say of the genes: what a model must add to it.
use rule score_expression_null as score_context_features_null with:
    input:
        unpack(CONTEXT.gene_features),
        genes="<results>/{dataset}/genes.tsv",
        split="<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
    output:
        f"<results>/{{dataset}}/nulls/{CONTEXT_FEATURES_NULL}/{{split}}/seed{{seed}}.tsv.gz",
    log:
        "<logs>/{dataset}/score_context_features_null_{split}_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/score_context_features_null_{split}_seed{seed}.jsonl"
    wildcard_constraints:
        dataset=one_of(CONTEXT.judged),


rule judge_without_labels:
    input:
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
        networks=CONTEXT.networks,
        sources=CONTEXT.tables,
    output:
        metrics="<results>/{dataset}/context/reference_free.tsv",
        differences="<results>/{dataset}/context/reference_free_differences.tsv",
        dropped="<results>/{dataset}/context/reference_free_dropped.tsv",
    log:
        "<logs>/{dataset}/judge_without_labels.log",
    benchmark:
        "<benchmarks>/{dataset}/judge_without_labels.jsonl"
    wildcard_constraints:
        dataset=one_of(CONTEXT.unlabelled),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        cards=of_dataset(CONTEXT.cards),
        dataset=of_dataset(CONTEXT.about),
        methods=of_dataset(CONTEXT.methods),
        truth=of_dataset(CONTEXT.truth),
        code=code("judge_without_labels"),
    script:
        "../../scripts/judge_without_labels.py"


rule collect_reference_free:
    input:
        metrics=collect(
            "<results>/{dataset}/context/reference_free.tsv", dataset=CONTEXT.unlabelled
        ),
        differences=collect(
            "<results>/{dataset}/context/reference_free_differences.tsv",
            dataset=CONTEXT.unlabelled,
        ),
        dropped=collect(
            "<results>/{dataset}/context/reference_free_dropped.tsv", dataset=CONTEXT.unlabelled
        ),
    output:
        metrics="<results>/benchmark/reference_free.tsv",
        differences="<results>/benchmark/reference_free_differences.tsv",
        dropped="<results>/benchmark/reference_free_dropped.tsv",
    log:
        "<logs>/collect_reference_free.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        code=code("collect_reference_free"),
    script:
        "../../scripts/collect_reference_free.py"


# The tables of other splits, for what other contexts add: part by part, and by the share of labels.
use rule evaluate_split as judge_context_study with:
    input:
        genes="<results>/{dataset}/genes.tsv",
        split="<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
        negatives="<results>/{dataset}/splits/{split}/seed{seed}.negatives.tsv.gz",
        networks=[],
        nulls=CONTEXT.null_scores,
        models=CONTEXT.study_scores,
    output:
        metrics="<results>/{dataset}/context/{study}/{split}/seed{seed}.metrics.tsv",
        curves="<results>/{dataset}/context/{study}/{split}/seed{seed}.curves.tsv.gz",
        comparisons="<results>/{dataset}/context/{study}/{split}/seed{seed}.comparisons.tsv",
        permutations="<results>/{dataset}/context/{study}/{split}/seed{seed}.permutations.tsv",
    log:
        "<logs>/{dataset}/judge_context_{study}_{split}_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/judge_context_{study}_{split}_seed{seed}.jsonl"
    wildcard_constraints:
        dataset=one_of(CONTEXT.judged),
        study="ablation|curve",
    params:
        nulls=of_dataset(CONTEXT.nulls),
        models=lambda wildcards: CONTEXT.study_models(wildcards.study),
        main="gtgrn",
        controls=[],
        beside=lambda wildcards: CONTEXT.study_rivals(wildcards.study),
        options=config["evaluation"],
        code=code("evaluate_split"),


rule collect_context_study:
    input:
        metrics=CONTEXT.study_tables("metrics"),
        comparisons=CONTEXT.study_tables("comparisons"),
    output:
        metrics="<results>/benchmark/context_{study}.tsv",
        comparisons="<results>/benchmark/context_{study}_differences.tsv",
    log:
        "<logs>/collect_context_{study}.log",
    wildcard_constraints:
        study="ablation|curve",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        code=code("collect_context_study"),
    script:
        "../../scripts/collect_context_study.py"
