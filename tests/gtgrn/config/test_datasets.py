"""The data sets of the papers, by their cards, where ../shared/data is at hand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from gtgrn.config.cards import card_files, expand_card, load_cards
from gtgrn.data.downloads import check_offline, is_fetched, list_missing
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.reference import read_reference, read_regulators
from gtgrn.errors import InputError
from gtgrn.simulation.boolean_models import read_model
from gtgrn.splits.shipped import read_shipped_folds, read_shipped_split
from gtgrn.splits.tables import check_split
from preprocess_cases import preprocess

ROOT = Path(__file__).parents[3]
RESOURCES = ROOT / "resources"
DATA = ROOT.parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")


def pairs(edges: pd.DataFrame) -> list[tuple]:
    return [tuple(row) for row in edges.itertuples(index=False)]


# cells, genes, candidate regulators, regulators with edges, edges, S1 training positives
DATA_SETS = {
    "hesc_500": (758, 910, 410, 34, 4545, 3030),
    "hesc_1000": (0, 1410, 410, 34, 7084, 4729),
    "mesc_500": (0, 1120, 627, 88, 29613, 19803),
    "mesc_1000": (0, 1620, 628, 89, 42795, 28634),
    "mdc_500": (383, 821, 323, 20, 756, 498),
    "mdc_1000": (383, 1321, 323, 21, 1193, None),
    "mhsc_l_500": (847, 560, 61, 16, 4398, 2939),
    "htftarget_bcell": (0, 4000, 61, 61, 55323, None),
    **{
        f"dream4_100_{network}_{kind}": (cells, 100, None, regulators, edges, None)
        for network, regulators, edges in ((1, 41, 176), (2, 36, 249), (3, 44, 195))
        for kind, cells in (("ko", 101), ("ts", 210))
    },
    **{f"hsc_beeline{end}": (2000, 11, None, 11, 26, None) for end in ("", "_20", "_50")},
}
TABLE_1 = {"hesc_500": 3940, "hesc_1000": 6139, "mesc_500": 20923, "mesc_1000": 30254}


@pytest.mark.parametrize("name", DATA_SETS)
def test_data_sets_of_the_papers(name, monkeypatch, caplog):
    monkeypatch.chdir(ROOT)
    card = load_cards("config/datasets", [name], mirror="../shared/data")[name]
    card = expand_card(name, card)[name]
    cells, genes, candidates, regulators, edges, train = DATA_SETS[name]
    adata = read_expression(card["expression"])
    assert adata.shape == (cells, genes)
    names = None
    if candidates:
        names = read_regulators(card["regulators"], adata.var_names)
        assert len(names) == candidates
    table = read_reference(card["reference"], adata.var_names, cells=adata.obs_names)
    assert (table["regulator"].nunique(), len(table)) == (regulators, edges)
    kept = preprocess(
        adata, values=card["expression"]["values"], regulators=names, **card["preprocess"]
    )
    assert kept.shape == adata.shape
    assert "look like" not in caplog.text
    if train:
        split = read_shipped_split(card["splits"]["edges"], adata.var_names)
        positives = split[split["label"] == 1]
        assert (positives["part"] == "train").sum() == train
        assert set(pairs(positives[["regulator", "target"]])) == set(pairs(table))
        # The paper counts the training positives and a self-loop for each gene.
        assert TABLE_1.get(name, train + genes) == train + genes
    for scheme in {"genes", "tfs"} & card.get("splits", {}).keys():
        shipped = card["splits"][scheme]
        tested = []
        for fold in range(5):
            split = read_shipped_folds(shipped, scheme, fold, table, adata.var_names)
            check_split(split)
            assert len(split) == regulators * (genes - 1)
            tested.append(split[split["part"] == "test"])
        if scheme == "genes":
            # Each pair is tested once.
            assert not pd.concat(tested).duplicated(["regulator", "target"]).any()
            assert sum(map(len, tested)) == regulators * (genes - 1)


def test_every_card_resolves_or_says_what_is_missing(monkeypatch):
    """Without a network: a simulator, files at hand, or the one command that fetches them."""
    monkeypatch.chdir(ROOT)
    resolved, missing = [], {}
    for name, card in load_cards("config/datasets", mirror="../shared/data").items():
        absent = [path for path in card_files(card) if is_fetched(path)]
        commands = list_missing(absent, mirror="../shared/data")
        if commands:
            missing[name] = commands
        else:
            resolved.append(name)
    for name, commands in missing.items():
        assert name.startswith(("beeline_", "pbmc8k"))
        assert all(command.startswith("curl -L --create-dirs -o ") for command in commands)
        with pytest.raises(InputError, match="nothing may be fetched. Where there is a network"):
            check_offline(card_files(load_cards("config/datasets", [name])[name]))
    assert {"yeast_gnw", "hsc_boolean", "generated_gnw", *DATA_SETS} <= set(resolved)
    for name in resolved:
        if name not in DATA_SETS:
            card = load_cards("config/datasets", [name], mirror="../shared/data")[name]
            for path in card_files(card):
                assert Path(path).exists() or is_fetched(path)


def test_cards_with_other_networks(monkeypatch):
    monkeypatch.chdir(ROOT)
    cards = load_cards("config/datasets", mirror="../shared/data")
    endings = ("_string", "_nonspecific", "_lofgof")
    names = [n for n in cards if n.endswith(endings) and not n.startswith("beeline_")]
    assert len(names) == 16
    for name in names:
        card = load_cards("config/datasets", [name], mirror="../shared/data")[name]
        section = {**card["expression"], "values": "continuous"}
        if section["format"] == "genes_only":
            genes = read_expression(section).var_names
        else:
            genes = _all_genes(section)
            assert read_regulators(card["regulators"], genes)
        edges = read_reference(card["reference"], genes)
        assert edges.attrs["edges"] == len(edges) > 50


def _all_genes(section: dict) -> list[str]:
    """Return the names of the rows of a table, without its values."""
    return list(pd.read_csv(section["path"], usecols=[0]).iloc[:, 0].astype(str))


def test_priors_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    genes = ["SPI1", "CEBPA", "GATA1", "KLF1", "MYC", "TERT"]
    found = {}
    for prior, organism in (("trrust", "human"), ("trrust", "mouse"), ("collectri", "human")):
        (tmp_path / "matrix.csv").write_text("x")
        card = {
            "title": "x", "organism": organism, "reference": {"prior": prior},
            "regulators": {"list": "beeline"},
            "expression": {"format": "h5ad", "path": str(tmp_path / "matrix.csv"),
                           "values": "counts"},
        }  # fmt: skip
        (tmp_path / "x.yaml").write_text(yaml.safe_dump(card))
        card = load_cards(tmp_path / "x.yaml", mirror="../shared/data")["x"]
        names = genes if organism == "human" else [name.capitalize() for name in genes]
        found[prior, organism] = set(pairs(read_reference(card["reference"], names)))
        assert len(read_regulators(card["regulators"], names)) == 5
    assert ("GATA1", "CEBPA", "-") in found["trrust", "human"] & found["collectri", "human"]
    assert ("Gata1", "Spi1", "-") in found["trrust", "mouse"]
    assert ("MYC", "TERT", "+") in found["collectri", "human"]


@pytest.mark.parametrize("name", ["gsd", "hsc", "mcad", "vsc"])
def test_boolean_models_are_those_of_beeline(name, tmp_path):
    """The rules are worded on their own; as truth tables they are the published ones."""
    folder = DATA / "boolean_models"
    files = {path.stem.lower(): path for path in folder.glob("*.txt")}
    lines = files[name].read_text().splitlines()[1:]
    rules = dict(re.split(r"\s+", line.strip(), maxsplit=1) for line in lines if line.strip())
    (tmp_path / "theirs.yaml").write_text(yaml.safe_dump({"name": "theirs", "rules": rules}))
    theirs = read_model(tmp_path / "theirs.yaml")
    ours = read_model(RESOURCES / "boolean_models" / f"{name}.yaml")
    assert ours.genes == theirs.genes
    listed = "".join(files[key].read_text() for key in files if key == f"{name}_ics")
    for gene in ours.genes:
        rule, other = ours.rules[gene], theirs.rules[gene]
        both = sorted({*rule.regulators, *other.regulators})
        states = np.indices((2,) * len(both))
        for one in (rule, other):
            assert set(one.regulators) <= set(both)
        values = [
            one.table[tuple(states[both.index(x)] for x in one.regulators)]
            for one in (rule, other)
        ]
        np.testing.assert_array_equal(*np.broadcast_arrays(*values))
        assert (f"'{gene}'" in listed) == (ours.initial[gene] not in (0.01,)) or not listed
