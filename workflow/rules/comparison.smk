"""What differs between two conditions, within each group of cells."""


rule compare_conditions:
    input:
        expression="<results>/{dataset}/expression.h5ad",
        net="<results>/{dataset}/biology/net.tsv",
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
