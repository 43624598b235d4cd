"""The peers side by side, and the study of their hyper-parameters (Table 4, Fig. 5)."""


rule compare_peers:
    input:
        scores=STUDIES.peer_scores,
        originals=beside(ORIGINAL_PEERS),
    output:
        table="<results>/{dataset}/peers.tsv",
        seeds="<results>/{dataset}/peers_by_seed.tsv",
    log:
        "<logs>/{dataset}/compare_peers.log",
    wildcard_constraints:
        dataset=one_of(PLAN.judged),
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        models=of_dataset(STUDIES.peer_runs),
        card=lambda wildcards: PLAN.datasets[wildcards.dataset]["card"],
        code=code("compare_peers"),
    script:
        "../../scripts/compare_peers.py"


rule tune_model:
    input:
        unpack(STUDIES.tuning),
        genes="<results>/{dataset}/genes.tsv",
        split=f"<results>/{{dataset}}/splits/{PLAN.main_split}/seed{{seed}}.tsv.gz",
    output:
        "<results>/{dataset}/tuning/{model}/{point}/seed{seed}.tsv",
    log:
        "<logs>/{dataset}/tuning/{model}/{point}/seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/tuning/{model}/{point}/seed{seed}.jsonl"
    wildcard_constraints:
        dataset=one_of(PLAN.judged),
        model=one_of(PLAN.grids),
        point=r"[\w=,.-]+",
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=GPUS,
        mem_mb=scaled(8000),
        runtime=scaled(720),
    params:
        **trained_with(STUDIES.tuning_options),
        form=config["tuning"]["form"],
        code=code("tune_model", PEERS, find_plugins(PEERS)),
    script:
        "../../scripts/tune_model.py"


rule choose_hyperparameters:
    input:
        STUDIES.tuning_rows,
    output:
        table="<results>/{dataset}/tuning.tsv",
        best="<results>/{dataset}/tuning_best.tsv",
        figure="<results>/{dataset}/tuning.html",
    log:
        "<logs>/{dataset}/choose_hyperparameters.log",
    wildcard_constraints:
        dataset=one_of(PLAN.judged),
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        code=code("choose_hyperparameters"),
    script:
        "../../scripts/choose_hyperparameters.py"
