use rule train_genelink as train_gnnlink with:
    pathvars:
        model="gnnlink",
    params:
        options={"gnnlink": get_peer_options("gnnlink")},
        code=source_digest("models/gnnlink.py", *PEER_FILES),
