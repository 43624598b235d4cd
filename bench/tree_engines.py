"""Tree methods beside rustscenic and arboreto on real and simulated sets: seconds and scores.

    PEERS_PYTHON=<python> python bench/tree_engines.py speed|scores <shared>

`PEERS_PYTHON` is the Python of an environment with rustscenic and arboreto (`python -m venv e &&
e/bin/pip install rustscenic arboreto`); `shared` has dream4/, hsc_boolean/ and beeline/. ``speed``
takes turns in seconds of CPU, each engine on one thread, and prints theirs / ours; ``scores``
prints a table of AUROC and AUPRC. DREAM4 is its knock-outs and the wild type. For hESC-500 the
forests regress every ninth target, boosting all; the scores are those of the ninth for both.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np
import pandas as pd
from gtgrn.evaluation.ranking import auprc, auroc
from gtgrn.inference.consensus import align_weights
from gtgrn.inference.run import infer
from gtgrn.names import LABEL, PAIR, REGULATOR, TARGET
from networks import label_known

ROUNDS = 3
ENGINES = {
    "GRNBoost2": ("grnboost2", {"arboreto": "GBM", "rustscenic": "rustscenic"}, 5),
    "GENIE3": ("genie3", {"arboreto": "RF"}, 1),
    "ExtraTrees": ("extratrees", {"arboreto": "ET"}, 1),
}
"""Method -> ours, theirs, and the seeds of the scores: forests of 1000 trees hardly differ."""


class Case(NamedTuple):
    """A data set: cells x genes, regulators, labelled pairs, and the targets of forests."""

    name: str
    cells: pd.DataFrame
    regulators: list[str]
    pairs: pd.DataFrame
    targets: list[str]


def make_case(name: str, cells: pd.DataFrame, regulators, reference: pd.DataFrame, every=1):
    """Return a data set whose candidates are the pairs of regulators with a known edge."""
    cells = cells[sorted(cells.columns)].astype(np.float32)
    reference = reference.drop_duplicates()
    reference = reference[reference.isin(set(cells)).all(axis=1)]
    reference = reference[reference[REGULATOR] != reference[TARGET]]
    targets = list(cells)[::every]
    regulators = sorted(set(regulators or cells) & set(cells))
    pairs = label_known(reference[reference[REGULATOR].isin(regulators)], list(cells), regulators)
    return Case(name, cells, regulators, pairs[pairs[TARGET].isin(targets)], targets)


def read_hesc(shared: Path) -> Case:
    """Return hESC-500 with BEELINE's unspecific reference."""
    folder = shared / "beeline/hESC-500"
    cells = pd.read_csv(folder / "BL--ExpressionData.csv.gz", index_col=0).T
    regulators = pd.read_csv(folder / "Non-Specific/TF.csv")["TF"]
    reference = pd.read_csv(folder / "Non-Specific/BL--network.csv").set_axis(PAIR, axis=1)
    return make_case("hESC-500", cells, regulators.tolist(), reference, every=9)


def read_cases(shared: Path) -> Iterator[Case]:
    """Yield the data sets of the table."""
    for net in (1, 2, 3):
        folder = shared / f"dream4/insilico_size100_{net}"
        tables = [pd.read_csv(folder / f"{n}.tsv", sep="\t") for n in ("knockouts", "wildtype")]
        gold = pd.read_csv(folder / "goldStandard.tsv", sep="\t", header=None)
        reference = gold[gold[2] == 1][[0, 1]].set_axis(PAIR, axis=1)
        yield make_case(f"DREAM4-{net}", pd.concat(tables), None, reference)
    folder = shared / "hsc_boolean/HSC_2000_0"
    cells = pd.read_csv(folder / "ExpressionData.csv.gz", index_col=0).T
    reference = pd.read_csv(folder / "refNetwork.csv")[["Gene1", "Gene2"]].set_axis(PAIR, axis=1)
    yield make_case("HSC", cells, None, reference)
    yield read_hesc(shared)


@contextmanager
def peers(case: Case) -> Iterator:
    """Give the function (engine, seed, targets) -> edges, seconds of CPU; packages load once."""
    with tempfile.TemporaryDirectory() as folder:
        case.cells.reset_index(drop=True).to_csv(f"{folder}/cells.tsv", sep="\t")
        Path(folder, "regulators.txt").write_text("\n".join(case.regulators))
        script = str(Path(__file__).with_name("tree_peers.py"))
        with subprocess.Popen(
            [os.environ["PEERS_PYTHON"], script, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        ) as process:

            def ask(engine: str, seed: int, targets: list[str]) -> tuple[pd.DataFrame, float]:
                names = "-" if len(targets) == case.cells.shape[1] else ",".join(targets)
                process.stdin.write(f"{engine} {seed} {names}\n")
                process.stdin.flush()
                seconds = float(process.stdout.readline())
                return pd.read_csv(f"{folder}/out.tsv", sep="\t"), seconds

            yield ask
            process.stdin.close()


def ours(case: Case, method: str, seed: int, targets: list[str]) -> tuple[pd.DataFrame, float]:
    """Return the edges of our engine and its seconds of CPU."""
    start = time.process_time()
    edges = infer(method, case.cells, case.regulators, seed=seed, targets=targets)
    return edges, time.process_time() - start


def score(case: Case, edges: pd.DataFrame) -> tuple[float, float]:
    """Return AUROC and AUPRC."""
    weights, labels = align_weights(case.pairs, edges), case.pairs[LABEL].to_numpy()
    return auroc(labels, weights), auprc(labels, weights)


def take_turns(name: str, case: Case, ask, method: str, engine: str, targets: list[str]) -> None:
    """Print theirs / ours, in seconds of CPU: median, least and largest of the rounds."""
    ours(case, method, 0, targets[:2])
    ratios = []
    for seed in range(ROUNDS):
        mine, theirs = ours(case, method, seed, targets)[1], ask(engine, seed, targets)[1]
        ratios.append(theirs / mine)
        print(f"  {len(targets)} targets, seconds: ours {mine:.2f}, theirs {theirs:.2f}")
    spread = f"({min(ratios):.2f} to {max(ratios):.2f})"
    print(f"{name}: {statistics.median(ratios):.2f} {spread}", flush=True)


def measure_speed(shared: Path) -> None:
    """Print the ratios on hESC-500, 758 cells x 410 regulators."""
    case = read_hesc(shared)
    everything = list(case.cells)
    with peers(case) as ask:
        take_turns("GRNBoost2 / rustscenic", case, ask, "grnboost2", "rustscenic", everything)
        few = everything[::91]
        take_turns("GRNBoost2 / arboreto", case, ask, "grnboost2", "GBM", everything[::9])
        take_turns("GENIE3 / arboreto's", case, ask, "genie3", "RF", few)
        take_turns("ExtraTrees / arboreto's GENIE3", case, ask, "extratrees", "RF", few)
        take_turns("ExtraTrees / arboreto's", case, ask, "extratrees", "ET", few)


def measure_scores(shared: Path) -> None:
    """Print the table, a row as soon as it is known: mean over seeds, standard deviation."""
    print("| Data set | Method | Engine | Seeds | AUROC | AUPRC | Density |")
    print("|---|---|---|---|---|---|---|")
    for case in read_cases(shared):
        density = case.pairs[LABEL].mean()
        with peers(case) as ask:
            for name, (method, theirs, seeds) in ENGINES.items():
                for engine, key in {"ours": "", **theirs}.items():
                    # rustscenic takes no list of targets.
                    targets = list(case.cells) if key == "rustscenic" else case.targets
                    found = [
                        ask(key, seed, targets)[0] if key else ours(case, method, seed, targets)[0]
                        for seed in range(seeds)
                    ]
                    values = np.array([score(case, edges) for edges in found])
                    cells = [
                        f"{mean:.3f}" + (f" ± {sd:.3f}" if seeds > 1 else "")
                        for mean, sd in zip(values.mean(axis=0), values.std(axis=0), strict=True)
                    ]
                    row = [case.name, name, engine, str(seeds), *cells, f"{density:.3f}"]
                    print("|", " | ".join(row), "|", flush=True)


if __name__ == "__main__":
    {"speed": measure_speed, "scores": measure_scores}[sys.argv[1]](Path(sys.argv[2]))
