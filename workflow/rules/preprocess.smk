"""From a card to expression.h5ad and reference.tsv.

These jobs have the highest priority, so that bad input ends a run before anything long begins.
"""


rule fetch_file:
    output:
        local("{file}"),
    log:
        "<logs>/downloads/{file}.log",
    wildcard_constraints:
        file=one_of(file for file in PLAN.fetched if file not in PLAN.fetched_folders),
    priority: 110
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        code=code("fetch"),
    script:
        "../../scripts/fetch.py"


rule fetch_folder:
    output:
        local(directory("{folder}")),
    log:
        "<logs>/downloads/{folder}.log",
    wildcard_constraints:
        folder=one_of(PLAN.fetched_folders),
    priority: 110
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        code=code("fetch"),
    script:
        "../../scripts/fetch.py"


rule fetch_source:
    output:
        f"{DOWNLOADS}/sources/{{source}}.tsv.gz",
    log:
        "<logs>/sources/{source}.log",
    wildcard_constraints:
        source=one_of(map(re.escape, list_sources())),
    priority: 110
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        card=lambda wildcards: load_sources([wildcards.source])[wildcards.source],
        code=code("fetch_source"),
    script:
        "../../scripts/fetch_source.py"


rule try_source:
    input:
        lambda wildcards: CONTEXT.at_hand(wildcards),
    output:
        f"{DOWNLOADS}/sources/tried/{{source}}.tsv.gz",
    log:
        "<logs>/sources/tried_{source}.log",
    wildcard_constraints:
        source=one_of(map(re.escape, list_sources())),
    priority: 110
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        card=lambda wildcards: load_sources([wildcards.source])[wildcards.source],
        code=code("try_source"),
    script:
        "../../scripts/try_source.py"


rule simulate_expression:
    input:
        model=lambda wildcards: beside(get_card(wildcards)["simulation"]["model"]),
    output:
        expression="<results>/{dataset}/simulation.h5ad",
        reference="<results>/{dataset}/simulation_reference.tsv",
    log:
        "<logs>/{dataset}/simulate_expression.log",
    benchmark:
        "<benchmarks>/{dataset}/simulate_expression.jsonl"
    wildcard_constraints:
        dataset=one_of(PLAN.boolean),
    priority: 100
    conda:
        "../../envs/base.yaml"
    threads: 4
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(30),
    params:
        simulation=lambda wildcards: get_card(wildcards)["simulation"],
        code=code("simulate_expression"),
    script:
        "../../scripts/simulate_expression.py"


rule simulate_kinetics:
    input:
        unpack(given(FILES.source_network)),
    output:
        expression="<results>/{dataset}/simulation.h5ad",
        reference="<results>/{dataset}/simulation_reference.tsv",
        statistics="<results>/{dataset}/simulation_statistics.json",
    log:
        "<logs>/{dataset}/simulate_kinetics.log",
    benchmark:
        "<benchmarks>/{dataset}/simulate_kinetics.jsonl"
    wildcard_constraints:
        dataset=one_of(PLAN.kinetic),
    priority: 100
    conda:
        "../../envs/base.yaml"
    threads: 4
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(60),
    params:
        kinetics=lambda wildcards: get_card(wildcards)["kinetics"],
        code=code("simulate_kinetics"),
    script:
        "../../scripts/simulate_kinetics.py"


rule preprocess_expression:
    input:
        unpack(given(FILES.expression)),
    output:
        expression="<results>/{dataset}/expression.h5ad",
        matrix="<results>/{dataset}/matrix.npy",
        genes="<results>/{dataset}/genes.tsv",
    log:
        "<logs>/{dataset}/preprocess_expression.log",
    benchmark:
        "<benchmarks>/{dataset}/preprocess_expression.jsonl"
    wildcard_constraints:
        dataset=one_of(PLAN.wholes(PLAN.datasets)),
    priority: 100
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        card=get_card,
        columns=of_dataset(GROUPS.columns),
        preprocess=of_dataset(PLAN.preprocess),
        seed=config["inference"]["seed"],
        code=code("preprocess_expression"),
    script:
        "../../scripts/preprocess_expression.py"


rule prepare_reference:
    input:
        expression="<results>/{dataset}/expression.h5ad",
        reference=given(FILES.reference),
        names=given(FILES.names_of_reference),
    output:
        "<results>/{dataset}/reference.tsv",
    log:
        "<logs>/{dataset}/prepare_reference.log",
    benchmark:
        "<benchmarks>/{dataset}/prepare_reference.jsonl"
    wildcard_constraints:
        dataset=one_of([*PLAN.supervised, *PLAN.imputed]),
    priority: 100
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(15),
    params:
        card=get_card,
        code=code("prepare_reference"),
    script:
        "../../scripts/prepare_reference.py"


rule summarise_input:
    input:
        unpack(given(FILES.summary)),
        expression="<results>/{dataset}/expression.h5ad",
    output:
        summary="<results>/{dataset}/input_summary.txt",
        warnings="<results>/{dataset}/input_warnings.txt",
    log:
        "<logs>/{dataset}/summarise_input.log",
    benchmark:
        "<benchmarks>/{dataset}/summarise_input.jsonl"
    priority: 100
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(15),
    params:
        card=lambda wildcards: without(PLAN.datasets[wildcards.dataset], "groups", "compare"),
        sources=of_dataset(CONTEXT.sources),
        code=code("summarise_input"),
    script:
        "../../scripts/summarise_input.py"
