"""Numbers whose exponent overflows: pandas read them as others, or died."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gtgrn.data.gene_selection import read_gene_ordering, read_pseudotime
from gtgrn.data.mtx_folders import read_matrix_market
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.readers import reading
from gtgrn.data.reference import read_reference
from gtgrn.errors import InputError
from gtgrn.evaluation.third_party import read_scores
from gtgrn.splits.folds import read_folds
from gtgrn.tables import as_numbers, read_measures, read_network

ENDLESS = ["1e2147483648", "1e4294967297", "1E+99999999999", "1" + "1" * 400 + "e4294966900"]
VANISHING = ["1e-2147483648", "1e-4294967297"]


def market(path, number):
    path.write_text(f"%%MatrixMarket matrix coordinate real general\n1 1 1\n1 1 {number}\n")
    with reading(path, "matrix"):
        return read_matrix_market(path).toarray()


def matrix(path, number):
    path.write_text(f"cell,A,B\nc0,1.5,2\nc1,{number},3\n")
    card = {"format": "table", "path": str(path), "values": "auto",
            "orientation": "cells_by_genes"}  # fmt: skip
    return read_expression(card).X[1, :1]


def network(path, number):
    path.write_text(f"regulator\ttarget\tweight\nA\tB\t{number}\nB\tA\t2\n")
    return read_network(path)["weight"].to_numpy()[:1]


def scores(path, number):
    path.write_text(f"TF\ttarget\timportance\nA\tB\t{number}\nB\tA\t2\n")
    return read_scores(path, ["A", "B"])["weight"].to_numpy()[:1]


def labels(path, number):
    path.write_text(f"regulator\ttarget\tlabel\nA\tB\t{number}\nB\tA\t1\n")
    section = {"path": str(path), "regulator": "regulator", "target": "target", "label": "label"}
    return [0.0] if len(read_reference(section, ["A", "B"])) == 1 else [1.0]


def ordering(path, number):
    path.write_text(f"g,p,v\nA,0.1,{number}\nB,0.1,2\n")
    return read_gene_ordering(path).iloc[:1, 1].to_numpy()


def pseudotime(path, number):
    path.write_text(f"c,P\nA,{number}\nB,2\n")
    return read_pseudotime(path, ["A", "B"])[0]


def folds(path, number):
    path.write_text(f"fold\tpart\tgene\n{number}\tval\tA\n0\ttest\tB\n")
    return read_folds(path)["fold"].to_numpy(float)[:1]


READERS = {
    market: "x.mtx", matrix: "x.csv", network: "x.tsv", scores: "x.tsv", labels: "x.tsv",
    ordering: "x.csv", pseudotime: "x.csv", folds: "x.tsv",
}  # fmt: skip


@pytest.mark.parametrize("number", ENDLESS)
@pytest.mark.parametrize("read", READERS)
def test_an_endless_exponent_is_no_number(tmp_path, read, number):
    with pytest.raises(InputError) as caught:
        read(tmp_path / READERS[read], number)
    assert caught.value.remedy


@pytest.mark.parametrize("number", VANISHING)
@pytest.mark.parametrize("read", READERS)
def test_an_endless_negative_exponent_is_zero_or_refused(tmp_path, read, number):
    try:
        value = read(tmp_path / READERS[read], number)
    except InputError:
        return
    np.testing.assert_array_equal(np.ravel(value), [0.0])


@pytest.mark.parametrize("read", READERS)
def test_an_exponent_with_zeros_in_front_is_its_value(tmp_path, read):
    found = read(tmp_path / READERS[read], "10e-0001")
    np.testing.assert_array_equal(np.ravel(found), [1.0])


def test_measures_and_columns_of_any_kind(tmp_path):
    (tmp_path / "x.tsv").write_text("metric\tvalue\na\t1e4294967297\nb\t\n")
    assert list(read_measures(tmp_path / "x.tsv")["value"]) == ["1e4294967297", ""]
    for column in (["1", "x", "1e4294967297"], pd.Categorical(["1", "x", "1e2147483648"])):
        found = as_numbers(pd.Series(column))
        assert found[0] == 1
        assert found[1:].isna().all()
    assert as_numbers(pd.Series([1, 2])).tolist() == [1, 2]
