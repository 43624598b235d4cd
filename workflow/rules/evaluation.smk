"""What a score means: every method, null and variant on the same test pairs."""


rule evaluate_split:
    input:
        split="<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
        negatives="<results>/{dataset}/splits/{split}/seed{seed}.negatives.tsv.gz",
        networks=get_judged_networks,
        nulls=collect(
            "<results>/{{dataset}}/nulls/{null}/{{split}}/seed{{seed}}.tsv.gz", null=NULLS
        ),
        models=get_evaluated_scores,
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
        mem_mb=scaled_memory(4000),
        runtime=60,
    params:
        nulls=NULLS,
        models=get_evaluated_models,
        main="gtgrn",
        controls=[name for name in VARIANTS if is_control(name)],
        options=config["evaluation"],
        code=source_digest(*JUDGING_FILES, "calibration.py", "evaluation.py", "negatives.py"),
    script:
        "../../scripts/evaluate_split.py"


rule import_network:
    input:
        genes="<results>/{dataset}/genes.tsv",
        scores=lambda wildcards: THIRD_PARTY[wildcards.name]["path"],
    output:
        "<results>/{dataset}/networks/third_party/{name}.tsv.gz",
    log:
        "<logs>/{dataset}/import_network_{name}.log",
    wildcard_constraints:
        name=one_of(THIRD_PARTY),
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        columns=lambda wildcards: without(THIRD_PARTY[wildcards.name], "dataset", "path"),
        code=source_digest("third_party.py"),
    script:
        "../../scripts/import_network.py"


# Third parties beside the nulls, on the splits of all others, without training a model.
use rule evaluate_split as score_third_party with:
    input:
        split="<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
        negatives="<results>/{dataset}/splits/{split}/seed{seed}.negatives.tsv.gz",
        networks=get_third_party,
        nulls=collect(
            "<results>/{{dataset}}/nulls/{null}/{{split}}/seed{{seed}}.tsv.gz", null=NULLS
        ),
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
        nulls=NULLS,
        models=[],
        main="gtgrn",
        controls=[],
        options=config["evaluation"],
        code=source_digest(*JUDGING_FILES, "calibration.py", "evaluation.py", "negatives.py"),


rule judge_networks:
    input:
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
        networks=get_judged_networks,
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
        mem_mb=scaled_memory(4000),
        runtime=60,
    params:
        universe=config["evaluation"]["universe"],
        code=source_digest("metrics.py", "ranking.py", "reconstruction.py"),
    script:
        "../../scripts/judge_networks.py"


rule measure_stability:
    input:
        unpack(get_known_edges),
        matrix="<results>/{dataset}/matrix.npy",
        genes="<results>/{dataset}/genes.tsv",
        networks=collect("<results>/{{dataset}}/networks/{method}.tsv.gz", method=METHODS),
    output:
        "<results>/{dataset}/evaluation/stability.tsv",
    log:
        "<logs>/{dataset}/measure_stability.log",
    benchmark:
        "<benchmarks>/{dataset}/measure_stability.jsonl"
    conda:
        "../../envs/arboreto.yaml"
    threads: 2
    resources:
        mem_mb=scaled_memory(4000),
        runtime=1440,
    params:
        methods=METHODS,
        options=config["inference"]["options"],
        seed=config["inference"]["seed"],
        code=source_digest("reconstruction.py", "stability.py", *TREE_FILES, *MI_FILES),
    script:
        "../../scripts/measure_stability.py"


rule describe_networks:
    input:
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
        networks=get_judged_networks,
        splits=collect("<results>/{{dataset}}/splits/{{split}}/seed{seed}.tsv.gz", seed=SEEDS),
        models=get_scores_of_all_seeds,
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
        mem_mb=scaled_memory(4000),
        runtime=60,
    params:
        models=get_evaluated_models,
        seeds=SEEDS,
        universe=config["evaluation"]["universe"],
        threshold=config["evaluation"]["threshold"],
        code=source_digest(
            "metrics.py", "ranking.py", "reconstruction.py", "stability.py", "topology.py"
        ),
    script:
        "../../scripts/describe_networks.py"


rule audit_leakage:
    input:
        unpack(get_audited_artefacts),
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
        scores=get_scores_of_all_seeds,
        messages=get_messages_of_all_seeds,
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
        mem_mb=scaled_memory(4000),
        runtime=60,
    params:
        models=get_evaluated_models,
        seeds=SEEDS,
        positional=config["positional"],
        code=source_digest("audit.py", "positional.py", "splits.py"),
    script:
        "../../scripts/audit_leakage.py"


rule collect_metrics:
    input:
        metrics=EVALUATED_METRICS,
        comparisons=get_evaluated_tables("comparisons"),
        permutations=get_evaluated_tables("permutations"),
        stability=STABILITIES,
        reconstruction=collect_splits("<results>/{dataset}/evaluation/{split}/reconstruction.tsv"),
    output:
        metrics="<results>/benchmark/metrics.tsv",
        table="<results>/benchmark/table.tsv",
        summary="<results>/benchmark/summary.tsv",
        comparisons="<results>/benchmark/comparisons.tsv",
        permutations="<results>/benchmark/permutations.tsv",
        reconstruction="<results>/benchmark/reconstruction.tsv",
        ranks="<results>/benchmark/ranks.tsv",
        stability="<results>/benchmark/stability.tsv",
    log:
        "<logs>/collect_metrics.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    script:
        "../../scripts/collect_metrics.py"


rule collect_runtime:
    input:
        EVALUATED_METRICS,
        NETWORK_FILES,
    output:
        "<results>/benchmark/runtime.tsv",
    log:
        "<logs>/collect_runtime.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        datasets=list(DATASETS),
        seeds=SEEDS,
        benchmarks=workflow.pathvars.apply("<benchmarks>"),
    script:
        "../../scripts/collect_runtime.py"
