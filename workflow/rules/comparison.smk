"""What differs between two conditions, within each group of cells."""

# Methods do not need what the correlations need: each runs in its own environment.
for method, plugin in find_plugins(METHODS).items():

    rule:
        name:
            f"compare_ranks_{method}"
        input:
            cells="<results>/{dataset}/comparison/{within}/cells.tsv.gz",
            compared="<results>/{dataset}/comparison/{within}/summary.json",
            matrix="<results>/{dataset}/matrix.npy",
            genes="<results>/{dataset}/genes.tsv",
        output:
            edges=f"<results>/{{dataset}}/comparison/{{within}}/{method}/edges.tsv.gz",
            regulators=f"<results>/{{dataset}}/comparison/{{within}}/{method}/regulators.tsv.gz",
            summary=f"<results>/{{dataset}}/comparison/{{within}}/{method}/summary.json",
        log:
            f"<logs>/{{dataset}}/compare_ranks_{{within}}_{method}.log",
        benchmark:
            f"<benchmarks>/{{dataset}}/compare_ranks_{{within}}_{method}.jsonl"
        wildcard_constraints:
            dataset=one_of(PLAN.compared),
            within="[^/]+",
        conda:
            f"../../envs/{plugin.trait('ENVIRONMENT', 'base')}.yaml"
        threads: plugin.trait("THREADS", 1)
        resources:
            mem_mb=scaled(8000),
            runtime=scaled(720),
        params:
            **get_method_params(method, "compare_ranks"),
            section=of_dataset(GROUPS.ranked),
        script:
            "../../scripts/compare_ranks.py"


rule list_compared_cells:
    input:
        "<results>/{dataset}/expression.h5ad",
    output:
        "<results>/{dataset}/comparison/{within}/cells.tsv.gz",
    log:
        "<logs>/{dataset}/list_compared_cells_{within}.log",
    wildcard_constraints:
        dataset=one_of(PLAN.compared),
        within="[^/]+",
    # Before anything long begins, as the filters may have left too few cells.
    priority: 100
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        section=of_dataset(GROUPS.comparison),
        within=lambda wildcards: GROUPS.within(wildcards.dataset, wildcards.within),
        code=code("list_compared_cells"),
    script:
        "../../scripts/list_compared_cells.py"


rule compare_conditions:
    input:
        expression="<results>/{dataset}/expression.h5ad",
        net="<results>/{dataset}/biology/net.tsv",
        cells="<results>/{dataset}/comparison/{within}/cells.tsv.gz",
    output:
        **{
            name: f"<results>/{{dataset}}/comparison/{{within}}/{name}.tsv.gz"
            for name in ("edges", "regulators", "regulons")
        },
        summary="<results>/{dataset}/comparison/{within}/summary.json",
    log:
        "<logs>/{dataset}/compare_conditions_{within}.log",
    benchmark:
        "<benchmarks>/{dataset}/compare_conditions_{within}.jsonl"
    wildcard_constraints:
        dataset=one_of(PLAN.compared),
        within="[^/]+",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(240),
    params:
        section=of_dataset(GROUPS.comparison),
        within=lambda wildcards: GROUPS.within(wildcards.dataset, wildcards.within),
        min_targets=config["biology"]["min_targets"],
        seed=config["inference"]["seed"],
        code=code("compare_conditions"),
    script:
        "../../scripts/compare_conditions.py"


rule list_comparisons:
    input:
        STUDIES.comparisons,
    output:
        report(
            "<results>/{dataset}/comparison/summary.tsv",
            caption="../report/conditions.rst",
            category="Groups and conditions",
            labels={"Data set": "{dataset}", "Content": "conditions"},
        ),
    log:
        "<logs>/{dataset}/list_comparisons.log",
    wildcard_constraints:
        dataset=one_of(PLAN.compared),
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        left_out=of_dataset(GROUPS.not_compared),
        code=code("list_comparisons"),
    script:
        "../../scripts/list_comparisons.py"
