import pytest
import yaml
from gtgrn.config.cards import load_cards
from gtgrn.config.source_cards import WHEEL_SOURCES, list_sources, load_sources
from gtgrn.errors import InputError

CARD = {
    "title": "one",
    "organism": "human",
    "kind": "chip",
    "cell_type": "K562",
    "licence": "free",
    "citation": "somebody",
    "file": {"path": "one.tsv"},
    "table": {"format": "table"},
}
WHEEL = {
    "wheel": "one",
    "version": "1.0",
    "checksum": "sha256:" + "0" * 64,
    "member": "data/one.tsv",
}


def _load(folder, **changes):
    card = {key: value for key, value in (CARD | changes).items() if value is not None}
    (folder / "one.yaml").write_text(yaml.safe_dump(card))
    return load_sources(["one"], folder)["one"]


def test_all_shipped_cards_hold_to_the_schema():
    cards = load_sources(list_sources())
    assert set(WHEEL_SOURCES) <= set(cards)
    assert {"omnipath", "beeline_hesc", "dorothea", "trrust", "celloracle_mouse"} <= set(cards)
    assert {card["kind"] for card in cards.values()} == {
        *["chip", "motif", "curated", "association", "perturbation"]
    }
    # What a newcomer's run fetches is held against a checksum.
    assert all(cards[name]["file"].keys() >= WHEEL.keys() for name in WHEEL_SOURCES)


def test_defaults_are_filled_in(tmp_path):
    card = _load(tmp_path)
    assert card["whole"] is True
    assert card["table"]["regulator"] == "regulator"
    assert _load(tmp_path, file=WHEEL)["file"] == WHEEL


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "chipseq"}, "kind"),
        ({"colour": "red"}, "colour"),
        ({"licence": None}, "licence"),
        ({"file": {}}, "file"),
        ({"file": {"path": "x", "url": "https://example.org/x"}}, "file"),
        ({"file": {"path": "x", "version": "1"}}, "file.version"),
        ({"file": {key: WHEEL[key] for key in ("wheel", "version")}}, "file.checksum"),
        ({"file": WHEEL | {"checksum": "sha256:1"}}, "file.checksum"),
        ({"file": {"url": "ftp://example.org/x"}}, "file.url"),
        ({"cell_type": None}, "cell_type"),
        ({"table": {"format": "table", "cell_type": "cells"}}, "cell_type"),
        ({"table": {"format": "sets"}}, "cell_type"),
        ({"table": {"format": "xlsx"}}, "table.format"),
    ],
)
def test_a_wrong_card_is_refused_by_its_field(tmp_path, changes, field):
    with pytest.raises(InputError) as error:
        _load(tmp_path, **changes)
    assert field in str(error.value)
    assert len(str(error.value)) <= 300


def test_an_unknown_source_is_named_with_the_nearest(tmp_path):
    _load(tmp_path)
    with pytest.raises(InputError, match="Did you mean 'one'"):
        load_sources(["onne"], tmp_path)


@pytest.mark.parametrize("organism", ["human", "mouse"])
@pytest.mark.parametrize("prior", ["collectri", "trrust", "omnipath"])
def test_priors_need_no_mirror(tmp_path, prior, organism):
    (tmp_path / "counts.tsv").write_text("x")
    card = {
        "title": "mine",
        "organism": organism,
        "expression": {
            "format": "table",
            "path": str(tmp_path / "counts.tsv"),
            "orientation": "genes_by_cells",
            "values": "counts",
        },
        "reference": {"prior": prior},
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(card))
    reference = load_cards(tmp_path / "mine.yaml")["mine"]["reference"]
    assert reference["path"] == f"resources/downloads/sources/{prior}.tsv.gz"
    assert reference.get("translate") == (["orthologs"] if organism == "mouse" else None)
    assert prior in list_sources()


def test_a_prior_of_the_mirror_is_taken_from_it(tmp_path):
    path = tmp_path / "mirror" / "tf_target" / "trrust_rawdata.human.tsv"
    path.parent.mkdir(parents=True)
    path.write_text("A\tB\tActivation\t1\n")
    (tmp_path / "genes.txt").write_text("x")
    card = {
        "title": "mine",
        "expression": {
            "format": "table",
            "path": str(tmp_path / "genes.txt"),
            "orientation": "genes_by_cells",
            "values": "counts",
        },
    }
    for prior, there in (("trrust", str(path)), ("collectri", "resources/downloads/sources")):
        card["reference"] = {"prior": prior}
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump(card))
        found = load_cards(tmp_path / "mine.yaml", mirror=str(tmp_path / "mirror"))["mine"]
        assert found["reference"]["path"].startswith(there)
