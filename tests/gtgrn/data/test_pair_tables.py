"""Tables of pairs that say more than their pairs, or that are none: right, or the right line."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from gtgrn.data.reference import read_reference, read_regulators, read_sources
from gtgrn.errors import InputError
from gtgrn.tables import read_table

GENES = ["GATA1", "SPI1", "CD3E", "HBB", "TAL1", "KLF1", "CEBPA", "MPO", "ELANE", "PAX5", "CD19"]
EDGES = [
    *[("GATA1", "KLF1"), ("GATA1", "HBB"), ("SPI1", "CEBPA"), ("SPI1", "MPO")],
    *[("TAL1", "GATA1"), ("KLF1", "HBB"), ("CEBPA", "ELANE"), ("PAX5", "CD19")],
]
TABLE = pd.DataFrame(EDGES, columns=["regulator", "target"])
CARD = {"regulator": "regulator", "target": "target"}


def read(folder, table: pd.DataFrame | str, **keys) -> set[tuple[str, str]]:
    path = folder / "known.tsv"
    text = table if isinstance(table, str) else table.to_csv(sep="\t", index=False)
    path.write_text(text)
    edges = read_reference(CARD | {"path": str(path)} | keys, GENES)
    return set(edges[["regulator", "target"]].itertuples(index=False, name=None))


def refused(folder, table: pd.DataFrame | str, **keys) -> str:
    with pytest.raises(InputError) as caught:
        read(folder, table, **keys)
    assert caught.value.remedy
    return str(caught.value)


def test_the_plain_table(tmp_path):
    assert read(tmp_path, TABLE) == set(EDGES)


# Labels and weights that the card does not name


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("Label", "1", "0"),
        ("is_edge", "True", "False"),
        ("class", "1.0", "0.0"),
        ("y", "yes", "no"),
    ],
)
def test_labels_are_not_read_over_and_the_remedy_works(tmp_path, name, yes, no):
    pairs = pd.concat([TABLE, pd.DataFrame([("GATA1", "MPO")], columns=list(CARD))])
    table = pairs.assign(**{name: [yes] * len(TABLE) + [no]})
    message = refused(tmp_path, table)
    assert f"'{name}' says that 1 of 9 pairs are no edges" in message
    assert f"Set 'label: {name}'" in message
    if {yes, no} == {"1", "0"}:
        assert read(tmp_path, table, label=name) == set(EDGES)
    assert read(tmp_path, table.drop(columns=name)) == {*EDGES, ("GATA1", "MPO")}


@pytest.mark.parametrize(
    ("name", "values"),
    [("Label", ["1"] * 8), ("Label", list("01020103")), ("chip", list("01010101"))],
    ids=["all are edges", "other numbers", "another column"],
)
def test_columns_that_are_no_labels_are_left_alone(tmp_path, name, values):
    assert read(tmp_path, TABLE.assign(**{name: values})) == set(EDGES)


def test_weights_of_0_are_named(tmp_path, caplog):
    assert read(tmp_path, TABLE.assign(weight=[0, 0, *[1.5] * 6])) == set(EDGES)
    assert "'weight' is 0 for 2 of 8 pairs" in caplog.text
    caplog.clear()
    read(tmp_path, TABLE.assign(weight=1.5))
    assert "is 0 for" not in caplog.text


def test_a_list_says_which_of_its_names_are_none(tmp_path, caplog):
    """So is the list of Lambert et al. (2018), DatabaseExtract."""
    path = tmp_path / "factors.csv"
    path.write_text(",Gene,ID,DBD,Is TF?\n0,GATA1,E1,GATA,Yes\n1,HBB,E2,x,No\n2,SPI1,E3,Ets,Yes\n")
    section = {"path": str(path), "column": "Gene"}
    assert read_regulators(section, GENES) == ["GATA1", "SPI1"]
    assert "1 of 3 names are left out, which the column 'Is TF?' says are none" in caplog.text


@pytest.mark.parametrize("key", ["label", "sign", "target"])
def test_two_columns_of_the_name_that_is_read(tmp_path, key):
    name = "target" if key == "target" else "more"
    table = TABLE.assign(more="1").assign(again="1")
    text = table.to_csv(sep="\t", index=False).replace("again", name)
    keys = {} if key == "target" else {key: name}
    assert f"'{name}': two columns have this name. Rename one" in refused(tmp_path, text, **keys)
    renamed = text.replace(f"{name}\n", "other\n", 1)
    assert read(tmp_path, renamed, **keys) == set(EDGES)


def test_a_table_of_results_has_a_column_once(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("regulator,target,score,score\nGATA1,HBB,1,2\n")
    with pytest.raises(InputError, match="'score': two columns have this name. Rename one"):
        read_table(path, ["score"])
    path.write_text("regulator,target,score,score.1\nGATA1,HBB,1,2\n")
    assert read_table(path, ["score"])["score"].tolist() == [1]


def test_databases_stay_with_each_of_several_targets(tmp_path):
    path = tmp_path / "known.tsv"
    path.write_text("regulator\ttarget\tsources\nGATA1\tKLF1,HBB\tTRRUST;DoRothEA\n")
    found = read_sources(CARD | {"path": str(path)}, GENES)
    assert found.to_numpy().tolist() == [
        ["GATA1", gene, name] for gene in ("HBB", "KLF1") for name in ("DoRothEA", "TRRUST")
    ]
    path.write_text("regulator\ttarget\tsources\tsources\nGATA1\tHBB\ta\tb\n")
    with pytest.raises(InputError, match="'sources': two columns"):
        read_sources(CARD | {"path": str(path)}, GENES)


# Several genes in a field


@pytest.mark.parametrize("separator", [",", ";", "|", "/", ", ", " ; "])
@pytest.mark.parametrize("ignore_case", [False, True])
def test_several_targets_in_a_field_are_all_taken(tmp_path, caplog, separator, ignore_case):
    joined = TABLE.groupby("regulator")["target"].agg(separator.join).reset_index()
    if ignore_case:
        joined["target"] = joined["target"].str.lower()
    assert read(tmp_path, joined, ignore_case=ignore_case) == set(EDGES)
    assert "2 fields of the column of targets hold several genes" in caplog.text


def test_signs_stay_with_each_of_several_targets(tmp_path):
    path = tmp_path / "known.tsv"
    path.write_text("regulator\ttarget\tsign\nGATA1\tKLF1;HBB;NONE1\t+\nSPI1\tMPO\t-\n")
    edges = read_reference(CARD | {"path": str(path), "sign": "sign"}, GENES)
    assert edges.to_numpy().tolist() == [
        ["GATA1", "HBB", "+"], ["GATA1", "KLF1", "+"], ["SPI1", "MPO", "-"],
    ]  # fmt: skip


def test_a_gene_whose_name_has_a_separator_is_one_gene(tmp_path):
    path = tmp_path / "known.tsv"
    path.write_text("regulator\ttarget\nGATA1\tHBB/HBA\nSPI1\tX|Y\n")
    edges = read_reference(CARD | {"path": str(path)}, [*GENES, "HBB/HBA"])
    assert edges["target"].tolist() == ["HBB/HBA"]


# Tables of another shape


def matrix(square: bool) -> pd.DataFrame:
    made = TABLE.assign(n=1).pivot_table("n", "regulator", "target", fill_value=0)
    return made.reindex(index=GENES, columns=GENES, fill_value=0) if square else made


@pytest.mark.parametrize("square", [True, False])
def test_a_matrix_is_no_list_of_pairs_and_the_remedy_works(tmp_path, square):
    text = matrix(square).astype(int).to_csv()
    assert "a matrix of genes by genes" in refused(tmp_path, text)
    pairs = pd.read_csv(io.StringIO(text), index_col=0).stack()
    pairs = pairs[pairs != 0].rename_axis(list(CARD)).reset_index(name="weight")
    assert read(tmp_path, pairs) == set(EDGES)


@pytest.mark.parametrize("about", ["na", "http://x.y/z"])
def test_gene_sets_are_known_by_what_they_hold(tmp_path, caplog, about):
    sets = TABLE.groupby("regulator", sort=False)["target"].agg("\t".join)
    text = "".join(f"{regulator}\t{about}\t{targets}\n" for regulator, targets in sets.items())
    assert read(tmp_path, text) == set(EDGES)
    assert "each line is taken for a regulator" in caplog.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<html><body>404</body></html>", "a web page"),
        ('[{"regulator": "GATA1", "target": "KLF1"}]', "a JSON document"),
        ('graph [ directed 1 node [ id 0 label "GATA1" ] ]', "a graph in GML"),
        ('<?xml version="1.0"?><graphml xmlns="x"></graphml>', "a graph in GraphML"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(tmp_path, text, words):
    assert f"it is {words}" in refused(tmp_path, text)


def test_exchanged_columns_are_seen_and_the_remedy_works(tmp_path, caplog):
    exchanged = TABLE.rename(columns={"regulator": "target", "target": "regulator"})
    turned = {(b, a) for a, b in EDGES}
    assert read(tmp_path, exchanged) == turned
    assert "3 of 7 regulators are transcription factors, and 6 of 6 targets" in caplog.text
    caplog.clear()
    assert read(tmp_path, exchanged, regulator="target", target="regulator") == set(EDGES)
    assert "exchanged" not in caplog.text
    # Factors that regulate each other, and genes of a simulation, are no such sign.
    read(tmp_path, TABLE.replace({"HBB": "TAL1", "MPO": "PAX5", "ELANE": "SPI1", "CD19": "KLF1"}))
    assert "exchanged" not in caplog.text
