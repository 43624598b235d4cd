from __future__ import annotations

import pandas as pd
from gtgrn.report.sections import peers
from gtgrn.tables import write_table


def test_a_missing_number_is_a_dash_and_one_seed_has_no_spread(tmp_path):
    row = {
        "model": "gne", "form": "repaired", "split": "edges", "seeds": 1, "AUROC": 0.75,
        "AUROC_sd": None, "AUPRC": 0.5, "AUPRC_sd": 0.25, "within_TF_AUROC": None,
        "within_TF_AUROC_sd": None, "original_AUROC": None, "original_AUPRC": ".4",
    }  # fmt: skip
    write_table(pd.DataFrame([row]), tmp_path / "d/peers.tsv")
    made = peers.make(tmp_path, ["d", "absent"])
    (table,) = made["tables"]
    assert table["caption"] == "d"
    line = dict(zip(table["columns"], table["rows"][0], strict=True))
    assert (line["Model"], line["Seeds"], line["AUROC, original code"]) == ("GNE", "1", "\u2013")
    assert line["AUPRC, original code"] == "0.400"
    assert line["AUROC"] == "0.750"
    assert line["AUPRC"] == "0.500 \u00b1 0.250"
    assert line["AUROC within TF"] == "\u2013"
