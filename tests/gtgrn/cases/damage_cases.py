"""Every kind of file that one job writes and another reads, and ways to damage it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import torch
from gtgrn import manifest
from gtgrn.data.matrix import read_genes, read_matrix, write_matrix
from gtgrn.data.readers import read_matrix as read_strange_matrix
from gtgrn.data.reference import read_reference
from gtgrn.data.store import UNS, read_preprocessed, write_expression
from gtgrn.embeddings.tables import read_embedding, read_embedding_edges, write_embedding
from gtgrn.embeddings.walks import Walks, read_walks, write_walks
from gtgrn.files import write_text
from gtgrn.inference.provenance import common_provenance, write_provenance
from gtgrn.names import IS_REGULATOR
from gtgrn.splits.tables import read_split, write_split
from gtgrn.studies.gatv2 import read_sets, write_sets
from gtgrn.tables import read_measures, read_network, read_table, write_network, write_table
from gtgrn.training.checkpoints import load_checkpoint, save_checkpoint
from torch import nn

GENES = [f"G{i}" for i in range(8)]
PAIRS = [(a, b) for a in GENES[:2] for b in GENES if a != b]
RULE = "some_rule"


@dataclass(frozen=True)
class Kind:
    """A kind of file: its name, and its writer and reader."""

    name: str
    write: Callable[[np.random.Generator, Path], object]
    read: Callable[[Path], object]

    def make(self, folder: Path, seed: int) -> Path:
        """Write a file as a job of the workflow does, with what belongs to it."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.name
        outputs = [path, path.with_name("genes.tsv")]
        manifest.begin_job(RULE, outputs)
        try:
            self.write(np.random.default_rng(seed), path)
        finally:
            manifest.begin_job("", ())
        return path

    def place(self, folder: Path, seed: int, stock: Path) -> Path:
        """Put a file that was written once, with its entry, into an empty folder."""
        made = stock / self.name / str(seed)
        if not made.exists():
            self.make(made, seed)
        shutil.copytree(made, folder, dirs_exist_ok=True)
        return folder / self.name


def pairs(rng, **columns) -> pd.DataFrame:
    table = pd.DataFrame(PAIRS, columns=["regulator", "target"])
    return table.assign(**columns, weight=rng.random(len(PAIRS)))


def split(rng) -> pd.DataFrame:
    parts = np.resize(["train", "val", "test"], len(PAIRS))
    return pairs(rng, label=rng.integers(0, 2, len(PAIRS)), part=parts)


def expression(rng) -> ad.AnnData:
    var = pd.DataFrame({IS_REGULATOR: np.arange(8) < 2}, index=GENES)
    values = rng.random((5, 8)).astype(np.float32)
    obs = pd.DataFrame(index=[f"c{i}" for i in range(5)])
    return ad.AnnData(values, obs=obs, var=var, uns={UNS: {"source": "made up"}})


def matrix(rng, path):
    genes = pd.DataFrame({"gene": GENES, IS_REGULATOR: np.arange(8) < 2})
    write_matrix(rng.random((40, 8)), genes, path, path.with_name("genes.tsv"))


def genes(rng, path):
    # So many that no two seeds give the same.
    names = [f"G{i:03d}" for i in range(99)]
    write_table(pd.DataFrame({"gene": names, IS_REGULATOR: rng.integers(0, 2, 99)}), path)


def embedding(rng, path):
    edges = pd.DataFrame(PAIRS[:4], columns=["regulator", "target"])
    write_embedding(rng.random((8, 4)), GENES, path, edges=edges)


def checkpoint(rng, path):
    model = nn.Linear(8, 4)
    with torch.no_grad():
        model.weight.copy_(torch.from_numpy(rng.random((4, 8))))
    save_checkpoint(path, model, config={"width": 4}, genes=GENES)


def walks(rng, path):
    nodes = rng.integers(0, 8, (20, 5)).astype(np.int32)
    write_walks(Walks(GENES, ["clr"], nodes, np.zeros(20, np.int16)), path)


def provenance(rng, path):
    made_of = path.with_name("made_of")
    made_of.write_bytes(rng.bytes(10))
    write_provenance(path, method="clr", options={"bins": 4}, seed=1, matrix=made_of)


def metrics(rng, path):
    write_table(pd.DataFrame({"metric": ["auroc", "auprc"], "value": rng.random(2)}), path)


def reference(path):
    section = {"path": str(path), "regulator": "regulator", "target": "target"}
    return read_reference(section, GENES)


def simulated(path):
    return read_strange_matrix(path, {"format": "h5ad", "values": "lognorm"})


KINDS = [
    Kind("matrix.npy", matrix, lambda path: read_matrix(path, path.with_name("genes.tsv"))),
    Kind("genes.tsv", genes, read_genes),
    Kind("expression.h5ad", lambda rng, path: write_expression(expression(rng), path),
         read_preprocessed),
    Kind("simulation.h5ad", lambda rng, path: write_expression(expression(rng), path), simulated),
    Kind("simulation_reference.tsv", lambda rng, path: write_table(pairs(rng), path), reference),
    Kind("reference.tsv", lambda rng, path: write_table(pairs(rng), path),
         lambda path: read_table(path, ["regulator", "target"])),
    Kind("embedding.h5ad", embedding, lambda path: read_embedding(path, GENES)),
    Kind("positional.h5ad", embedding, read_embedding_edges),
    Kind("checkpoint.pt", checkpoint, load_checkpoint),
    Kind("walks.npz", walks, read_walks),
    Kind("sets.npz", lambda rng, path: write_sets({"r0": rng.random((8, 3))}, GENES, path),
         read_sets),
    Kind("network.tsv.gz", lambda rng, path: write_network(pairs(rng), path), read_network),
    Kind("seed0.tsv.gz", lambda rng, path: write_split(split(rng), path), read_split),
    Kind("metrics.tsv", metrics, read_measures),
    Kind("clr.json", provenance, lambda path: common_provenance([path])),
    Kind("network.json", lambda rng, path: write_text(json.dumps({"edges": rng.random()}), path),
         lambda path: json.loads(manifest.verified(path).read_text())),
]  # fmt: skip


def flip(rng, path: Path, kind: Kind) -> None:
    data = bytearray(path.read_bytes())
    data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    path.write_bytes(data)


def truncate(rng, path: Path, kind: Kind) -> None:
    path.write_bytes(path.read_bytes()[: rng.integers(path.stat().st_size)])


def append(rng, path: Path, kind: Kind) -> None:
    data = path.read_bytes()
    path.write_bytes(data + data[-int(rng.integers(1, 40)) :])


def blank(rng, path: Path, kind: Kind) -> None:
    data = bytearray(path.read_bytes())
    start = rng.integers(len(data))
    # Where nothing but zeros is, zeros do no damage.
    block = bytes(len(data[start : start + 16]))
    data[start : start + 16] = block if any(data[start : start + 16]) else b"\1" * len(block)
    path.write_bytes(data)


def swap(rng, path: Path, kind: Kind) -> None:
    """Put another file of the kind in its place, as an older version would be."""
    path.write_bytes(another(rng, path, kind).read_bytes())


def damage_entry(rng, path: Path, kind: Kind) -> None:
    flip(rng, manifest.entry_of(path), kind)


def swap_entries(rng, path: Path, kind: Kind) -> None:
    entry = manifest.entry_of(another(rng, path, kind))
    manifest.entry_of(path).write_bytes(entry.read_bytes())


def another(rng, path: Path, kind: Kind) -> Path:
    stock = path.parent.parent / "stock"
    return kind.place(path.parent.parent / "other", int(rng.integers(1, 5)), stock)


DAMAGES = [flip, flip, flip, truncate, append, blank, swap, damage_entry, swap_entries]
