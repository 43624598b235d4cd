"""The base of every expression-only method, and itself the random baseline.

A method is one more file in this folder: `use rule infer_random as infer_<method> with:` its
pathvars, env, threads and params. Its module is scripts/gtgrn/inference/<method>.py.
"""


rule infer_random:
    input:
        expression="<results>/{dataset}/expression.h5ad",
    output:
        "<results>/{dataset}/networks/<method>.tsv.gz",
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
        code=source_digest("inference/random.py"),
    script:
        "../../../scripts/infer_network.py"
