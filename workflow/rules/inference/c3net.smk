use rule infer_random as infer_c3net with:
    pathvars:
        method="c3net",
    conda:
        "../../../envs/mi.yaml"
    params:
        method="c3net",
        options=get_method_options("c3net"),
        seed=config["inference"]["seed"],
        code=source_digest("inference/c3net.py", *MI_FILES),
