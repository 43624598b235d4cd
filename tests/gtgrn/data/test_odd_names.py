"""Names that are values, numbers, or another tool's: the right matrix, or one right line."""

from __future__ import annotations

import io

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.reference import read_reference
from gtgrn.errors import InputError
from scipy import io as matrix_market
from scipy import sparse

GENES = ["GATA1", "SPI1", "KLF1", "CEBPA", "TP53", "HBB", "ALB", "KIT", "MPO", "LYZ", "NN1", "NN2"]
CELLS = [f"cell{i}" for i in range(30)]
RNG = np.random.default_rng(0)
COUNTS = pd.DataFrame(RNG.poisson(RNG.gamma(2, 3, size=(30, 12))), CELLS, GENES)
ARRAY = pd.DataFrame(RNG.normal(7, 1.5, size=(30, 12)).round(4), CELLS, GENES)
BY_CELLS, BY_GENES = "cells_by_genes", "genes_by_cells"


def read(path, text: str | None, orientation: str = BY_CELLS, **keys) -> ad.AnnData:
    if text is not None:
        path.write_text(text)
    form = {"format": "table", "values": "auto", "orientation": orientation}
    return read_expression({**form, "path": str(path), **keys})


def check_read(adata: ad.AnnData, expected: pd.DataFrame = COUNTS) -> None:
    matrix = adata.X.toarray() if sparse.issparse(adata.X) else adata.X
    found = pd.DataFrame(matrix, adata.obs_names, adata.var_names)
    wanted = expected[sorted(expected)].astype(np.float32)
    pd.testing.assert_frame_equal(found, wanted, check_names=False, check_index_type=False,
                                  check_column_type=False)  # fmt: skip


def refused(path, text: str | None, *words: str, orientation: str = BY_CELLS, **keys) -> str:
    with pytest.raises(InputError) as caught:
        read(path, text, orientation, **keys)
    message = str(caught.value)
    assert len(message) <= 300
    assert str(path) in message
    for word in words:
        assert word in message
    return message


# Columns without a name


def saved(times: int) -> str:
    text = COUNTS.to_csv()
    for _ in range(times):
        text = pd.read_csv(io.StringIO(text)).to_csv(index=False)
        text = pd.read_csv(io.StringIO(text)).to_csv()
    return text


@pytest.mark.parametrize(
    "values", [range(30), range(0, 60, 2), RNG.permutation(30)], ids=["all", "gaps", "shuffled"]
)
@pytest.mark.parametrize("name", ["Unnamed: 0", "Unnamed: 0.1", "Unnamed: 0_level_0"])
def test_what_pandas_calls_unnamed_is_no_gene(tmp_path, name, values):
    table = COUNTS.assign(**{name: list(values)})
    check_read(read(tmp_path / "a.csv", table.to_csv()))


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_table_saved_several_times_keeps_its_names(tmp_path, times):
    text = COUNTS.reset_index(drop=True).to_csv()
    for _ in range(times):
        text = pd.read_csv(io.StringIO(text)).to_csv()
    numbered = COUNTS.set_axis([str(i) for i in range(30)])
    check_read(read(tmp_path / "a.csv", text), numbered)
    # With names of cells, which are then the second column, or a later one.
    check_read(read(tmp_path / "b.csv", COUNTS.reset_index().to_csv()))
    by_genes = COUNTS.T.rename_axis("Gene").reset_index().to_csv(sep="\t")
    check_read(read(tmp_path / "c.tsv", by_genes, BY_GENES))


def test_a_numbering_beside_a_column_that_names_nothing_stays_the_name(tmp_path):
    table = COUNTS.reset_index(drop=True)
    table.insert(0, "donor", ["P1", "P2"] * 15)
    check_read(read(tmp_path / "a.csv", table.to_csv()),
               COUNTS.set_axis([str(i) for i in range(30)]))  # fmt: skip


# Names that are values


@pytest.mark.parametrize("table", [COUNTS, ARRAY], ids=["counts", "array"])
@pytest.mark.parametrize("names", [True, False])
def test_a_table_without_a_header_loses_no_row_in_silence(tmp_path, table, names):
    text = table.to_csv(header=False, index=names)
    refused(tmp_path / "a.csv", text, "genes are values", "first line")


@pytest.mark.parametrize("table", [COUNTS, ARRAY], ids=["counts", "array"])
def test_genes_by_cells_without_names(tmp_path, table):
    refused(tmp_path / "a.csv", table.T.to_csv(index=False), "genes are values", "first column",
            orientation=BY_GENES)  # fmt: skip


def test_genes_by_cells_without_a_header(tmp_path):
    text = ARRAY.T.to_csv(header=False)
    refused(tmp_path / "a.csv", text, "cells are values", "first line", orientation=BY_GENES)


def test_numbers_that_are_names_stay_names(tmp_path):
    entrez = COUNTS.set_axis([str(n) for n in range(2623, 2635)], axis=1)
    check_read(read(tmp_path / "a.csv", entrez.to_csv()), entrez)


def test_genes_that_are_numbered_are_refused_with_the_column_of_names(tmp_path):
    table = ad.AnnData(COUNTS.to_numpy(np.float32), pd.DataFrame(index=CELLS))
    table.var["feature_name"] = GENES
    path = tmp_path / "a.h5ad"
    table.write_h5ad(path)
    message = refused(path, None, "numbered", "gene_names", "feature_name", format="h5ad")
    assert "expression.gene_names" in message
    check_read(read(path, None, format="h5ad", gene_names="feature_name"))


# Sides


def test_a_table_on_its_side_is_refused_and_the_remedy_works(tmp_path):
    path = tmp_path / "a.csv"
    for text, said, right in (
        (COUNTS.T.to_csv(), BY_CELLS, BY_GENES),
        (COUNTS.to_csv(), BY_GENES, BY_CELLS),
    ):
        refused(path, text, "lies on its side", f"'orientation: {right}'", orientation=said)
        check_read(read(path, None, right))


def test_an_h5ad_on_its_side(tmp_path):
    table = ad.AnnData(COUNTS.T.to_numpy(np.float32), pd.DataFrame(index=GENES),
                       pd.DataFrame(index=CELLS))  # fmt: skip
    table.write_h5ad(tmp_path / "a.h5ad")
    refused(tmp_path / "a.h5ad", None, "lies on its side", "adata.T", format="h5ad")


def test_values_that_are_all_0_name_the_layers(tmp_path):
    table = ad.AnnData(np.zeros((30, 12), np.float32), pd.DataFrame(index=CELLS),
                       pd.DataFrame(index=GENES))  # fmt: skip
    table.layers["counts"] = COUNTS.to_numpy(np.float32)
    table.write_h5ad(tmp_path / "a.h5ad")
    refused(tmp_path / "a.h5ad", None, "all values are 0", "counts", format="h5ad")
    check_read(read(tmp_path / "a.h5ad", None, format="h5ad", layer="counts"))


# Rows that are no genes


@pytest.mark.parametrize(
    "name",
    ["ambiguous", "__unassigned", "noUnmapped", "noNoFeature", "*", "-", "unknown", "nCount_RNA",
     "total_counts", "library_size", "length", "mean", "Unnamed: 0"],
)  # fmt: skip
def test_rows_of_tools_are_no_genes(tmp_path, name):
    table = COUNTS.assign(**{name: RNG.integers(100, 900, 30)})
    check_read(read(tmp_path / "a.tsv", table.T.to_csv(sep="\t"), BY_GENES))
    check_read(read(tmp_path / "a.csv", table.to_csv()))


@pytest.mark.parametrize("name", ["NA", "nan", "null", "MEN1", "TOTAL1", "SEX1", "AGER"])
def test_names_of_genes_that_look_alike_stay(tmp_path, name):
    table = COUNTS.assign(**{name: RNG.integers(0, 9, 30)})
    check_read(read(tmp_path / "a.tsv", table.T.to_csv(sep="\t"), BY_GENES), table)


@pytest.mark.parametrize("name", ["age", "pseudotime", "label", "group", "timepoint"])
def test_columns_of_cells_are_no_genes(tmp_path, name):
    check_read(read(tmp_path / "a.csv", COUNTS.assign(**{name: RNG.random(30)}).to_csv()))


def test_the_matrix_of_rsem(tmp_path):
    table = COUNTS.T.rename_axis("gene_id")
    table.insert(0, "transcript_id(s)", "T1,T2")
    table.insert(1, "length", 100.5)
    table.insert(2, "effective_length", 50.2)
    check_read(read(tmp_path / "a.txt", table.to_csv(sep="\t"), BY_GENES))


# Other tools' tables


def test_gct_pipes_and_hints_for_excel(tmp_path):
    table = COUNTS.T.rename_axis("Name")
    table.insert(0, "Description", "na")
    gct = f"#1.2\n{len(GENES)}\t{len(CELLS)}\n{table.to_csv(sep=chr(9))}"
    check_read(read(tmp_path / "a.gct", gct, BY_GENES))
    check_read(read(tmp_path / "a.txt", COUNTS.to_csv(sep="|")))
    check_read(read(tmp_path / "b.csv", "sep=;\n" + COUNTS.to_csv(sep=";")))


def test_what_no_reader_takes_says_what_it_is(tmp_path):
    import tarfile

    inner = tmp_path / "inner.csv"
    inner.write_text(COUNTS.to_csv())
    for name, mode in (("a.tar", "w"), ("a.tar.gz", "w:gz")):
        with tarfile.open(tmp_path / name, mode) as archive:
            archive.add(inner, "inner.csv")
        refused(tmp_path / name, None, "tar", "Unpack it", format="10x_mtx")
    text = '!Series_title\t"x"\n!series_matrix_table_begin\n'
    refused(tmp_path / "a.txt", text, "series matrix", "_begin", orientation=BY_GENES)
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(100))
    refused(tmp_path / "a.parquet", None, "parquet", "csv")
    (tmp_path / "l.csv").write_bytes(
        COUNTS.rename(index={"cell0": "zélle"}).to_csv().encode("latin1")
    )
    refused(tmp_path / "l.csv", None, "Save it as UTF-8")


def test_dates_among_the_genes_are_named(tmp_path, caplog):
    read(tmp_path / "a.csv", COUNTS.rename(columns={"NN1": "1-Mar"}).to_csv())
    assert "1 genes are called like dates, such as 1-Mar" in caplog.text
    assert "MARCH1" in caplog.text


# Lists beside a matrix

IDS = [f"ENSG{i:011d}" for i in range(12)]
FEATURES = {
    "symbols and kinds": "\n".join(f"{g}\tGene Expression" for g in GENES),
    "another header": "EnsemblID\tSymbol\n"
    + "\n".join(f"{e}\t{g}" for e, g in zip(IDS, GENES, strict=True)),
    "numbered by R": '"x"\n' + "\n".join(f'"{i}"\t"{g}"' for i, g in enumerate(GENES, 1)),
    "numbered": "\n".join(f"{i}\t{g}" for i, g in enumerate(GENES)),
    "four columns": "\n".join(
        f"{e}\t{g}\tGene Expression\tchr1" for e, g in zip(IDS, GENES, strict=True)
    ),
}


def write_matrix(folder, names, features: str, barcodes: str) -> None:
    folder.mkdir()
    (folder / names[0]).write_text(features + "\n")
    (folder / names[1]).write_text(barcodes + "\n")
    matrix_market.mmwrite(folder / names[2], sparse.coo_matrix(COUNTS.T.to_numpy()))


@pytest.mark.parametrize("case", FEATURES)
def test_lists_of_features(tmp_path, case):
    names = ("features.tsv", "barcodes.tsv", "matrix.mtx")
    write_matrix(tmp_path / "m", names, FEATURES[case], "\n".join(CELLS))
    check_read(read(tmp_path / "m", None, format="10x_mtx"))


@pytest.mark.parametrize(
    "names",
    [("all_genes.csv", "cell_metadata.csv", "DGE.mtx"),
     ("count_matrix_genes.tsv", "count_matrix_barcodes.tsv", "count_matrix_sparse.mtx"),
     ("my.features.tsv", "my.barcodes.tsv", "my.counts.mtx")],
)  # fmt: skip
def test_lists_of_other_names(tmp_path, names):
    sep = "," if names[0].endswith("csv") else "\t"
    cells = [f"{i}{sep}{cell}" for i, cell in enumerate(CELLS)]
    header = [f"{sep}cell_id"] if sep == "," else []
    write_matrix(tmp_path / "m", names, "\n".join(GENES), "\n".join([*header, *cells]))
    check_read(read(tmp_path / "m", None, format="10x_mtx"))


def test_lists_of_another_sample_stay_refused(tmp_path):
    names = ("features.tsv", "barcodes.tsv", "matrix.mtx")
    write_matrix(tmp_path / "m", names, "\n".join(GENES), "\n".join(["AAACCTGA-1", *CELLS]))
    with pytest.raises(InputError, match="barcodes.tsv 31"):
        read(tmp_path / "m", None, format="10x_mtx")


# Known edges

EDGES = [(GENES[i % 4], GENES[4 + (3 * i) % 8]) for i in range(8)]


def test_a_network_of_cytoscape_is_read_by_its_columns_of_genes(tmp_path):
    path = tmp_path / "a.sif"
    path.write_text("\n".join(f"{a}\tpd\t{b}" for a, b in EDGES))
    section = {"path": str(path), "regulator": "regulator", "target": "target"}
    found = read_reference(section, GENES)
    assert set(found[["regulator", "target"]].itertuples(index=False, name=None)) == set(EDGES)
    # A line may hold all targets of a regulator.
    path.write_text("\n".join(f"{g}\tna\tHBB\tALB\tKIT" for g in GENES[:4]))
    assert len(read_reference(section, GENES)) == 12


@pytest.mark.parametrize(
    ("spell", "words"),
    [(lambda g: f"hg38_{g}", "genome before the names"), (lambda g: g.replace("GATA1", "GATA-1")
      .replace("SPI1", "SPI-1").replace("KLF1", "KLF-1").replace("CEBPA", "CEB-PA"), "hyphens")],
)  # fmt: skip
def test_no_edge_left_names_what_would_mend_it(tmp_path, monkeypatch, spell, words):
    monkeypatch.chdir(tmp_path)
    dotted = {"GATA-1": "GATA.1", "SPI-1": "SPI.1", "KLF-1": "KLF.1", "CEB-PA": "CEB.PA"}
    text = "regulator\ttarget\n" + "\n".join(f"{dotted.get(spell(a), a)}\t{b}" for a, b in EDGES)
    (tmp_path / "a.tsv").write_text(text)
    section = {"path": "a.tsv", "regulator": "regulator", "target": "target"}
    with pytest.raises(InputError, match=words) as caught:
        read_reference(section, [spell(gene) for gene in GENES])
    assert not str(caught.value).endswith("...")


# Words among symbols


def test_words_among_symbols_are_named_and_the_remedy_works(tmp_path, caplog):
    table = COUNTS.assign(treated=[i % 2 for i in range(len(COUNTS))], dose=3)
    read(tmp_path / "a.csv", table.to_csv())
    assert "2 of the genes are words and no symbols (treated, dose)" in caplog.text
    assert "'drop_columns: [treated, dose]'" in caplog.text
    caplog.clear()
    check_read(read(tmp_path / "a.csv", None, drop_columns=["treated", "dose"]))
    assert "are words" not in caplog.text


@pytest.mark.parametrize("names", [["actb", "gata1", "myod"], ["mt-Nd1", "a", "Gm1"], ["LOC1"]])
def test_genes_of_other_spellings_are_no_words(tmp_path, caplog, names):
    table = COUNTS.rename(columns=dict(zip(GENES, names, strict=False)))
    if names[0] == "actb":  # zebrafish: all are small
        table = table.rename(columns=str.lower)
    read(tmp_path / "a.csv", table.to_csv())
    assert "are words" not in caplog.text
