"""The plan of a run and the files that rules ask of it, without Snakemake."""

from __future__ import annotations

import copy
import re
from types import SimpleNamespace

import pytest
import yaml
from gtgrn.errors import InputError
from gtgrn.workflow.files import Files
from gtgrn.workflow.plan import make_plan
from gtgrn.workflow.studies import StudyFiles

TABLE = {"format": "table", "path": "counts.csv", "orientation": "cells_by_genes"}
CARDS = {
    "labelled": {"expression": TABLE, "reference": {"path": "edges.tsv"}},
    "typed": {
        "expression": {**TABLE, "markers": "markers.tsv"},
        "reference": {"path": "edges.tsv"},
        "preprocess": {"magic": True},
    },
    "unlabelled": {"expression": TABLE},
    "structure": {
        "expression": {"format": "genes_only", "path": "edges.tsv", "column": "regulator"},
        "reference": {"path": "edges.tsv"},
    },
}


@pytest.fixture
def cards(tmp_path, monkeypatch):
    """Cards and the files that they name, in the working directory."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "config/datasets"
    folder.mkdir(parents=True)
    for name, card in CARDS.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"title": name, **card}))
    (tmp_path / "counts.csv").write_text(",A,B\nc1,1,2\n")
    (tmp_path / "edges.tsv").write_text("regulator\ttarget\nA\tB\n")
    (tmp_path / "markers.tsv").write_text("cell_type\tgene\nT\tA\n")
    return folder


def plan(*names, **sections):
    return make_plan({"datasets": list(names or CARDS), **copy.deepcopy(sections)})


def job(**wildcards):
    return SimpleNamespace(**wildcards)


@pytest.mark.parametrize(
    ("said", "settings", "genes"),
    [
        ({}, {}, (1000, ["markers"])),
        ({}, {"preprocess": {"n_top_genes": 300}}, (300, [])),
        ({"preprocess": {"n_top_genes": None}}, {}, (None, [])),
        ({"preprocess": {"also": ["reference"]}}, {}, (1000, ["reference"])),
        ({"regulators": {"list": "shipped"}}, {}, (1000, ["markers"])),
        ({"regulators": {"list": "all"}}, {}, (1000, ["markers"])),
        ({"reference": {"path": "edges.tsv"}}, {}, (1000, ["markers"])),
        ({"preprocess": {"significance": {}}}, {}, (None, [])),
    ],
)
def test_a_card_that_names_no_number_of_genes_gets_one(cards, said, settings, genes):
    card = {"title": "bare", "organism": "human", "expression": TABLE, **said}
    (cards / "bare.yaml").write_text(yaml.safe_dump(card))
    found = plan("bare", **settings).preprocess("bare")
    assert (found["n_top_genes"], found["also"]) == genes


def test_seeds_that_nobody_names_are_five_for_a_card_of_ones_own(cards):
    assert plan("labelled").seeds == [0, 1, 2, 3, 4]
    assert plan("labelled", seeds=[7]).seeds == [7]
    assert plan("pbmc68k_reduced", "hsc_boolean").seeds == [0, 1]
    assert plan("pbmc68k_reduced", "labelled").seeds == [0, 1, 2, 3, 4]


def test_the_final_network_is_made_on_edges_where_the_run_has_it(cards):
    files = Files(plan(splits={"schemes": ["genes", "edges"]}, seeds=[0]))
    scores = files.final_network(job(dataset="labelled"))["scores"]
    assert all("/edges/seed" in path for path in scores)
    other = Files(plan(splits={"schemes": ["genes", "tfs"]}, seeds=[0]))
    assert all(
        "/genes/" in path for path in other.final_network(job(dataset="labelled"))["scores"]
    )


def test_gatv2_takes_data_sets_of_the_run_instead_of_simulations(cards):
    assert StudyFiles(plan()).gatv2 == ["hsc"]
    studies = StudyFiles(plan(gatv2={"expression": {"two": ["labelled", "typed"]}}))
    assert studies.gatv2 == ["two"]
    files = studies.measured_sets("matrix.npy")(job(boolean="two"))
    assert files == ["<results>/labelled/matrix.npy", "<results>/typed/matrix.npy"]
    with pytest.raises(InputError, match=r"gatv2\.expression\.two"):
        plan(gatv2={"expression": {"two": ["labelld"]}})


def test_data_sets_by_what_they_have(cards):
    made = plan()
    assert made.supervised == ["labelled", "typed", "structure"]
    assert made.expressed == ["labelled", "typed", "unlabelled"]
    assert made.judged == ["labelled", "typed"]
    assert made.typed == ["typed"]
    assert made.fetched == []


def test_what_needs_expression_is_not_asked_where_there_is_none(cards):
    variants = {"paper": {}, "P": {"features": ["P"]}, "full": {"form": "full"}}
    made = plan(variants=variants, peers={"methods": ["gne"]})
    assert made.own_variants("structure") == ["P"]
    assert made.peers_of("structure") == []
    assert made.peers_of("labelled") == [("gne", form) for form in made.forms]
    files = Files(made)
    assert files.judged_networks(job(dataset="structure")) == []
    assert files.audited(job(dataset="structure")) == {}
    assert "networks" in files.audited(job(dataset="labelled"))


def test_a_data_set_without_known_edges_asks_for_no_model(cards):
    made = plan("unlabelled")
    files = Files(made)
    assert made.supervised == made.judged == made.link_prediction == []
    assert files.final_network(job(dataset="unlabelled")) == {}
    assert files.known_edges(job(dataset="unlabelled")) == {}
    assert files.audits() == files.evaluated_tables("metrics") == []
    assert files.all_scores(made.evaluated) == []


def test_scores_are_listed_seed_by_seed(cards):
    made = plan("labelled", seeds=[3, 5], peers={"methods": []})
    network = Files(made).final_network(job(dataset="labelled"))
    assert [re.search(r"seed(\d)", path)[1] for path in network["scores"]] == ["3", "5"]
    assert network["reference"] == "<results>/labelled/reference.tsv"


def test_a_transfer_is_only_of_data_sets_with_a_source(cards):
    splits = {"schemes": ["edges", "transfer"], "sources": {"typed": "labelled"}}
    made = plan("labelled", "typed", splits=splits)
    assert made.schemes_of("labelled") == ["edges"]
    assert made.schemes_of("typed") == ["edges", "transfer"]
    source = Files(made).split(job(dataset="typed", split="transfer"))
    assert source["source"] == "<results>/labelled/reference.tsv"
    paths = Files(made).expand_splits("{dataset}/{split}/{seed}")
    assert len(paths) == 3 * len(made.seeds)


def test_ablations_are_of_the_cards_that_they_name(cards):
    made = plan(
        "labelled", "typed",
        variants={"paper": {}, "full": {"form": "full"}, "E": {"features": ["E"]}},
        ablations={"datasets": ["labelled"], "variants": ["E"]},
    )  # fmt: skip
    assert made.trained_variants("labelled") == [*made.own_variants("labelled"), "E"]
    assert made.trained_variants("typed") == made.own_variants("typed")


def test_the_own_keys_of_a_card_win(cards):
    made = plan(preprocess={"magic": False, "min_genes_per_cell": 7})
    assert made.preprocess("labelled")["magic"] is False
    assert made.preprocess("typed") == {**made.preprocess("labelled"), "magic": True}


def test_imputation_turned_round_is_in_no_list_but_that_of_all(cards):
    made = plan(
        "labelled", ablations={"datasets": ["labelled"], "variants": []},
        paper={"imputation": "PGE"},
    )  # fmt: skip
    assert list(made.imputed) == ["labelled-magic_on"]
    assert list(made.listed) == made.judged == ["labelled"]
    assert set(made.datasets) == {"labelled", "labelled-magic_on"}


def test_peers_together_or_each_alone(cards):
    assert plan("labelled", peers={"together": True}).joint_peers == ["labelled"]
    assert plan("labelled", peers={"together": True}).single_peers == []
    assert plan("labelled", peers={"together": False}).single_peers == ["labelled"]
    assert plan("labelled", peers={"datasets": ["typed"]}).peers_of("labelled") == []


def test_the_pages_ask_for_what_their_sections_show(cards):
    studies = StudyFiles(plan("labelled", report={"studies": ["regulators"]}))
    shown = studies.of_page(job(page="report"))
    assert "<results>/labelled/regulators/ranking.tsv" in shown
    assert all(path.startswith("<results>/") for path in shown)
    assert set(shown) < set(studies.of_page(job(page="paper")))


def test_table_6_says_which_variant_it_lacks(cards):
    studies = StudyFiles(plan("labelled", variants={"paper": {}, "full": {"form": "full"}}))
    with pytest.raises(InputError, match=r"features P alone.*P: \{features: \[P\]\}"):
        studies.ablation_rows("labelled")


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"datasets": ["labeled"]}, "Did you mean 'labelled'"),
        ({"inference": {"options": {"pearson": {"n_estimatorz": 5}}}}, "n_estimatorz"),
        ({"report": {"studies": ["regulator"]}}, "Did you mean 'regulators'"),
        ({"splits": {"schemes": ["transfer"]}}, "splits.sources"),
    ],
)
def test_what_is_wrong_is_one_line(cards, sections, message):
    with pytest.raises(InputError, match=message) as caught:
        make_plan({"datasets": ["labelled"], **sections})
    assert "\n" not in str(caught.value)
