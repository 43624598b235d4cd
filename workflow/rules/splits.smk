"""Which pairs train, validate and test."""


rule draw_split:
    input:
        unpack(get_shipped_split),
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
    output:
        "<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
    log:
        "<logs>/{dataset}/draw_split_{split}_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/draw_split_{split}_seed{seed}.jsonl"
    priority: 90
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=15,
    params:
        card=get_card,
        options=without(config["splits"], "schemes"),
        code=source_digest("schemes.py", "splits.py", "folds.py", "reference.py"),
    script:
        "../../scripts/draw_split.py"
