use rule infer_random as infer_aracne with:
    pathvars:
        method="aracne",
    conda:
        "../../../envs/mi.yaml"
    params:
        method="aracne",
        options=get_method_options("aracne"),
        seed=config["inference"]["seed"],
        code=source_digest("inference/aracne.py", *MINET_FILES),
