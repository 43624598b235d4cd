from __future__ import annotations

import numpy as np
import pandas as pd
from gtgrn.report.sections.gatv2 import grid_figure, make
from gtgrn.studies.gatv2_tables import METRICS
from gtgrn.tables import write_table


def test_the_grid_has_a_line_for_each_number_of_heads():
    table = pd.DataFrame(
        {"boolean": "hsc", "layers": [1, 2] * 2, "heads": [1, 1, 2, 2],
         "AUROC": [0.1, 0.2, 0.3, 0.4], "AUROC_sd": np.nan, "AUPRC": 0.5, "AUPRC_sd": 0.1}
    )  # fmt: skip
    figure = grid_figure(table)
    assert [list(line.y) for line in figure.data[:2]] == [[0.1, 0.2], [0.3, 0.4]]
    assert len(figure.data) == 4


def test_the_section_adds_what_seeds_share_and_leaves_out_runs_that_nobody_counted(tmp_path):
    values = dict.fromkeys(METRICS, 0.5) | {f"{name}_sd": 0.1 for name in METRICS}
    protocols = pd.DataFrame(
        [
            {"boolean": "hsc", "protocol": "split_first", "method": "gatv2", "runs": 2, **values},
            {"boolean": "hsc", "protocol": "paper_leaky", "method": "reported", "accuracy": 0.9},
        ]
    )
    counts = ["edges", "test_edges", "pairs", "test_pairs", "samples", "test_samples"]
    shared = pd.DataFrame([{"boolean": "hsc", "protocol": "split_first"} | dict.fromkeys(counts, n)
                           for n in (1, 2)])  # fmt: skip
    grid = pd.DataFrame(
        [
            {"boolean": "hsc", "layers": 1, "heads": 2, "chosen": 1, "validation_AUPRC": 0.4}
            | values
        ]
    )
    for name, table in (("protocols", protocols), ("shared_edges", shared), ("grid", grid)):
        write_table(table, tmp_path / f"gatv2/{name}.tsv")
    first, second, third = make(tmp_path, [])["tables"]
    assert [row[3] for row in first["rows"]] == ["2", "\u2013"]
    assert first["rows"][0][4] == "0.500 \u00b1 0.100"
    assert first["rows"][1][5:] == ["\u2013"] * 5
    assert second["rows"] == [["hsc", "split_first", *["3"] * 6]]
    assert third["rows"][0][:5] == ["hsc", "1", "2", "1", "0.400"]
