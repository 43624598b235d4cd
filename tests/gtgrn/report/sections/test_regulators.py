from __future__ import annotations

import pandas as pd
import pytest
from gtgrn.report.sections.regulators import SHOWN_GENES, make
from gtgrn.tables import write_table

GENES = [f"g{i:02d}" for i in range(SHOWN_GENES + 5)]


@pytest.fixture
def results(tmp_path):
    """Rankings of two networks in which the genes come in their order and in reverse."""
    columns = {"mean_rank": 1.5, "best_rank": 1, "worst_rank": 2, "first": 3, "measures": 12}
    tables = [
        pd.DataFrame({"network": network, "gene": genes, **columns})
        for network, genes in (("reference", GENES), ("predicted", GENES[::-1]))
    ]
    attention = {
        "model": ["gtgrn"], "variant": [""], "layer": [1], "head": [0], "seeds": [1],
        "first": ["g03"], "first_share": [0.5], "spearman": [None],
    }  # fmt: skip
    write_table(pd.concat(tables), tmp_path / "d/regulators/ranking.tsv")
    write_table(pd.DataFrame(attention), tmp_path / "d/regulators/stability.tsv")
    reference = [("g07", "<x>"), ("g02", "b"), ("g02", "a")]
    edges = pd.DataFrame(reference, columns=["regulator", "target"])
    write_table(edges, tmp_path / "d/reference.tsv")
    return tmp_path


def test_the_first_genes_of_each_network_are_shown(results):
    own, predicted, attention = make(results, ["d", "absent"])["tables"]
    assert [row[0] for row in own["rows"]] == GENES[:SHOWN_GENES]
    assert [row[0] for row in predicted["rows"]] == GENES[::-1][:SHOWN_GENES]
    assert own["rows"][0] == ["g00", "1.5", "1", "2", "3", "12"]
    assert attention["rows"] == [
        ["GT-GRN", "\u2013", "1", "0", "1", "g03", "0.500", "\u2013"],
    ]


def test_the_reference_is_drawn_around_its_central_regulators(results):
    (drawn,) = make(results, ["d"])["figures"]
    assert drawn["caption"].startswith("d: 3 reference edges")
    text = drawn["figure"].to_json()
    assert "&lt;x&gt;" in text
    assert "<x>" not in text
    write_table(pd.DataFrame(columns=["regulator", "target"]), results / "d/reference.tsv")
    assert make(results, ["d"])["figures"] == []
