"""What methods and models refuse: the remedy of each message is followed, and works."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from gtgrn.embeddings.walks import sample_walks
from gtgrn.errors import InputError
from gtgrn.evaluation.third_party import read_scores
from gtgrn.inference.information.c3net import c3net
from gtgrn.inference.information.estimators import discretise, mi_matrix
from gtgrn.inference.information.networks import aracne
from gtgrn.models.gtgrn.transformer import GraphTransformerLayer
from gtgrn.models.peers.gne import sampling_chances
from gtgrn.names import PAIR, WEIGHT
from gtgrn.simulation.experiments import run_experiment
from gtgrn.simulation.kinetics import draw_kinetics
from gtgrn.simulation.subnetworks import extract_subnetwork, generate_network
from gtgrn.splits.folds import read_folds
from gtgrn.splits.tables import read_split
from gtgrn.splits.universe import rankable, universe
from inference_cases import run

VALUES = np.random.default_rng(0).normal(size=(9, 4))
NETWORK = pd.DataFrame(
    [("A", "B", "+"), ("B", "C", "-"), ("C", "D", "+")], columns=[*PAIR, "sign"]
)
KINETICS = draw_kinetics(NETWORK, seed=0)
EXPRESSION = pd.DataFrame(
    np.random.default_rng(1).gamma(2.0, size=(12, 5)), columns=["R1", "R2", "G1", "G2", "G3"]
)


def infer(method: str, *, targets: list[str] | None = None, **options):
    return run(method, EXPRESSION, ["R1", "R2"], targets=targets, **options)


def walk(**networks: float):
    made = {
        name: pd.DataFrame([("a", "b", weight)], columns=[*PAIR, WEIGHT])
        for name, weight in networks.items()
    }
    return sample_walks(made, "ab", seed=0)


def attend(heads: int):
    return GraphTransformerLayer(8, heads, norm="layer", dropout=0.0, backend="torch")


def chances(name: str):
    return sampling_chances(name, 3)


class Case(NamedTuple):
    """A call that is refused with words of its remedy, and the call that follows it."""

    wrong: Callable[[], object]
    remedy: str
    right: Callable[[], object]


CASES = {
    "experiment": Case(
        lambda: run_experiment(KINETICS, "dual", seed=0),
        "Use one of multifactorial",
        lambda: run_experiment(KINETICS, "multifactorial", conditions=2, seed=0),
    ),
    "conditions": Case(
        lambda: run_experiment(KINETICS, "knockouts", conditions=5, seed=0),
        "Use 1 to 4",
        lambda: run_experiment(KINETICS, "knockouts", conditions=4, seed=0),
    ),
    "no edge to simulate": Case(
        lambda: draw_kinetics(NETWORK[:0], seed=0),
        "Give one with edges",
        lambda: draw_kinetics(NETWORK[:1], seed=0),
    ),
    "genes of a part": Case(
        lambda: extract_subnetwork(NETWORK, 5, seed=0),
        "Use 1 to 4",
        lambda: extract_subnetwork(NETWORK, 4, seed=0),
    ),
    "selection": Case(
        lambda: extract_subnetwork(NETWORK, 2, seed=0, selection=1.5),
        "Use 0 to 1",
        lambda: extract_subnetwork(NETWORK, 2, seed=0, selection=1.0),
    ),
    "regulators of a network": Case(
        lambda: generate_network(10, 1, seed=0),
        "Use at least 2",
        lambda: generate_network(10, 2, seed=0),
    ),
    "engine": Case(
        lambda: infer("genie3", engine="quick"),
        "Correct it",
        lambda: infer("genie3", engine="fast"),
    ),
    "target": Case(
        lambda: infer("genie3", targets=["Z9"]),
        "Give targets among the genes",
        lambda: infer("genie3", targets=["G1"]),
    ),
    "copula of R": Case(
        lambda: infer("c3net", engine="r"),
        "Set it to first or none, or the engine to native",
        lambda: infer("c3net", engine="native"),
    ),
    "discretisation": Case(
        lambda: discretise(VALUES, method="equal", bins=2),
        "'equalwidth'",
        lambda: discretise(VALUES, method="equalwidth", bins=2),
    ),
    "bins": Case(
        lambda: discretise(VALUES, method="equalfreq", bins=10),
        "Give fewer bins",
        lambda: discretise(VALUES, method="equalfreq", bins=3),
    ),
    "values that are not discrete": Case(
        lambda: mi_matrix(VALUES, estimator="mi.mm"),
        "Set the discretisation to one of",
        lambda: mi_matrix(VALUES, estimator="mi.mm", discretisation="equalwidth"),
    ),
    "estimator": Case(
        lambda: mi_matrix(VALUES, estimator="gauss"),
        "'spearman'",
        lambda: mi_matrix(VALUES, estimator="spearman"),
    ),
    "tolerance": Case(
        lambda: aracne(np.eye(3), eps=-0.1), "Give 0 or more", lambda: aracne(np.eye(3), eps=0.0)
    ),
    "a missing value": Case(
        lambda: c3net(np.where(VALUES[0, 1] == VALUES, np.nan, VALUES)),
        "leave the gene out",
        lambda: c3net(np.delete(VALUES, 1, axis=1)),
    ),
    "no network to walk": Case(walk, "Name at least one method", lambda: walk(good=1.0)),
    "a network without weight": Case(
        lambda: walk(good=1.0, poor=0.0),
        "Leave it out of walks.networks",
        lambda: walk(good=1.0),
    ),
    "heads": Case(lambda: attend(3), "Choose a divisor", lambda: attend(4)),
    "sampler": Case(
        lambda: chances("x"), "Use uniform or log_uniform", lambda: chances("log_uniform")
    ),
    "regulators that are no genes": Case(
        lambda: universe(["A", "B"], ["A", "Z"]),
        "by the names that the expression uses",
        lambda: universe(["A", "B"], ["A", "B"]),
    ),
    "no candidate among regulators": Case(
        lambda: rankable(NETWORK, ["E"], what="split"),
        "Add them to the card's list of regulators",
        lambda: rankable(NETWORK, ["E", "A", "B", "C"], what="split"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_remedy_is_followed(case):
    torch.set_num_threads(1)
    wrong, remedy, right = CASES[case]
    with pytest.raises(InputError) as caught:
        wrong()
    assert remedy in caught.value.remedy
    assert right() is not None


FOLDS, SPLIT, SCORES = "fold\tpart\tgene\n", "regulator\ttarget\tlabel\tpart\n", "TF\ttarget\tw\n"
FILES = {
    "folds that are no numbers": (
        *(read_folds, FOLDS + "x\tval\tA\n", "Number them from 0", FOLDS + "0\tval\tA\n"),
    ),
    "a part of no name": (
        *(read_folds, FOLDS + "0\tdev\tA\n", "Correct them", FOLDS + "0\tval\tA\n"),
    ),
    "a gene in two parts": (
        *(read_folds, FOLDS + "0\tval\tA\n0\ttest\tA\n", "in one part of a fold"),
        FOLDS + "0\tval\tA\n0\ttest\tB\n",
    ),
    "a label that is none": (
        *(read_split, SPLIT + "A\tB\t2\tval\n", "Correct them", SPLIT + "A\tB\t1\tval\n"),
    ),
    "a part of a split": (
        *(read_split, SPLIT + "A\tB\t1\tdev\n", "Correct them", SPLIT + "A\tB\t1\tval\n"),
    ),
    "a pair in two parts": (
        *(read_split, SPLIT + "A\tB\t1\tval\nA\tB\t1\ttest\n", "Keep each pair in one part"),
        SPLIT + "A\tB\t1\tval\n",
    ),
    "a column of a split": (
        read_split, SPLIT.replace("label", "truth") + "A\tB\t1\tval\n", "Rename a column",
        SPLIT + "A\tB\t1\tval\n",
    ),
    "scores of other genes": (
        lambda path: read_scores(path, ["A", "B"]),
        "TF\ttarget\timportance\nX\tY\t1\n", "Give the names that the expression uses",
        "TF\ttarget\timportance\nA\tB\t1\n",
    ),
    "a score that is no number": (
        lambda path: read_scores(path, ["A", "B", "C"]),
        "TF\ttarget\timportance\nA\tB\t1\nA\tC\tx\n", "Remove such rows",
        "TF\ttarget\timportance\nA\tB\t1\n",
    ),
    "columns of no layout": (
        lambda path: read_scores(path, ["A", "B"]),
        "one\ttwo\tthree\nA\tB\t1\n", "Name the columns: regulator, target and weight",
        "regulator\ttarget\tweight\nA\tB\t1\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_the_remedy_for_a_file_is_followed(tmp_path, case):
    read, wrong, remedy, right = FILES[case]
    path = tmp_path / "table.tsv"
    path.write_text(wrong)
    with pytest.raises(InputError, match="table.tsv") as caught:
        read(path)
    assert remedy in caught.value.remedy
    path.write_text(right)
    assert len(read(path))
