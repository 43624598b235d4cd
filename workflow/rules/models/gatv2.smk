use rule train_genelink as train_gatv2 with:
    pathvars:
        model="gatv2",
    params:
        options={"gatv2": get_peer_options("gatv2")},
        code=source_digest("models/gatv2.py", "models/genelink.py", "transformer.py", *PEER_FILES),
