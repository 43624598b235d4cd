from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gtgrn.data.cell_types import by_size
from gtgrn.names import PAIR
from gtgrn.studies.gene_map_regulons import (
    Enrichment,
    describe_regulons,
    regulon_members,
    upper_tails,
)
from gtgrn.studies.gene_maps import GeneMap
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact, hypergeom

GENES = [f"g{i:03d}" for i in range(60)]
PLANTED = GeneMap(GENES, np.repeat([0, 1, 2], 20), 0.0, 0.0, None)


@given(genes=st.integers(5, 60), data=st.data())
@settings(max_examples=60, deadline=None)
def test_tails_are_scipys(genes, data):
    targets = np.array(data.draw(st.lists(st.integers(1, genes), min_size=1, max_size=3)))
    sizes = np.array(data.draw(st.lists(st.integers(1, genes), min_size=1, max_size=3)))
    tails = upper_tails(genes, targets, sizes)
    k = np.arange(tails.shape[-1])
    expected = hypergeom.sf(k - 1, genes, targets[:, None, None], sizes[None, :, None])
    np.testing.assert_allclose(tails, np.clip(expected, 0, 1), atol=1e-9)


def test_p_values_are_fishers():
    rng = np.random.default_rng(0)
    communities, members = by_size(rng.integers(0, 3, 40)), rng.integers(0, 2, (2, 40))
    overlaps, p, _ = Enrichment(communities, members).test(communities)
    for r in range(2):
        for c in range(3):
            inside, marked = communities == c, members[r] == 1
            table = [[(inside & marked).sum(), (~inside & marked).sum()],
                     [(inside & ~marked).sum(), (~inside & ~marked).sum()]]  # fmt: skip
            assert overlaps[r, c] == table[0][0]
            assert p[r, c] == pytest.approx(fisher_exact(table, alternative="greater")[1])


def planted_reference():
    """Return one regulon inside the first group, one spread evenly, one too small."""
    rows = [("A", gene) for gene in GENES[:12]] + [("B", gene) for gene in GENES[::5]]
    return pd.DataFrame([*rows, *(("C", gene) for gene in GENES[:4])], columns=PAIR)


def test_a_planted_regulon_is_found_and_a_spread_one_is_not():
    numbers, table = describe_regulons(PLANTED, planted_reference(), permutations=99, seed=0)
    assert numbers["regulons"] == 2
    assert numbers["enriched_share"] == 0.5
    assert numbers["null_share"] < 0.1
    assert 0.01 <= numbers["null_p"] <= 0.05
    rows = table.set_index("regulator")
    assert rows.loc["A", ["targets", "community_size", "overlap", "enriched"]].tolist() == [
        *[12, 20, 12, 1]
    ]
    assert rows.loc["A", "community"] == PLANTED.communities[0]
    assert rows.loc["B", "enriched"] == 0
    assert rows.loc["B", "adjusted_p"] >= rows.loc["B", "p_value"]


def test_on_random_communities_few_regulons_are_enriched():
    rng = np.random.default_rng(5)
    members = (rng.random((200, 300)) < 0.05).astype(int)
    tests = Enrichment(by_size(rng.integers(0, 8, 300)), members)
    assert tests.share(tests.communities) < 0.02
    shares = tests.permuted_shares(20, seed=0)
    assert shares.mean() < 0.02
    np.testing.assert_array_equal(shares, tests.permuted_shares(20, seed=0))


def test_permutations_keep_sizes():
    communities, members = np.array([0] * 6 + [1] * 4), np.ones((1, 10), dtype=int)
    assert (Enrichment(communities, members).permuted_shares(10, seed=1) == 0).all()


def test_members_count_pairs_once_and_known_genes_only():
    reference = pd.DataFrame(
        [*[("A", g) for g in ("x", "x", "y", "z")], ("B", "x"), ("A", "absent")], columns=PAIR
    )
    names, members = regulon_members(reference, ["z", "y", "x"], 3)
    assert names == ["A"]
    assert members.tolist() == [[1, 1, 1]]
    assert regulon_members(reference, ["z", "y", "x"], 4)[0] == []


def test_without_a_regulon_the_shares_are_missing():
    numbers, table = describe_regulons(PLANTED, planted_reference(), min_targets=50)
    assert numbers["regulons"] == 0
    assert np.isnan([numbers[key] for key in ("enriched_share", "null_share", "null_p")]).all()
    assert table.empty
    assert "regulator" in table
