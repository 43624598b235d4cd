"""What is said of all comparisons of a data set, correlations and ranks, in a line each."""

from __future__ import annotations

import pandas as pd
from gtgrn.comparison.design import make_design
from gtgrn.comparison.summaries import SUMMARY, join_summaries, summarise, summarise_ranks
from gtgrn.tables import read_table, write_table


def test_each_comparison_has_a_line_and_so_has_what_was_left_out(tmp_path):
    design = make_design(["a"] * 60 + ["b"] * 70, ("a", "b"))
    tables = {name: pd.DataFrame({"fdr": [0.05, 0.2]}) for name in ("edges", "regulons")}
    section = {"groups": ["a", "b"]}
    compared = summarise(design, section, "T/NK", tables) | {"regulons_overall": 0.5}
    shares = {"labellings": 41, "edges_overall": 0.3}
    ranked = summarise_ranks(compared, "genie3", {"edges": tables["edges"]}, shares)
    left_out = [{"within": "rare", "left_out": "3 cells are 'a', of 20 needed"}]
    rows = [{**compared, "folder": "T_NK"}, {**ranked, "folder": "T_NK/genie3"}]
    write_table(join_summaries(rows, left_out), tmp_path / "summary.tsv")
    read = read_table(tmp_path / "summary.tsv", SUMMARY).astype(str)
    assert list(read["within"]) == ["T/NK", "T/NK", "rare"]
    assert list(read["measure"]) == ["correlation", "rank (genie3)", ""]
    assert list(read["folder"]) == ["T_NK", "T_NK/genie3", ""]
    assert list(read["cells_first"]) == ["60", "60", ""]
    assert list(read["edges"]) == ["1", "1", ""]
    assert list(read["regulons"]) == ["1", "", ""]
    assert list(read["labellings"]) == ["", "41", ""]
    assert read["left_out"].iloc[2].startswith("3 cells")
    assert "no replicates" in read["note"].iloc[1]
