"""The report's section of knock-outs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from gtgrn.perturbation.tables import COLUMNS, SUMMARY
from gtgrn.report.sections.perturbation import make
from gtgrn.tables import write_table


def responses(largest: float) -> pd.DataFrame:
    table = pd.DataFrame({name: np.linspace(largest, 0, 40) for name in COLUMNS})
    return table.assign(gene=[f"G<{n}>" for n in range(40)], fdr=np.linspace(0, 1, 40))


def test_each_knock_out_has_its_genes_and_a_figure_where_any_responds(tmp_path):
    folder = tmp_path / "mine/perturbation"
    folder.mkdir(parents=True)
    row = dict.fromkeys(SUMMARY, 0.0)
    rows = [
        {**row, "gene": "A/1", "note": "", "file": "A_1"},
        {**row, "gene": "B", "note": "Nothing is predicted.", "file": "B"},
    ]
    write_table(pd.DataFrame(rows), folder / "summary.tsv")
    write_table(responses(-2.0), folder / "A_1.tsv.gz")
    write_table(responses(0.0), folder / "B.tsv.gz")
    made = make(tmp_path, ["mine", "other"])
    assert [t["caption"] for t in made["tables"]] == [
        "mine: knock-outs", "mine: A/1 at 0", "mine: B at 0",
    ]  # fmt: skip
    assert made["tables"][0]["rows"][1][-1] == "Nothing is predicted."
    assert len(made["tables"][1]["rows"]) == 15
    (figure,) = made["figures"]
    (bar,) = figure["figure"].data
    assert bar.y[-1] == "G&lt;0&gt;"
    assert len(set(bar.marker.color)) == 2
