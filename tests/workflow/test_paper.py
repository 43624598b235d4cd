"""The paper's tables and figures as targets, on a tiny configuration."""

from __future__ import annotations

import pandas as pd
import pytest
from project_cases import TINY, make_tiny

pytestmark = pytest.mark.slow

FEATURES = ["P", "G", "E", "PG", "PE", "GE", "PGE"]
SHORT = {"published": {"epochs": 2}}
SETTINGS = {
    **TINY,
    "inference": {"methods": ["clr", "pearson", "random"]},
    "walks": {**TINY["walks"], "networks": ["pearson"]},
    "variants": {
        "paper": {},
        "full": {"form": "full"},
        **{name: {"features": list(name)} for name in FEATURES},
        "noise": {"control": "random"},
    },
    # No variant of Table 6 is trained but for its own sake.
    "ablations": {"datasets": ["tiny"], "variants": []},
    "peers": {"methods": ["gnnlink"], "forms": ["published"], "options": {"gnnlink": SHORT}},
    "tuning": {
        "models": ["gtgrn", "gnnlink"],
        "grids": {"gtgrn": {"heads": [2, 4], "epochs": [5]}, "gnnlink": {"epochs": [1, 2]}},
    },
    "paper": {"samples": 5},
    # The page of the target paper shows this study, too.
    "gatv2": {
        "models": ["mcad"], "replicates": 2, "dropout": [0], "cells": 20, "bins": 5,
        "epochs": 2, "layers": [1], "heads": [1],
    },
    "report": {"studies": ["paper"]},
}  # fmt: skip


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """A project in which the target paper and the report were made."""
    project = make_tiny(tmp_path_factory.mktemp("printed"), **SETTINGS)
    run = project.snakemake("--cores", "2", "--", "paper", "report")
    assert run.returncode == 0, run.stdout[-6000:]
    return project


def table(project, path):
    return pd.read_csv(project.folder / "results" / path, sep="\t")


@pytest.mark.parametrize(
    "figure", ["paper/fig4", "tiny/paper/fig5", "tiny/paper/fig6"]
)  # fmt: skip
def test_every_figure_is_interactive_and_static(printed, figure):
    folder = printed.folder / "results"
    assert "plotly" in (folder / f"{figure}.html").read_text().lower()
    assert "<svg" in (folder / f"{figure}.svg").read_text()
    assert (folder / f"{figure}.png").read_bytes().startswith(b"\x89PNG")


def test_table_3_is_the_mean_of_the_evaluation(printed):
    third = table(printed, "paper/table3.tsv")
    assert set(zip(third["method"], third["variant"], strict=True)) == {
        ("gtgrn", "full"), ("gtgrn", "paper"), ("gnnlink", "published"),
    }  # fmt: skip
    metrics = table(printed, "benchmark/metrics.tsv")
    rows = metrics[
        (metrics["method"] == "gtgrn") & (metrics["variant"] == "full")
        & (metrics["negatives"] == "N0") & (metrics["metric"] == "AUROC")
    ]  # fmt: skip
    own = third[(third["method"] == "gtgrn") & (third["metric"] == "AUROC")].iloc[0]
    assert own["mean"] == pytest.approx(rows["value"].mean())
    assert third["null"].notna().all()
    assert third["reading"].str.startswith("not in the paper").all()


def test_table_6_trains_what_it_needs_and_turns_imputation_round(printed):
    sixth = table(printed, "tiny/paper/table6.tsv")
    assert set(sixth["row"]) == {*FEATURES, "random", "magic_on"}
    assert sixth["seeds"].eq(1).all()
    areas = sixth[sixth["metric"] == "AUROC"].set_index("row")
    assert areas.loc["PGE", "paper"] == 0.8877
    assert areas.loc["magic_on", "against"] == "PE"
    assert areas.drop("PGE")["low"].notna().all()
    # Only what the row needs was made of the imputed data: no network and nothing judged.
    made = {path.name for path in (printed.folder / "results/tiny-magic_on").iterdir()}
    assert "models" in made
    assert not made & {"networks", "walks", "evaluation", "network.tsv.gz"}
    metrics = table(printed, "benchmark/metrics.tsv")
    assert set(metrics["dataset"]) == {"tiny"}


def test_table_5_and_figure_6_describe_the_same_networks(printed):
    fifth = table(printed, "tiny/paper/table5.tsv")
    fits = table(printed, "tiny/paper/fig6_fits.tsv")
    ours = fifth[fifth["kind"] != "paper"]
    assert list(zip(ours["network"], ours["selection"], strict=True)) == list(
        zip(fits["network"], fits["selection"], strict=True)
    )
    assert {"model", "null_model", "reference", "paper"} == set(fifth["kind"])
    degrees = table(printed, "tiny/paper/fig6.tsv")
    most = degrees.groupby(["network", "selection"])["degree"].max()
    for row in ours.dropna(subset=["maximum_degree"]).itertuples():
        assert most[row.network, row.selection] == row.maximum_degree


def test_the_report_has_the_section(printed):
    page = (printed.folder / "results/report.html").read_text()
    assert "The paper&#39;s experiments" in page
    assert "5671530" in page


def test_a_missing_feature_set_is_named_with_the_remedy(printed):
    settings = {
        **SETTINGS,
        "variants": {"paper": {}, "full": {"form": "full"}, "P": {"features": ["P"]}},
    }
    printed.configure(datasets=["tiny"], **settings)
    run = printed.snakemake("-n", "--", "table6")
    assert run.returncode != 0
    assert "Add 'G: {features: [G]}' under variants" in run.stdout
    assert printed.snakemake("-n", "--quiet", "rules", "--", "table5").returncode == 0
