"""Supervised models: GT-GRN, one rule per peer in scripts/gtgrn/models/peers, and the nulls.

One job trains all forms of a peer, or of all peers (peers.together): on small data sets the
start of a job costs more than the training.
"""


rule train_gtgrn:
    input:
        unpack(FILES.features),
        unpack(CONTEXT.elsewhere),
        genes="<results>/{dataset}/genes.tsv",
        split="<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
    output:
        **{
            kind: f"<results>/{{dataset}}/models/gtgrn/{{variant}}/{{split}}/seed{{seed}}/{name}"
            for kind, name in MODEL_OUTPUTS.items()
        },
    log:
        "<logs>/{dataset}/train_gtgrn_{variant}_{split}_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/train_gtgrn_{variant}_{split}_seed{seed}.jsonl"
    priority: of_network
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=GPUS,
        mem_mb=scaled(8000),
        runtime=scaled(720),
    params:
        **trained_with(lambda wildcards: PLAN.variant_options(wildcards.variant)),
        code=code("train_gtgrn"),
    script:
        "../../scripts/train_gtgrn.py"


TRAININGS = {f"train_{peer}": ([peer], PLAN.single_peers) for peer in find_plugins(PEERS)}
if PLAN.peers:
    TRAININGS["train_peers"] = (PLAN.peers, PLAN.joint_peers)

for training, (peers, datasets) in TRAININGS.items():
    # Peers that are trained together share the environment of the first.
    environment = find_plugins(PEERS)[peers[0]].trait("ENVIRONMENT", "torch")

    rule:
        name:
            training
        input:
            matrix="<results>/{dataset}/matrix.npy",
            genes="<results>/{dataset}/genes.tsv",
            split="<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
        output:
            **get_peer_outputs(*peers),
        log:
            f"<logs>/{{dataset}}/{training}_{{split}}_seed{{seed}}.log",
        benchmark:
            f"<benchmarks>/{{dataset}}/{training}_{{split}}_seed{{seed}}.jsonl"
        wildcard_constraints:
            dataset=one_of(datasets),
        conda:
            f"../../envs/{environment}.yaml"
        threads: 1
        resources:
            gpu=GPUS,
            mem_mb=scaled(8000),
            runtime=scaled(720),
        params:
            **trained_with({peer: PLAN.peer_options(peer) for peer in peers}),
            code=code("train_peers", PEERS, peers),
        script:
            "../../scripts/train_peers.py"


rule score_nulls:
    input:
        "<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
    output:
        collect("<results>/{{dataset}}/nulls/{null}/{{split}}/seed{{seed}}.tsv.gz", null=NULLS),
    log:
        "<logs>/{dataset}/score_nulls_{split}_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/score_nulls_{split}_seed{seed}.jsonl"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(120),
    params:
        nulls=NULLS,
        code=code("score_nulls"),
    script:
        "../../scripts/score_nulls.py"
