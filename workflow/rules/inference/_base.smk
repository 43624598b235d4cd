"""The base of every expression-only method, and itself the random baseline.

A method is one more file in this folder: `use rule infer_random as infer_<method> with:` its
pathvars, env, threads and params. Its module is scripts/gtgrn/inference/<method>.py. A method
that regresses one target at a time inherits infer_genie3 and gather_genie3 of _sharded.smk.
"""


rule infer_random:
    input:
        matrix="<results>/{dataset}/matrix.npy",
        genes="<results>/{dataset}/genes.tsv",
    output:
        network="<results>/{dataset}/networks/<method>.tsv.gz",
        provenance="<results>/{dataset}/networks/<method>.json",
    log:
        "<logs>/{dataset}/infer_<method>.log",
    benchmark:
        "<benchmarks>/{dataset}/infer_<method>.jsonl"
    pathvars:
        method="random",
    conda:
        "../../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled_memory(4000),
        runtime=720,
    params:
        method="random",
        options=get_method_options("random"),
        seed=config["inference"]["seed"],
        code=source_digest("inference/random.py", "matrix.py"),
    script:
        "../../../scripts/infer_network.py"
