"""docs/groups.md, its sections of a card tried as they are written on a generated h5ad."""

from __future__ import annotations

import json
import re

import anndata as ad
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import yaml
from project_cases import ROOT, TINY, make_project

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "groups.md").read_text()
CELLS, GENES = 480, [f"G{n:02d}" for n in range(30)]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A finished run: two types and a rare one, ten donors, one regulator that loses its targets.

    The card is that of the page, with fewer labellings.
    """
    project = make_project(tmp_path_factory.mktemp("groups"))
    rng, number = np.random.default_rng(0), np.arange(CELLS)
    treated = number % 10 < 5
    rate = np.hstack([rng.gamma(1.0, 3.0, (CELLS, 6)), rng.gamma(2.0, 1.0, (CELLS, 24))])
    for regulator in range(6):
        for target in range(6 + 4 * regulator, 10 + 4 * regulator):
            rate[:, target] += 2 * rate[:, regulator] * (1.0 if regulator else ~treated)
    obs = pd.DataFrame(
        {
            "cell_type": pd.Categorical(np.where(number < 240, "B cell", "CD4+/CD25 T")),
            "condition": np.where(treated, "treated", "control"),
            "donor": [f"d{n}" for n in number % 10],
        },
        index=[f"c{n}" for n in number],
    )
    obs["cell_type"] = obs["cell_type"].cat.add_categories("rare")
    obs.loc[obs.index[:6], "cell_type"] = "rare"
    (project.folder / "data").mkdir()
    counts = rng.poisson(rate).astype(np.float32)
    cells = ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=GENES))
    cells.write_h5ad(project.folder / "data/mine.h5ad")
    card = {"title": "Mine", "organism": "human"}
    card["expression"] = {"format": "h5ad", "path": "data/mine.h5ad", "values": "counts"}
    for block in re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.S):
        card |= yaml.safe_load(block)
    card["compare"]["permutations"] = 200
    # The page's genes are GATA1 and SPI1; those of these cells have numbers.
    card["perturb"] = ["G01", {**card["perturb"][1], "gene": "G02"}]
    card["regulators"] = {"path": "data/regulators.tsv"}
    (project.folder / "data/regulators.tsv").write_text("\n".join(["regulator", *GENES[:6]]))
    project.add_card("mine", **card)
    small = {key: TINY[key] for key in TINY if key != "ablations"}
    context = {"context": {"sources": []}, "biology": {"edges": 24, "min_targets": 2}}
    project.configure(datasets=["mine"], **small, **context)
    run = project.snakemake("--cores", "2")
    assert run.returncode == 0, run.stdout[-6000:]
    return project


def table(project, name: str) -> pd.DataFrame:
    return pd.read_csv(project.folder / "results/mine" / name, sep="\t", keep_default_na=False)


def test_every_file_that_the_page_names_is_there(compared):
    named = [name for name in re.findall(r"`(results/[^`]+)`", PAGE) if "<" not in name]
    named = [name.replace("GATA1", "G01") for name in named]
    assert len(named) >= 6
    for name in named:
        assert (compared.folder / name).is_file(), name


def test_each_group_has_a_network_of_the_wholes_pairs_with_signs(compared):
    groups = table(compared, "groups.tsv").set_index("group")
    assert list(groups["dataset"]) == ["mine/B_cell", "mine/CD4+_CD25_T", ""]
    assert groups.loc["rare", "left_out"] == "fewer cells than min_cells"
    pairs = []
    for folder in ("", "B_cell/", "CD4+_CD25_T/"):
        network = table(compared, f"{folder}network.tsv.gz")
        pairs.append(set(network[["regulator", "target"]].itertuples(index=False, name=None)))
        opposed = network["correlation"].astype(float) < 0
        assert not (network.loc[opposed, "sign"] == "+").any()
        assert set(network["sign"]) <= {"+", "-", ""}
    assert pairs[0] == pairs[1] == pairs[2]
    graph = nx.read_graphml(compared.folder / "results/mine/B_cell/network.graphml")
    assert all("sign" in edge for _, _, edge in graph.edges(data=True))
    assert not (compared.folder / "results/mine/B_cell/models").exists()


def test_the_rewired_regulator_is_found_within_each_type(compared):
    summary = table(compared, "comparison/summary.tsv").set_index("within")
    assert list(summary.index) == ["B cell", "B cell", "CD4+/CD25 T", "CD4+/CD25 T", "rare"]
    assert list(summary["measure"]) == ["correlation", "rank (grnboost2)"] * 2 + [""]
    summary = summary[summary["measure"] != "rank (grnboost2)"]
    assert summary.loc["rare", "left_out"]
    for name, folder in (("B cell", "B_cell"), ("CD4+/CD25 T", "CD4+_CD25_T")):
        assert summary.loc[name, "labellings"] == "126"
        ranked = table(compared, f"comparison/{folder}/regulators.tsv.gz")
        assert ranked["regulator"].iloc[0] == "G00"
        ranks = table(compared, f"comparison/{folder}/grnboost2/edges.tsv.gz")
        assert len(ranks) == 6 * 29
        assert ranks[["first", "second"]].astype(float).min(axis=None) >= 1
        record = compared.folder / f"results/mine/comparison/{folder}/summary.json"
        assert json.loads(record.read_text())["donors_first"] == 5


def test_knock_outs_find_the_targets_in_the_whole_and_in_groups(compared):
    for folder in ("", "B_cell/"):
        summary = table(compared, f"{folder}perturbation/summary.tsv")
        assert list(summary["gene"]) == ["G01", "G02"]
        for number, gene in enumerate(summary["gene"], start=1):
            found = table(compared, f"{folder}perturbation/{gene}.tsv.gz")
            assert len(found) == len(GENES) - 1
            # Of 29 genes four are the targets, and they respond the most on average.
            own = set(GENES[6 + 4 * number : 10 + 4 * number])
            place = found.index[found["gene"].isin(own)].to_numpy()
            assert place.mean() < 10
            best = found[found["gene"].isin(own)]["response"].astype(float)
            assert best.mean() < 0


def test_the_report_shows_both(compared):
    page = (compared.folder / "results/report.html").read_text()
    assert "Groups of cells" in page
    assert "B cell, treated less control" in page
    assert "B cell, treated less control, rank (grnboost2): regulators" in page
    assert "mine: G01 at 0" in page
    assert "mine/CD4+_CD25_T" in page
