"""The peers side by side, and the study of their hyper-parameters (Table 4, Fig. 5)."""


rule compare_peers:
    input:
        scores=get_peer_scores,
        originals="resources/original_peers.tsv",
    output:
        table="<results>/{dataset}/peers.tsv",
        seeds="<results>/{dataset}/peers_by_seed.tsv",
    log:
        "<logs>/{dataset}/compare_peers.log",
    wildcard_constraints:
        dataset=one_of(JUDGED),
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        models=lambda wildcards: get_peer_runs(wildcards.dataset),
        card=lambda wildcards: DATASETS[wildcards.dataset]["card"],
        code=source_digest("peers.py", "metrics.py", "ranking.py"),
    script:
        "../../scripts/compare_peers.py"


rule tune_model:
    input:
        unpack(get_tuning_files),
        genes="<results>/{dataset}/genes.tsv",
        split=f"<results>/{{dataset}}/splits/{SCHEMES[0]}/seed{{seed}}.tsv.gz",
    output:
        "<results>/{dataset}/tuning/{model}/{point}/seed{seed}.tsv",
    log:
        "<logs>/{dataset}/tuning/{model}/{point}/seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/tuning/{model}/{point}/seed{seed}.jsonl"
    wildcard_constraints:
        dataset=one_of(JUDGED),
        model=one_of(GRIDS),
        point=r"[\w=,.-]+",
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=scaled_memory(8000),
        runtime=720,
    params:
        options=get_tuning_options,
        form=config["tuning"]["form"],
        code=source_digest("tuning.py", *PEER_FILES),
    script:
        "../../scripts/tune_model.py"


rule choose_hyperparameters:
    input:
        get_tuning_rows,
    output:
        table="<results>/{dataset}/tuning.tsv",
        best="<results>/{dataset}/tuning_best.tsv",
        figure="<results>/{dataset}/tuning.html",
    log:
        "<logs>/{dataset}/choose_hyperparameters.log",
    wildcard_constraints:
        dataset=one_of(JUDGED),
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        code=source_digest("tuning.py", "peers.py", "plots/peers.py"),
    script:
        "../../scripts/choose_hyperparameters.py"
