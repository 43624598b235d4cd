"""The order of the cells is no information: no model and no embedding may take any from it.

A model whose weights belong to cells draws them by their place, so that another order is, for
it, another draw. With weights that move along with the cells nothing may be left of the order
but rounding, which a few steps of training keep small.
"""

from __future__ import annotations

import dataclasses
import pkgutil

import gtgrn.embeddings
import numpy as np
import pytest
import torch
from gtgrn.embeddings import vae
from gtgrn.models.gtgrn.full import fit as fit_full
from gtgrn.models.gtgrn.gene_features import gene_features
from gtgrn.models.gtgrn.pair_features import ExpressionNeighbours
from gtgrn.plugins import PEERS, find_plugins, load_plugin
from order_cases import following, orders, sparse_expression
from peer_cases import FORMS, make_pairs, names

GENES = 24
EXPRESSION = sparse_expression(GENES)
PROFILES = EXPRESSION.to_numpy(float).T
ORDERS = orders(EXPRESSION)
NOT_OF_CELLS = {
    "walks": "networks",
    "node2vec": "networks",
    "bert": "walks",
    "positional": "edges of the training part",
    "tables": "reads and writes the others",
}
"""Embeddings that read something else than cells, and what."""
CLOSE = {"rtol": 1e-3, "atol": 1e-4}


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def test_every_embedding_is_compared_or_reads_no_cells():
    found = {module.name for module in pkgutil.iter_modules(gtgrn.embeddings.__path__)}
    assert found - set(NOT_OF_CELLS) == {"vae"}


@pytest.mark.parametrize("order", ORDERS, ids=["backwards", "blocks", "chance"])
def test_the_order_of_the_cells_changes_no_vae(order, monkeypatch):
    options = {"latent": 3, "hidden": 8, "batch_size": 8, "epochs": 3, "device": "cpu", "seed": 0}
    here = vae.train_vae(PROFILES.T, **options)
    other = vae.train_vae(PROFILES.T[order], **options)
    assert not np.allclose(here.values, other.values, **CLOSE)
    monkeypatch.setattr(vae, "VAE", following(vae.VAE, order))
    there = vae.train_vae(PROFILES.T[order], **options)
    np.testing.assert_allclose(there.values, here.values, **CLOSE)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", find_plugins(PEERS))
def test_the_order_of_the_cells_changes_no_peer(name, form):
    peer = load_plugin(PEERS, name).PEER
    pairs, options = make_pairs(n_genes=GENES), {"form": form, "epochs": 2, "device": "cpu"}
    here = peer.fit(pairs, names(GENES), {"X": PROFILES}, seed=0, **options)
    for order in ORDERS:
        moved = dataclasses.replace(peer, network=following(peer.network, order))
        there = moved.fit(pairs, names(GENES), {"X": PROFILES[:, order]}, seed=0, **options)
        np.testing.assert_allclose(there.scores, here.scores, **CLOSE)


def test_the_order_of_the_cells_changes_no_score_of_the_full_form():
    options = {
        "ensemble": 1,
        "dimensions": 8,
        "heads": 2,
        "rank": 4,
        "epochs": 2,
        "check_every": 1,
    }
    pairs = make_pairs(n_genes=GENES)
    here = fit_full(pairs, names(GENES), {"X": PROFILES}, seed=0, device="cpu", **options)
    for order in ORDERS:
        moved = {"X": PROFILES[:, order]}
        there = fit_full(pairs, names(GENES), moved, seed=0, device="cpu", **options)
        np.testing.assert_allclose(there.scores, here.scores, **CLOSE)


def test_the_order_of_the_cells_changes_no_feature_of_a_gene():
    regulators = np.arange(GENES) < 4
    here = gene_features(PROFILES, regulators)
    near = ExpressionNeighbours(PROFILES, np.flatnonzero(regulators), torch.device("cpu"))
    for order in ORDERS:
        moved = PROFILES[:, order]
        np.testing.assert_allclose(gene_features(moved, regulators), here, **CLOSE)
        there = ExpressionNeighbours(moved, np.flatnonzero(regulators), torch.device("cpu"))
        for one, two in zip([*near.columns, near.moments], [*there.columns, there.moments],
                            strict=True):  # fmt: skip
            np.testing.assert_allclose(one.to_dense(), two.to_dense(), **CLOSE)
        np.testing.assert_allclose(near.rows, there.rows, **CLOSE)
