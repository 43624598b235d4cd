use rule infer_random as infer_genie3 with:
    pathvars:
        method="genie3",
    conda:
        "../../../envs/arboreto.yaml"
    threads: 8
    params:
        method="genie3",
        options=get_method_options("genie3"),
        seed=config["inference"]["seed"],
        code=source_digest("inference/genie3.py", "inference/_trees.py"),
