import gzip

import pytest
from gtgrn.errors import InputError
from gtgrn.evaluation.third_party import read_scores

GENES = ["A", "B", "C", "1"]
ROWS = [("A", "B", "0.5"), ("A", "C", "-2"), ("B", "1", "0.25")]


def write(path, header, rows=ROWS, sep="\t"):
    text = "\n".join(sep.join(row) for row in [header, *rows]) + "\n"
    opened = gzip.open if path.name.endswith(".gz") else open
    with opened(path, "wt") as file:
        file.write(text)
    return path


@pytest.mark.parametrize(
    ("name", "header", "sep"),
    [
        ("ours.tsv.gz", ("regulator", "target", "weight"), "\t"),
        ("adjacencies.tsv", ("TF", "target", "importance"), "\t"),
        ("adjacencies.csv", ("TF", "target", "importance"), ","),
        ("rankedEdges.csv", ("Gene1", "Gene2", "EdgeWeight"), "\t"),
    ],
)
def test_layouts_are_recognised_whatever_the_suffix(tmp_path, name, header, sep):
    table = read_scores(write(tmp_path / name, header, sep=sep), GENES)
    assert table.to_numpy().tolist() == [["A", "B", 0.5], ["A", "C", 2.0], ["B", "1", 0.25]]


def test_columns_can_be_named(tmp_path):
    path = write(tmp_path / "x.tsv", ("from", "target", "importance"))
    assert len(read_scores(path, GENES, regulator="from")) == 3


def test_loops_strangers_and_repeats_are_dropped_and_counted(tmp_path, caplog):
    rows = [*ROWS, ("A", "A", "9"), ("A", "Z", "9"), ("A", "B", "-0.75"), ("A", "B", "0.1")]
    caplog.set_level("INFO")
    table = read_scores(write(tmp_path / "x.tsv", ("TF", "target", "importance"), rows), GENES)
    assert table.set_index(["regulator", "target"])["weight"].to_dict() == {
        ("A", "B"): 0.75,
        ("A", "C"): 2.0,
        ("B", "1"): 0.25,
    }
    assert "dropped 1 with a gene" in caplog.text
    assert "1 self-loops and 2 repeats; 3 pairs stay" in caplog.text


@pytest.mark.parametrize(
    ("header", "rows", "options", "words"),
    [
        (("a", "b", "c"), ROWS, {}, "the columns are a, b, c, of no layout"),
        (("TF", "target", "importance"), ROWS, {"weight": "w"}, "column missing"),
        (("TF", "target", "importance"), [("A", "B", "x")], {}, "row 1 holds 'x'"),
        (("TF", "target", "importance"), [("A", "B", "inf")], {}, "row 1 holds 'inf'"),
        (("TF", "target", "importance"), [("a", "b", "1")], {}, "names such as a"),
        (("TF", "target", "importance"), [], {}, "no pair of the data set's genes"),
    ],
)
def test_bad_tables_are_named(tmp_path, header, rows, options, words):
    path = write(tmp_path / "bad.tsv", header, rows)
    with pytest.raises(InputError, match="bad.tsv") as caught:
        read_scores(path, GENES, **options)
    assert words in str(caught.value)
    assert caught.value.remedy


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(InputError, match="none.tsv"):
        read_scores(tmp_path / "none.tsv", GENES)
