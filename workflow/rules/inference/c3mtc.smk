use rule infer_random as infer_c3mtc with:
    pathvars:
        method="c3mtc",
    conda:
        "../../../envs/mi.yaml"
    params:
        method="c3mtc",
        options=get_method_options("c3mtc"),
        seed=config["inference"]["seed"],
        code=source_digest("inference/c3mtc.py", *MI_FILES),
