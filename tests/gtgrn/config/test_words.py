"""What is typed behind --config gives what is meant, or says what to type.

Mechanism: Snakemake makes numbers and truth values of whole entries only, and lists of brackets
only; all else arrives as text. Its other instances are the rows below: a single word, words with
blanks, commas or semicolons between them, quotes and parentheses, a number for a list of one, null
inside a section, other suffixes and cases of a card, a key without its section.
"""

from __future__ import annotations

import pytest
from command_line_cases import option_in, plan_of, write_project
from gtgrn.errors import LONGEST, InputError
from gtgrn.workflow.plan import Plan
from hypothesis import given
from hypothesis import strategies as st
from snakemake.cli import parse_config

NAMES = ["mine", "Liver_2", "b.v1", "short", "example"]


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    cards = [f"config/datasets/{name}.yaml" for name in NAMES if name != "short"]
    cards += ["config/datasets/short.yml", "my/card.yaml", "my/other.yml", "my own/card3.yaml"]
    write_project(tmp_path, *cards, "here.yml")


SPELLINGS = {
    "datasets=[mine]": ["mine"],
    "datasets=mine": ["mine"],
    "datasets='mine'": ["mine"],
    'datasets="mine"': ["mine"],
    "datasets=['mine']": ["mine"],
    "datasets=[mine,b.v1]": ["mine", "b.v1"],
    "datasets=[mine, b.v1]": ["mine", "b.v1"],
    "datasets=mine b.v1": ["mine", "b.v1"],
    "datasets=mine,b.v1": ["mine", "b.v1"],
    "datasets=mine, b.v1": ["mine", "b.v1"],
    "datasets=mine; b.v1": ["mine", "b.v1"],
    "datasets=[mine b.v1]": ["mine", "b.v1"],
    "datasets=('mine', 'b.v1')": ["mine", "b.v1"],
    "datasets=mine b.v1 Liver_2": ["mine", "b.v1", "Liver_2"],
    "datasets=Liver_2": ["Liver_2"],
    "datasets=short": ["short"],
    "datasets=short.yml": ["short"],
    "datasets=mine.yaml": ["mine"],
    "datasets=config/datasets/mine.yaml": ["mine"],
    "datasets=config/datasets/mine": ["mine"],
    "datasets=config/datasets/short": ["short"],
    "datasets=[./my/card.yaml]": ["card"],
    "datasets=./my/card.yaml": ["card"],
    "datasets=my/other.yml": ["other"],
    "datasets=my/other": ["other"],
    "datasets=~/my/other.yml": ["other"],
    "datasets=here.yml": ["here"],
    "datasets=my own/card3.yaml": ["card3"],
    "datasets=[my own/card3.yaml, mine]": ["card3", "mine"],
    "datasets=my/card.yaml my/other.yml mine": ["card", "other", "mine"],
}


@pytest.mark.parametrize("entry", SPELLINGS)
def test_a_spelling_that_works(project, entry):
    assert list(plan_of(entry).listed) == SPELLINGS[entry]


VALUES = [
    ("seeds=3", "seeds", [3]),
    ("seeds=[3]", "seeds", [3]),
    ("seeds=3 4", "seeds", [3, 4]),
    ("seeds=3,4", "seeds", [3, 4]),
    ("inference={methods: pearson}", ("inference", "methods"), ["pearson"]),
    ("inference={methods: pearson genie3}", ("inference", "methods"), ["pearson", "genie3"]),
    ("tuning={datasets: null}", ("tuning", "datasets"), None),
    ("tuning={datasets: example}", ("tuning", "datasets"), ["example"]),
    ("mirror=null", "mirror", None),
    ("mirror=None", "mirror", None),
    ("mirror=", "mirror", None),
    ("offline=false", "offline", False),
    ("offline=no", "offline", False),
    ("preprocess={n_top_genes: null}", ("preprocess", "n_top_genes"), None),
    ("preprocess={n_top_genes: 20}", ("preprocess", "n_top_genes"), 20),
    ("evaluation={negatives: N1 N3m}", ("evaluation", "negatives"), ["N1", "N3m"]),
    ("splits={schemes: 'edges, genes'}", ("splits", "schemes"), ["edges", "genes"]),
    ("tuning={models: gne, grids: {gne: {epochs: 3}}}", ("tuning", "grids", "gne", "epochs"), [3]),
    ("nulls=random", "nulls", ["random"]),
]


@pytest.mark.parametrize(("entry", "steps", "expected"), VALUES)
def test_values_are_what_they_would_be_in_a_file(project, entry, steps, expected):
    place = plan_of(entry).config
    for step in [steps] if isinstance(steps, str) else steps:
        place = place[step]
    assert place == expected


# What is typed: words of the line, and the data sets of the run after its remedy was followed.
REFUSED = {
    "dataset=my/other.yml": ("'dataset': unknown key. Did you mean 'datasets'?", ["other"]),
    "dataset=mine": ("unknown key", ["mine"]),
    "Datasets=[mine, short]": ("unknown key", ["mine", "short"]),
    "datasets=MINE": ("MINE.yaml: card not found. Did you mean 'mine'?", ["mine"]),
    "datasets=liver_2": ("Did you mean 'Liver_2'?", ["Liver_2"]),
    "datasets=mien": ("Did you mean 'mine'?", ["mine"]),
    "datasets=config/datasets/mine.yml": ("Did you mean 'mine'?", ["mine"]),
    "datasets={mine}": ("must be a list, not {'mine': ''}", ["mine"]),
    "datasets={mine, short}": ("must be a list", ["mine", "short"]),
    "bootstrap=7": ("bootstrap is a key of evaluation, annotation: write", ["example"]),
    "method=pearson": ("methods is a key of inference, peers: write", ["example"]),
    "Epochs=3": ("epochs is a key of bert, vae", ["example"]),
}


@pytest.mark.parametrize("entry", REFUSED)
def test_what_is_refused_says_what_to_type_and_that_works(project, entry):
    words, expected = REFUSED[entry]
    with pytest.raises(InputError) as caught:
        plan_of(entry)
    message = str(caught.value)
    assert words in message
    assert len(message) <= LONGEST
    assert list(follow(entry).listed) == expected


def follow(entry: str) -> Plan:
    """Return the plan after the remedy was followed."""
    with pytest.raises(InputError) as caught:
        plan_of(entry)
    return plan_of(*option_in(str(caught.value)))


# What is typed, the networks that are walked then, and those that are named as left aside.
WALKED = [
    (["inference={methods: [pearson]}"], ["pearson"], "genie3, grnboost2"),
    (["inference={methods: [clr, pearson, mrnet]}"], ["pearson"], "genie3, grnboost2"),
    (["inference={methods: [aracne]}"], ["aracne"], "genie3, grnboost2, pearson"),
    (["inference={methods: [clr, random]}"], ["clr", "random"], "pearson"),
    (["inference={methods: [clr]}", "walks={networks: [clr]}"], ["clr"], ""),
    (
        ["inference={methods: [genie3, grnboost2, pearson]}"],
        ["genie3", "grnboost2", "pearson"],
        "",
    ),
]


@pytest.mark.parametrize(("entries", "walked", "aside"), WALKED)
def test_networks_that_no_one_asked_to_walk_are_put_aside(project, caplog, entries, walked, aside):
    assert plan_of(*entries).config["walks"]["networks"] == walked
    said = [line for line in caplog.messages if line.startswith("walks.networks:")]
    assert [aside in line for line in said] == [True] * bool(aside)


def test_a_network_that_was_asked_to_be_walked_must_be_inferred(project):
    asked = ["inference={methods: [clr, pearson]}", "walks={networks: [genie3, clr]}"]
    with pytest.raises(InputError, match="'genie3' is not one of clr, pearson") as caught:
        plan_of(*asked)
    followed = plan_of(asked[0], *option_in(str(caught.value)))
    assert followed.config["walks"]["networks"] == ["clr"]


def test_a_card_under_both_suffixes_is_not_chosen_in_silence(project, tmp_path):
    write_project(tmp_path, "config/datasets/mine.yml")
    with pytest.raises(InputError, match="there is mine.yml as well") as caught:
        plan_of("datasets=mine")
    assert list(plan_of(*option_in(str(caught.value))).listed) == ["mine"]
    (tmp_path / "config/datasets/mine.yaml").unlink()
    assert list(plan_of("datasets=mine").listed) == ["mine"]


@pytest.mark.parametrize("entry", ["seeds=yes", "seeds=1.5", "seeds=2020-13-45", "offline=2"])
def test_words_of_another_kind_stay_wrong(project, entry):
    with pytest.raises(InputError, match="must be"):
        plan_of(entry)


@given(names=st.lists(st.sampled_from(["mine", "a-b", "X.1", "c_d"]), min_size=1, unique=True),
       between=st.sampled_from([" ", ",", ", ", ";", "  ", "\t", " , "]),
       around=st.sampled_from(["{}", "[{}]", "({})", '"{}"', " {} "]))  # fmt: skip
def test_words_in_any_dress_are_the_list(names, between, around):
    from gtgrn.config.words import read_texts

    text = around.format(between.join(names))
    value = parse_config([f"datasets={text}"])["datasets"]
    schema = {"type": "array", "items": {"type": "string"}}
    assert read_texts(value, schema, command_line=True) == names


def test_texts_of_cards_are_not_split():
    from gtgrn.config.words import read_texts

    schema = {"type": "array", "items": {"type": "string"}}
    assert read_texts(["a column", "b"], schema) == ["a column", "b"]
    assert read_texts("a column", schema) == "a column"
