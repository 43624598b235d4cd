from __future__ import annotations

import pandas as pd
from gtgrn.report.sections import tuning
from gtgrn.tables import write_table


def points():
    rows = [
        {
            "model": "m", "point": point, "seeds": 1, "chosen": chosen, "validation_AUPRC": value,
            "validation_AUPRC_sd": None, "test_AUROC": test, "test_AUROC_sd": None,
            "test_AUPRC": test, "test_AUPRC_sd": None,
        }
        for point, value, test, chosen in (("p1", 0.8, 0.1, 1), ("p2", 0.6, 0.9, 0))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_the_box_plot_marks_the_chosen_point():
    box, diamond = tuning.tuning_figure(points()).data
    assert sorted(box.y) == [0.1, 0.9]
    assert list(diamond.y) == [0.1]


def test_the_table_has_the_chosen_point_alone(tmp_path):
    write_table(points(), tmp_path / "d/tuning.tsv")
    made = tuning.make(tmp_path, ["d", "absent"])
    assert made["tables"][0]["rows"] == [["m", "p1", "1", "0.800", "0.100", "0.100"]]
    assert len(made["figures"]) == 1
