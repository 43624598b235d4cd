use rule infer_genie3 as infer_extratrees with:
    pathvars:
        method="extratrees",
    params:
        method="extratrees",
        options=get_method_options("extratrees"),
        seed=config["inference"]["seed"],
        code=source_digest("inference/extratrees.py", *TREE_FILES),


use rule gather_genie3 as gather_extratrees with:
    pathvars:
        method="extratrees",
