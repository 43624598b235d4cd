use rule train_genelink as train_gne with:
    pathvars:
        model="gne",
    params:
        options={"gne": get_peer_options("gne")},
        code=source_digest("models/gne.py", "models/genelink.py", *PEER_FILES),
