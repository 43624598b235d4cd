"""GENELink, and the base of the supervised peers.

A peer is one more file in this folder: `use rule train_genelink as train_<model> with:` its
pathvars and params, and its name in peers.methods. Its module is
scripts/gtgrn/models/<model>.py. One job trains all forms of a peer: on small data sets the
start of a job costs more than the training.
"""


rule train_genelink:
    input:
        matrix="<results>/{dataset}/matrix.npy",
        genes="<results>/{dataset}/genes.tsv",
        split="<results>/{dataset}/splits/{split}/seed{seed}.tsv.gz",
    output:
        scores=collect(f"{PEER_FOLDER}/scores.tsv.gz", form=FORMS),
        embedding=collect(f"{PEER_FOLDER}/embedding.h5ad", form=FORMS),
        messages=collect(f"{PEER_FOLDER}/messages.tsv.gz", form=FORMS),
        history=collect(f"{PEER_FOLDER}/history.tsv", form=FORMS),
        checkpoint=collect(f"{PEER_FOLDER}/checkpoint.pt", form=FORMS),
    log:
        "<logs>/{dataset}/train_<model>_{split}_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/train_<model>_{split}_seed{seed}.jsonl"
    pathvars:
        model="genelink",
    conda:
        "../../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=scaled_memory(8000),
        runtime=720,
    params:
        model="genelink",
        options=get_peer_options("genelink"),
        code=source_digest("models/genelink.py", *PEER_FILES),
    script:
        "../../../scripts/train_peer.py"
