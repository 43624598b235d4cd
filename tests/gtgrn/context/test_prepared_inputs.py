"""The scripts that prepare what a model reads of other contexts, and that train with it."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from context_cases import GENES, contexts, pairs
from gtgrn.context.inputs import read_inputs
from gtgrn.data.matrix import write_matrix
from gtgrn.errors import InputError
from gtgrn.splits.tables import write_split
from gtgrn.tables import read_table, write_table

SCRIPTS = Path(__file__).parents[3] / "scripts"
CARD = {"organism": "human", "kind": "chip", "whole": True, "databases": [], "licence": "free"}
REGULATORS = GENES[:12]
OUTPUTS = {
    "scores": "scores.tsv.gz", "embedding": "embedding.h5ad", "messages": "messages.tsv.gz",
    "exposure": "exposure.tsv", "history": "history.tsv", "checkpoint": "checkpoint.pt",
}  # fmt: skip


class Files(dict):
    """Files of a rule, as a name, an attribute or with a default."""

    __getattr__ = dict.__getitem__


def run(monkeypatch, script, **parts):
    monkeypatch.setattr("gtgrn.jobs.start_job", lambda snakemake: None)
    runpy.run_path(str(SCRIPTS / f"{script}.py"), {"snakemake": SimpleNamespace(**parts)})


@pytest.fixture
def data(tmp_path):
    """Write genes, expression, two sources, a reference and a split into a folder."""
    first, second, own, _ = contexts(2)
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"gene": GENES, "is_regulator": [name in REGULATORS for name in GENES]})
    paths = str(tmp_path / "X.npy"), str(tmp_path / "genes.tsv")
    write_matrix(rng.gamma(2.0, size=(20, len(GENES))).astype(np.float32), table, *paths)
    for source in (first, second, own):
        rows = {
            REGULATORS[number]: [GENES[i] for i in np.flatnonzero(labels)]
            for number, labels in enumerate(source.dense())
        }
        write_table(pairs(rows), tmp_path / f"{source.name}.tsv.gz")
    labels = own.dense()
    split = pd.DataFrame(
        [
            (name, gene, int(label))
            for name, row in zip(REGULATORS, labels, strict=True)
            for gene, label in zip(GENES, row, strict=True)
            if name != gene
        ],
        columns=["regulator", "target", "label"],
    )
    part = rng.choice(["train", "val", "test"], len(split), p=[0.6, 0.15, 0.25])
    write_split(split.assign(part=part), tmp_path / "split.tsv.gz")
    return tmp_path, [first.name, second.name], own.name


def _prepare(monkeypatch, data, kinds="all", kind="chip"):
    folder, names, own = data
    cards = {
        name: CARD | {"cell_type": cells, "kind": one}
        for name, cells, one in zip(names, ("K562", "A549"), ("chip", kind), strict=True)
    }
    output = SimpleNamespace(
        inputs=str(folder / f"{kinds}.npz"), dropped=str(folder / "dropped.tsv")
    )
    run(
        monkeypatch, "prepare_context", output=output,
        input=Files(
            genes=str(folder / "genes.tsv"), reference=str(folder / f"{own}.tsv.gz"),
            sources=[str(folder / f"{name}.tsv.gz") for name in names],
        ),
        params=SimpleNamespace(
            cards=cards, dataset={"organism": "human", "cell_type": "H9", "databases": []}
        ),
        wildcards=SimpleNamespace(kinds=kinds),
    )  # fmt: skip
    return read_inputs(output.inputs)


def test_tables_of_some_kinds_hold_the_sources_of_those_alone(monkeypatch, data):
    both = _prepare(monkeypatch, data, kind="motif")
    assert both.popularity.shape == (len(GENES), 3)
    chip = _prepare(monkeypatch, data, "chip", kind="motif")
    assert chip.popularity.shape == (len(GENES), 2)
    assert chip.rows == both.rows
    assert both.regulators == REGULATORS


def test_what_was_prepared_is_what_enters_the_training(monkeypatch, data):
    folder, *_ = data
    made = _prepare(monkeypatch, data)
    options = {
        "form": "full", "features": ["X"], "control": "none", "ensemble": 0, "device": "cpu",
    }  # fmt: skip
    scores = {}
    for name, given in (("with", {"elsewhere": str(folder / "all.npz")}), ("without", {})):
        (folder / name).mkdir()
        files = {key: str(folder / name / file) for key, file in OUTPUTS.items()}
        run(
            monkeypatch, "train_gtgrn", threads=1, output=SimpleNamespace(**files),
            input=Files(
                genes=str(folder / "genes.tsv"), split=str(folder / "split.tsv.gz"),
                X=str(folder / "X.npy"), **given,
            ),
            params=SimpleNamespace(options=options), wildcards=SimpleNamespace(seed="0"),
        )  # fmt: skip
        scores[name] = read_table(files["scores"])["score"]
        exposure = read_table(files["exposure"])
        entered = exposure[exposure["phase"] == "other contexts"].set_index("kind")["example"]
        expected = {part: digest for part, (_, digest) in made.record().items()}
        assert entered.to_dict() == (expected if given else {})
    assert not np.allclose(scores["with"], scores["without"])


def test_a_study_without_a_source_ends_in_one_line(monkeypatch):
    with pytest.raises(InputError, match="has a source"):
        run(
            monkeypatch, "collect_context_study",
            input=SimpleNamespace(metrics=[], comparisons=[]), output=SimpleNamespace(),
        )  # fmt: skip
