from __future__ import annotations

import gzip
import itertools
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gtgrn.errors import InputError
from gtgrn.tables import (
    read_measures,
    read_network,
    read_table,
    sort_edges,
    write_network,
    write_table,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

ODD_NAMES = ["NA", "nan", "1-Mar", "007", "1e5", "TRUE", "null", "-", "#x", " x ", 'a"b', "β"]
GZIPPED = gzip.compress(b"regulator\ttarget\n" + b"FOS\tMYC\n" * 500, mtime=0)

# Control characters break lines; surrogates cannot be encoded.
gene_names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=6)
weights = st.floats(allow_nan=False, allow_infinity=False, width=32)
networks = st.dictionaries(st.tuples(gene_names, gene_names), weights, max_size=15)


def frame(edges) -> pd.DataFrame:
    rows = [(*pair, weight) for pair, weight in dict(edges).items()]
    return pd.DataFrame(rows, columns=["regulator", "target", "weight"])


def refuse(path: Path, *columns: str, reader=read_table) -> str:
    """Check that reading ends with one line that names the file and a remedy; give it."""
    with pytest.raises(InputError) as caught:
        reader(path, *([columns] if columns else []))
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert len(message.splitlines()) == 1
    assert caught.value.remedy
    assert message.endswith(caught.value.remedy)
    return message


# Tables


@pytest.mark.parametrize("name", ["x.tsv", "x.csv", "x.tsv.gz", "x.csv.gz", "x.txt"])
def test_gene_names_stay_what_they_are(tmp_path, name):
    sep = "," if ".csv" in name else "\t"
    rows = [f"{gene}{sep}{other}{sep}1" for gene, other in itertools.pairwise(ODD_NAMES[:-3])]
    data = "\n".join([sep.join(["regulator", "target", "weight"]), *rows, ""]).encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    table = read_table(tmp_path / name, ["regulator", "target"])
    assert list(table["regulator"]) == ODD_NAMES[:-4]
    assert list(table["target"]) == ODD_NAMES[1:-3]
    assert table["weight"].dtype.kind in "if"


def test_a_column_of_numbers_for_names_stays_text(tmp_path):
    (tmp_path / "x.tsv").write_text("regulator\ttarget\tmethods\n007\t1e5\t\n010\t2\t01\n")
    table = read_table(tmp_path / "x.tsv", ["regulator"])
    assert table.to_dict("list") == {
        "regulator": ["007", "010"],
        "target": ["1e5", "2"],
        "methods": ["", "01"],
    }


def test_empty_labels_and_scores_are_missing_numbers(tmp_path):
    (tmp_path / "x.tsv").write_text("regulator\tlabel\tscore\nNA\t\t\nFOS\t1\t0.5\n")
    table = read_table(tmp_path / "x.tsv")
    assert list(table["regulator"]) == ["NA", "FOS"]
    np.testing.assert_array_equal(table["label"], [np.nan, 1])
    np.testing.assert_array_equal(table["score"], [np.nan, 0.5])


def test_separator_can_be_given(tmp_path):
    (tmp_path / "x.tsv").write_text("regulator;target\na,b;c\td\n")
    table = read_table(tmp_path / "x.tsv", ["target"], sep=";")
    assert table.to_numpy().tolist() == [["a,b", "c\td"]]


def test_missing_numbers_stay_numbers_and_text_stays_text(tmp_path):
    table = pd.DataFrame(
        {"gene": ["1", "2"], "mean": [0.5, np.nan], "sd": [np.nan, np.nan], "range": [".8-.9", ""]}
    )
    write_table(table, tmp_path / "t.tsv")
    again = read_measures(tmp_path / "t.tsv")
    assert again["mean"].tolist()[0] == 0.5
    assert np.isnan(again["mean"][1])
    assert again["sd"].isna().all()
    assert again["range"].tolist() == [".8-.9", ""]
    assert again["gene"].tolist() == ["1", "2"]
    assert read_measures(tmp_path / "t.tsv", texts=["sd"])["sd"].tolist() == ["", ""]


def test_variants_stay_text_where_none_has_a_name(tmp_path):
    table = pd.DataFrame({"representation": ["raw"], "variant": [""], "value": [1]})
    write_table(table, tmp_path / "t.tsv")
    again = read_measures(tmp_path / "t.tsv", ["value"])
    assert again.to_dict("records") == [{"representation": "raw", "variant": "", "value": 1}]
    with pytest.raises(InputError, match="absent"):
        read_measures(tmp_path / "t.tsv", ["absent"])


def test_a_header_without_rows_is_an_empty_table(tmp_path):
    (tmp_path / "x.tsv").write_text("regulator\ttarget\tweight\n")
    assert read_table(tmp_path / "x.tsv", ["weight"]).shape == (0, 3)
    assert read_network(tmp_path / "x.tsv").empty


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("x.tsv.gz", GZIPPED[:-10], "truncated or corrupt gzip"),
        ("x.tsv.gz", GZIPPED[: len(GZIPPED) // 2], "truncated or corrupt gzip"),
        ("x.tsv.gz", GZIPPED[:6], "truncated or corrupt gzip"),
        ("x.tsv.gz", GZIPPED[:20] + b"\x55" + GZIPPED[21:], "truncated or corrupt gzip"),
        ("x.tsv.gz", GZIPPED[:-6] + bytes(2) + GZIPPED[-4:], "truncated or corrupt gzip"),
        ("x.tsv.gz", b"", "not a readable table"),
        ("x.tsv", b"", "not a readable table"),
        ("x.tsv", b"\n \n", "not a readable table"),
        ("x.tsv", b"regulator\ttarget\nFOS\tMYC\nFOS\tMYC\tSPI1\t1\n", "line 3"),
        ("x.tsv", b'regulator\ttarget\n"FOS\tMYC\n', "not a readable table"),
        ("x.tsv", b"regulator,target\nFOS,MYC\n", "the file has regulator,target"),
        ("x.tsv", b"TF\ttarget\nFOS\tMYC\n", "'regulator': column missing; the file has TF, "),
        ("x.tsv", b'"two\nlines"\ttarget\nFOS\tMYC\n', "'regulator': column missing"),
    ],
)  # fmt: skip
def test_what_is_not_the_table(tmp_path, name, data, word):
    path = tmp_path / name
    path.write_bytes(data)
    assert word in refuse(path, "regulator", "target")


def test_absent_file(tmp_path):
    assert "file not found. Check the path" in refuse(tmp_path / "none.tsv")
    assert "file not found" in refuse(tmp_path / "none.tsv.gz", reader=read_network)


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=60), zipped=st.booleans())
@example(data=b"a\tb\n1\t2\n1\t2\t3\n", zipped=False)
def test_arbitrary_bytes_give_a_table_or_one_line(data, zipped):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.tsv.gz" if zipped else "x.tsv")
        path.write_bytes(data)
        try:
            result = read_table(path)
        except InputError as error:
            result = str(error)
    assert isinstance(result, pd.DataFrame) or len(result.splitlines()) == 1


@settings(max_examples=100, deadline=None)
@given(position=st.integers(0, len(GZIPPED) - 1), value=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_gzip_file_never_passes_for_a_shorter_table(position, value, cut):
    data = GZIPPED[:position] if cut else bytearray(GZIPPED)
    if not cut:
        data[position] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.tsv.gz")
        path.write_bytes(data)
        try:
            table = read_table(path)
        except InputError:
            return
        # Bytes of the header's time stamp and the like do not matter.
        assert table.shape == (500, 2)
        assert (table == ["FOS", "MYC"]).all(axis=None)


def test_written_tables(tmp_path):
    table = pd.DataFrame(
        {
            "regulator": ["NA", "FOS"],
            "label": pd.array([pd.NA, 1], dtype="Int64"),
            "score": [1 / 3, np.nan],
            "methods": ["", "pearson"],
        }
    )
    write_table(table, tmp_path / "out" / "x.tsv")
    assert (tmp_path / "out" / "x.tsv").read_text() == (
        "regulator\tlabel\tscore\tmethods\nNA\t\t0.333333333\t\nFOS\t1\t\tpearson\n"
    )
    again = read_table(tmp_path / "out" / "x.tsv")
    np.testing.assert_array_equal(again["label"], [np.nan, 1])
    np.testing.assert_allclose(again["score"], [1 / 3, np.nan], rtol=1e-8)
    assert list(again["methods"]) == ["", "pearson"]


def test_a_table_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "x.tsv"
    write_network(frame({("A", "B"): 1.0}), path)
    before = path.read_bytes()

    def fail(*arguments):
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="No space"):
        write_network(frame({("A", "C"): 1.0}), path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["x.tsv"]


# Networks


def test_ties_are_sorted_by_regulator_then_target():
    edges = frame({("B", "A"): 1, ("A", "C"): 1, ("A", "B"): 1, ("C", "A"): 2, ("A", "a"): 0})
    result = sort_edges(edges.set_axis([5, 3, 8, 1, 0]))
    assert result.to_numpy().tolist() == [
        ["C", "A", 2], ["A", "B", 1], ["A", "C", 1], ["B", "A", 1], ["A", "a", 0],
    ]  # fmt: skip
    assert list(result.index) == [0, 1, 2, 3, 4]


def test_sorting_by_another_column():
    edges = frame({("A", "B"): 1, ("A", "C"): 2}).assign(score=[2, 1])
    assert list(sort_edges(edges, "score")["target"]) == ["B", "C"]


@settings(max_examples=50, deadline=None)
@given(
    edges=st.dictionaries(
        st.tuples(st.sampled_from("abAB1"), st.sampled_from("abAB1")), st.integers(-2, 2)
    ),
    order=st.randoms(use_true_random=False),
)
def test_sorting_matches_pythons_and_ignores_the_order_of_rows(edges, order):
    table = frame(edges)
    rows = list(range(len(table)))
    order.shuffle(rows)
    shuffled = table.iloc[rows]
    before = shuffled.copy()
    expected = sorted(
        table.itertuples(index=False), key=lambda edge: (-edge.weight, edge.regulator, edge.target)
    )
    assert list(sort_edges(shuffled).itertuples(index=False, name=None)) == list(
        map(tuple, expected)
    )
    pd.testing.assert_frame_equal(shuffled, before)


def test_written_networks_have_no_self_loops_and_only_three_columns(tmp_path):
    edges = frame({("B", "A"): 0.25, ("A", "A"): 9.0, ("A", "B"): 0.5}).assign(more=1)
    write_network(edges[["more", "weight", "target", "regulator"]], tmp_path / "x.tsv")
    assert (tmp_path / "x.tsv").read_text() == (
        "regulator\ttarget\tweight\nA\tB\t0.5\nB\tA\t0.25\n"
    )
    write_network(edges.iloc[::-1], tmp_path / "y.tsv")
    assert (tmp_path / "y.tsv").read_bytes() == (tmp_path / "x.tsv").read_bytes()
    for name in ("a.tsv.gz", "b.tsv.gz"):
        write_network(edges, tmp_path / name)
    assert (tmp_path / "a.tsv.gz").read_bytes() == (tmp_path / "b.tsv.gz").read_bytes()


@settings(max_examples=60, deadline=None)
@given(edges=networks, zipped=st.booleans())
@example(edges=dict.fromkeys(itertools.permutations(ODD_NAMES, 2), 0.1), zipped=True)
def test_a_network_survives_the_disk(edges, zipped):
    table = frame(edges)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.tsv.gz" if zipped else "x.tsv")
        write_network(table, path)
        again = read_network(path)
    expected = {pair: weight for pair, weight in edges.items() if pair[0] != pair[1]}
    found = dict(
        zip(zip(again["regulator"], again["target"], strict=True), again["weight"], strict=True)
    )
    assert found.keys() == expected.keys()
    # Nine digits give back a float32 exactly.
    assert {pair: np.float32(weight) for pair, weight in found.items()} == {
        pair: np.float32(weight) for pair, weight in expected.items()
    }
    assert again["weight"].dtype == float
    assert list(again.columns) == ["regulator", "target", "weight"]


@pytest.mark.parametrize("weight", ["nan", "NA", "", "inf", "-inf", "high", "1,5"])
def test_weights_that_are_no_numbers(tmp_path, weight):
    path = tmp_path / "x.tsv"
    path.write_text(f"regulator\ttarget\tweight\nA\tB\t1\nA\tC\t{weight}\n")
    assert "'weight': weights must be finite numbers" in refuse(path, reader=read_network)


def test_duplicated_edges_are_named_and_reciprocal_ones_are_none(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("regulator\ttarget\tweight\nA\tB\t1\nC\tD\t1\nB\tA\t3\nC\tD\t2\n")
    assert "C -> D occurs twice. Keep one" in refuse(path, reader=read_network)
    path.write_text("regulator\ttarget\tweight\tmore\nA\tB\t1\tx\nB\tA\t-3\tx\n")
    edges = read_network(path)
    assert edges.to_numpy().tolist() == [["A", "B", 1.0], ["B", "A", -3.0]]
    assert edges["weight"].dtype == float


@pytest.mark.parametrize("column", ["regulator", "target", "weight"])
def test_missing_column_of_a_network(tmp_path, column):
    path = tmp_path / "x.tsv"
    frame({("A", "B"): 1}).drop(columns=column).to_csv(path, sep="\t", index=False)
    assert f"'{column}': column missing" in refuse(path, reader=read_network)


def test_a_table_without_columns_is_refused(tmp_path):
    with pytest.raises(ValueError, match="without columns"):
        write_table(pd.DataFrame(), tmp_path / "empty.tsv")
    assert not list(tmp_path.iterdir())
