"""Pairs and features with a planted structure, and a short training of GT-GRN."""

from __future__ import annotations

import numpy as np
import pandas as pd
from gtgrn.models.gtgrn.paper import fit
from gtgrn.names import LABEL, PAIR, PART, REGULATOR, TARGET, TEST, TRAIN, VAL
from sklearn.metrics import roc_auc_score

SMALL = {
    "dimensions": 8,
    "layers": 1,
    "heads": 2,
    "norm": "layer",
    "learning_rate": 1e-3,
    "epochs": 6,
    "check_every": 2,
    "seed": 0,
    "device": "cpu",
}
PARTS = [TRAIN, VAL, TEST]


def names(n):
    return [f"g{i:02d}" for i in range(n)]


def make_pairs(n_regulators=8, n_genes=40, *, held_genes=False, noise=0.02, seed=0):
    """Make a split of all pairs in which a regulator's targets are the genes of its parity.

    With `held_genes` whole genes are held out, of which no training pair is left.
    """
    rng = np.random.default_rng(seed)
    pairs = [(r, g) for r in range(n_regulators) for g in range(n_genes) if r != g]
    codes = np.array(pairs)
    label = ((codes[:, 0] + codes[:, 1]) % 2 == 0) ^ (rng.random(len(codes)) < noise)
    share = [0.55, 0.2, 0.25]
    part = rng.choice(PARTS, n_genes, p=share)[codes[:, 1]] if held_genes else None
    return pd.DataFrame(
        {
            REGULATOR: [names(n_genes)[i] for i in codes[:, 0]],
            TARGET: [names(n_genes)[i] for i in codes[:, 1]],
            LABEL: label.astype(int),
            PART: rng.choice(PARTS, len(codes), p=share) if part is None else part,
        }
    )


def make_features(n_genes=40, *, seed=0):
    """Make P, G and E; G and E tell a gene's parity, each with noise."""
    rng = np.random.default_rng(seed)
    parity = np.where(np.arange(n_genes) % 2, 1.0, -1.0)[:, None]
    return {
        "P": rng.normal(size=(n_genes, 3)),
        "G": parity * rng.normal(size=4) + 0.3 * rng.normal(size=(n_genes, 4)),
        "E": parity * rng.normal(size=5) + 0.3 * rng.normal(size=(n_genes, 5)),
    }


def small_fit(pairs=None, features=None, genes=None, **options):
    pairs = make_pairs() if pairs is None else pairs
    features = make_features() if features is None else features
    return fit(pairs, names(40) if genes is None else genes, features, **(SMALL | options))


def of_part(pairs, part, values=None):
    rows = (pairs[PART] == part).to_numpy()
    return pairs[rows] if values is None else values[rows]


def part_auroc(pairs, scores, part=TEST):
    return roc_auc_score(of_part(pairs, part)[LABEL], of_part(pairs, part, scores))


def flip(pairs, part):
    """Return the pairs with every label of a part turned round."""
    rows = pairs[PART] == part
    return pairs.assign(**{LABEL: pairs[LABEL].where(~rows, 1 - pairs[LABEL])})


def coded(pairs, *columns):
    index = {gene: i for i, gene in enumerate(names(40))}
    ends = [pairs[column].map(index) for column in PAIR]
    return list(zip(*ends, *(pairs[column] for column in columns), strict=True))
