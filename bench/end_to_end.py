"""GT-GRN from its walks to its scores, and the language model alone, in CPU seconds.

On BEELINE's hESC-500: walks, BERT, autoencoder, encodings and training until validation stops
it, with the settings of config/config.yaml, against ten epochs of GENELink trained as its
authors do: batches of 256 pairs, each over the whole graph, with dense attention. Of the
latter some batches are timed and scaled to ten epochs; its measures are those of our GENELink,
whose scores are the same (bench/models.py checks it). CPU seconds of one thread, not wall
time: others may compute at the same time.

FLOPs of BERT are counted by formula. A product of (a, b) with (b, c) counts 2abc; a token in a
layer of width d with feed-forward width f in a sequence of length L takes 8d^2 + 4df + 4Ld
(four projections, two feed-forward maps, scores and sums of attention), a decoded place 2dn for
n genes, and the backward pass twice as much as the forward pass.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from gtgrn.embeddings.bert import train_bert
from gtgrn.embeddings.positional import laplacian_encodings
from gtgrn.embeddings.vae import train_vae
from gtgrn.embeddings.walks import Walks, sample_walks
from gtgrn.evaluation.metrics import auprc, auroc
from gtgrn.inference.run import infer
from gtgrn.models.gtgrn import full
from gtgrn.models.gtgrn import paper as gtgrn
from gtgrn.models.peer import network_options
from gtgrn.models.peer_training import prepare
from gtgrn.models.peers import genelink
from gtgrn.names import LABEL, PART, REGULATOR, TARGET, TEST
from gtgrn.splits.leakage import message_edges
from gtgrn.splits.schemes import split_edges
from models import BATCH, DenseGENELink

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "beeline" / "hESC-500"
EPOCHS, TIMED_BATCHES = 10, 8
FRACTIONS = {"train": 0.67, "val": 0.10, "test": 0.23}


def timed(run: Callable[[], object]) -> tuple[object, float]:
    """Return what a callable gives, and its CPU seconds."""
    start = time.process_time()
    result = run()
    return result, time.process_time() - start


def peak_gflops(size: int = 512, rounds: int = 20) -> float:
    """Measure what this machine reaches in a product of two square matrices, one thread."""
    a, b = torch.randn(2, size, size)
    a @ b
    _, seconds = timed(lambda: [a @ b for _ in range(rounds)])
    return 2e-9 * rounds * size**3 / seconds


def bert_flops(tokens: int, masked: int, genes: int, *, d: int, f: int, layers: int, length: int):
    """Count the FLOPs of training on so many tokens, by the formula of the module."""
    forward = tokens * layers * (8 * d * d + 4 * d * f + 4 * length * d) + masked * 2 * d * genes
    return 3 * forward


def bench_bert(walks: int = 2_560, genes: int = 910) -> None:
    """Time the language model over a part of 7 networks x 910 genes x 10 walks of length 10."""
    nodes = np.random.default_rng(0).integers(0, genes, (walks, 10)).astype(np.int32)
    corpus = Walks([f"g{i:04d}" for i in range(genes)], ["n"], nodes, np.zeros(walks, np.int16))
    options = {"dimensions": 128, "layers": 4, "heads": 4, "feedforward": 200, "holdout": 0.01}
    train_bert(corpus, **options, epochs=1, seed=0)
    peak = peak_gflops()
    _, seconds = timed(lambda: train_bert(corpus, **options, epochs=1, seed=0))
    tokens = walks * 11
    shape = {"d": 128, "f": 200, "layers": 4, "length": 11}
    rate = 1e-9 * bert_flops(tokens, 2 * walks, genes, **shape) / seconds
    whole = 7 * genes * 10
    print(
        f"BERT: {tokens / seconds:.0f} tokens/s, {rate:.1f} GFLOP/s, {100 * rate / peak:.0f} % "
        f"of {peak:.0f}; an epoch over {whole} walks takes {seconds * whole / walks:.0f} s",
        flush=True,
    )


def read_data() -> tuple[np.ndarray, list[str], pd.DataFrame]:
    """Return expression (genes, cells), names, and a split of the pairs of all regulators."""
    table = pd.read_csv(DATA / "BL--ExpressionData.csv.gz", index_col=0).sort_index()
    reference = pd.read_csv(DATA / "Specific" / "BL--network.csv")
    reference = reference.set_axis([REGULATOR, TARGET], axis=1).drop_duplicates()
    inside = reference[REGULATOR].isin(table.index) & reference[TARGET].isin(table.index)
    genes = list(table.index)
    split = split_edges(reference[inside], genes, fractions=FRACTIONS, seed=0)
    return table.to_numpy(np.float32), genes, split


def report(name: str, split: pd.DataFrame, scores: np.ndarray, seconds: dict) -> None:
    """Print where the time went, and the measures on the test part."""
    rows = (split[PART] == TEST).to_numpy()
    truth = split[LABEL].to_numpy(int)[rows]
    measures = f"AUROC {auroc(truth, scores[rows]):.3f} AUPRC {auprc(truth, scores[rows]):.3f}"
    parts = ", ".join(f"{part} {value:.1f} s" for part, value in seconds.items())
    print(f"{name}: {sum(seconds.values()):.1f} s ({parts}); {measures}", flush=True)


def bench_gtgrn(expression: np.ndarray, genes: list[str], split: pd.DataFrame) -> float:
    """Time both forms; return the seconds of the form of the paper."""
    settings = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    regulators = sorted(set(split[REGULATOR]))
    cells = pd.DataFrame(expression.T, columns=genes)
    networks = {
        method: infer(method, cells, regulators, seed=0) for method in ("pearson", "clr", "aracne")
    }
    options = {k: v for k, v in settings["walks"].items() if k != "networks"}
    seconds = {}
    walks, seconds["walks"] = timed(lambda: sample_walks(networks, genes, **options, seed=0))
    bert, seconds["BERT"] = timed(lambda: train_bert(walks, **settings["bert"], seed=0))
    vae, seconds["VAE"] = timed(lambda: train_vae(expression.T, **settings["vae"], seed=0))
    positions, seconds["encodings"] = timed(
        lambda: laplacian_encodings(message_edges(split), genes, **settings["positional"])
    )
    features = {"P": positions, "G": bert.values, "E": vae.values}
    options = {k: v for k, v in settings["gtgrn"].items() if k != "features"}
    fitted, paper = timed(lambda: gtgrn.fit(split, genes, features, **options, seed=0))
    report("GT-GRN, form paper", split, fitted.scores, seconds | {"training": paper})
    fitted, rest = timed(lambda: full.fit(split, genes, {"X": expression}, seed=0))
    report("GT-GRN, form full", split, fitted.scores, {"training": rest})
    return sum(seconds.values()) + paper


def bench_genelink(expression: np.ndarray, genes: list[str], split: pd.DataFrame) -> float:
    """Time batches of dense GENELink and give the seconds of ten epochs."""
    task = prepare(split, genes, "cpu")
    arcs = task.arcs(symmetric=True, loops=False)
    options = network_options(genelink.GENELink, genelink.FORMS["published"])
    torch.manual_seed(0)
    model = genelink.GENELink(expression.shape[1], **options)
    dense = DenseGENELink(model, arcs)
    x = torch.tensor(genelink.normalise(expression), dtype=torch.float32)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)

    def step(rows: slice) -> None:
        regulator, target, labels = (values[rows] for values in task.train)
        logits = model.decode(dense(x), regulator, target)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    step(slice(0, BATCH))
    starts = range(0, TIMED_BATCHES * BATCH, BATCH)
    _, seconds = timed(lambda: [step(slice(i, i + BATCH)) for i in starts])
    batches = -(-len(task.train[0]) // BATCH) * EPOCHS
    total = seconds * batches / TIMED_BATCHES
    fitted = genelink.fit(split, genes, {"X": expression}, epochs=EPOCHS, seed=0)
    report(f"GENELink, {EPOCHS} epochs of dense attention", split, fitted.scores, {"all": total})
    return total


def main() -> None:
    """Run all; what needs the data of hESC-500 is left out where they are absent."""
    torch.set_num_threads(1)
    bench_bert()
    if not DATA.exists():
        print(f"no data in {DATA}: GT-GRN and GENELink are not compared")
        return
    data = read_data()
    ours, theirs = bench_gtgrn(*data), bench_genelink(*data)
    print(f"GENELink / GT-GRN, form paper: {theirs / ours:.2f}")


if __name__ == "__main__":
    main()
