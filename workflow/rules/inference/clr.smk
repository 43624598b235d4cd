use rule infer_random as infer_clr with:
    pathvars:
        method="clr",
    conda:
        "../../../envs/mi.yaml"
    params:
        method="clr",
        options=get_method_options("clr"),
        seed=config["inference"]["seed"],
        code=source_digest("inference/clr.py", *MINET_FILES),
