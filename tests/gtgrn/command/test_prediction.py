"""Trained models on other cells: the same scores for the same cells, or one line."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from command_cases import call, make_counts, make_results
from gtgrn.command.networks import read_final
from gtgrn.models.gtgrn.restore import align
from gtgrn.tables import read_table


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return make_results(tmp_path_factory.mktemp("prediction"))


def predict(results, cells, tmp_path, *words):
    path = tmp_path / "predicted.tsv.gz"
    run = call("predict", cells, "--results", results, "-o", path, *words)
    return run, pd.read_csv(path, sep="\t") if path.exists() else None


def compare(found: pd.DataFrame, results) -> tuple[pd.DataFrame, float]:
    both = found.merge(read_final(results / "blood"), on=["regulator", "target"])
    return both, float(np.abs(both["score_x"] - both["score_y"]).max())


def test_the_cells_of_the_training_in_another_order_get_its_scores(results, tmp_path):
    counts, _ = make_counts()
    counts[::-1].write_h5ad(tmp_path / "reversed.h5ad")
    run, found = predict(results, tmp_path / "reversed.h5ad", tmp_path)
    assert run.exit_code == 0, run.output
    both, difference = compare(found, results)
    assert len(both) == 6 * 29
    # Sums over cells in another order round otherwise, and no more.
    assert difference < 1e-2 * both["score_y"].std()
    np.testing.assert_allclose(both["probability_x"], both["probability_y"], atol=1e-2)


def test_other_cells_get_other_scores(results, tmp_path):
    counts, _ = make_counts(seed=1)
    counts.write_h5ad(tmp_path / "other.h5ad")
    run, found = predict(results, tmp_path / "other.h5ad", tmp_path)
    assert run.exit_code == 0, run.output
    both, difference = compare(found, results)
    assert len(both) == 6 * 29
    assert difference > 1e-2 * both["score_y"].std()


def test_fewer_cells_than_components_are_scored(results, tmp_path):
    counts, _ = make_counts()
    counts[:12].write_h5ad(tmp_path / "few.h5ad")
    run, found = predict(results, tmp_path / "few.h5ad", tmp_path)
    assert run.exit_code == 0, run.output
    assert found["score"].notna().all()


def test_genes_that_either_side_lacks_are_left_out_and_named(results, tmp_path):
    counts, _ = make_counts()
    kept = counts[:, ~counts.var_names.isin(["CD79A", "SPI1"])].copy()
    kept.var_names = kept.var_names.str.replace("LYZ", "MARCO")  # not known to the training
    kept.write_h5ad(tmp_path / "lacking.h5ad")
    run, found = predict(results, tmp_path / "lacking.h5ad", tmp_path)
    assert run.exit_code == 0, run.output
    assert "3 genes of the model are not in" in run.output
    for name in ("CD79A", "SPI1", "LYZ"):
        assert name in run.output
    assert not {"CD79A", "SPI1", "LYZ", "MARCO"} & {*found["regulator"], *found["target"]}
    assert list(found["rank"]) == list(range(1, 5 * 26 + 1))


def test_what_cannot_be_predicted_is_said_in_one_line(results, tmp_path):
    counts, _ = make_counts()
    strangers = counts.copy()
    strangers.var_names = [f"X{i}" for i in range(strangers.n_vars)]
    strangers.write_h5ad(tmp_path / "strangers.h5ad")
    scaled = counts.copy()
    scaled.X = (counts.X - counts.X.mean(axis=0)) / counts.X.std(axis=0)
    scaled.write_h5ad(tmp_path / "scaled.h5ad")
    counts.write_h5ad(tmp_path / "counts.h5ad")
    for name, words, said in (
        ("strangers", [], "only 0 of the 30 genes of the model"),
        ("scaled", [], "the values are scaled"),
        ("counts", ["--variant", "paper"], "Trained are full"),
        ("counts", ["--split", "genes"], "no model of the variant full on the split genes"),
    ):
        run, found = predict(results, tmp_path / f"{name}.h5ad", tmp_path, *words)
        assert run.exit_code == 1
        assert said in run.output
        assert run.output.count("\n") == 1
        assert found is None


def test_a_model_that_reads_something_else_is_refused(results, tmp_path):
    """A control's noise has the width of expression: only its own scores tell it apart."""
    path = results / "blood/models/gtgrn/full/edges/seed0/scores.tsv.gz"
    before = path.read_bytes()
    table = read_table(path)
    table.assign(score=table["score"] + table.index % 2).to_csv(path, sep="\t", index=False)
    counts, _ = make_counts()
    counts.write_h5ad(tmp_path / "counts.h5ad")
    run, found = predict(results, tmp_path / "counts.h5ad", tmp_path)
    path.write_bytes(before)
    assert run.exit_code == 1
    assert "does not give its own cells the scores of its training" in run.output
    assert found is None


def test_aligned_components_are_a_rotation_undone():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(50, 6))
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    np.testing.assert_allclose(align(values @ turn, values), values, atol=1e-10)
    # Fewer components than there were: as many columns as the model reads.
    assert align(values[:, :3], values).shape == values.shape
