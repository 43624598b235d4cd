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
