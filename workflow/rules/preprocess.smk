"""From a card to expression.h5ad and reference.tsv.

These jobs have the highest priority, so that bad input ends a run before anything long begins.
"""


rule fetch_file:
    output:
        "{file}",
    log:
        "<logs>/downloads/{file}.log",
    wildcard_constraints:
        file=one_of(re.escape(file) for file in FETCHED if file not in FETCHED_FOLDERS),
    priority: 110
    localrule: True
    conda:
        "../../envs/base.yaml"
    script:
        "../../scripts/fetch.py"


rule fetch_folder:
    output:
        directory("{folder}"),
    log:
        "<logs>/downloads/{folder}.log",
    wildcard_constraints:
        folder=one_of(map(re.escape, FETCHED_FOLDERS)),
    priority: 110
    localrule: True
    conda:
        "../../envs/base.yaml"
    script:
        "../../scripts/fetch.py"


rule simulate_expression:
    input:
        model=get_simulation_model,
    output:
        expression="<results>/{dataset}/simulation.h5ad",
        reference="<results>/{dataset}/simulation_reference.tsv",
    log:
        "<logs>/{dataset}/simulate_expression.log",
    benchmark:
        "<benchmarks>/{dataset}/simulate_expression.jsonl"
    wildcard_constraints:
        dataset=one_of(BOOLEAN),
    priority: 100
    conda:
        "../../envs/base.yaml"
    threads: 4
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        simulation=get_simulation,
        code=source_digest("simulate.py"),
    script:
        "../../scripts/simulate_expression.py"


rule simulate_kinetics:
    input:
        unpack(get_source_network),
    output:
        expression="<results>/{dataset}/simulation.h5ad",
        reference="<results>/{dataset}/simulation_reference.tsv",
        statistics="<results>/{dataset}/simulation_statistics.json",
    log:
        "<logs>/{dataset}/simulate_kinetics.log",
    benchmark:
        "<benchmarks>/{dataset}/simulate_kinetics.jsonl"
    wildcard_constraints:
        dataset=one_of(KINETIC),
    priority: 100
    conda:
        "../../envs/base.yaml"
    threads: 4
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        kinetics=get_kinetics,
        code=source_digest("gnw.py", "kinetics.py", "subnetworks.py"),
    script:
        "../../scripts/simulate_kinetics.py"


rule preprocess_expression:
    input:
        unpack(get_expression_files),
    output:
        expression="<results>/{dataset}/expression.h5ad",
        matrix="<results>/{dataset}/matrix.npy",
        genes="<results>/{dataset}/genes.tsv",
    log:
        "<logs>/{dataset}/preprocess_expression.log",
    benchmark:
        "<benchmarks>/{dataset}/preprocess_expression.jsonl"
    priority: 100
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(4000),
        runtime=60,
    params:
        card=get_card,
        preprocess=get_preprocess,
        seed=config["inference"]["seed"],
        code=source_digest(
            *["expression.py", "readers.py", "beeline.py", "matrix.py", "reference.py"],
            *["cell_types.py"],
        ),
    script:
        "../../scripts/preprocess_expression.py"


rule prepare_reference:
    input:
        expression="<results>/{dataset}/expression.h5ad",
        reference=get_reference_file,
    output:
        "<results>/{dataset}/reference.tsv",
    log:
        "<logs>/{dataset}/prepare_reference.log",
    benchmark:
        "<benchmarks>/{dataset}/prepare_reference.jsonl"
    wildcard_constraints:
        dataset=one_of([*SUPERVISED, *IMPUTED]),
    priority: 100
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        card=get_card,
        code=source_digest("reference.py"),
    script:
        "../../scripts/prepare_reference.py"


rule summarise_input:
    input:
        unpack(get_summary_files),
        expression="<results>/{dataset}/expression.h5ad",
    output:
        "<results>/{dataset}/input_summary.txt",
    log:
        "<logs>/{dataset}/summarise_input.log",
    benchmark:
        "<benchmarks>/{dataset}/summarise_input.jsonl"
    priority: 100
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(4000),
        runtime=15,
    params:
        card=get_card,
        code=source_digest("input_summary.py", "reference.py"),
    script:
        "../../scripts/summarise_input.py"
