"""The scripts that fetch sources and rank by them, where a source cannot be had."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from context_cases import GENES, pairs
from gtgrn.errors import InputError
from gtgrn.tables import read_table, write_table

SCRIPTS = Path(__file__).parents[3] / "scripts"
CARD = {"organism": "human", "kind": "chip", "whole": True, "databases": [], "licence": "free"}


class Files(list):
    """Files of a rule, by number and by name."""

    def __init__(self, **names):
        super().__init__(path for path in names.values() if isinstance(path, str))
        self.names = names

    def __getattr__(self, name):
        return self.names[name]

    def items(self):
        return self.names.items()


def run(monkeypatch, script, **parts):
    monkeypatch.setattr("gtgrn.jobs.start_job", lambda snakemake: None)
    runpy.run_path(str(SCRIPTS / f"{script}.py"), {"snakemake": SimpleNamespace(**parts)})


def _try(monkeypatch, tmp_path, given=()):
    run(
        monkeypatch, "try_source", input=list(given), output=[str(tmp_path / "tried.tsv.gz")],
        params=SimpleNamespace(card=CARD), wildcards=SimpleNamespace(source="one"),
        config={"mirror": None, "offline": True},
    )  # fmt: skip
    return read_table(tmp_path / "tried.tsv.gz", ["regulator", "target"])


def test_a_source_that_nobody_named_is_empty_where_it_cannot_be_had(monkeypatch, tmp_path):
    def nothing(*args, **options):
        assert options["retries"] == 1
        raise InputError("no index")

    monkeypatch.setattr("gtgrn.data.source_files.obtain_source", nothing)
    assert _try(monkeypatch, tmp_path).empty
    table = pairs({"A": ["B"]})
    write_table(table, tmp_path / "fetched.tsv.gz")
    # What was fetched for another data set is taken as it is.
    pd.testing.assert_frame_equal(
        _try(monkeypatch, tmp_path, [tmp_path / "fetched.tsv.gz"]), table
    )
    monkeypatch.setattr("gtgrn.data.source_files.obtain_source", lambda *a, **o: "file")
    monkeypatch.setattr("gtgrn.data.source_files.read_source", lambda card, path: table)
    pd.testing.assert_frame_equal(_try(monkeypatch, tmp_path), table)


@pytest.mark.parametrize("missing", [["one"], ["one", "two"], []])
def test_a_ranking_says_in_one_line_which_sources_it_lacks(monkeypatch, tmp_path, capfd, missing):
    genes = pd.DataFrame({"gene": GENES, "is_regulator": [name < "G012" for name in GENES]})
    write_table(genes, tmp_path / "genes.tsv")
    rows = {f"G{number:03d}": GENES[number : number + 60 : 2] for number in range(12)}
    tables = {name: str(tmp_path / f"{name}.tsv.gz") for name in ("one", "two")}
    for name, path in tables.items():
        table = pairs(rows if name not in missing else {})
        write_table(table, path)
    output = {
        name: str(tmp_path / name) for name in ("ranking.tsv.gz", "summary.json", "dropped.tsv")
    }
    given = Files(genes=str(tmp_path / "genes.tsv"), sources=list(tables.values()))
    cards = {
        name: CARD | {"cell_type": cells}
        for name, cells in zip(tables, ("K562", "A549"), strict=True)
    }
    run(
        monkeypatch, "rank_by_context", input=given,
        output=SimpleNamespace(**{name.split(".")[0]: path for name, path in output.items()}),
        params=SimpleNamespace(
            cards=cards, dataset={"organism": "human", "cell_type": "A549", "databases": []}
        ),
        wildcards=SimpleNamespace(dataset="mine"),
    )  # fmt: skip
    said = [line for line in capfd.readouterr().err.splitlines() if "WARNING: mine" in line]
    assert len(said) == bool(missing)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["unavailable"] == missing
    assert summary["ranked_regulators"] == (0 if "one" in missing else 12)
    # A549 is the data set's own kind of cells.
    own = [] if "two" in missing else ["own cell type: A549 is A549"]
    assert [one["reason"] for one in summary["dropped"]] == own
    assert all(name in said[0] and "snakemake sources" in said[0] for name in missing)
