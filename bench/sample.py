"""Counts, an organism and nothing else: what a run of them takes, and what its network is worth.

    python bench/sample.py write|run|judge FOLDER [--cores 1]

`write` fetches the sample that ships in the wheel of celltypist from the Python index (559
immune cells) and writes a card of three lines into FOLDER. `run` does so, runs the default target
there and prints what each job took. `judge` holds the networks of that run against CollecTRI: the
expression-only methods, what joins them, and ENCODE's ChIP-seq alone, which has not seen it.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import anndata as ad
import networks as bench
import numpy as np
import pandas as pd
from gtgrn.config.source_cards import load_sources
from gtgrn.context.ranking import rank_pairs
from gtgrn.context.selection import select_sources
from gtgrn.context.transfer import fit_transfer
from gtgrn.data.matrix import read_genes
from gtgrn.inference.consensus import align_weights
from gtgrn.names import PAIR, SCORE, WEIGHT
from gtgrn.tables import read_table
from scipy import sparse

ROOT = Path(__file__).parents[1]
WHEEL, MEMBER = "celltypist==1.7.1", "celltypist/data/samples/sample_cell_by_gene.csv"
CARD = """title: My cells
organism: human
expression: {format: h5ad, path: data/mine.h5ad}
"""


def write_sample(folder: Path) -> None:
    """Write the counts of celltypist's sample and the card of them."""
    for name in ("data", "config/datasets", "wheels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d"]
    subprocess.run([*command, str(folder / "wheels"), WHEEL], check=True)
    wheel = next((folder / "wheels").glob("celltypist-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        table = pd.read_csv(io.BytesIO(archive.read(MEMBER)), index_col=0)
    cells, genes = (pd.DataFrame(index=names) for names in (table.index, table.columns))
    counts = sparse.csr_matrix(table.to_numpy(np.float32))
    ad.AnnData(counts, cells, genes).write_h5ad(folder / "data/mine.h5ad")
    (folder / "config/datasets/mine.yaml").write_text(CARD)


def run_sample(folder: Path, cores: int) -> None:
    """Run the default target on the sample and print what it took."""
    write_sample(folder)
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "workflow/Snakefile")]
    command += ["--directory", str(folder), "--cores", str(cores), "--config", "datasets=[mine]"]
    subprocess.run(command, check=True)
    jobs = [
        {"job": path.stem} | json.loads(path.read_text().splitlines()[-1])
        for path in sorted((folder / "benchmarks").rglob("*.jsonl"))
    ]
    table = pd.DataFrame(jobs).sort_values("cpu_time", ascending=False)
    print(table[["job", "s", "cpu_time", "max_rss"]].head(15).to_string(index=False))
    print(
        f"{len(table)} jobs on {cores} cores: {table['s'].sum():.0f} s of wall time, one after "
        f"the other; {table['cpu_time'].sum():.0f} s of CPU; at most {table['max_rss'].max():.0f} "
        "MB of memory"
    )
    summary = json.loads((folder / "results/mine/network.json").read_text())
    print({key: summary[key] for key in ("cells", "genes", "regulators", "pairs")})
    print({key: summary["context"][key] for key in ("rests_on", "ranked_regulators")})


def judge_sample(folder: Path) -> None:
    """Print the networks of the run against CollecTRI."""
    results, names = folder / "results/mine", ["encode", "collectri"]
    tables = {
        name: read_table(folder / f"resources/downloads/sources/tried/{name}.tsv.gz", PAIR)
        for name in names
    }
    genes, regulators = read_genes(results / "genes.tsv")
    known = tables["collectri"]
    known = known[known["regulator"].isin(regulators) & known["target"].isin(genes)]
    rows = bench.compare_consensus(results, known)
    cards = load_sources(["encode"])
    chip, _ = select_sources({"encode": tables["encode"]}, cards, genes, organism="human")
    ranking = rank_pairs(fit_transfer(chip, genes), chip, regulators, genes)
    ranking = ranking.rename(columns={SCORE: WEIGHT})
    # Weights are at least 0: what no source names comes last.
    ranking[WEIGHT] = ranking[WEIGHT].rank() / len(ranking)
    pairs = bench.label_known(known, genes, regulators)
    weights = align_weights(pairs, ranking)
    found = {"data set": "mine", "method": "ENCODE alone (encode)"}
    bench.print_table([*rows, found | bench.judge(pairs, weights)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["write", "run", "judge"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cores", type=int, default=1)
    given = parser.parse_args()
    if given.what == "write":
        write_sample(given.folder)
    elif given.what == "run":
        run_sample(given.folder, given.cores)
    else:
        judge_sample(given.folder)
