"""The standing figures that the report shows beside a network without known edges."""

from pathlib import Path

import pandas as pd
from gtgrn.report.elsewhere import METHODS, STANDING, TRUTHS, say_worth, standing_figures

ROOT = Path(__file__).parents[3]


def test_the_standing_figures_are_shown_with_their_nulls_and_a_response():
    rows = pd.DataFrame(standing_figures(ROOT / STANDING))
    assert {"binding", "perturbation"} <= {
        k for k, said in TRUTHS.items() if said in set(rows["truth"])
    }
    for _, own in rows.groupby("dataset"):
        # Other contexts first, then the nulls, each with a paired interval around its difference.
        assert list(own["method"])[:3] == list(METHODS)[:3]
        others = own.iloc[1:]
        assert (others["low"] <= others["difference"]).all()
        assert (others["difference"] <= others["high"]).all()
        assert own["value"].between(0, 1).all()


def test_the_first_screen_says_what_such_a_ranking_was_worth():
    def row(method, truth, value):
        return {"method": method, "truth": TRUTHS[truth], "value": value}

    rows = [row("other_contexts", "binding", value) for value in (0.6, 0.7, 0.65)]
    assert say_worth(rows) == ""
    rows += [row("popularity_elsewhere", "binding", value) for value in (0.5, 0.52, 0.66)]
    rows += [row("other_contexts", "perturbation", 0.2)]
    said = say_worth(rows)
    assert "On 3 published sets" in said
    assert "AUROC of 0.60 to 0.70 (0.5 is chance), against 0.50 to 0.66" in said


def test_without_the_table_nothing_is_shown(tmp_path):
    assert standing_figures(tmp_path / "absent.tsv") == []
    assert say_worth([]) == ""
