"""Communities and maps of gene representations (Fig. 7)."""


rule map_embeddings:
    input:
        matrix="<results>/{dataset}/matrix.npy",
        genes="<results>/{dataset}/genes.tsv",
        reference="<results>/{dataset}/reference.tsv",
        embeddings=STUDIES.representations,
    output:
        coordinates="<results>/{dataset}/embedding_map/coordinates.tsv.gz",
        scores="<results>/{dataset}/embedding_map/scores.tsv",
        regulons="<results>/{dataset}/embedding_map/regulons.tsv",
    log:
        "<logs>/{dataset}/map_embeddings.log",
    benchmark:
        "<benchmarks>/{dataset}/map_embeddings.jsonl"
    wildcard_constraints:
        dataset=one_of(PLAN.judged),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        representations=STUDIES.representation_names,
        settings=config["embedding_map"],
        code=code("map_embeddings"),
    script:
        "../../scripts/map_embeddings.py"


rule draw_embedding_map:
    input:
        coordinates="<results>/{dataset}/embedding_map/coordinates.tsv.gz",
    output:
        svg=report(
            "<results>/{dataset}/embedding_map/figure.svg",
            caption="../report/genes.rst",
            category="Maps",
            labels={"Data set": "{dataset}", "Content": "genes"},
        ),
        png="<results>/{dataset}/embedding_map/figure.png",
    log:
        "<logs>/{dataset}/draw_embedding_map.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        code=code("draw_embedding_map"),
    script:
        "../../scripts/draw_embedding_map.py"
