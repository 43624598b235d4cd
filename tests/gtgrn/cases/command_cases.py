"""A folder of results as a run leaves it: a network, its expression, and a trained model."""

from __future__ import annotations

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from click.testing import CliRunner, Result
from gtgrn.command.main import main
from gtgrn.data.matrix import write_matrix
from gtgrn.data.preprocessing import preprocess
from gtgrn.data.store import UNS, write_expression
from gtgrn.models.gtgrn import full
from gtgrn.network.ranking import summarise, supervised_network
from gtgrn.network.signs import add_signs
from gtgrn.splits.schemes import split_edges
from gtgrn.splits.tables import write_split
from gtgrn.tables import write_table
from gtgrn.training.checkpoints import save_checkpoint

REGULATORS = ["EBF1", "ETS1", "GATA3", "IRF8", "PAX5", "SPI1"]
TARGETS = [
    *["CD19", "CD2", "CD27", "CD3D", "CD3E", "CD4", "CD79A", "CD79B", "CD8A", "CD8B"],
    *["CSF1R", "FCER1G", "GNLY", "GZMB", "IL7R", "ITGAX", "KLRB1", "LYZ", "MS4A1", "NKG7"],
    *["PRF1", "S100A8", "S100A9", "TYROBP"],
]
FRACTIONS = {"train": 0.6, "val": 0.2, "test": 0.2}
FAST = {"ensemble": 1, "dimensions": 8, "heads": 2, "rank": 2, "epochs": 4}


def call(*words: object, **options: object) -> Result:
    """Call the command in this process."""
    arguments = [str(word) for word in words]
    return CliRunner().invoke(main, arguments, catch_exceptions=False, **options)


def make_counts(cells: int = 80, seed: int = 0) -> tuple[ad.AnnData, pd.DataFrame]:
    """Return counts of real names of genes, and the edges that shape them."""
    rng = np.random.default_rng(seed)
    genes = sorted(REGULATORS + TARGETS)
    drawn = np.random.default_rng(0).random((len(REGULATORS), len(TARGETS))) < 0.3
    edges = pd.DataFrame(
        [(REGULATORS[i], TARGETS[j]) for i, j in np.argwhere(drawn)],
        columns=["regulator", "target"],
    )
    activity = rng.gamma(2.0, 1.0, size=(cells, len(genes)))
    for regulator, target in edges.itertuples(index=False):
        activity[:, genes.index(target)] += activity[:, genes.index(regulator)]
    obs = pd.DataFrame(
        {"cell_type": np.where(np.arange(cells) % 2, "B", "T")},
        index=[f"cell{i}" for i in range(cells)],
    )
    counts = rng.poisson(activity).astype(np.float32)
    return ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=genes)), edges


def make_results(folder: Path, name: str = "blood") -> Path:
    """Write what a run writes for one data set; return the folder of all results."""
    counts, edges = make_counts()
    counts.uns[UNS] = {"source": {"format": "h5ad", "path": "blood.h5ad"}}
    adata = preprocess(
        counts,
        values="counts",
        regulators=REGULATORS,
        min_genes_per_cell=0,
        min_cells_fraction=0.0,
    )
    own = folder / "results" / name
    write_expression(adata, own / "expression.h5ad")
    genes = pd.DataFrame({"gene": adata.var_names, "is_regulator": adata.var["is_regulator"]})
    write_matrix(adata.X, genes, own / "matrix.npy", own / "genes.tsv")
    write_table(edges.assign(sign="+"), own / "reference.tsv")
    runs = {}
    for seed in (0, 1):
        split = split_edges(edges, list(adata.var_names), fractions=FRACTIONS, seed=seed)
        write_split(split, own / f"splits/edges/seed{seed}.tsv.gz")
        pairs = split.sort_values(["regulator", "target"], ignore_index=True)
        fitted = full.fit(
            pairs.astype({"label": "Int64"}),
            list(adata.var_names),
            {"X": adata.to_df().to_numpy().T},
            seed=seed,
            **FAST,
        )
        model = own / f"models/gtgrn/full/edges/seed{seed}"
        model.mkdir(parents=True)
        save_checkpoint(
            model / "checkpoint.pt", fitted.model, config=fitted.config, genes=adata.var_names
        )
        runs[seed] = pairs.assign(score=fitted.scores)
        write_table(runs[seed], model / "scores.tsv.gz")
    flat = edges.assign(weight=1.0)
    network, _ = supervised_network(runs, {"pearson": flat}, edges, support_fraction=0.5)
    about = summarise(network, adata, REGULATORS, trained={"split": "edges", "seeds": list(runs)})
    network, about["signs"] = add_signs(network, adata.to_df(), edges.assign(sign="+"))
    (own / "network.json").write_text(json.dumps(about))
    write_table(network, own / "network.tsv.gz")
    return folder / "results"
