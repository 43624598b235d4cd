"""What the network says of knock-outs: the response of every gene."""


rule check_perturbed:
    input:
        "<results>/{dataset}/expression.h5ad",
    output:
        "<results>/{dataset}/perturbation/genes.tsv",
    log:
        "<logs>/{dataset}/check_perturbed.log",
    wildcard_constraints:
        dataset=one_of(STUDIES.perturbed),
    # Before anything long begins, as a name may be misspelt.
    priority: 100
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        genes=lambda wildcards: list(STUDIES.perturbed[wildcards.dataset].values()),
        code=code("check_perturbed"),
    script:
        "../../scripts/check_perturbed.py"


rule perturb:
    input:
        expression="<results>/{dataset}/expression.h5ad",
        network="<results>/{dataset}/network.tsv.gz",
        genes="<results>/{dataset}/perturbation/genes.tsv",
    output:
        table="<results>/{dataset}/perturbation/{gene}.tsv.gz",
        summary="<results>/{dataset}/perturbation/{gene}.json",
    log:
        "<logs>/{dataset}/perturb_{gene}.log",
    benchmark:
        "<benchmarks>/{dataset}/perturb_{gene}.jsonl"
    wildcard_constraints:
        dataset=one_of(STUDIES.perturbed),
        gene="[^/]+",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        one=lambda wildcards: STUDIES.perturbed[wildcards.dataset][wildcards.gene],
        seed=config["inference"]["seed"],
        code=code("perturb"),
    script:
        "../../scripts/perturb.py"


rule list_perturbations:
    input:
        STUDIES.perturbations,
    output:
        "<results>/{dataset}/perturbation/summary.tsv",
    log:
        "<logs>/{dataset}/list_perturbations.log",
    wildcard_constraints:
        dataset=one_of(STUDIES.perturbed),
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        names=lambda wildcards: list(STUDIES.perturbed[wildcards.dataset]),
        code=code("list_perturbations"),
    script:
        "../../scripts/list_perturbations.py"
