"""The report's section of two conditions."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
from gtgrn.comparison.networks import EDGES, REGULATORS
from gtgrn.comparison.regulons import COLUMNS
from gtgrn.comparison.summaries import CORRELATION, SUMMARY
from gtgrn.report.sections.comparison import make, volcano
from gtgrn.tables import write_table


def edges(number: int) -> pd.DataFrame:
    table = pd.DataFrame({name: np.linspace(1, 0.1, number) for name in EDGES})
    table["regulator"], table["target"] = "R<1>", [f"T{n}" for n in range(number)]
    return table.assign(fdr=np.where(np.arange(number) < 3, 0.01, 1.0))


def test_the_volcano_has_the_claimed_edges_and_a_bounded_number_of_others():
    figure = volcano(edges(20000))
    others, claimed = figure.data
    assert list(claimed.text) == [f"R&lt;1&gt; \u2013 T{n}" for n in range(3)]
    assert 1900 <= len(others.x) + len(claimed.x) <= 2100


def test_a_comparison_with_its_tables_and_the_word_on_replicates(tmp_path):
    row = dict.fromkeys(SUMMARY, "")
    pair = {"within": "B", "first": "x", "second": "y"}
    rows = [
        {**row, **pair, "folder": "B", "measure": CORRELATION, "note": "No donors."},
        {**row, **pair, "folder": "B/genie3", "measure": "rank (genie3)"},
        {**row, "within": "rare", "left_out": "3 cells are 'x', of 50 needed"},
    ]
    folder = tmp_path / "mine/comparison/B"
    folder.mkdir(parents=True)
    write_table(pd.DataFrame(rows), folder.parent / "summary.tsv")
    write_table(edges(30), folder / "edges.tsv.gz")
    one = {"rank": [1], "regulator": ["R<1>"], "edges": [3]}
    numbers = {name: [-0.25] for name in REGULATORS if name not in one}
    write_table(pd.DataFrame({**one, **numbers})[REGULATORS], folder / "regulators.tsv.gz")
    write_table(pd.DataFrame(columns=COLUMNS), folder / "regulons.tsv.gz")
    (folder / "genie3").mkdir()
    for name in ("edges", "regulators"):
        shutil.copy(folder / f"{name}.tsv.gz", folder / "genie3")
    made = make(tmp_path, ["mine", "other"])
    summary, regulators, best, ranked, _ = made["tables"]
    assert summary["rows"][2][-1] == "3 cells are 'x', of 50 needed"
    assert regulators["caption"] == "mine, B, x less y: regulators"
    assert "\u22120.25 [\u22120.25, \u22120.25]" in regulators["rows"][0]
    assert len(best["rows"]) == 15
    assert ranked["caption"] == "mine, B, x less y, rank (genie3): regulators"
    figure, ranks = made["figures"]
    assert figure["caption"].endswith("No donors.")
    assert "Fisher" in figure["figure"].layout.xaxis.title.text
    assert "rank" in ranks["figure"].layout.xaxis.title.text
