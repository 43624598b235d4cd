"""What is left of a ranking once the popularity of regulators and genes is taken out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gtgrn.network.popularity import (
    SPECIFIC_RANK,
    describe_popularity,
    first_regulators,
    specific_rank,
)
from gtgrn.splits.universe import universe

GENES = [f"G{number:02d}" for number in range(30)]
PLANTED = [("G01", "G12"), ("G02", "G13"), ("G03", "G14")]


def ranked(score) -> pd.DataFrame:
    pairs = universe(GENES, GENES[:5])
    table = pairs.assign(score=score(pairs)).sort_values("score", ascending=False, kind="stable")
    return table.reset_index(drop=True).assign(rank=np.arange(1, len(table) + 1))


def popular(pairs: pd.DataFrame) -> pd.Series:
    """Return what regulators and genes alone say: G00 before all others, the last gene first."""
    number = {name: place for place, name in enumerate(GENES)}
    return pairs["target"].map(number) - 10.0 * pairs["regulator"].map(number)


def specific(pairs: pd.DataFrame) -> pd.Series:
    named = pd.MultiIndex.from_frame(pairs[["regulator", "target"]]).isin(PLANTED)
    return popular(pairs) + 20.0 * named


def test_pairs_that_go_together_come_first_once_popularity_is_out():
    network = ranked(specific)
    network["left"] = specific_rank(network)
    first = network.sort_values("left").head(3)
    assert set(map(tuple, first[["regulator", "target"]].to_numpy())) == set(PLANTED)
    # In the ranking itself none of them is among the first.
    assert network["rank"][first.index].min() > 3
    assert sorted(network["left"]) == list(range(1, len(network) + 1))


def test_the_network_says_who_comes_first_for_most_genes():
    network = ranked(popular)
    shares = first_regulators(network)
    # The pair of G00 with itself is none, so that another comes first there.
    assert list(shares) == ["G00", "G01"]
    assert shares["G00"] == pytest.approx(29 / 30)
    said = describe_popularity(network)
    assert said.startswith("G00 comes first for 97 % of the genes")
    assert SPECIFIC_RANK in said


@pytest.mark.parametrize("regulators", [1, 5])
def test_nothing_is_said_where_the_order_depends_on_the_gene_or_there_is_none(regulators):
    rng = np.random.default_rng(0)
    network = ranked(lambda pairs: rng.random(len(pairs)))
    network = network[network["regulator"].isin(GENES[:regulators])].reset_index(drop=True)
    # With five regulators the largest share of 30 genes is below one half, by this seed's uniform
    # draws.
    assert describe_popularity(network) == ""


def test_the_order_of_rows_does_not_matter_for_names():
    network = ranked(popular)
    renamed = network.replace({name: f"x{name}" for name in GENES})
    np.testing.assert_array_equal(specific_rank(network), specific_rank(renamed))
