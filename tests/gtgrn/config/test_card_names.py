"""Keys that name data sets besides ``datasets``, when the run is narrowed on the command line.

Mechanism: Snakemake lays what is typed over the file, so that ``--config 'datasets=[mine]'`` meets
what the file says of its own data sets. The other keys that name data sets are found by the test
below in the schema: ``peers``, ``tuning``, ``paper`` and ``ablations`` with ``datasets``,
``third_party.*.dataset``, ``splits.sources`` (both sides).
"""

from __future__ import annotations

import pytest
from command_line_cases import BASE, plan_of, write_project
from gtgrn.config.card_names import CARD_LISTS
from gtgrn.errors import InputError
from schema_cases import nodes
from settings_cases import CONFIG

LISTS = [(section, "datasets") for section in CARD_LISTS]


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """A folder in which the cards that the configuration names are gone."""
    monkeypatch.chdir(tmp_path)
    write_project(tmp_path, "config/datasets/mine.yaml", "config/datasets/second.yaml")


def test_all_keys_that_name_data_sets_are_known_here():
    words = ("dataset", "datasets", "sources", "card", "cards")
    found = {steps for steps, _ in nodes(CONFIG) if steps and steps[-1] in words}
    others = {("datasets",), ("third_party", "any", "dataset"), ("splits", "sources")}
    # Sources of other contexts have cards of their own.
    assert found - {("context", "sources")} == {*LISTS, *others}


def naming(section: str, *names: str) -> dict:
    return {**BASE, section: {**BASE.get(section, {}), "datasets": list(names)}}


@pytest.mark.parametrize("section", CARD_LISTS)
def test_what_a_file_names_does_not_stop_a_run_of_another_card(section):
    assert list(plan_of("datasets=[mine]", base=naming(section, "gone")).listed) == ["mine"]
    later = {"datasets": ["mine"]}
    assert list(plan_of(base=naming(section, "gone"), later=later).listed) == ["mine"]


@pytest.mark.parametrize("section", CARD_LISTS)
def test_what_is_asked_for_is_checked(section):
    other = f"{section}={{datasets: [second]}}"
    with pytest.raises(InputError, match=f"'{section}.datasets': 'second' is not one of mine"):
        plan_of("datasets=[mine]", other)
    # The remedy: add it to datasets, or correct it.
    for entries in (["datasets=[mine,second]", other], ["datasets=[second]", other]):
        assert "second" in plan_of(*entries).listed
    with pytest.raises(InputError, match="'seconds' is not one of .*Did you mean 'second'?"):
        plan_of("datasets=[mine,second]", f"{section}={{datasets: seconds}}")
    # In the file that names the data sets, or behind it, a misspelt card is not a leftover.
    for base, later in (
        ({**naming(section, "mien"), "datasets": ["mine"]}, {}),
        (BASE, {"datasets": ["mine"], section: {"datasets": ["mien"]}}),
        ({**BASE, "datasets": ["mine"], "ablations": {}}, {section: {"datasets": ["mien"]}}),
    ):
        with pytest.raises(InputError, match=f"'{section}.datasets': 'mien' is not one of"):
            plan_of(base=base, later=later)


def test_a_file_may_name_a_card_that_is_there_and_does_not_run():
    base = {**naming("tuning", "second"), "datasets": ["mine"], "ablations": {}}
    assert plan_of(base=base).tuned == []


def test_a_target_of_ones_own_data_set_is_of_that_data_set():
    base = {**BASE, "tuning": {"datasets": ["gone"]}, "paper": {"datasets": ["gone"]}}
    made = plan_of("datasets=[mine]", base=base)
    assert made.tuned == made.studied == ["mine"]
    # Ablations are a part of the default run, and were asked of the other sets only.
    assert made.config["ablations"]["datasets"] == []
    assert plan_of("datasets=[mine]").studied == ["mine"]
    kept = plan_of("datasets=[mine, second]", base=naming("ablations", "second", "gone"))
    assert kept.config["ablations"]["datasets"] == kept.studied == ["second"]


def test_networks_of_others_for_other_data_sets(tmp_path):
    other = {"dataset": "gone", "path": "gone.tsv"}
    base = {**BASE, "third_party": {"scenic": other}}
    assert plan_of("datasets=[mine]", base=base).third_party("mine") == []
    (tmp_path / "net.tsv").write_text("regulator\ttarget\tweight\n")
    own = "third_party={own: {dataset: mine, path: net.tsv}}"
    assert plan_of("datasets=[mine]", own, base=base).third_party("mine") == ["own"]
    with pytest.raises(InputError, match="'third_party.own.dataset': 'mine' is not one of second"):
        plan_of("datasets=[second]", own, base=base)


def test_transfers_between_other_data_sets():
    splits = {"schemes": ["edges", "transfer"], "sources": {"gone": "lost"}}
    made = plan_of("datasets=[mine]", base={**BASE, "splits": splits})
    assert made.schemes == ["edges"]
    assert made.config["splits"]["sources"] == {}
    half = {"schemes": ["edges", "transfer"], "sources": {"mine": "second", "gone": "mine"}}
    made = plan_of("datasets=[mine,second]", base={**BASE, "splits": half})
    assert made.config["splits"]["sources"] == {"mine": "second"}
    assert made.schemes == ["edges", "transfer"]
    with pytest.raises(InputError, match="'splits.sources.mine': 'gone' is not one of second"):
        plan_of("datasets=[mine,second]", "splits={sources: {mine: gone}}")
    with pytest.raises(InputError, match="'splits.sources': is empty"):
        plan_of("datasets=[mine]", "splits={schemes: [edges, transfer]}", base=BASE)
