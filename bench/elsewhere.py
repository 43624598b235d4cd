"""Other contexts: the time and memory of their tables, and the standing figures of the report.

    python bench/elsewhere.py speed [--genes 20000] [--sources 30]
    python bench/elsewhere.py standing --mirror FOLDER > resources/reference_free.tsv

`speed` makes the tables T and U from generated sources as large as the real ones (20 to 1000 rows,
1 to 25 % of the genes in a row), in a process of its own whose peak memory is the kernel's.
`standing` ranks published sets whose edges are known by what the report's default sources say,
without these edges, and judges that beside its nulls and the correlation: the table that the
report shows beside a network without known edges. `snakemake reference_free` does it for any run.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np
import pandas as pd
from gtgrn.config.cards import load_cards
from gtgrn.config.locations import SHIPPED_CARDS
from gtgrn.config.source_cards import WHEEL_SOURCES, load_sources
from gtgrn.context.rows import CHIP, KINDS, SourceRows
from gtgrn.context.selection import select_sources
from gtgrn.context.tables import components, gene_table
from gtgrn.context.transfer import fit_transfer
from gtgrn.data.source_files import obtain_source, read_source
from gtgrn.names import PAIR, REGULATOR, WITHIN_TF
from gtgrn.studies.reference_free import MATCHED, context_scores, judge_rankings, label_matrix
from scipy.sparse import csr_matrix

ROWS, DENSITY = (20, 1000), (0.01, 0.25)
SHOWN = [WITHIN_TF, MATCHED]
SETS = ["hesc_500", "mdc_500", "mhsc_l_500", "mesc_500", "mesc_500_lofgof"]
"""Binding in four kinds of cells, and the response in one of them."""


def generate(genes: int, count: int) -> list[SourceRows]:
    """Return sources with popular genes; sizes run evenly on a log scale from small to large."""
    rng = np.random.default_rng(0)
    popular = rng.gamma(1.0, 1.0, genes)
    popular /= popular.sum()
    sizes = np.geomspace(*ROWS, count).astype(int)
    shares = np.geomspace(*DENSITY[::-1], count)
    sources = []
    for number, (rows, share) in enumerate(zip(sizes, shares, strict=True)):
        targets = [
            np.unique(rng.choice(genes, round(share * genes), p=popular)) for _ in range(rows)
        ]
        place = np.concatenate([[0], np.cumsum([len(row) for row in targets])])
        columns = np.concatenate(targets)
        edges = csr_matrix(
            (np.ones(len(columns), np.float32), columns, place), shape=(rows, genes)
        )
        names = np.array([f"R{row}" for row in range(rows)])
        rate = np.diff(place) / genes
        kind = CHIP if number % 2 else KINDS[number // 2 % len(KINDS)]
        known = np.ones(genes, bool)
        sources.append(SourceRows(f"s{number}", kind, "human", None, names, edges, rate, known))
    return sources


def time_tables(genes: int, count: int) -> None:
    """Print the time and the peak memory of T and U."""
    sources = generate(genes, count)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    edges, rows = (
        sum(f(s) for s in sources) for f in (lambda s: s.edges.nnz, lambda s: len(s.rate))
    )
    start, cpu = time.monotonic(), time.process_time()
    table, parts = gene_table(sources, genes), components(sources, genes)
    wall, cpu = time.monotonic() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{genes} genes, {count} sources, {rows} rows, {edges} edges: T {table.shape}, U "
        f"{parts.shape} in {wall:.1f} s ({cpu:.1f} s of CPU), peak {peak:.0f} MB "
        f"({before:.0f} MB of them before)"
    )


def judge_set(name: str, mirror: str) -> pd.DataFrame:
    """Return the measures of rankings that never saw an edge of a published set, on its edges."""
    card = load_cards(SHIPPED_CARDS, [name], mirror=mirror)[name]
    section, expression = card["reference"], card["expression"]
    reference = pd.read_csv(section["path"])[[section["regulator"], section["target"]]]
    reference = reference.set_axis(PAIR, axis=1).drop_duplicates()
    values = None
    if expression["format"] == "genes_only":
        genes = sorted(pd.read_csv(expression["path"])[expression["column"]].unique())
    else:
        values = pd.read_csv(expression["path"], index_col=0)
        genes = sorted(values.index)
    cards = load_sources(WHEEL_SOURCES)
    tables = {n: read_source(own, obtain_source(own, name=n)) for n, own in cards.items()}
    sources, _ = select_sources(
        tables, cards, genes, organism=card["organism"], cell_type=card["context"]["cell_type"],
        databases=[section["source"]], reference=reference,
    )  # fmt: skip
    regulators = sorted(set(reference[REGULATOR]) & set(genes))
    labels = label_matrix(reference, genes, regulators)
    rankings = context_scores(fit_transfer(sources, genes), sources, regulators, len(genes))
    rankings["random"] = np.random.default_rng(0).random(labels.shape)
    if values is not None:
        matrix = np.abs(np.corrcoef(values.loc[genes].to_numpy(float)))
        rankings["pearson"] = np.nan_to_num(matrix)[pd.Index(genes).get_indexer(regulators)]
    metrics, differences = judge_rankings(labels, rankings)
    keys = ["method", "metric"]
    table = metrics.merge(differences.drop(columns=["model", "n"]), how="left", on=keys)
    table = table[table["metric"].isin(SHOWN)].round(4)
    return table.assign(dataset=name, truth=section["truth"])[
        ["dataset", "truth", *keys, "value", "n", "difference", "low", "high", "better"]
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["speed", "standing", "tables"])
    parser.add_argument("--mirror")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--genes", type=int, default=20000)
    parser.add_argument("--sources", type=int, default=30)
    given = parser.parse_args()
    if given.what == "standing":
        table = pd.concat(judge_set(name, given.mirror) for name in given.sets)
        table.to_csv(sys.stdout, sep="\t", index=False)
    elif given.what == "tables":
        time_tables(given.genes, given.sources)
    else:
        sizes = ["--genes", str(given.genes), "--sources", str(given.sources)]
        subprocess.run([sys.executable, __file__, "tables", *sizes], check=True)
