"""Small splits in which a judged pair's reverse is known, and every form fitted to them."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pandas as pd
from gtgrn.evaluation.audit import audit_exposure, audit_graph
from gtgrn.models.gtgrn import full, paper
from gtgrn.names import (
    BOTH,
    EDGES,
    GENES,
    LABEL,
    PAIR,
    PART,
    REGULATOR,
    TARGET,
    TEST,
    TFS,
    TRAIN,
    VAL,
)

SCHEMES = [EDGES, GENES, TFS, BOTH]
GRAPH_PEERS = ["genelink", "gnnlink", "gatv2"]
PEERS = [*GRAPH_PEERS, "gne"]
REGULATORS, N = 12, 24
NAMES = [f"g{i:02d}" for i in range(N)]

COMMON = {"seed": 0, "device": "cpu"}
OPTIONS = {
    "paper": {
        "dimensions": 8,
        "layers": 1,
        "heads": 2,
        "epochs": 4,
        "check_every": 2,
        "hide": 0.3,
        "degree_prior": True,
        "backend": "torch",
    },
    "full": {
        "ensemble": 1,
        "dimensions": 8,
        "heads": 2,
        "rank": 4,
        "epochs": 4,
        "check_every": 2,
    },
    "genelink": {"hidden": [4, 4], "outputs": [4, 4], "heads": 1, "epochs": 1},
    "gnnlink": {"hidden": [4, 4], "epochs": 1},
    "gatv2": {"hidden": [4, 4], "heads": 1, "epochs": 1},
    "gne": {"identity": 4, "attributes": 4, "dimensions": 4, "epochs": 2},
}


def make_split(scheme, seed=0):
    """Make a split of one scheme over genes of which the first are regulators too."""
    rng = np.random.default_rng(seed)
    codes = np.array([(r, g) for r in range(REGULATORS) for g in range(N) if r != g])
    label = ((codes.sum(axis=1) % 2 == 0) ^ (rng.random(len(codes)) < 0.1)).astype(int)
    part = np.full(len(codes), TRAIN, dtype=object)
    regulator, target = codes.T
    if scheme == EDGES:
        part = rng.choice([TRAIN, VAL, TEST], len(codes), p=[0.6, 0.15, 0.25]).astype(object)
    if scheme == GENES:
        part[np.isin(target, (0, 1, 12, 13))] = VAL
        part[np.isin(target, (2, 3, 4, 14, 15))] = TEST
    if scheme == TFS:
        part[np.isin(regulator, (0, 1))] = VAL
        part[np.isin(regulator, (2, 3, 4))] = TEST
    if scheme == BOTH:
        held_regulator, held_gene = regulator < 5, np.isin(target, (6, 7, 8, 9, 14, 15, 16, 17))
        part[held_regulator | held_gene] = ""
        part[held_regulator & held_gene] = TEST
        part[held_regulator & held_gene & (regulator < 2)] = VAL
    columns = {REGULATOR: np.array(NAMES)[regulator], TARGET: np.array(NAMES)[target]}
    split = pd.DataFrame(columns | {LABEL: label, PART: part})
    return split[split[PART] != ""].reset_index(drop=True)


def make_features(form, seed=0):
    values = np.random.default_rng(seed).gamma(2.0, size=(N, 10))
    return {"E": values[:, :4]} if form == "paper" else {"X": values}


def fit_form(form, split, *, variant="repaired", **options):
    """Fit a form: paper, full or a peer in a variant."""
    module = {"paper": paper, "full": full}.get(form)
    if module is None:
        module = import_module(f"gtgrn.models.peers.{form}")
        options["form"] = variant
    features = make_features(form)
    return module.fit(split, NAMES, features, **(COMMON | OPTIONS[form] | options))


def audited(form, split, *, shown=False, **options):
    """Fit a form and return the checks with a finding, and all lines by their check."""
    result = fit_form(form, split, **options)
    lines = audit_graph(result.messages[PAIR], split, "messages", shown=shown)
    lines += audit_exposure(result.exposure, "input", shown=shown)
    return {line["check"] for line in lines if line["finding"]}, {x["check"]: x for x in lines}
