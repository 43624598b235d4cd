from __future__ import annotations

import pandas as pd
from gtgrn.config.settings import FEATURE_SETS
from gtgrn.report.sections.paper import make
from gtgrn.studies import paper_tables
from gtgrn.tables import write_table
from paper_cases import make_degrees, make_reconstructions


def test_the_section_shows_our_numbers_the_papers_and_the_nulls(tmp_path):
    distribution, fits, table5 = make_degrees()
    third = pd.DataFrame(
        [("a", "hESC-500", "gtgrn", "mine", "AUROC", 2, 0.8, 0.01, 0.8793, -0.0793, "tf_rate",
          0.89, 0.0107, 0.15, "0.079 below the paper; the best null exceeds ours")],
        columns=paper_tables.TABLE3,
    )  # fmt: skip
    ablated = pd.DataFrame(
        [("a", "feature set", row, row, "AUROC", 2, 0.8, 0.01, "PGE", -0.01, -0.02, 0.0, 0.04,
          0.85, "tf_rate", 0.89, "") for row in FEATURE_SETS],
        columns=paper_tables.TABLE6,
    )  # fmt: skip
    write_table(third, tmp_path / "paper/table3.tsv")
    write_table(make_reconstructions(), tmp_path / "paper/fig4.tsv")
    for name, rows in (("table5", table5), ("fig6", distribution), ("fig6_fits", fits),
                       ("table6", ablated)):  # fmt: skip
        write_table(rows, tmp_path / f"a/paper/{name}.tsv")
    section = make(tmp_path, ["a", "b<c"])
    captions = [table["caption"].partition(":")[0] for table in section["tables"]]
    assert captions == ["Table 3", "Table 5", "Figure 6", "Table 6"]
    for table in section["tables"]:
        for row in table["rows"]:
            assert len(row) == len(table["columns"])
            assert all(isinstance(cell, str) for cell in row)
            assert "nan" not in row
    first = section["tables"][0]["rows"][0]
    assert "0.800 \u00b1 0.010" in first
    assert "0.879" in first
    printed = [row for row in section["tables"][1]["rows"] if row[1] == "paper"]
    assert len(printed) == 5
    assert "5671530" in printed[2]
    assert len(section["figures"]) == 2
