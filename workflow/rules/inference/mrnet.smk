use rule infer_random as infer_mrnet with:
    pathvars:
        method="mrnet",
    conda:
        "../../../envs/mi.yaml"
    params:
        method="mrnet",
        options=get_method_options("mrnet"),
        seed=config["inference"]["seed"],
        code=source_digest("inference/mrnet.py", *MINET_FILES),
