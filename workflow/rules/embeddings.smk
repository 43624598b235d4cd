"""One vector per gene: from walks (BERT), from expression (VAE), from positions (Laplacian).

Training runs on one CPU thread: the networks are small, jobs run side by side, and sums over
several threads round differently, which would make results depend on the machine's cores.
"""


rule train_bert:
    input:
        "<results>/{dataset}/walks/seed{seed}.npz",
    output:
        embedding="<results>/{dataset}/embeddings/global/seed{seed}.h5ad",
        history="<results>/{dataset}/embeddings/global/seed{seed}.history.tsv",
        checkpoint="<results>/{dataset}/embeddings/global/seed{seed}.pt",
    log:
        "<logs>/{dataset}/train_bert_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/train_bert_seed{seed}.jsonl"
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=GPUS,
        mem_mb=scaled(4000),
        runtime=scaled(720),
    params:
        **trained_with(config["bert"]),
        code=code("train_bert"),
    script:
        "../../scripts/train_bert.py"


rule train_vae:
    input:
        "<results>/{dataset}/expression.h5ad",
    output:
        embedding="<results>/{dataset}/embeddings/expression/seed{seed}.h5ad",
        history="<results>/{dataset}/embeddings/expression/seed{seed}.history.tsv",
        checkpoint="<results>/{dataset}/embeddings/expression/seed{seed}.pt",
    log:
        "<logs>/{dataset}/train_vae_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/train_vae_seed{seed}.jsonl"
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=GPUS,
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        **trained_with(config["vae"]),
        code=code("train_vae"),
    script:
        "../../scripts/train_vae.py"


rule encode_positions:
    input:
        genes="<results>/{dataset}/genes.tsv",
        split="<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
    output:
        "<results>/{dataset}/embeddings/positional/{split}/seed{seed}.h5ad",
    log:
        "<logs>/{dataset}/encode_positions_{split}_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/encode_positions_{split}_seed{seed}.jsonl"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        options=config["positional"],
        code=code("encode_positions"),
    script:
        "../../scripts/encode_positions.py"
