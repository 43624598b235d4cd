use rule infer_random as infer_bc3net with:
    pathvars:
        method="bc3net",
    conda:
        "../../../envs/mi.yaml"
    params:
        method="bc3net",
        options=get_method_options("bc3net"),
        seed=config["inference"]["seed"],
        code=source_digest("inference/bc3net.py", *MI_FILES),
