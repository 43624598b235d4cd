"""R for real, through rpy2, where it is installed; the way to it everywhere."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gtgrn.errors import InputError
from gtgrn.inference.information import r as _r
from gtgrn.inference.run import infer

SCRIPTS = Path(__file__).parents[4] / "scripts"
REFERENCE = Path(__file__).parents[5] / "shared" / "reference" / "mi"
PARMIGENE = {
    "aracne.a_eps0.05": ("parmigene::aracne.a", {"eps": 0.05}),
    "aracne.m_tau0.15": ("parmigene::aracne.m", {"tau": 0.15}),
    "clr": ("parmigene::clr", {}),
    "mrnet": ("parmigene::mrnet", {}),
}


# Two genes are exactly proportional there: scores that are 0 in exact arithmetic decide where
# mrnet stops, and the stored matrix is rounded in the sixteenth digit.
UNDECIDED = {
    ("ties12", "parmigene_mrnet_mi.empirical_equalfreq.csv.gz"),
    ("const12", "parmigene_mrnet_mi.empirical_equalfreq.csv.gz"),
}


def needs(*packages: str) -> pytest.MarkDecorator:
    reason = _r.problem(packages)
    return pytest.mark.skipif(reason is not None, reason=f"not compared with R: {reason}")


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, index_col=0)


@needs("parmigene")
@pytest.mark.skipif(not REFERENCE.is_dir(), reason="no ../shared/reference")
@pytest.mark.parametrize("name", PARMIGENE)
def test_parmigene_through_rpy2_gives_the_reference(name):
    function, options = PARMIGENE[name]
    outputs = sorted(REFERENCE.glob(f"*/parmigene_{name}_*"))
    outputs = [path for path in outputs if (path.parent.name, path.name) not in UNDECIDED]
    assert len(outputs) >= 3
    for path in outputs:
        made_from = path.name.replace(f"parmigene_{name}", "mim")
        information = read(path.with_name(made_from))
        answer = _r.call(function, information, list(information), list(information), **options)
        np.testing.assert_allclose(answer, read(path), atol=1e-12, err_msg=str(path))


def twins(genes: int = 12, cells: int = 200) -> pd.DataFrame:
    """Return genes in pairs that belong together, on scales that a bootstrap cannot confuse."""
    rng = np.random.default_rng(7)
    common = rng.normal(size=(cells, genes // 2))
    values = np.repeat(common, 2, axis=1) + 0.05 * rng.normal(size=(cells, genes))
    return pd.DataFrame(values, columns=[f"G{number:02d}" for number in range(genes)])


def chained(genes: int = 15, cells: int = 120) -> pd.DataFrame:
    """Return genes each of which depends on the one before, without a tie."""
    rng = np.random.default_rng(8)
    values = rng.normal(size=(cells, genes))
    for gene in range(1, genes):
        values[:, gene] += 0.8 * values[:, gene - 1]
    return pd.DataFrame(values, columns=[f"G{number:02d}" for number in range(genes)])


# Information from counts has ties, which the last bit of a sum decides in aracne and mrnet.
MINETS = [
    *[(method, "spearman", "none") for method in ("aracne", "clr", "mrnet")],
    ("clr", "mi.empirical", "equalfreq"),
]
COPULAS = ["first", "none"]
BOTH_ENGINES = [
    *[
        pytest.param(
            method, chained, {"estimator": estimator, "discretisation": cut},
            marks=needs("minet", "infotheo"), id=f"minet {method} {estimator}",
        )
        for method, estimator, cut in MINETS
    ],
    *[
        pytest.param("c3net", chained, {"copula": one}, marks=needs("c3net"), id=f"c3net {one}")
        for one in COPULAS
    ],
    # The draws of its null and bootstraps are R's own: where they cannot matter, because every
    # bootstrap finds the same pairs, the frequencies are 1 by both engines.
    pytest.param("bc3net", twins, {}, marks=needs("bc3net"), id="bc3net"),
    pytest.param("c3mtc", twins, {}, marks=needs("bc3net"), id="c3mtc"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "data", "options"), BOTH_ENGINES)
def test_the_r_package_and_our_engine_give_one_network(method, data, options):
    expression = data()
    names = list(expression.columns)
    found = {
        engine: infer(method, expression, names, seed=0, engine=engine, **options)
        .set_index(["regulator", "target"])["weight"]
        .sort_index()
        for engine in ("r", "native")
    }
    # A sum in another order may leave 1e-17 of an edge that is 0.
    kept = {engine: weights[weights > 1e-10] for engine, weights in found.items()}
    assert len(kept["native"]) >= len(names) / 2
    pd.testing.assert_series_equal(kept["r"], kept["native"], rtol=0, atol=1e-10)


@needs()
def test_matrices_names_and_options_arrive_as_they_are():
    matrix = np.arange(6.0).reshape(2, 3)
    same = _r.call("function(x) x", matrix, ["a", "b"], ["p", "q", "r"])
    np.testing.assert_array_equal(same, matrix)
    picked = _r.call(
        'function(x, k, flag, word) x["b", "q", drop = FALSE] * k * flag + nchar(word)',
        matrix,
        ["a", "b"],
        ["p", "q", "r"],
        k=2.5,
        flag=True,
        word="four",
    )
    np.testing.assert_array_equal(picked, [[4 * 2.5 + 4]])
    missing = _r.call("function(x) {x[1, 1] <- NA; x}", matrix, ["a", "b"], ["p", "q", "r"])
    assert np.isnan(missing[0, 0])


@needs()
def test_the_seed_reaches_r():
    def draw(seed):
        _r.set_seed(seed)
        return _r.call("function(x) x + runif(4)", np.zeros((2, 2)), ["a", "b"], ["p", "q"])

    np.testing.assert_array_equal(draw(5), draw(5))
    assert (draw(5) != draw(6)).all()
    assert draw(2**63 - 1).shape == (2, 2)  # R's own seeds end at 31 bits


@needs()
def test_errors_and_warnings_of_r_can_be_read(caplog):
    square = np.eye(2), ["a", "b"], ["a", "b"]
    with pytest.raises(RuntimeError, match="failed on 2 x 2 values: too few samples$"):
        _r.call("function(x) stop('too few samples')", *square)
    with pytest.raises(RuntimeError, match="there is no package called .nowhere."):
        _r.call("nowhere::land", *square)
    with pytest.raises(RuntimeError, match="did not answer with a matrix"):
        _r.call("function(x) sum(x)", *square)
    caplog.set_level(logging.WARNING)
    _r.call("function(x) {warning('ties are broken'); x}", *square)
    assert "ties are broken" in caplog.text


@needs()
def test_versions_name_r_and_the_package():
    found = _r.versions(["stats"])
    assert set(found) == {"R", "stats"}
    assert all(value[0].isdigit() for value in found.values())


def test_the_engine_is_chosen_by_what_is_there(monkeypatch):
    monkeypatch.setattr(_r, "problem", lambda packages: None)
    assert _r.choose_engine("auto", ["minet"], "key") == "r"
    assert _r.choose_engine("native", ["minet"], "key") == "native"
    monkeypatch.setattr(_r, "problem", lambda packages: "R has no package minet")
    assert _r.choose_engine("auto", ["minet"], "key") == "native"
    with pytest.raises(InputError, match="R has no package minet") as caught:
        _r.choose_engine("r", ["minet"], "inference.options.clr.engine")
    assert "inference.options.clr.engine" in str(caught.value)
    assert "--use-conda" in str(caught.value)
    with pytest.raises(InputError, match="'R' is not one of auto, r, native"):
        _r.choose_engine("R", [], "key")


def test_falling_back_is_a_warning(monkeypatch, caplog):
    monkeypatch.setattr(_r, "problem", lambda packages: "R's package minet is 3.50")
    with caplog.at_level(logging.WARNING):
        assert _r.choose_engine("auto", ["minet"], "inference.options.clr.engine") == "native"
    assert "R's package minet is 3.50: our own engine is used" in caplog.text
    with caplog.at_level(logging.WARNING):
        caplog.clear()
        assert _r.choose_engine("native", ["minet"], "key") == "native"
    assert not caplog.records


def test_the_versions_wanted_are_those_of_the_environment():
    text = (Path(__file__).parents[4] / "envs/mi.yaml").read_text()
    pinned = dict(re.findall(r"- (?:r|bioconductor)-(\w+) =([\d.]+)", text))
    assert {name: version for name, (version, _) in _r.WANTED.items()}.items() <= pinned.items()


ASK = """
import sys
from gtgrn.errors import InputError
from gtgrn.inference.information import r
import logging
logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s")
print("chosen", r.choose_engine("auto", ["c3net"], "key"))
try:
    print("chosen", r.choose_engine("r", ["c3net"], "key"))
except InputError as error:
    print("InputError", error)
"""


@needs()
@pytest.mark.parametrize(
    ("version", "exported", "words"),
    [
        ("1.1.1.1", "c3net", None),
        ("10.0", "c3net", None),
        ("1.0.9", "c3net", "R's package c3net is 1.0.9 (1.1 or newer is wanted)"),
        ("1.2", "other", "R's package c3net 1.2 has no function c3net (1.1 or newer is wanted)"),
        (None, None, "R has no package c3net (1.1 or newer is wanted)"),
    ],
)
def test_a_wrong_or_old_package_falls_back_or_stops(tmp_path, version, exported, words):
    library = tmp_path / "library"
    library.mkdir()
    if version:
        source = tmp_path / "c3net"
        (source / "R").mkdir(parents=True)
        (source / "DESCRIPTION").write_text(
            f"Package: c3net\nVersion: {version}\nTitle: A\nDescription: A.\nLicense: MIT\n"
            "Author: A\nMaintainer: A <a@example.org>\n"
        )
        (source / "NAMESPACE").write_text(f"export({exported})\n")
        (source / "R/code.R").write_text(f"{exported} <- function(x) x\n")
        command = ["R", "CMD", "INSTALL", "--no-docs", "--no-test-load", f"--library={library}"]
        subprocess.run([*command, source], check=True, capture_output=True)
    run = subprocess.run(
        [sys.executable, "-c", ASK],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS), "R_LIBS": str(library)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = [line for line in run.stdout.splitlines() if not line.startswith("R[")]
    if words is None:
        assert lines == ["chosen r", "chosen r"]
    else:
        assert lines[0] == f"WARNING {words}: our own engine is used instead (key)"
        assert lines[1] == "chosen native"
        assert lines[2].startswith(f"InputError 'key': {words}. ")


def test_an_rpy2_that_cannot_start_r_is_no_crash(monkeypatch):
    def fail(name, *arguments, **more):
        if name.startswith("rpy2"):
            raise ValueError("r_home is None")
        return original(name, *arguments, **more)

    original = __import__
    monkeypatch.setattr("builtins.__import__", fail)
    assert "R cannot be started (ValueError: r_home is None)" in _r.problem(["minet"])


@needs()
def test_starting_r_leaves_the_library_path_of_children_alone():
    code = (
        "import os; from gtgrn.inference.information import r; r.problem([]); "
        "print(dict(os.environ))"
    )
    scripts = Path(__file__).parents[4] / "scripts"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(scripts)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "R_HOME" in run.stdout  # it was started
    assert "LD_LIBRARY_PATH" not in run.stdout
