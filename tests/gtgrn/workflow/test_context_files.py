from types import SimpleNamespace

import pytest
from gtgrn.config.locations import source_path
from gtgrn.names import CONTEXT_FEATURES_NULL, CONTEXT_NULLS
from gtgrn.workflow.context import ALL_KINDS, ContextFiles


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
        more = [*CONTEXT_NULLS, CONTEXT_FEATURES_NULL]
        assert context.nulls("known")[2:] == (more if asked else [])


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


def test_the_learner_with_features_of_other_contexts_reads_what_there_is():
    bare = KNOWN | {"expression": {"format": "genes_only"}}
    context = ContextFiles(_plan(sources=["encode"], bare=bare, known=KNOWN))
    assert CONTEXT_FEATURES_NULL in context.nulls("bare")
    assert set(context.gene_features(SimpleNamespace(dataset="bare"))) == {"elsewhere"}
    assert set(context.gene_features(SimpleNamespace(dataset="known"))) == {"matrix", "elsewhere"}
    without = _plan(sources=["encode"], nulls=["random"], known=KNOWN)
    assert ContextFiles(without).nulls("known") == ["random", *CONTEXT_NULLS]


def test_what_a_data_set_must_not_use_is_told_by_its_card():
    card = KNOWN | {"context": {"cell_type": "hESC"}}
    about = ContextFiles(_plan(sources=["encode"], known=card)).about("known")
    assert about == {
        "organism": "human", "cell_type": "hESC", "databases": ["OmniPath of today"],
    }  # fmt: skip


class _Variants(SimpleNamespace):
    """A plan with variants of the form full, each with what it differs in."""

    def variant_options(self, name):
        base = {"form": "full", "context": ["T"], "context_kinds": list(ALL_KINDS)}
        return base | self.variants[name]

    def evaluated(self, dataset):
        return [("gtgrn", name) for name in self.variants] + [("gne", "published")]

    def schemes_of(self, dataset):
        return ["edges", "tfs"]


def _with_variants():
    plan = _plan(sources=["encode"], known=KNOWN, bare=KNOWN | {"context": {"sources": []}})
    plan.config["context"] |= {
        "without": "off", "ablation": ["few"], "curve": ["edges_10", "edges"],
    }  # fmt: skip
    plan.config["network"] = {"variant": "full"}
    variants = {
        "full": {}, "again": {}, "off": {"context": []}, "paper": {"form": "paper"},
        "few": {"context_kinds": ["motif", "chip"]},
    }  # fmt: skip
    return ContextFiles(_Variants(**vars(plan), variants=variants, seeds=[0, 1]))


def test_a_variant_reads_the_tables_of_its_kinds_where_there_are_sources():
    context = _with_variants()
    folder = "<results>/known/context/inputs"
    read = {name: context.read_by("known", name) for name in context.plan.variants}
    assert read == {
        "full": f"{folder}/all.npz", "again": f"{folder}/all.npz", "off": None, "paper": None,
        "few": f"{folder}/chip-motif.npz",
    }  # fmt: skip
    assert context.elsewhere(SimpleNamespace(dataset="bare", variant="full")) == {}
    asked = SimpleNamespace(dataset="known", variant="full")
    assert context.elsewhere(asked) == {"elsewhere": f"{folder}/all.npz"}
    files = context.audited(SimpleNamespace(dataset="known"))
    assert files == [f"{folder}/all.npz", f"{folder}/chip-motif.npz"]
    assert context.places("known") == [0, 0, None, None, 1, None]


def test_the_studies_take_the_sets_with_sources_and_their_splits():
    context = _with_variants()
    assert context.study_models("curve") == [("gtgrn", "full"), ("gtgrn", "off")]
    rows = [("gtgrn", name) for name in ("full", "off", "few")]
    assert context.study_models("ablation") == rows
    assert {run[:2] for run in context.study_runs("curve")} == {
        ("known", "edges_10"), ("known", "edges"),
    }  # fmt: skip
    assert len(context.study_runs("ablation")) == 4
    tables = context.study_tables("metrics")(SimpleNamespace(study="curve"))
    assert tables[0] == "<results>/known/context/curve/edges_10/seed0.metrics.tsv"
    assert context.study_rivals("curve") == {
        "all of it": [("gtgrn", "full")], "no other context": [("gtgrn", "off")],
    }  # fmt: skip


def test_sources_of_the_configuration_are_for_organisms_that_they_name():
    insilico = {"organism": "in silico", **KNOWN}
    context = ContextFiles(_plan(sources=["encode"], dream=insilico, known=KNOWN))
    assert context.judged == ["known"]
    named = insilico | {"context": {"sources": ["encode"]}}
    assert ContextFiles(_plan(sources=[], dream=named)).judged == ["dream"]


def test_the_benchmark_without_labels_takes_what_has_expression_or_sources():
    bare = KNOWN | {"expression": {"format": "genes_only"}}
    response = {"reference": {"path": "x", "truth": "perturbation"}}
    context = ContextFiles(
        _plan(sources=[], bare=bare, known=KNOWN, lofgof=response, sim={"simulation": {}}, own={})
    )
    assert context.unlabelled == ["known", "lofgof", "sim"]
    assert [context.truth(name) for name in context.unlabelled] == [
        "",
        "perturbation",
        "simulation",
    ]
    sourced = bare | {"context": {"sources": ["encode"]}}
    assert ContextFiles(_plan(sources=[], bare=sourced)).unlabelled == ["bare"]
