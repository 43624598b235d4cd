"""Expression with planted regulation, and the call that the tests of inference share."""

from __future__ import annotations

import pkgutil

import gtgrn.inference.methods
import numpy as np
import pandas as pd
from gtgrn.inference.methods import extratrees, genie3, grnboost2
from gtgrn.inference.run import infer
from gtgrn.tables import sort_edges

METHODS = [
    module.name
    for module in pkgutil.iter_modules(gtgrn.inference.methods.__path__)
    if not module.name.startswith("_")
]
TREES = {"genie3": genie3, "extratrees": extratrees, "grnboost2": grnboost2}
ENGINES = ["fast", "arboreto"]
FEW = {
    "genie3": {"n_estimators": 8},
    "extratrees": {"n_estimators": 8},
    "grnboost2": {"n_estimators": 30},
    "bc3net": {"bootstraps": 20},
}
INFORMATION = ["aracne", "mrnet", "clr", "c3net", "c3mtc", "bc3net"]
SPARSE = {*INFORMATION, *TREES}
"""Methods that leave out the pairs to which they give no weight."""
DETERMINISTIC = {"pearson", "partial_correlation", "aracne", "mrnet", "clr", "c3net"}
REGULATORS = ["R1", "R2", "R3", "R4"]
PLANTED = {"G1": "R1", "G2": "R2", "G3": "R3", "G4": "R4"}


def make_expression(cells: int = 60) -> pd.DataFrame:
    """Return expression in which each target follows one regulator, up or down."""
    rng = np.random.default_rng(0)
    values = {name: rng.gamma(2.0, 1.0, cells) for name in REGULATORS}
    for i, (target, regulator) in enumerate(PLANTED.items()):
        follows = values[regulator] * (-1) ** i
        values[target] = follows - follows.min() + 0.1 * rng.random(cells)
    return pd.DataFrame(values).astype(np.float32)


EXPRESSION = make_expression()


def run(method: str, expression=EXPRESSION, regulators=REGULATORS, *, seed=0, **options):
    return infer(method, expression, regulators, seed=seed, **{**FEW.get(method, {}), **options})


def without_loops(edges: pd.DataFrame) -> pd.DataFrame:
    return sort_edges(edges[edges["regulator"] != edges["target"]])


def matrix(edges: pd.DataFrame, genes, regulators=REGULATORS) -> np.ndarray:
    table = edges.pivot_table(index="regulator", columns="target", values="weight")
    return table.loc[list(regulators), list(genes)].to_numpy()
