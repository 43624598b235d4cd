"""Lists without a header, and names of two files that half match."""

from __future__ import annotations

import pytest
from gtgrn.data.name_matching import find_repair, from_date
from gtgrn.data.reference import read_reference, read_regulators
from gtgrn.errors import InputError
from hypothesis import given
from hypothesis import strategies as st

GENES = [f"Gene{i}" for i in range(40)]
EDGES = [(f"Gene{i}", f"Gene{i + 8 + j}") for i in range(8) for j in range(8)]
COLUMNS = {"regulator": "regulator", "target": "target"}


def reference(folder, rows, header="regulator\ttarget", name="known.tsv", **keys) -> dict:
    lines = [*([header] if header else []), *("\t".join(row) for row in rows)]
    (folder / name).write_text("\n".join(lines) + "\n")
    return {"path": str(folder / name), **COLUMNS, **keys}


def pairs(edges) -> set[tuple[str, str]]:
    return set(edges[["regulator", "target"]].itertuples(index=False, name=None))


def test_one_edge_of_64_is_no_accident_to_pass_over_and_the_remedy_mends_it(tmp_path):
    rows = [(a.upper(), b.upper()) for a, b in EDGES[1:]] + [EDGES[0]]
    section = reference(tmp_path, rows)
    with pytest.raises(InputError) as caught:
        read_reference(section, GENES)
    message = str(caught.value)
    assert message.startswith(
        f"{section['path']}: 'reference.path': 1 of 64 edges match, 64 of 64"
    )
    assert "if case were ignored" in message
    assert message.endswith("Set ignore_case: true")
    assert pairs(read_reference(section | {"ignore_case": True}, GENES)) == set(EDGES)


REPAIRS = {
    "case": (lambda name: name.upper(), "case were ignored"),
    "version": (lambda name: name + ".7", "the versions of identifiers"),
    "genome": (lambda name: "hg38_" + name, "the genome before the names"),
    "hyphen": (lambda name: name.replace("Gene", "Gene-"), "dots, hyphens and underscores"),
}


@pytest.mark.parametrize("kind", REPAIRS)
def test_half_of_the_names_is_a_warning_with_counts_and_names(tmp_path, caplog, kind):
    spoil, words = REPAIRS[kind]
    genes = [name.replace("Gene", "Gene.") for name in GENES] if kind == "hyphen" else GENES
    edges = [(a.replace("Gene", "Gene."), b.replace("Gene", "Gene.")) for a, b in EDGES]
    edges = edges if kind == "hyphen" else EDGES
    rows = [*edges[:32], *((spoil(a.replace(".", "")), spoil(b.replace(".", "")))
                           for a, b in edges[32:])]  # fmt: skip
    read = read_reference(reference(tmp_path, rows), genes)
    assert pairs(read) == set(edges[:32])
    assert "32 of 64 edges match, 64 of 64 edges would match if " + words in caplog.text
    assert words in read.attrs["advice"]
    caplog.clear()
    assert pairs(read_reference(reference(tmp_path, edges), genes)) == set(edges)
    assert not caplog.records


def test_dates_of_a_spreadsheet():
    assert from_date("1-Mar") == from_date("Mar-01") == from_date("MARCHF1") == "MARCH1"
    assert from_date("7-Sep") == from_date("SEPTIN7") == "SEPT7"
    assert from_date("3-May") == "3-May"
    found = find_repair([("1-Mar",), ("MYC",)], ["MARCHF1", "MYC"])
    assert (found.now, found.then) == (1, 2)
    assert "dates were turned back" in found.say("regulators")


def test_blanks_around_names_do_not_matter(tmp_path):
    rows = [(f" {a}", f"{b} ") for a, b in EDGES]
    assert pairs(read_reference(reference(tmp_path, rows), GENES)) == set(EDGES)


def test_a_spelling_that_two_genes_share_repairs_nothing():
    assert find_repair([("gene",)], ["Gene", "GENE"]) is None


@given(st.lists(st.sampled_from(GENES), min_size=1, unique=True), st.data())
def test_a_repair_never_matches_fewer_and_none_is_needed_where_all_match(listed, data):
    flags = data.draw(st.lists(st.booleans(), min_size=len(listed), max_size=len(listed)))
    rows = [(name.upper() if flag else name,) for name, flag in zip(listed, flags, strict=True)]
    found = find_repair(rows, GENES)
    if not any(flags):
        assert found is None
    else:
        assert (found.now, found.then) == (len(listed) - sum(flags), len(listed))


# Lists and tables without a header


@pytest.mark.parametrize("name", ["tfs.txt", "tfs.csv", "tfs.tsv"])
@pytest.mark.parametrize("column", ["regulator", "Gene0"])
def test_a_list_without_a_header_keeps_its_first_name(tmp_path, name, column):
    (tmp_path / name).write_text("".join(f"Gene{i}\n" for i in range(8)))
    section = {"path": str(tmp_path / name), "column": column}
    assert read_regulators(section, GENES) == GENES[:8]


def test_a_list_without_a_header_whose_first_name_is_not_measured(tmp_path):
    (tmp_path / "tfs.txt").write_text("AIRE\nGene1\nGene2\n")
    section = {"path": str(tmp_path / "tfs.txt"), "column": "regulator"}
    assert read_regulators(section, GENES) == ["Gene1", "Gene2"]


@pytest.mark.parametrize("header", ["TF", "gene", "Symbol"])
def test_another_header_is_a_header_and_the_remedy_reads_it(tmp_path, header):
    (tmp_path / "tfs.txt").write_text(f"{header}\nGene1\nGene2\n")
    section = {"path": str(tmp_path / "tfs.txt"), "column": "regulator"}
    with pytest.raises(InputError, match=f"column missing; the file has {header}"):
        read_regulators(section, [*GENES, "TF"])
    assert read_regulators(section | {"column": header}, [*GENES, "TF"]) == ["Gene1", "Gene2"]


@pytest.mark.parametrize("genes", [GENES, GENES[1:]])
def test_the_file_of_trrust(tmp_path, genes, caplog):
    rows = [(a, b, "Activation", "1234;5678") for a, b in EDGES]
    read = read_reference(reference(tmp_path, rows, header=None), genes)
    assert pairs(read) == {(a, b) for a, b in EDGES if a in genes}
    assert "is a row and no header" in caplog.text
    keys = {"columns": ["regulator", "target", "effect", "papers"], "sign": "effect"}
    signed = read_reference(reference(tmp_path, rows, header=None, **keys), genes)
    assert pairs(signed) == pairs(read)
    assert set(signed["sign"]) == {"+"}


def test_a_table_with_another_header_is_refused(tmp_path):
    section = reference(tmp_path, EDGES, header="source\ttarget")
    with pytest.raises(InputError, match="column missing; the file has source, target"):
        read_reference(section, GENES)
    read = read_reference(section | {"regulator": "source"}, GENES)
    assert pairs(read) == set(EDGES)
