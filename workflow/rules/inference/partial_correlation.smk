use rule infer_random as infer_partial_correlation with:
    pathvars:
        method="partial_correlation",
    params:
        method="partial_correlation",
        options=get_method_options("partial_correlation"),
        seed=config["inference"]["seed"],
        code=source_digest("inference/partial_correlation.py", "matrix.py"),
