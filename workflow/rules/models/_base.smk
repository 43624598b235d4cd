"""GT-GRN, and the base of every supervised model.

A model is one more file in this folder: `use rule train_gtgrn as train_<model> with:` its
pathvars and params. Its module is scripts/gtgrn/models/<model>.py.
"""


rule train_gtgrn:
    input:
        unpack(get_feature_files),
        genes="<results>/{dataset}/genes.tsv",
        split="<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
    output:
        scores="<results>/{dataset}/models/<model>/{variant}/{split}/seed{seed}/scores.tsv.gz",
        embedding="<results>/{dataset}/models/<model>/{variant}/{split}/seed{seed}/embedding.h5ad",
        messages="<results>/{dataset}/models/<model>/{variant}/{split}/seed{seed}/messages.tsv.gz",
        history="<results>/{dataset}/models/<model>/{variant}/{split}/seed{seed}/history.tsv",
        checkpoint="<results>/{dataset}/models/<model>/{variant}/{split}/seed{seed}/checkpoint.pt",
    log:
        "<logs>/{dataset}/train_<model>_{variant}_{split}_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/train_<model>_{variant}_{split}_seed{seed}.jsonl"
    pathvars:
        model="gtgrn",
    conda:
        "../../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=scaled_memory(8000),
        runtime=720,
    params:
        options=get_variant_options,
        code=get_variant_code,
    script:
        "../../../scripts/train_gtgrn.py"


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
        "../../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(4000),
        runtime=120,
    params:
        nulls=NULLS,
        code=source_digest("nulls.py"),
    script:
        "../../../scripts/score_nulls.py"
