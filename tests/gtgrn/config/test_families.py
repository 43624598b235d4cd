"""Families of cards: what they expand to, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from gtgrn.config.cards import load_cards
from gtgrn.config.families import find_families, read_family
from gtgrn.errors import InputError

FOLDER = Path(__file__).parents[3] / "config" / "datasets"
FAMILY = """
name: "{set}_{genes}{network}"
axes:
  set:
    one: {called: One, title: "{set.called}, {genes} genes"}
    two: {called: Two, title: two, card: {regulators: {list: all}}}
  genes: {5: {}, 10: {}}
  network:
    "": {}
    _other: {only: {set: [two]}, without: [reference]}
card:
  title: "{set.title}"
  reference: {path: "{set.called}.tsv"}
  preprocess: {n_top_genes: "{genes}", magic: false}
  labels: [x, "{set}"]
"""


@pytest.fixture
def family(tmp_path):
    path = tmp_path / "toy.family.yaml"
    path.write_text(FAMILY)
    return path


# What is written for what: a part of FAMILY, words of the message. Each would otherwise end in a
# traceback, or in more cards or text than memory holds.
HOSTILE = [
    ("  genes: {5: {}, 10: {}}",
     "".join(f"  a{i}: {{{', '.join(f'{k}: {{}}' for k in range(10))}}}\n" for i in range(30)),
     "combinations of the axes are too many"),
    ('title: "{set.called}, {genes} genes"', 'title: "{set.title}"', "over and over"),
    ('title: "{set.called}, {genes} genes"', 'title: "{set.title}{set.title}"', "over and over"),
    ('title: "{set.called}, {genes} genes"', f'title: "{"{set.more}" * 800}", more: {"x" * 99}',
     "a text of 79,200 characters"),
    ("one: {called: One", "one: [called]\n    three: {called: One", "an entry has fields"),
    ("only: {set: [two]}", "only: [two]", "an entry has fields"),
    ("only: {set: [two]}", "only: {set: two}", "an entry has fields"),
    ("without: [reference]", "without: reference", "an entry has fields"),
    ("card: {regulators: {list: all}}", "card: all", "an entry has fields"),
    ("card:\n  title", "card: []\nmore:\n  title", "has the keys"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), HOSTILE)
def test_a_family_that_does_not_end_is_refused(tmp_path, old, new, words):
    assert old in FAMILY
    path = tmp_path / "toy.family.yml"
    path.write_text(FAMILY.replace(old, new, 1))
    with pytest.raises(InputError, match=words) as caught:
        read_family(path)
    assert caught.value.remedy


def test_a_family_gives_a_card_for_each_combination(family):
    cards = read_family(family)
    assert list(cards) == ["one_5", "one_10", "two_5", "two_5_other", "two_10", "two_10_other"]
    assert cards["one_10"] == {
        "title": "One, 10 genes",
        "reference": {"path": "One.tsv"},
        "preprocess": {"n_top_genes": 10, "magic": False},
        "labels": ["x", "one"],
    }
    assert cards["two_5"]["regulators"] == {"list": "all"}
    assert "regulators" not in cards["one_5"]
    assert "reference" in cards["two_5"]
    assert "reference" not in cards["two_5_other"]
    # A caller may change a card without changing the next caller's.
    cards["two_5"]["preprocess"]["magic"] = True
    assert read_family(family)["two_5"]["preprocess"]["magic"] is False


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("name:", "names:", "a family has the keys axes, card, name"),
        ("{set.title}", "{set.colour}", "'{set.colour}' is no axis and no field"),
        ("{set.title}", "{cell}", "'{cell}' is no axis and no field"),
        ("{set}_{genes}{network}", "{set}{network}", "two combinations are called 'one'"),
        ("genes: {5: {}, 10: {}}", "genes: [5, 10]", "axes are mappings of keys to fields"),
        ("axes:", "axes: [", "not YAML"),
    ],
)
def test_what_is_wrong_with_a_family_is_said(family, old, new, problem):
    family.write_text(FAMILY.replace(old, new))
    with pytest.raises(InputError, match="toy.family.yaml") as caught:
        read_family(family)
    assert problem in str(caught.value)


def test_two_cards_of_one_name_are_refused(family):
    family.with_name("more.family.yaml").write_text(FAMILY)
    with pytest.raises(InputError, match="another card called 'one_5'"):
        find_families(family.parent)
    family.with_name("more.family.yaml").unlink()
    family.with_name("one_5.yaml").write_text("title: x\n")
    with pytest.raises(InputError, match="another card called 'one_5'"):
        load_cards(family.parent)


def test_a_card_of_a_family_is_loaded_by_its_name_and_by_its_path():
    by_name = load_cards(FOLDER, ["beeline_mesc_500_lofgof"])
    by_path = load_cards([FOLDER / "beeline_mesc_500_lofgof.yaml"])
    assert by_name == by_path == load_cards(FOLDER / "beeline_mesc_500_lofgof.yaml")
    card = by_name["beeline_mesc_500_lofgof"]
    assert card["reference"]["path"].endswith("Networks/mouse/mESC-lofgof-network.csv")
    assert card["preprocess"]["n_top_genes"] == 500


def test_a_family_is_no_card_itself():
    with pytest.raises(InputError, match="not a card.*such as dream4_100_1_ko"):
        load_cards([FOLDER / "dream4.family.yaml"])


@pytest.mark.parametrize("given", ["beeline_mesc_50", "hesc_5000"])
def test_a_wrong_name_is_told_from_the_cards_of_families(given):
    with pytest.raises(InputError, match="Did you mean"):
        load_cards(FOLDER, [given])
    with pytest.raises(InputError, match="Did you mean"):
        load_cards([FOLDER / f"{given}.yaml"])


def test_the_families_of_the_folder_give_what_their_names_say():
    families = find_families(FOLDER)
    counts = {path.name: list(families.values()).count(path) for path in set(families.values())}
    assert counts == {
        "beeline.family.yaml": 44,
        "dream4.family.yaml": 6,
        "genelink.family.yaml": 23,
        "hsc_beeline.family.yaml": 3,
    }
    for name, path in families.items():
        card = read_family(path)[name]
        assert "{" not in yaml.safe_dump(card, default_flow_style=False)
