use rule infer_random as infer_grnboost2 with:
    pathvars:
        method="grnboost2",
    conda:
        "../../../envs/arboreto.yaml"
    threads: 8
    params:
        method="grnboost2",
        options=get_method_options("grnboost2"),
        seed=config["inference"]["seed"],
        code=source_digest("inference/grnboost2.py", "inference/_trees.py"),
