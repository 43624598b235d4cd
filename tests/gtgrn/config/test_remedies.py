"""Each message of a bad input is followed as a user would, and the right values come of it.

``FOLLOWED`` has an entry for every case of ``bad_input_cases``, so that a new message cannot come
without its remedy. What the words ask for is read from the message where it names it (a key, a
word, a setting) and done by hand where it says only "correct it".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from bad_input_cases import CASES, CELLS, GENES, Input
from gtgrn.config.cards import load_cards
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.reference import read_reference, read_regulators
from gtgrn.errors import InputError
from gtgrn.splits.shipped import read_shipped_split
from scipy import sparse

EDGES = {("G0", "G2"), ("G0", "G3"), ("G1", "G4")}


@dataclass
class Expected:
    """What must come out: the counts by cell and gene, and how many edges are known."""

    counts: pd.DataFrame
    edges: set[tuple[str, str]]


Remedy = Callable[[Input, InputError, Expected], Callable[[], None] | None]


def named(data: Input, error: InputError, expected: Expected) -> None:
    """Write the word that the message asks about."""
    word = re.search(r"Did you mean '([\w.]+)'\?", error.remedy).group(1)
    *steps, wrong = error.field.split(".")
    section = data.card
    for step in steps:
        section = section[step]
    if error.problem == "unknown key":
        section[word] = data_before(data, [*steps, word]) or section[wrong]
        del section[wrong]
    else:
        section[wrong] = word


def data_before(data: Input, steps: list[str]):
    """Return what stood in the card at first."""
    section = Input(data.folder).card
    for step in steps:
        section = section.get(step) if isinstance(section, dict) else None
    return section


def removed(data: Input, error: InputError, expected: Expected) -> None:
    """Remove the key that the message names."""
    assert re.search(r"(?i)\bremove it\b", error.remedy)
    *steps, key = error.field.split(".")
    section = data.card
    for step in steps:
        section = section[step]
    del section[key]


def written(*steps: str, value: object, words: str = "") -> Remedy:
    """Return the writing of a value that the remedy names in words."""

    def follow(data: Input, error: InputError, expected: Expected) -> None:
        assert words in str(error)
        section = data.card
        for step in steps[:-1]:
            section = section.setdefault(step, {})
        section[steps[-1]] = value

    return follow


def again(data: Input, error: InputError, expected: Expected) -> None:
    """Write the file once more, as it should be."""
    fresh = Input(data.folder)
    data.card, data.counts, data.edges, data.tfs = fresh.card, fresh.counts, fresh.edges, fresh.tfs


def values(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Remedy:
    """Return a correction of the matrix, which is then expected."""

    def follow(data: Input, error: InputError, expected: Expected) -> None:
        data.counts = change(data.counts).astype(float)
        expected.counts = data.counts

    return follow


def edges(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Remedy:
    def follow(data: Input, error: InputError, expected: Expected) -> None:
        data.edges = change(data.edges)

    return follow


def h5ad_again(data: Input, error: InputError, expected: Expected) -> Callable[[], None]:
    return lambda: ad.AnnData(data.counts).write_h5ad(data.folder / "x.h5ad")


def totals(data: Input, error: InputError, expected: Expected) -> Callable[[], None]:
    obs = pd.DataFrame({"n": data.counts.sum(axis=1)}, CELLS)
    return lambda: ad.AnnData(data.counts, obs=obs).write_h5ad(data.folder / "x.h5ad")


def as_table(data: Input, error: InputError, expected: Expected) -> Callable[[], None]:
    """Correct the format, and add the orientation that the message gives."""
    assert "correct expression.format to table" in error.remedy
    key, value = re.search(r"'(orientation): (cells_by_genes)'", error.remedy).groups()
    data.card["expression"] |= {"format": "table", key: value}
    path = data.folder / data.card["expression"]["path"]
    return lambda: data.counts.to_csv(path)


def as_mtx(data: Input, error: InputError, expected: Expected) -> Callable[[], None]:
    """Make the folder again."""

    def finish() -> None:
        from scipy.io import mmwrite

        folder = data.folder / "empty"
        mmwrite(folder / "matrix.mtx", sparse.coo_matrix(data.counts.to_numpy(int).T))
        (folder / "barcodes.tsv").write_text("\n".join(CELLS))
        (folder / "genes.tsv").write_text("\n".join(GENES))

    return finish


def split_again(**files: str) -> Remedy:
    def follow(data: Input, error: InputError, expected: Expected) -> Callable[[], None]:
        def finish() -> None:
            for name, content in files.items():
                (data.folder / f"{name}.csv").write_text(content)

        return finish

    return follow


def simulated(data: Input, error: InputError, expected: Expected) -> None:
    """Add what the message says; such a card is read up to its end, as there is no matrix."""
    if error.field == "simulation":
        assert "'model' and 't_max'" in error.remedy
        data.card["simulation"] = {"model": "edges.tsv", "t_max": 5, "cells": 10}
    else:
        data.card["kinetics"].pop(error.remedy.split("'")[3])
    for key in ("reference", "regulators"):
        data.card.pop(key, None)
    expected.counts = None


def ignored(data: Input, error: InputError, expected: Expected) -> None:
    """Set what the message of the list says, and then the reference, which says it too."""
    for section in ("regulators", "reference"):
        assert "set ignore_case: true there" in error.remedy
        data.card[section]["ignore_case"] = True
        data.write()
        if section == "regulators":
            with pytest.raises(InputError, match=r"'reference\.path'") as caught:
                data.run()
            error = caught.value
    expected.counts = data.counts
    expected.edges = {(first.lower(), second.lower()) for first, second in EDGES}


def removed_sign(data: Input, error: InputError, expected: Expected) -> None:
    assert "or remove the key" in error.remedy
    del data.card["reference"]["sign"]


def only_path(data: Input, error: InputError, expected: Expected) -> None:
    assert "Give either 'path' or 'prior'" in error.remedy
    del data.card["reference"]["prior"]


def of_human(data: Input, error: InputError, expected: Expected) -> None:
    """Take the list that the message offers, with its organism."""
    name, organism = re.search(r"(shipped) \((human)\)", error.remedy).groups()
    data.card["regulators"]["list"] = name
    data.card["organism"] = organism
    data.counts.columns = ["SPI1", "MYC", "TP53", "CDKN1A", *GENES[4:]]
    expected.counts = data.counts
    data.edges = pd.DataFrame({"regulator": ["MYC"], "target": ["TP53"]})
    expected.edges = {("MYC", "TP53")}


def by_path(data: Input, error: InputError, expected: Expected) -> None:
    assert "or give a path" in error.remedy
    data.card["reference"] = {"path": "edges.tsv"}


def summed(data: Input, error: InputError, expected: Expected) -> None:
    """Sum the copies; the gene that bore another's name is gone, and its edge with it."""
    data.counts = data.counts.T.groupby(level=0).sum().T
    expected.counts = data.counts
    expected.edges = {pair for pair in EDGES if "G1" not in pair}


def lower(section: str, key: str) -> Remedy:
    def follow(data: Input, error: InputError, expected: Expected) -> None:
        data.card[section][key] = int(re.search(r"the best expresses (\d+)", str(error)).group(1))

    return follow


def turned(data: Input, error: InputError, expected: Expected) -> None:
    assert "change expression.orientation" in error.remedy
    data.card["expression"]["orientation"] = "cells_by_genes"


def column_named(section: str, key: str, value: object) -> Remedy:
    def follow(data: Input, error: InputError, expected: Expected) -> None:
        assert "Name" in error.remedy
        data.card[section][key] = value

    return follow


GENE_TABLE = "Gene,index\n" + "".join(f"{gene},{i}\n" for i, gene in enumerate(GENES))
SPLIT = {"train": "TF,Target,Label\n0,2,1\n", "val": "TF,Target,Label\n0,3,0\n"}
FOLLOWED: dict[str, Remedy] = {
    "card is no YAML": again,
    "card is a list": again,
    "card has tabs": again,
    "misspelt section": named,
    "misspelt key": named,
    "no title": written("title", value="Mine", words="Name of the data set"),
    "no expression": again,
    "unknown format": written("expression", "format", value="table", words="loom, table"),
    "unknown kind of values": written("expression", "values", value="counts", words="of counts"),
    "no orientation": written("expression", "orientation", value="cells_by_genes",
                              words="cells_by_genes"),
    "no path": written("expression", "path", value="counts.csv", words="The file"),
    "absent matrix": named,
    "a folder for a file": written("expression", "path", value="counts.csv", words="Name the"),
    "a layer of a table": removed,
    "names from a column of a table": removed,
    "fraction in percent": written("preprocess", "min_cells_fraction", value=0.1,
                                   words="fraction of the cells"),
    "number as text": written("preprocess", "target_sum", value=10000,
                              words="without quotes and exponent"),
    "negative number of genes": written("preprocess", "n_top_genes", value=None,
                                        words="null keeps all genes"),
    "absent reference": named,
    "reference by path and name": only_path,
    "prior of another organism": by_path,
    "list of another organism": of_human,
    "mirror not set": written("expression", "path", value="counts.csv",
                              words="or name a file of your own"),
    "path out of the mirror": written("expression", "path", value="counts.csv",
                                      words="without '..'"),
    "simulation without section": simulated,
    "two networks to simulate": simulated,
    "missing value": values(lambda x: x.replace(np.nan, 0)),
    "infinite value": values(lambda x: x.drop(index="c2")),
    "negative count": values(lambda x: x.mask(x == -1, 1)),
    "fraction as count": values(lambda x: x.mask(x == 1.5, 1)),
    "text in the matrix": values(lambda x: x.replace("high", 2)),
    "gene twice": summed,
    "cell twice": values(lambda x: x.set_axis(CELLS)),
    "gene without name": values(lambda x: x.set_axis(GENES, axis=1)),
    "empty file": again,
    "only a header": again,
    "wrong separator": again,
    "ragged rows": again,
    "bytes that are no text": again,
    "truncated h5ad": h5ad_again,
    "h5ad is a table": as_table,
    "no such layer": removed,
    "no raw": removed,
    "h5ad without X": h5ad_again,
    "no such column of cells": written("expression", "cell_type", value="n",
                                       words="Name one of n"),
    "no such column of genes": removed,
    "impossible totals": totals,
    "10x folder without files": as_mtx,
    "10x h5 is none": as_table,
    "no cell passes": lower("preprocess", "min_genes_per_cell"),
    "too few cells for MAGIC": written("preprocess", "magic", value=False,
                                       words="switch MAGIC off"),
    "table the wrong way round": turned,
    "other case": ignored,
    "Ensembl against symbols": values(lambda x: x.set_axis(GENES, axis=1)),
    "regulators without their column": column_named("regulators", "column", "TF"),
    "empty list of regulators": again,
    "reference without its column": column_named("reference", "target", "gene"),
    "reference of other genes": again,
    "reference of self-loops": again,
    "unknown sign": edges(lambda x: x.assign(effect="+")),
    "no such column of signs": removed_sign,
    "impossible label": edges(lambda x: x.assign(label=1)),
    "too few names of columns": written("reference", "columns", value=["regulator", "target"],
                                        words="Name it in reference.columns"),
    "pair in two parts": split_again(val="TF,Target,Label\n0,3,0\n"),
    "pair with two labels": split_again(train=SPLIT["train"]),
    "index of no gene": split_again(test="TF,Target,Label\n1,4,1\n"),
    "gene of a split not in the matrix": split_again(genes=GENE_TABLE),
}  # fmt: skip


def spoilt(folder, case: str) -> tuple[Input, InputError]:
    """Write the input of a case; return it and the error that it ends in."""
    data = Input(folder)
    finish = CASES[case][0](data)
    data.write()
    if finish is not None:
        finish()
    with pytest.raises(InputError) as caught:
        data.run()
    return data, caught.value


def check_result(data: Input, expected: Expected) -> None:
    """Read all that the card names, and compare it with what the user meant."""
    card = load_cards("mine.yaml")["mine"]
    if expected.counts is None:
        return
    adata = read_expression(card["expression"])
    matrix = adata.X.toarray() if sparse.issparse(adata.X) else adata.X
    wanted = expected.counts[sorted(expected.counts.columns)]
    assert list(adata.var_names) == list(wanted.columns)
    assert list(adata.obs_names) == list(wanted.index)
    np.testing.assert_array_equal(matrix, wanted.to_numpy(np.float32))
    if "regulators" in card:
        assert read_regulators(card["regulators"], adata.var_names)
    if "reference" in card:
        found = read_reference(card["reference"], adata.var_names)
        pairs = set(zip(found["regulator"], found["target"], strict=True))
        assert pairs
        assert expected.edges is None or pairs == expected.edges
    if "splits" in card:
        split = read_shipped_split(card["splits"]["edges"], adata.var_names)
        assert dict(split["part"].value_counts()) == {"train": 1, "val": 1, "test": 1}


def test_every_case_has_a_remedy_that_is_followed():
    assert FOLLOWED.keys() == CASES.keys()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("case", CASES)
def test_the_remedy_of_a_bad_input_gives_the_right_values(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    data, error = spoilt(tmp_path, case)
    expected = Expected(Input(tmp_path).counts, EDGES)
    finish = FOLLOWED[case](data, error, expected)
    data.write()
    if finish is not None:
        finish()
    if expected.counts is not None:
        data.run()
    check_result(data, expected)
