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
    walks = "walks={networks: pearson}"
    place = plan_of(entry, *([walks] if entry.startswith("inference") else [])).config
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
    "inference={methods: pearson}": (
        "'walks.networks': 'genie3' is not one of pearson",
        ["example"],
    ),
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
    """Return the plan after the remedies were followed: a key of two may need the other."""
    typed: list[str] = []
    for _ in range(2):
        try:
            return plan_of(*(typed or [entry]))
        except InputError as error:
            # A remedy replaces what it corrects, and is typed beside what it completes.
            kept = typed or ([entry] if "walks.networks" in str(error) else [])
            typed = [*kept, *option_in(str(error))]
    return plan_of(*typed)


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
