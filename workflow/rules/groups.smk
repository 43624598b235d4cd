"""Groups of cells: a data set for each, cut out of the preprocessed whole."""


rule select_group:
    input:
        FILES.whole,
    output:
        expression="<results>/{dataset}/expression.h5ad",
        matrix="<results>/{dataset}/matrix.npy",
        genes="<results>/{dataset}/genes.tsv",
    log:
        "<logs>/{dataset}/select_group.log",
    benchmark:
        "<benchmarks>/{dataset}/select_group.jsonl"
    wildcard_constraints:
        dataset=one_of(PLAN.groups),
    priority: 100
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        by=lambda wildcards: GROUPS.section(wildcards.dataset)["by"],
        group=lambda wildcards: PLAN.listed[wildcards.dataset]["group"],
        min_cells=lambda wildcards: GROUPS.section(wildcards.dataset)["min_cells"],
        code=code("select_group"),
    script:
        "../../scripts/select_group.py"


rule list_groups:
    input:
        "<results>/{dataset}/expression.h5ad",
    output:
        report(
            "<results>/{dataset}/groups.tsv",
            caption="../report/groups.rst",
            category="Groups and conditions",
            labels={"Data set": "{dataset}", "Content": "groups"},
        ),
    log:
        "<logs>/{dataset}/list_groups.log",
    wildcard_constraints:
        dataset=one_of(PLAN.grouped),
    priority: 100
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        by=lambda wildcards: GROUPS.section(wildcards.dataset)["by"],
        groups=of_dataset(GROUPS.rows),
        code=code("list_groups"),
    script:
        "../../scripts/list_groups.py"
