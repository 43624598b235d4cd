"""Lists, references and matrices as strangers keep them: right values, or the one right line."""

from __future__ import annotations

import gzip
import shutil
import warnings

import anndata as ad
import h5py
import matrix_cases
import numpy as np
import pandas as pd
import pytest
from gtgrn.data.cell_types import read_markers
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.reference import read_reference, read_regulators
from gtgrn.errors import InputError
from matrix_cases import check_same, counts, refusal

GENES = [f"Gene{i}" for i in range(20)]
LISTED = GENES[:8]
EDGES = [(GENES[i % 8], GENES[(3 * i + 8) % 20]) for i in range(16)]
PAIRS = {(a, b) for a, b in EDGES if a != b}

LISTS = {
    "as SCENIC keeps it": "\n".join(LISTED) + "\n",
    "without a last line break": "\n".join(LISTED),
    "lines of Windows": "\r\n".join(LISTED) + "\r\n",
    "lines of an old Mac": "\r".join(LISTED) + "\r",
    "byte order mark": "\ufeff" + "\n".join(LISTED) + "\n",
    "header": "regulator\n" + "\n".join(LISTED) + "\n",
    "header after remarks": "# version 3\n# 2024\nregulator\n" + "\n".join(LISTED) + "\n",
    "remarks and no header": "# version 3\n" + "\n".join(LISTED) + "\n",
    "quotes": "\n".join(f'"{name}"' for name in LISTED) + "\n",
    "quoted header": '"regulator"\n' + "\n".join(f'"{name}"' for name in LISTED) + "\n",
    "blanks": "\n".join(f"  {name} " for name in LISTED) + "\n",
    "empty lines": "\n\n" + "\n\n".join(LISTED) + "\n\n\n",
    "side by side": ",".join(LISTED) + "\n",
    "side by side with tabs": "\t".join(LISTED),
    "side by side with blanks": " ".join(LISTED) + "\n",
    "side by side with semicolons": "; ".join(LISTED) + ";\n",
    "families beside": "\n".join(f"{name}\tC2H2" for name in LISTED) + "\n",
    "numbered by pandas": ",regulator\n" + "\n".join(f"{i},{n}" for i, n in enumerate(LISTED)),
    "numbered by R": '"regulator"\n' + "\n".join(f'"{i}"\t"{n}"' for i, n in enumerate(LISTED, 1)),
    "header as a remark": "#regulator\tfamily\n" + "\n".join(f"{n}\tC2H2" for n in LISTED),
    "twice": "regulator\n" + "\n".join(LISTED + LISTED[::-1]) + "\n",
    "a separator at the end": "regulator\t\n" + "\n".join(f"{n}\t" for n in LISTED) + "\n",
    "separators at the ends of rows": "regulator\n" + "\n".join(f"{n}\t" for n in LISTED) + "\n",
    "others too": "\n".join(["AIRE", *LISTED, "TP53"]) + "\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("case", LISTS)
def test_lists_of_regulators(tmp_path, case, encoding):
    if encoding == "utf-16" and "\ufeff" in LISTS[case]:
        return
    text = LISTS[case]
    for name, data in (
        ("tfs.txt", text.encode(encoding)),
        ("tfs.txt.gz", gzip.compress(text.encode(encoding))),
        ("packed.txt", gzip.compress(text.encode(encoding))),
    ):
        (tmp_path / name).write_bytes(data)
        section = {"path": str(tmp_path / name), "column": "regulator"}
        assert read_regulators(section, GENES) == LISTED


def rows(sep: str = "\t", end: str = "", header: str | None = "regulator{0}target") -> str:
    lines = [] if header is None else [header.format(sep)]
    return "\n".join([*lines, *(f"{a}{sep}{b}{end}" for a, b in EDGES)]) + "\n"


TRRUST = "\n".join(f"{a}\t{b}\tActivation\t12;34" for a, b in EDGES) + "\n"
REFERENCES = {
    "plain": rows(),
    "commas": rows(","),
    "semicolons": rows(";"),
    "blanks": rows(" "),
    "no header": rows(header=None),
    "no header, commas": rows(",", header=None),
    "TRRUST's own": TRRUST,
    "TRRUST with a header": "regulator\ttarget\teffect\tpapers\n" + TRRUST,
    "TRRUST, lines of Windows": TRRUST.replace("\n", "\r\n"),
    "TRRUST, byte order mark": "\ufeff" + TRRUST,
    "remarks": "# from a database\n# 2024\n" + rows(),
    "remarks and no header": "# from a database\n" + TRRUST,
    "header as a remark": rows(header="#regulator{0}target"),
    "quotes": "regulator,target\n" + "\n".join(f'"{a}","{b}"' for a, b in EDGES),
    "written by R": "regulator target\n"
    + "\n".join(f'"{i}" "{a}" "{b}"' for i, (a, b) in enumerate(EDGES, 1)),
    "written by R, tabs": '"regulator"\t"target"\n'
    + "\n".join(f'"{i}"\t"{a}"\t"{b}"' for i, (a, b) in enumerate(EDGES, 1)),
    "written by R as csv": '"","regulator","target"\n'
    + "\n".join(f'"{i}","{a}","{b}"' for i, (a, b) in enumerate(EDGES, 1)),
    "numbered by pandas": ",regulator,target\n"
    + "\n".join(f"{i},{a},{b}" for i, (a, b) in enumerate(EDGES)),
    "target first": "target\tregulator\n" + "\n".join(f"{b}\t{a}" for a, b in EDGES),
    "more columns before": "id\tregulator\ttarget\n"
    + "\n".join(f"e{i}\t{a}\t{b}" for i, (a, b) in enumerate(EDGES)),
    "a separator at the end": rows(end="\t"),
    "a separator at the end of all": rows(end="\t", header="regulator{0}target{0}"),
    "blanks around": "regulator\ttarget\n" + "\n".join(f" {a} \t {b}" for a, b in EDGES),
    "twice and in circles": rows() + rows(header=None) + f"{GENES[0]}\t{GENES[0]}\n",
    "unknown genes": rows() + "TP53\tGene1\nGene2\tACTB\n",
    "empty lines": rows().replace("\n", "\n\n"),
}


@pytest.mark.parametrize("suffix", ["tsv", "csv", "txt", "tsv.gz"])
@pytest.mark.parametrize("case", REFERENCES)
def test_references(tmp_path, case, suffix):
    data = REFERENCES[case].encode()
    path = tmp_path / f"known.{suffix}"
    path.write_bytes(gzip.compress(data) if suffix.endswith("gz") else data)
    section = {"path": str(path), "regulator": "regulator", "target": "target"}
    read = read_reference(section, GENES)
    assert set(read[["regulator", "target"]].itertuples(index=False, name=None)) == PAIRS


@pytest.mark.parametrize("sep", ["\t", ";", ","])
@pytest.mark.parametrize("spelt", ["Activation", "+", "1", "1.0", "stimulation"])
def test_signs_in_any_table(tmp_path, sep, spelt):
    text = sep.join(["regulator", "target", "mor"]) + "\n"
    text += "\n".join(sep.join([a, b, spelt]) for a, b in EDGES)
    (tmp_path / "known.txt").write_text(text)
    section = {"path": str(tmp_path / "known.txt"), "regulator": "regulator", "target": "target"}
    assert set(read_reference(section | {"sign": "mor"}, GENES)["sign"]) == {"+"}


def test_the_remedies_of_a_table_lose_no_row(tmp_path):
    path = tmp_path / "known.tsv"
    path.write_text("".join(f"{a}\tactivates\t{b}\n" for a, b in EDGES))  # Cytoscape's SIF
    section = {"path": str(path), "regulator": "regulator", "target": "target"}
    assert len(read_reference(section, GENES)) == len(PAIRS)
    columns = {"columns": ["regulator", "effect", "target"]}
    assert len(read_reference(section | columns, GENES)) == len(PAIRS)
    with pytest.raises(InputError, match="name all columns in reference.columns"):
        read_reference(section | {"sign": "effect"}, GENES)
    # Names in the first line that say neither that it is a header nor that it is a row.
    path.write_text("TP53\tACTB\n" + rows(header=None))
    with pytest.raises(InputError, match="add a line above it with the names of the columns"):
        read_reference(section, GENES)
    path.write_text("regulator\ttarget\n" + path.read_text())
    assert len(read_reference(section, [*GENES, "TP53", "ACTB"])) == len(PAIRS) + 1


def test_an_empty_field_is_no_gene_called_nan(tmp_path):
    path = tmp_path / "known.tsv"
    path.write_text("regulator\ttarget\nnan\tGene1\nGene1\n\tGene2\nGene2\t\n")
    section = {"path": str(path), "regulator": "regulator", "target": "target"}
    read = read_reference(section, [*GENES, "nan"])
    assert read[["regulator", "target"]].to_numpy().tolist() == [["nan", "Gene1"]]


@pytest.mark.parametrize("header", ["", "cell_type\tgene\n"])
@pytest.mark.parametrize("sep", ["\t", ";", ","])
def test_markers_with_and_without_a_header(tmp_path, header, sep):
    text = header + "B\tMS4A1\nB\tCD79A\nT\tCD3E\nT\tCD3D\n"
    (tmp_path / "markers.txt").write_text(text.replace("\t", sep))
    found = read_markers(tmp_path / "markers.txt")
    assert found == {"B": ["CD79A", "MS4A1"], "T": ["CD3D", "CD3E"]}


# Matrices


def rewrite(path, change) -> None:
    path.write_text(change(path.read_text()))


FOLDERS = {
    "four columns of features": lambda f: rewrite(
        f / "features.tsv", lambda t: t.replace("\tGene Expression", "\tGene Expression\tchr1")
    ),
    "six columns of features": lambda f: rewrite(
        f / "features.tsv", lambda t: t.replace("Expression", "Expression\tchr1\t1\t2")
    ),
    "a header of features": lambda f: rewrite(
        f / "features.tsv", lambda t: "gene_id\tgene_name\ttype\n" + t
    ),
    "a header of barcodes": lambda f: rewrite(f / "barcodes.tsv", lambda t: "barcode\n" + t),
    "lines of Windows": lambda f: [
        rewrite(f / name, lambda t: t.replace("\n", "\r\n"))
        for name in ("features.tsv", "barcodes.tsv", "matrix.mtx")
    ],
    "quoted names": lambda f: rewrite(
        f / "features.tsv", lambda t: "".join(
            "\t".join(f'"{x}"' for x in line.split("\t")) + "\n" for line in t.splitlines())
    ),
    "blanks and empty lines": lambda f: rewrite(f / "barcodes.tsv", lambda t: t + "\n\n"),
    "remarks of Cell Ranger": lambda f: rewrite(
        f / "matrix.mtx", lambda t: t.replace(
            "% made by a test", '%metadata_json: {"software_version": "7.1", "format": 2}')
    ),
    "no remark": lambda f: rewrite(
        f / "matrix.mtx", lambda t: t.replace("% made by a test\n", "")
    ),
    "one packed": lambda f: matrix_cases.pack(f / "matrix.mtx", "gz"),
    "lists packed": lambda f: [
        matrix_cases.pack(f / name, "gz") for name in ("features.tsv", "barcodes.tsv")
    ],
    "prefixed, one packed": lambda f: [
        (f / name).rename(f / f"GSM7_x_{name}")
        for name in ("features.tsv", "barcodes.tsv", "matrix.mtx")
    ] and matrix_cases.pack(f / "GSM7_x_matrix.mtx", "gz"),
    "other files beside": lambda f: [
        (f / name).write_text("x\n") for name in ("README.txt", "filelist.txt", "web.html")
    ],
    "capitals": lambda f: (f / "features.tsv").rename(f / "Features.TSV"),
    "a folder below": lambda f: [
        (f / "sub").mkdir(),
        *[shutil.move(f / n, f / "sub" / n)
          for n in ("features.tsv", "barcodes.tsv", "matrix.mtx")],
    ],
}  # fmt: skip


@pytest.mark.parametrize("case", FOLDERS)
def test_folders_of_10x(tmp_path, case):
    card = matrix_cases.mtx(tmp_path, counts())
    FOLDERS[case](tmp_path / "counts")
    check_same(card, counts())


def spelt(change, orientation="cells_by_genes", suffix="csv"):
    """Return a writer of a table whose text was changed."""

    def write(folder):
        sep = "," if suffix == "csv" else "\t"
        card = matrix_cases.table(
            folder, counts(), orientation=orientation, sep=sep, suffix=suffix
        )
        path = folder / f"matrix.{suffix}"
        path.write_text(change(path.read_text()))
        return card

    return write


def lines(change):
    return lambda text: "\n".join(
        change(i, line) for i, line in enumerate(text.splitlines())
    ) + "\n"  # fmt: skip


TABLES = {
    "numbers in quotes": spelt(lines(lambda i, x: ",".join(f'"{y}"' for y in x.split(",")))),
    "decimals of whole numbers": spelt(
        lines(lambda i, x: x if not i else ",".join(
            y if not k else f"{y}.0" for k, y in enumerate(x.split(","))))),
    "exponents": spelt(
        lines(lambda i, x: x if not i else ",".join(
            y if not k else f"{y}e0" for k, y in enumerate(x.split(","))))),
    "signs": spelt(
        lines(lambda i, x: x if not i else ",".join(
            y if not k else f"+{y}" for k, y in enumerate(x.split(","))))),
    "a comma at the end of rows": spelt(lines(lambda i, x: x + "," if i else x)),
    "a comma at the end of all": spelt(lines(lambda i, x: x + ",")),
    "empty lines at the end": spelt(lambda text: text + "\n\n\n"),
    "blanks around names": spelt(lambda text: text.replace("MYC", " MYC ").replace(
        "cell-3", " cell-3 ")),
    "remarks": spelt(lambda text: "# made by a program\n# 2024\n" + text),
    "the column index": spelt(lambda text: "index" + text),
    "the column Unnamed: 0": spelt(lambda text: "Unnamed: 0" + text),
    "the column barcode": spelt(lambda text: "barcode" + text),
    "the column GeneSymbol": spelt(
        lambda text: "GeneSymbol" + text, "genes_by_cells", "tsv"),
    "the column ID_REF": spelt(lambda text: "ID_REF" + text, "genes_by_cells", "tsv"),
    "a gene's description": spelt(
        lines(lambda i, x: "\t".join([x.split("\t")[0], "description" if not i else "a protein",
                                      *x.split("\t")[1:]])), "genes_by_cells", "tsv"),
    "lengths of genes": spelt(
        lines(lambda i, x: x + ("\tLength" if not i else f"\t{900 + i}")),
        "genes_by_cells", "tsv"),
    "rows of STAR": spelt(
        lambda text: text + "".join(
            "\t".join([name, *["99"] * 12]) + "\n" for name in (
                "N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous")),
        "genes_by_cells", "tsv"),
    "rows of htseq-count": spelt(
        lambda text: text + "".join(
            "\t".join([name, *["99"] * 12]) + "\n" for name in (
                "__no_feature", "__ambiguous", "__too_low_aQual", "__not_aligned")),
        "genes_by_cells", "tsv"),
    "spike-ins": spelt(
        lambda text: text + "".join(
            "\t".join([f"ERCC-0000{i}", *["7"] * 12]) + "\n" for i in range(2, 6)),
        "genes_by_cells", "tsv"),
    "totals": spelt(
        lines(lambda i, x: x + (",total_counts" if not i else f",{i * 100}"))),
    "clusters": spelt(lines(lambda i, x: x + (",seurat_clusters" if not i else f",{i % 3}"))),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_tables(tmp_path, case):
    check_same(TABLES[case](tmp_path), counts())


REFUSED = {
    "thousands in quotes": (
        spelt(lines(lambda i, x: x if i != 2 else ",".join([*x.split(",")[:-1], '"1,234"']))),
        "'1,234' is not a number",
    ),
    "a total row": (
        spelt(lambda text: text + "\t".join(["MYC", *["9"] * 12]) + "\n", "genes_by_cells", "tsv"),
        "gene names that occur more than once: MYC",
    ),
    "missing values": (
        spelt(lines(lambda i, x: x if i != 2 else ",".join([*x.split(",")[:-1], "NA"]))),
        "1 values are missing or infinite",
    ),
    "an empty field": (
        spelt(lines(lambda i, x: x if i != 2 else ",".join([*x.split(",")[:-1], ""]))),
        "1 values are missing or infinite",
    ),
    "an error of a spreadsheet": (
        spelt(lines(lambda i, x: x if i != 2 else ",".join([*x.split(",")[:-1], "#REF!"]))),
        "'#REF!' is not a number",
    ),
    "half of a line": (
        spelt(lambda text: text[: text.rindex(",")]),
        "missing or infinite",
    ),
    "a line too long": (
        spelt(lines(lambda i, x: x if i != 5 else x + ",1,2")),
        "not a readable table",
    ),
    "a name of a cell with an escape": (
        spelt(lambda text: text.replace("cell-3", "cell\x1b[31m")),
        "cell names hold control characters",
    ),
    "a name of a gene with an escape": (
        spelt(lambda text: text.replace("MYC", "M\x08YC")),
        "gene names hold control characters",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_tables(tmp_path, case):
    write, words = REFUSED[case]
    assert words in refusal(write(tmp_path))


def test_newer_and_odd_anndata(tmp_path):
    frame = counts()
    for name in ("x.h5", "x.hdf5", "x.H5AD", "x"):
        check_same(matrix_cases.h5ad(tmp_path, frame, name=name), frame)
    card = matrix_cases.h5ad(tmp_path, frame)
    adata = ad.read_h5ad(card["path"])
    adata.obs["kind"] = pd.array(["B", None] * 6, dtype="string")
    adata.obs["batch"] = pd.Categorical(["a", "b"] * 6)
    adata.obs["flag"] = pd.array([True, None] * 6, dtype="boolean")
    adata.var["n"] = pd.array([1, None] * 5, dtype="Int64")
    adata.obs.index.name, adata.var.index.name = "barcode", "symbol"
    with warnings.catch_warnings(), ad.settings.override(allow_write_nullable_strings=True):
        warnings.simplefilter("ignore")
        adata.write_h5ad(card["path"])
    for column in ("batch", "kind"):
        check_same(card | {"cell_type": column}, frame)
    read = read_expression(card | {"cell_type": "batch", "values": "auto"})
    assert list(read.obs["batch"]) == ["a", "b"] * 6
    # Names as a categorical, as some converters write them.
    with h5py.File(card["path"], "a") as file:
        del file["var/symbol"]
        ad.io.write_elem(file["var"], "symbol", pd.Categorical(list(frame.columns)))
    check_same(card, frame)
    # Integers, doubles and unsigned bytes.
    for kind in (np.uint8, np.int64, np.float64, np.float16):
        matrix = np.minimum(frame, 200).astype(kind)
        ad.AnnData(matrix).write_h5ad(card["path"])
        check_same(card, matrix.astype(float))
