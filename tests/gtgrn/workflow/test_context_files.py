from types import SimpleNamespace

import pytest
from gtgrn.config.locations import source_path
from gtgrn.names import CONTEXT_NULLS
from gtgrn.workflow.context import ContextFiles


def _plan(*, sources=None, nulls=("random", "label_svd_expression"), **cards):
    datasets = {
        name: {"organism": "human", "expression": {"format": "h5ad"}} | card
        for name, card in cards.items()
    }
    return SimpleNamespace(
        config={"context": {"sources": sources}, "nulls": list(nulls)},
        datasets=datasets,
        listed=datasets,
        cards=datasets,
        simulated={n: d for n, d in datasets.items() if "simulation" in d},
        supervised=[n for n, d in datasets.items() if "reference" in d or "simulation" in d],
        expressed=[n for n, d in datasets.items() if d["expression"]["format"] != "genes_only"],
        networks=["pearson"],
        groups={n: d for n, d in datasets.items() if "whole" in d},
    )


KNOWN = {"reference": {"path": "x", "source": "OmniPath of today"}}


def test_without_a_word_the_python_index_serves_cells_without_known_edges():
    plan = _plan(
        counts={}, known=KNOWN, fly={"organism": "fly"}, mouse={"organism": "mouse"},
        simulated={"simulation": {}},
    )  # fmt: skip
    context = ContextFiles(plan)
    assert context.ranked == ["counts", "mouse"]
    assert context.judged == []
    assert context.sources("counts") == ["encode", "collectri"]


def test_an_organism_that_no_card_states_asks_for_nothing():
    unsaid = {"unsaid": ["organism", "regulators"]}
    assert ContextFiles(_plan(counts=unsaid)).ranked == []
    named = ContextFiles(_plan(sources=["encode"], counts=unsaid))
    assert named.ranked == ["counts"]


def test_what_nobody_named_is_only_tried(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wildcards = SimpleNamespace(dataset="counts", source="encode")
    tried = ContextFiles(_plan(counts={}))
    assert tried.tables(wildcards)[0].endswith("sources/tried/encode.tsv.gz")
    assert tried.at_hand(wildcards) == []
    fetched = tmp_path / source_path("encode")
    fetched.parent.mkdir(parents=True)
    fetched.touch()
    assert tried.at_hand(wildcards) == [source_path("encode")]
    fetched.unlink()
    # Where one data set cannot do without it, the other takes the same table.
    own = {"context": {"sources": ["encode"]}}
    both = ContextFiles(_plan(counts={}, other=own))
    assert both.at_hand(wildcards) == [source_path("encode")]
    wildcards.dataset = "other"
    assert both.tables(wildcards) == [source_path("encode")]


@pytest.mark.parametrize("place", ["configuration", "card"])
def test_no_source_gives_the_consensus_and_named_ones_are_taken(place):
    for asked, ranked in (([], []), (["encode"], ["counts"])):
        if place == "configuration":
            context = ContextFiles(_plan(sources=asked, counts={}, known=KNOWN))
        else:
            own = {"context": {"sources": asked}}
            context = ContextFiles(_plan(sources=["trrust"], counts=own, known=KNOWN | own))
        assert context.ranked == ranked
        assert context.judged == (["known"] if asked else [])
        wildcards = SimpleNamespace(dataset="counts", split="edges", seed=0)
        assert set(context.ranking(wildcards)) == (
            {"context", "context_summary"} if asked else set()
        )
        assert context.nulls("known")[2:] == (CONTEXT_NULLS if asked else [])


def test_a_simulation_has_no_other_contexts():
    assert ContextFiles(_plan(sources=["encode"], one={"simulation": {}})).judged == []


def test_a_group_of_cells_has_no_other_contexts():
    assert ContextFiles(_plan(sources=["encode"], one={"whole": "all"})).ranked == []


def test_the_null_that_reads_expression_is_left_out_where_there_is_none():
    bare = KNOWN | {"expression": {"format": "genes_only"}}
    context = ContextFiles(_plan(sources=[], bare=bare, known=KNOWN))
    assert context.nulls("bare") == ["random"]
    assert context.nulls("known") == ["random", "label_svd_expression"]
    assert context.label_nulls == ["random"]


def test_what_a_data_set_must_not_use_is_told_by_its_card():
    card = KNOWN | {"context": {"cell_type": "hESC"}}
    about = ContextFiles(_plan(sources=["encode"], known=card)).about("known")
    assert about == {
        "organism": "human", "cell_type": "hESC", "databases": ["OmniPath of today"],
    }  # fmt: skip
