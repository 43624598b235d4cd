use rule infer_random as infer_pearson with:
    pathvars:
        method="pearson",
    params:
        method="pearson",
        options=get_method_options("pearson"),
        seed=config["inference"]["seed"],
        code=source_digest("inference/pearson.py", "matrix.py"),
