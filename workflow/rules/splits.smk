"""Which pairs train, validate and test."""


rule draw_split:
    input:
        unpack(given(FILES.split)),
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
    output:
        split="<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
        negatives="<results>/{dataset}/splits/{split}/seed{seed}.negatives.tsv.gz",
    log:
        "<logs>/{dataset}/draw_split_{split}_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/draw_split_{split}_seed{seed}.jsonl"
    priority: 90
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(15),
    params:
        card=get_card,
        options=without(config["splits"], "schemes"),
        negatives=config["evaluation"]["negatives"],
        draws=config["evaluation"]["draws"],
        code=code("draw_split"),
    script:
        "../../scripts/draw_split.py"
