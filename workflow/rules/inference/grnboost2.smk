use rule infer_genie3 as infer_grnboost2 with:
    pathvars:
        method="grnboost2",
    params:
        method="grnboost2",
        options=get_method_options("grnboost2"),
        seed=config["inference"]["seed"],
        code=source_digest("inference/grnboost2.py", *TREE_FILES),


use rule gather_genie3 as gather_grnboost2 with:
    pathvars:
        method="grnboost2",
