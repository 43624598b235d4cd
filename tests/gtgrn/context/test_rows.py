import numpy as np
import pytest
from context_cases import GENES, pairs
from gtgrn.context.rows import agreement, place_source


def test_place_source_knows_targets_rates_and_what_a_cut_table_leaves_open():
    table = pairs({"B": ["G000", "G000", "G001", "B"], "A": ["G002", "elsewhere"], "C": ["C"]})
    whole = place_source(table, GENES[:4], name="s", kind="chip")
    assert list(whole.regulators) == ["A", "B"]
    assert whole.edges.toarray().tolist() == [[0, 0, 1, 0], [1, 1, 0, 0]]
    # Four genes are named: the rate is over the whole table, not over the genes at hand.
    assert whole.rate.tolist() == [0.5, 0.5]
    assert whole.known.all()
    cut = place_source(table, GENES[:4], name="s", kind="chip", whole=False)
    assert cut.known.tolist() == [True, True, True, False]
    assert np.isnan(cut.dense()[:, 3]).all()
    measured = place_source(
        table, GENES[:4], name="s", kind="chip", whole=False, measured=GENES[:4]
    )
    assert measured.known.all()
    assert measured.rate.tolist() == [0.4, 0.4]


def test_an_empty_table_gives_no_rows():
    assert place_source(pairs({}), GENES, name="s", kind="chip").edges.shape == (0, len(GENES))


def test_agreement_is_phi_over_the_genes_that_both_know():
    first = np.array([1, 1, 0, 0, 1, np.nan])
    second = np.array([1, 0, 0, 1, np.nan, 0])
    assert agreement(first, second) == pytest.approx(0)
    assert agreement(first, first) == pytest.approx(1)
    assert agreement(first, 1 - first) == pytest.approx(-1)
    assert agreement(first, np.ones(6)) == 0
    assert agreement(first[:2], first[:2]) == 0
