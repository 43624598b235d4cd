from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from gtgrn.config.cards import (
    MARKED,
    SCHEMA,
    card_files,
    cell_type_column,
    expand_card,
    expression_files,
    load_cards,
    split_files,
)
from gtgrn.errors import InputError
from jsonschema import Draft202012Validator
from schema_cases import bad_documents, nodes

ROOT = Path(__file__).parents[3]
DATASET = yaml.safe_load(SCHEMA.read_text())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder for cards, in a working directory with one matrix."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "matrix.csv").write_text("x")
    (tmp_path / "model.yaml").write_text("x")
    (tmp_path / "cards").mkdir()
    return tmp_path / "cards"


def table_card(**changes) -> dict:
    expression = {
        "format": "table",
        "path": "matrix.csv",
        "orientation": "genes_by_cells",
        "values": "counts",
    }
    return {"title": "Mine", "expression": expression} | changes


def simulation_card(**changes) -> dict:
    simulation = {"model": "model.yaml", "t_max": 8, "dropout": [0, 50], "replicates": 2}
    return {
        "title": "Simulated",
        "expression": {"format": "simulation"},
        "simulation": simulation | changes,
    }


def write(folder: Path, card, name: str = "mine") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(card if isinstance(card, str) else yaml.safe_dump(card))
    return path


def refuse(*words: str, folder_or_paths, **arguments) -> str:
    """Check that loading ends with one line that holds the words; give that line."""
    with pytest.raises(InputError) as caught:
        load_cards(folder_or_paths, **arguments)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.remedy
    for word in words:
        assert word in message
    return message


def test_schema_is_valid_and_describes_and_closes_everything():
    Draft202012Validator.check_schema(DATASET)
    for steps, schema in nodes(DATASET):
        assert schema.get("description"), steps
        if "properties" in schema:
            assert schema["additionalProperties"] is False, steps
        if "default" in schema:
            assert Draft202012Validator(schema).is_valid(schema["default"]), steps


@pytest.mark.parametrize(("card", "steps", "word"), bad_documents(DATASET))
def test_each_field_refuses_a_bad_value(folder, card, steps, word):
    path = write(folder, card)
    message = refuse(word, folder_or_paths=folder)
    assert message.startswith(f"{path}: '{'.'.join(map(str, steps))}': ")


def test_misspelt_required_key_is_named_rather_than_what_it_leaves_missing(folder):
    write(folder, {"expression": {"formt": "table"}})
    refuse("'expression.formt': unknown key", "Did you mean 'format'?", folder_or_paths=folder)


def test_number_that_yaml_reads_as_text(folder):
    text = yaml.safe_dump(table_card()) + "preprocess: {target_sum: 1e4}\n"
    write(folder, text)
    refuse("preprocess.target_sum", "without quotes and exponent", folder_or_paths=folder)


def test_defaults_are_filled_in_only_where_a_section_is(folder):
    (folder.parent / "known.tsv").write_text("x")
    card = table_card(reference={"path": "known.tsv", "target": "gene"})
    write(folder, card)
    loaded = load_cards(folder)["mine"]
    assert loaded["organism"] == "human"
    assert loaded["reference"] == {"path": "known.tsv", "target": "gene", "regulator": "regulator"}
    assert loaded.keys() == {"title", "organism", "expression", "reference", "unsaid"}
    write(folder, simulation_card())
    simulation = load_cards(folder)["mine"]["simulation"]
    assert simulation["cells"] == 2000
    assert simulation["seed"] == 0
    simulation["dropout"].append(99)
    assert load_cards(folder)["mine"]["simulation"]["dropout"] == [0, 50]


def test_types_come_from_a_column_or_from_markers(folder):
    assert cell_type_column(table_card()) is None
    assert cell_type_column({"expression": {"cell_type": "kind"}}) == "kind"
    write(folder, change(table_card(), markers="matrix.csv"))
    card = load_cards(folder)["mine"]
    assert cell_type_column(card) == MARKED
    assert card_files(card) == ["matrix.csv"]


def change(card: dict, **keys) -> dict:
    """Change keys of the section expression; None removes one."""
    expression = {**card["expression"], **keys}
    card["expression"] = {key: value for key, value in expression.items() if value is not None}
    return card


REFERENCE = {"path": "matrix.csv"}


@pytest.mark.parametrize(
    ("card", "field", "remedy"),
    [
        (
            change(table_card(), orientation=None),
            "expression.orientation",
            "Add it (cells_by_genes, genes_by_cells): ",
        ),
        (change(table_card(), path=None), "expression.path", "Add it"),
        (change(table_card(), orientation=None), "expression.orientation", "Add it"),
        (change(table_card(), layer="raw"), "expression.layer", "Remove it"),
        (change(table_card(), total_counts="n"), "expression.total_counts", "Remove it"),
        (change(table_card(), cell_type="n"), "expression.cell_type", "Remove it"),
        (
            change(table_card(), markers="none.tsv"),
            "expression.markers",
            "relative to the working",
        ),
        (
            change(
                table_card(), format="h5ad", orientation=None, cell_type="n", markers="matrix.csv"
            ),
            "expression.markers",
            "Keep one of the two",
        ),
        (change(table_card(), format="h5ad"), "expression.orientation", "Remove it"),
        (change(table_card(), path="none.csv"), "expression.path", "relative to the working"),
        (change(table_card(), path="cards"), "expression.path", "Name the file"),
        (
            change(table_card(), format="10x_mtx", orientation=None),
            "expression.path",
            "name its folder",
        ),
        (
            change(
                table_card(), format="h5ad", orientation=None, values="lognorm", total_counts="n"
            ),
            "expression.total_counts",
            "values: counts",
        ),
        (
            change(table_card(), format="scanpy", path="pbmc3k", orientation=None),
            "expression.path",
            "Use pbmc68k_reduced",
        ),
        (table_card(simulation=simulation_card()["simulation"]), "simulation", "Remove the"),
        (change(simulation_card(), values="counts"), "expression.values", "Remove it"),
        (simulation_card() | {"reference": REFERENCE}, "reference", "Remove the section"),
        (simulation_card() | {"regulators": REFERENCE}, "regulators", "Remove the section"),
        (simulation_card(model="none.yaml"), "simulation.model", "relative to the working"),
        (
            {key: value for key, value in simulation_card().items() if key != "simulation"},
            "simulation",
            "Add the section",
        ),
        (table_card(reference={"path": "none.tsv"}), "reference.path", "relative"),
        (table_card(regulators={"path": "none.tsv"}), "regulators.path", "relative"),
        *(
            (
                table_card(
                    splits={
                        "edges": dict.fromkeys(["train", "val", "test", "genes"], "matrix.csv")
                        | {key: "none.csv"}
                    }
                ),
                f"splits.edges.{key}",
                "relative",
            )
            for key in ("train", "val", "test", "genes")
        ),
    ],
)
def test_contradictions_and_absent_files(folder, card, field, remedy):
    path = write(folder, card)
    message = refuse(remedy, folder_or_paths=folder)
    assert message.startswith(f"{path}: '{field}': ")


def test_files_that_a_rule_makes_need_not_exist(folder):
    card = change(table_card(), path="resources/downloads/matrix.csv")
    write(folder, card)
    refuse("not found", folder_or_paths=folder)
    refuse("not found", folder_or_paths=folder, unchecked=["resources/down"])
    assert load_cards(folder, unchecked=["resources/downloads"])["mine"]["title"] == "Mine"


def test_choosing_cards(folder):
    a, b = write(folder, table_card(), "a"), write(folder, table_card(title="B"), "b")
    assert list(load_cards(folder)) == ["a", "b"]
    assert list(load_cards(folder, ["b", "a", "b"])) == ["b", "a"]
    assert list(load_cards(b)) == ["b"]
    assert list(load_cards([b, a])) == ["b", "a"]
    write(folder, "title: [unfinished", "c")
    assert list(load_cards(folder, ["a"])) == ["a"]


def test_no_cards_and_unknown_names(folder):
    refuse(str(folder), "no card", "Write one", folder_or_paths=folder)
    refuse("folder not found", folder_or_paths=folder / "none")
    refuse("no card given", folder_or_paths=[])
    write(folder, table_card(), "liver")
    write(folder, table_card(), "blood")
    refuse(
        str(folder), "'livr'", "blood, liver", "Did you mean 'liver'?",
        folder_or_paths=folder, names=["livr"],
    )  # fmt: skip
    refuse("card not found", folder_or_paths=[folder / "none.yaml"])


@pytest.mark.parametrize("name", ["my data", "mine-d50-r0", "-x"])
def test_names_that_cannot_be_wildcards(folder, name):
    path = write(folder, table_card(), name)
    refuse(str(path), "cannot be a data set's name", folder_or_paths=folder)


def test_two_cards_of_one_name(folder):
    (folder / "more").mkdir()
    paths = [write(folder, table_card()), write(folder / "more", table_card())]
    refuse(*map(str, paths), "Rename one", folder_or_paths=paths)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("title: [a\nb: c", "not YAML in line 2"),
        ("- a\n- b\n", "key: value lines"),
        ("", "key: value lines"),
    ],
)
def test_what_is_not_a_card(folder, text, word):
    path = write(folder, text)
    refuse(str(path), word, folder_or_paths=folder)


def test_unreadable_characters(folder):
    (folder / "mine.yaml").write_bytes(b"title: \xff\xfe\n")
    refuse("not YAML: unreadable characters", folder_or_paths=folder)


def test_expanding_a_simulation(folder):
    write(folder, simulation_card())
    card = load_cards(folder)["mine"]
    before = copy.deepcopy(card)
    datasets = expand_card("mine", card)
    assert card == before
    assert list(datasets) == ["mine-d0-r0", "mine-d0-r1", "mine-d50-r0", "mine-d50-r1"]
    for name, dataset in datasets.items():
        settings = dataset["simulation"]
        assert name == f"mine-d{settings['dropout']}-r{settings['replicate']}"
        assert "replicates" not in settings
        assert dataset["card"] == "mine"
        assert dataset["expression"] == {"format": "simulation", "values": "continuous"}
    seeds = {name: dataset["simulation"]["seed"] for name, dataset in datasets.items()}
    # The same cells with and without dropout, other cells in another replicate.
    assert seeds["mine-d0-r0"] == seeds["mine-d50-r0"] != seeds["mine-d0-r1"]
    write(folder, simulation_card(replicates=5, dropout=[50], seed=0))
    more = expand_card("mine", load_cards(folder)["mine"])
    assert more["mine-d50-r1"] == datasets["mine-d50-r1"]
    write(folder, simulation_card(seed=1))
    other = expand_card("mine", load_cards(folder)["mine"])
    assert other["mine-d0-r0"]["simulation"]["seed"] != seeds["mine-d0-r0"]
    datasets["mine-d0-r0"]["simulation"]["cells"] = 1
    assert datasets["mine-d0-r1"]["simulation"]["cells"] == 2000


def test_expanding_any_other_card_gives_itself(folder):
    write(folder, table_card())
    card = load_cards(folder)["mine"]
    datasets = expand_card("mine", card)
    assert datasets == {"mine": card | {"card": "mine"}}
    datasets["mine"]["expression"]["path"] = "other"
    assert card["expression"]["path"] == "matrix.csv"


def test_the_cards_of_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    cards = load_cards(ROOT / "config" / "datasets", ["pbmc68k_reduced", "hsc_boolean"])
    assert cards["pbmc68k_reduced"]["reference"]["sign"] == "sign"
    names = list(expand_card("hsc_boolean", cards["hsc_boolean"]))
    assert names == ["hsc_boolean-d50-r0"]


def test_importing_stays_light():
    # The module runs at every start of Snakemake.
    code = (
        "import sys, gtgrn.config.cards; print(*{'numpy', 'pandas', 'scanpy'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT / "scripts", capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def mirrored(**changes) -> dict:
    return change(table_card(**changes), path="mirror:set/matrix.csv")


def test_mirror_that_is_a_folder(folder):
    write(folder, mirrored(reference={"path": "mirror:set/known.csv"}))
    (folder.parent / "store" / "set").mkdir(parents=True)
    for name in ("matrix", "known"):
        (folder.parent / "store" / "set" / f"{name}.csv").write_text("x")
    card = load_cards(folder, mirror="store")["mine"]
    assert card["expression"]["path"] == "store/set/matrix.csv"
    assert card["reference"]["path"] == "store/set/known.csv"


def test_mirror_that_is_not_set_or_lacks_the_file_names_the_origin(folder):
    path = write(folder, mirrored(origin="the archive at example.org"))
    message = refuse("set/matrix.csv", "'mirror' is not set", folder_or_paths=folder)
    assert message.startswith(f"{path}: 'expression.path': ")
    assert "the archive at example.org" in message
    message = refuse("set/matrix.csv", "the mirror 'none'", folder_or_paths=folder, mirror="none")
    assert message.startswith(f"{path}: 'expression.path': ")
    assert "the archive at example.org" in message
    write(folder, mirrored(splits={"tfs": {"path": "mirror:set/folds.tsv"}}))
    (folder.parent / "set").mkdir()
    (folder.parent / "set" / "matrix.csv").write_text("x")
    refuse("'splits.tfs.path'", "set/folds.tsv", folder_or_paths=folder, mirror=".")


def test_what_is_fetched_need_not_exist_but_a_plain_path_must(folder):
    write(folder, mirrored(reference={"path": "download:archive/member.csv"}))
    card = load_cards(folder, mirror="https://example.org/x", downloads="d")["mine"]
    assert card["expression"]["path"] == "d/mirror/set/matrix.csv"
    assert card["reference"]["path"] == "d/archive/member.csv"
    write(folder, change(table_card(), path="d/archive/member.csv"))
    refuse("not found", folder_or_paths=folder, downloads="d")


@pytest.mark.parametrize(
    "name", ["mirror:../x.csv", "download:/etc/x", "mirror:", "mirror:a/../b"]
)
def test_paths_that_leave_their_folder(folder, name):
    write(folder, change(table_card(), path=name))
    refuse("expression.path", "leaves its folder", folder_or_paths=folder, mirror=".")


def test_published_tables_by_name_and_organism(folder):
    (folder.parent / "tf_target").mkdir()
    for name in (
        "trrust_rawdata.mouse.tsv", "hengkp_collectri.csv", "mouse-tfs.csv", "human-tfs.csv"
    ):  # fmt: skip
        (folder.parent / "tf_target" / name).write_text("x")
    sections = {"reference": {"prior": "trrust"}, "regulators": {"list": "beeline"}}
    write(folder, table_card(organism="mouse", **sections))
    card = load_cards(folder, mirror=".")["mine"]
    assert card["reference"]["path"] == "tf_target/trrust_rawdata.mouse.tsv"
    assert card["reference"]["columns"][:3] == ["regulator", "target", "sign"]
    assert card["regulators"] == {
        "path": "tf_target/mouse-tfs.csv",
        "column": "TF",
        "ignore_case": True,
    }
    write(folder, table_card(reference={"prior": "collectri"}))
    card = load_cards(folder, mirror=".")["mine"]
    assert (card["reference"]["regulator"], card["reference"]["sign"]) == ("source", "weight")
    write(folder, table_card(organism="yeast", reference={"prior": "collectri"}))
    refuse("'reference.prior'", "collectri (human)", folder_or_paths=folder, mirror=".")


@pytest.mark.parametrize(
    ("card", "field", "word"),
    [
        (table_card(reference={"sign": "s"}), "reference.prior", "either 'path' or 'prior'"),
        (
            table_card(reference={"path": "matrix.csv", "prior": "trrust"}),
            "reference.prior",
            "either 'path' or 'prior'",
        ),
        (table_card(regulators={}), "regulators.list", "either 'path' or 'list'"),
        (
            table_card(reference={"prior": "trrust", "label": "l"}),
            "reference.label",
            "no effect with a prior",
        ),
        (change(table_card(), paths=["matrix.csv"]), "expression.paths", "Keep one"),
        (change(table_card(), path=None, paths=["no.csv"]), "expression.paths.0", "not found"),
        (change(table_card(), row_names=False), "expression.row_names", "cells_by_genes"),
        (
            change(table_card(), format="genes_only", orientation=None, values=None),
            "reference",
            "Add the section",
        ),
        (change(table_card(), column="Gene"), "expression.column", "goes with format genes_only"),
        (table_card(splits={"genes": {"path": "no.tsv"}}), "splits.genes.path", "not found"),
    ],
)
def test_contradictions_of_sources(folder, card, field, word):
    path = write(folder, card)
    message = refuse(word, folder_or_paths=folder)
    assert message.startswith(f"{path}: '{field}': ")


def test_files_of_a_card(folder):
    write(folder, change(table_card(), path=None, paths=["matrix.csv", "model.yaml"]))
    card = load_cards(folder)["mine"]
    assert expression_files(card) == ["matrix.csv", "model.yaml"]
    assert split_files(card, "edges") == {}
    write(folder, table_card(splits={"tfs": {"path": "matrix.csv"}}))
    card = load_cards(folder)["mine"]
    assert expression_files(card) == ["matrix.csv"]
    assert split_files(card, "tfs") == {"path": "matrix.csv"}
    assert card["splits"]["tfs"]["format"] == "folds"
    write(folder, simulation_card())
    assert expression_files(load_cards(folder)["mine"]) == []


def test_genes_only_expands_with_a_kind_of_values(folder):
    card = change(table_card(reference=REFERENCE), format="genes_only", orientation=None)
    write(folder, change(card, values=None))
    card = load_cards(folder)["mine"]
    assert expand_card("mine", card)["mine"]["expression"]["values"] == "continuous"
    assert "values" not in card["expression"]


def test_gene_networks_are_simulated_once_and_need_one_network(folder):
    card = {"title": "Net", "expression": {"format": "simulation"}, "kinetics": {"size": 10}}
    write(folder, card)
    refuse("kinetics.network", "missing", "Give either", folder_or_paths=folder)
    card["kinetics"]["network"] = "matrix.csv"
    write(folder, card)
    loaded = load_cards(folder)["mine"]
    assert loaded["kinetics"]["conditions"] is None
    expanded = expand_card("mine", loaded)
    assert list(expanded) == ["mine"]
    assert expanded["mine"]["expression"]["values"] == "continuous"
    assert card_files(loaded) == ["matrix.csv"]
    write(folder, card | {"simulation": {"model": "model.yaml", "t_max": 8}})
    refuse("'kinetics'", "a section simulation already", "Keep one", folder_or_paths=folder)
    write(folder, card | {"expression": table_card()["expression"]})
    refuse("'kinetics'", "no effect with format table", "Remove", folder_or_paths=folder)
    write(folder, card | {"reference": {"path": "matrix.csv"}})
    refuse("'reference'", "known from its model", folder_or_paths=folder)


def test_values_are_detected_and_every_gene_may_regulate_by_card(folder):
    card = table_card(regulators={"list": "all"})
    del card["expression"]["values"]
    write(folder, card)
    loaded = load_cards(folder)["mine"]
    assert loaded["expression"]["values"] == "auto"
    assert loaded["regulators"]["list"] == "all"
    assert "path" not in loaded["regulators"]
    assert card_files(loaded) == ["matrix.csv"]


def test_shipped_lists_of_regulators_by_organism(folder):
    for organism, gene in (("human", "GATA1"), ("mouse", "Gata1")):
        write(folder, table_card(organism=organism, regulators={"list": "shipped"}))
        card = load_cards(folder, unchecked=["resources"])["mine"]
        lines = (ROOT / card["regulators"]["path"]).read_text().splitlines()
        names = [line.split("\t")[0] for line in lines]
        assert names[0] == card["regulators"]["column"]
        assert gene in names
        assert len(names) > 1400


@pytest.mark.parametrize(
    ("card", "listed"),
    [
        ({"organism": "human"}, True),
        ({"organism": "mouse"}, True),
        ({}, False),
        ({"organism": "fly"}, False),
        ({"organism": "human", "reference": {"path": "matrix.csv"}}, False),
        ({"organism": "human", "regulators": {"list": "all"}}, False),
    ],
)
def test_counts_and_an_organism_alone_take_the_shipped_regulators(folder, card, listed):
    write(folder, table_card(**card))
    loaded = load_cards(folder, unchecked=["resources"])["mine"]
    path = loaded.get("regulators", {}).get("path", "")
    assert path.endswith(f"regulators/{card.get('organism')}.tsv") == listed
    assert loaded["unsaid"] == [key for key in ("organism", "regulators") if key not in card]


def test_the_shipped_table_of_names_by_organism(folder):
    for organism in ("human", "mouse"):
        card = table_card(organism=organism)
        card["expression"]["gene_map"] = "shipped"
        write(folder, card)
        section = load_cards(folder, unchecked=["resources"])["mine"]["expression"]["gene_map"]
        assert (ROOT / section["path"]).is_file()
        assert (section["from"], section["to"]) == ("ensembl", "symbol")
    write(folder, card | {"organism": "yeast"})
    with pytest.raises(InputError, match="no table of names for the organism yeast"):
        load_cards(folder, unchecked=["resources"])


def test_tables_of_names_are_files_of_the_card(folder):
    keys = {"path": "matrix.csv", "translate": ["orthologs"], "ignore_case": True}
    write(folder, table_card(reference=keys, regulators={"list": "shipped"}))
    card = load_cards(folder, unchecked=["resources"])["mine"]
    tables = {str(ROOT / f"resources/genes/{name}.tsv") for name in ("orthologs", "previous")}
    assert tables <= set(card_files(card))  # in a folder of her own, beside the code
    # What a card says of a published list counts.
    write(folder, table_card(regulators={"list": "shipped", "translate": ["ensembl"]}))
    card = load_cards(folder, unchecked=["resources"])["mine"]
    assert card["regulators"]["translate"] == ["ensembl"]
