"""GENELink, and the base of the supervised peers.

A peer is one more file in this folder: `use rule train_genelink as train_<model> with:` its
pathvars and params, and its name in peers.methods. Its module is
scripts/gtgrn/models/<model>.py. One job trains all forms of a peer, or of all peers (peers.together):
on small data sets the start of a job costs more than the training.
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
    wildcard_constraints:
        dataset=one_of(SINGLE_PEERS),
    conda:
        "../../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=scaled_memory(8000),
        runtime=720,
    params:
        options={"genelink": get_peer_options("genelink")},
        code=source_digest("models/genelink.py", *PEER_FILES),
    script:
        "../../../scripts/train_peers.py"


use rule train_genelink as train_peers with:
    output:
        scores=collect(f"{JOINT_FOLDER}/scores.tsv.gz", model=PEERS, form=FORMS),
        embedding=collect(f"{JOINT_FOLDER}/embedding.h5ad", model=PEERS, form=FORMS),
        messages=collect(f"{JOINT_FOLDER}/messages.tsv.gz", model=PEERS, form=FORMS),
        history=collect(f"{JOINT_FOLDER}/history.tsv", model=PEERS, form=FORMS),
        checkpoint=collect(f"{JOINT_FOLDER}/checkpoint.pt", model=PEERS, form=FORMS),
    log:
        "<logs>/{dataset}/train_peers_{split}_seed{seed}.log",
    benchmark:
        "<benchmarks>/{dataset}/train_peers_{split}_seed{seed}.jsonl"
    wildcard_constraints:
        dataset=one_of(JOINT_PEERS),
    params:
        options={peer: get_peer_options(peer) for peer in PEERS},
        code=source_digest(*(f"models/{peer}.py" for peer in PEERS), "transformer.py", *PEER_FILES),
