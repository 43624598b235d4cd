from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from gtgrn.config.card_names import card_names, card_paths
from gtgrn.config.settings import (
    check_settings,
    check_sources,
    paper_variant,
    variant_options,
)
from gtgrn.errors import InputError
from gtgrn.models.nulls.predictors import NULLS
from gtgrn.plugins import METHODS as METHOD_FILES
from gtgrn.plugins import find_plugins
from jsonschema import Draft202012Validator
from schema_cases import ANY_KEY, bad_documents, build, nodes
from settings_cases import (
    CONFIG,
    METHODS,
    OF_PLUGINS,
    PEERS,
    ROOT,
    at,
    changes_only,
    checked,
    fields,
    refuse,
)

# The schema


def test_schema_describes_and_closes_every_section():
    Draft202012Validator.check_schema(CONFIG)
    for steps, schema in nodes(CONFIG):
        assert schema.get("description") or steps[-1] == ANY_KEY, steps
        if "properties" in schema and steps not in OF_PLUGINS:
            assert schema["additionalProperties"] is False, steps


def test_every_key_but_datasets_has_a_default_or_may_be_absent():
    assert CONFIG["required"] == ["datasets"]
    for steps, schema in nodes(CONFIG):
        if steps not in [(), ("datasets",), ("pathvars",)] and not {0, ANY_KEY} & set(steps):
            assert ("default" in schema) != changes_only(steps), steps


@pytest.mark.parametrize(
    ("steps", "schema"),
    [
        pytest.param(steps, schema, id=".".join(map(str, steps)))
        for steps, schema in nodes(CONFIG)
        if "default" in schema
    ],
)
def test_every_default_is_valid(steps, schema):
    Draft202012Validator(schema).validate(schema["default"])
    Draft202012Validator(CONFIG).validate(build(CONFIG, steps, schema["default"]))


def test_the_schema_knows_every_null():
    nulls = fields()[("nulls",)]
    assert sorted(nulls["items"]["enum"]) == sorted([*NULLS, "label_svd_expression"])
    assert nulls["default"] == list(NULLS)


def test_the_default_methods_have_a_module():
    modules = ROOT / "scripts" / "gtgrn" / "inference" / "methods"
    for method in fields()[("inference", "methods")]["default"]:
        assert (modules / f"{method}.py").is_file()


@pytest.mark.parametrize(("branch", "section"), [("else", "gtgrn"), ("then", "full")])
def test_a_variant_takes_the_keys_of_the_section_of_its_form(branch, section):
    known = fields()
    variant = known[("variants", ANY_KEY)][branch]
    form = variant["properties"]["form"]
    assert variant["properties"] == {"form": form, **known[(section,)]["properties"]}
    assert variant["additionalProperties"] is False


@pytest.mark.parametrize(
    ("variant", "words"),
    [
        ({"form": "ful"}, "'ful' is not one of paper, full. Did you mean 'full'?"),
        ({"ensemble": 2}, "unknown key"),
        ({"form": "full", "norm": "batch"}, "unknown key"),
        ({"form": "full", "features": ["P"]}, "'P' is not one of X, G, E"),
    ],
)
def test_a_variant_with_a_key_of_the_other_form_is_refused(variant, words):
    error = refuse({"datasets": ["a"], "variants": {"full": {}, "mine": variant}}, words)
    assert "variants.mine" in str(error)


@pytest.mark.parametrize(("config", "steps", "word"), bad_documents(CONFIG))
def test_each_key_refuses_a_bad_value(config, steps, word):
    error = refuse(config, f"'{'.'.join(map(str, steps))}': ", word)
    assert error.remedy or not fields()[steps].get("description")


@pytest.mark.parametrize("name", ["a-b", "a b", "a/b", "ä", ""])
def test_names_of_variants_that_cannot_be_wildcards(name):
    refuse({"datasets": ["a"], "variants": {"full": {}, name: {}}}, f"'{name}'", "pattern")


def test_number_that_yaml_reads_as_text():
    config = yaml.safe_load("{datasets: [a], bert: {learning_rate: 5e-4}}")
    refuse(config, "'bert.learning_rate'", "without quotes and exponent")


# Between keys


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        (
            "{inference: {methods: [genie, pearson]}}",
            "inference.methods",
            f"'genie' is not one of {', '.join(METHODS)}. Did you mean 'genie3'?",
        ),
        ("{inference: {options: {pidc: {}}}}", "inference.options", "'pidc' is not one of genie3"),
        ("{inference: {options: {no: {}}}}", "inference.options", "'False' is not one of"),
        (
            "{inference: {methods: [pearson, random]}, walks: {networks: [pearson, genie3]}}",
            "walks.networks",
            "'genie3' is not one of pearson, random. ",
        ),
        (
            "{variants: {full: {}, P: {}}, ablations: {variants: [P, Q]}}",
            "ablations.variants",
            "'Q' is not one of full, P. ",
        ),
        (
            "{datasets: [liver, other/blood.yaml], ablations: {datasets: [blod]}}",
            "ablations.datasets",
            "'blod' is not one of liver, blood. Did you mean 'blood'?",
        ),
        (
            "{datasets: [other/blood.yaml], ablations: {datasets: [other/blood.yaml]}}",
            "ablations.datasets",
            "'other/blood.yaml' is not one of blood",
        ),
        (
            "{variants: {P: {}}}",
            "network.variant",
            "'full' is not one of P. ",
        ),
        ("{splits: {edges: {train: 0.7}}}", "splits.edges", "the fractions sum to 1.03, not 1"),
        (
            "{splits: {edges: {train: 0.67, val: 0.1, test: 0.22999}}}",
            "splits.edges",
            "the fractions sum to 0.99999, not 1",
        ),
        (
            "{bert: {dimensions: 10, heads: 4}}",
            "bert.heads",
            "4 heads do not divide 10 dimensions",
        ),
        ("{bert: {heads: 3}}", "bert.heads", "3 heads do not divide"),
        (
            "{variants: {P: {}}, network: {variant: P, beside: [Q]}}",
            "network.beside",
            "'Q' is not one of P. ",
        ),
        ("{gtgrn: {dimensions: 81}}", "variants.paper.heads", "4 heads do not divide 81"),
        ("{full: {dimensions: 81}}", "variants.full.heads", "4 heads do not divide 81"),
        (
            "{variants: {full: {}, wide: {dimensions: 90, heads: 4}}}",
            "variants.wide.heads",
            "4 heads do not divide 90 dimensions",
        ),
        (
            "{gtgrn: {heads: 5}, variants: {full: {}, wide: {dimensions: 81}}}",
            "variants.wide.heads",
            "5 heads do not divide 81 dimensions",
        ),
    ],
)
def test_contradictions(text, field, words):
    config = {"datasets": ["mine"]} | yaml.safe_load(text)
    error = refuse(config, f"'{field}': {words}")
    assert error.remedy


@pytest.mark.parametrize(
    "text",
    [
        "{inference: {methods: [pearson]}, walks: {networks: [pearson]}}",
        # Options of a method that does not run now may stay in the file.
        "{inference: {methods: [genie3, grnboost2, pearson], options: {random: {}}}}",
        "{variants: {P: {features: [P]}}, network: {variant: P}}",
        "{datasets: [a, b/c.yaml], ablations: {datasets: [c]}}",
        "{splits: {edges: {train: 0.1, val: 0.2, test: 0.7}}}",
        "{splits: {edges: {train: 0.3333333, val: 0.3333333, test: 0.3333333}}}",
        # The section's own value is never used, the variant's is.
        "{gtgrn: {dimensions: 81}, variants: {full: {heads: 9}}}",
        "{bert: {dimensions: 12, heads: 12}}",
    ],
)
def test_what_is_no_contradiction(text):
    checked(**yaml.safe_load(text))


def test_methods_are_those_that_have_a_rule():
    refuse({"datasets": ["a"]}, "'genie3' is not one of pearson. ", methods=["pearson"])
    refuse({"datasets": ["a"]}, "'genie3' is not one of none. ", methods=[])


def test_peers_are_those_that_have_a_rule():
    refuse({"datasets": ["a"], "peers": {"methods": ["genelynk"]}}, "Did you mean 'genelink'?")
    refuse({"datasets": ["a"], "peers": {"options": {"gne2": {}}}}, "'gne2' is not one of")


def test_a_tuned_model_needs_a_grid():
    tuning = {"models": ["gatv2"], "grids": {"gne": {"epochs": [1]}}}
    refuse({"datasets": ["a"], "tuning": tuning}, "'gatv2' is not one of gne. ", "tuning.grids")


# Defaults


def test_defaults_are_filled_in_everywhere():
    config = checked()
    for steps, schema in nodes(CONFIG):
        inside = schema["type"] == "object" and "properties" in schema
        if "default" in schema and not inside and ANY_KEY not in steps and 0 not in steps:
            assert at(config, steps) == schema["default"], steps
    assert config["splits"]["edges"] == {"train": 0.67, "val": 0.1, "test": 0.23}
    assert config["inference"]["methods"] == METHODS
    assert "pathvars" not in config


def test_what_is_given_stays_and_the_rest_is_filled_in():
    variants = {"full": {}, "P": {"features": ["P"]}}
    config = checked(bert={"layers": 1}, seeds=[7], variants=copy.deepcopy(variants))
    assert config["bert"]["layers"] == 1
    assert config["bert"]["dimensions"] == fields()[("bert", "dimensions")]["default"]
    assert config["seeds"] == [7]
    # Defaults inside a variant would hide the section gtgrn.
    assert config["variants"] == variants


def test_defaults_are_not_shared_between_configurations():
    first = checked()
    first["splits"]["schemes"].append("other")
    first["variants"]["full"]["layers"] = 1
    first["splits"]["edges"]["train"] = 0.5
    assert checked()["splits"]["schemes"] == ["edges"]
    assert checked()["variants"] == {"paper": {}, "full": {"form": "full"}}
    assert checked()["splits"]["edges"]["train"] == 0.67


def test_checking_twice_changes_nothing():
    config = checked(gtgrn={"layers": 2})
    before = copy.deepcopy(config)
    check_settings(config, METHODS, PEERS)
    assert config == before


# The shipped configuration


@pytest.mark.parametrize(
    "path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name
)
def test_shipped_configurations(path):
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    # Snakemake reads another file on top of the first.
    base = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    merged = merge(base, config)
    before = copy.deepcopy(merged)
    check_settings(merged, list(find_plugins(METHOD_FILES)), PEERS)
    assert merge(merged, before) == merged


def merge(base: dict, over: dict) -> dict:
    """Merge sections key by key, as Snakemake does."""
    both = dict(base)
    for key, value in over.items():
        inside = isinstance(value, dict) and isinstance(base.get(key), dict)
        both[key] = merge(base[key], value) if inside else value
    return both


def test_the_default_cards_are_there():
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    for path in card_paths(config, str(ROOT / "config" / "datasets")):
        assert Path(path).is_file()


# Variants and cards


def test_options_of_a_variant():
    config = checked(
        gtgrn={"dimensions": 40, "features": ["P", "E"]},
        variants={"full": {}, "G": {"features": ["G"], "layers": 1}},
    )
    before = copy.deepcopy(config)
    assert variant_options(config, "full") == config["gtgrn"] | {"form": "paper"}
    options = variant_options(config, "G")
    assert options == config["gtgrn"] | {"form": "paper", "features": ["G"], "layers": 1}
    assert options["dimensions"] == 40
    options["dimensions"] = 1
    assert config == before


def test_options_of_the_form_full():
    config = checked(
        full={"ensemble": 2},
        variants={"full": {"form": "full"}, "noise": {"form": "full", "control": "random"}},
    )
    assert variant_options(config, "full") == config["full"] | {"form": "full"}
    options = variant_options(config, "noise")
    # Symbols of genes would still tell families apart where the expression is destroyed.
    changed = {"form": "full", "control": "random", "symbols": False}
    assert options == config["full"] | changed


def test_attention_is_read_of_the_form_paper():
    full, paper = {"form": "full"}, {}
    variants = {"full": full, "wide": paper, "paper": paper}
    assert paper_variant(checked(variants=variants)) == "wide"
    network = {"beside": ["full", "paper"]}
    assert paper_variant(checked(variants=variants, network=network)) == "paper"
    own = {"variant": "paper", "beside": ["wide"]}
    assert paper_variant(checked(variants=variants, network=own)) == "paper"
    assert paper_variant(checked(variants={"full": full})) is None


def test_names_and_paths_of_cards():
    config = {"datasets": ["a", "more/b.yaml", "c.yaml"]}
    assert card_names(config) == ["a", "b", "c"]
    assert card_paths(config, "cards") == ["cards/a.yaml", "more/b.yaml", "c.yaml"]


def test_importing_stays_light():
    # The module runs at every start of Snakemake.
    code = (
        "import sys; from gtgrn.config.settings import check_settings as check;"
        "check({'datasets': ['a'], 'inference': {'options': {'genie3': {}}}},"
        f"{METHODS}, {PEERS});"
        "print(*{'numpy', 'pandas', 'torch', 'numba', 'scanpy'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT / "scripts", capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


# Against the data sets


@pytest.mark.parametrize(
    ("splits", "words"),
    [
        ({"schemes": ["edges", "transfer"]}, "'splits.sources': is empty"),
        ({"schemes": ["transfer"], "sources": {"a": "b"}}, "transfer comes first"),
        ({"schemes": ["edges_50", "genes"]}, "edges_50 comes first"),
        ({"sources": {"c": "b"}}, "'splits.sources': 'c' is not one of a, b"),
        ({"sources": {"a": "a"}}, "'splits.sources.a': 'a' is not one of b"),
    ],
)
def test_sources_of_a_transfer(splits, words):
    config = {"datasets": ["a", "b"], "splits": splits}
    check_settings(config, METHODS, PEERS)
    with pytest.raises(InputError) as caught:
        check_sources(config, ["a", "b"])
    assert words in str(caught.value)
    assert caught.value.remedy


def test_an_ablation_may_name_a_card_that_is_left_out_but_exists():
    config = {"datasets": ["a"], "ablations": {"datasets": ["b"], "variants": []}}
    with pytest.raises(InputError, match="'b' is not one of a"):
        check_settings(copy.deepcopy(config), METHODS, PEERS)
    check_settings(config, METHODS, PEERS, cards=["a", "b"])


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        ("clr", {"dataset": "a", "path": "x"}, "is the name of a method"),
        ("mean_rank", {"dataset": "a", "path": "x"}, "is the name of a method"),
        ("a-b", {"dataset": "a", "path": "x"}, "characters other than letters"),
        ("pidc", {"dataset": "b", "path": "x"}, "'b' is not one of a"),
        ("pidc", {"dataset": "a", "path": "no/such"}, "file 'no/such' not found"),
    ],
)
def test_networks_of_others_are_named_apart_and_there(name, source, words):
    with pytest.raises(InputError) as caught:
        check_settings({"datasets": ["a"], "third_party": {name: source}}, METHODS, PEERS)
    assert words in str(caught.value)
    assert f"third_party.{name}" in str(caught.value)


def test_peers_may_be_kept_to_some_cards():
    config = {"datasets": ["a"], "peers": {"methods": ["gne"], "datasets": ["b"]}}
    with pytest.raises(InputError, match="'b' is not one of a"):
        check_settings(copy.deepcopy(config), METHODS, PEERS)
    check_settings(config, METHODS, PEERS, cards=["a", "b"])


def test_numbers_and_truth_values_that_arrive_as_text_are_read():
    config = checked(
        seeds=["0", "1"],
        peers={"together": "False"},
        bert={"epochs": "3"},
        gtgrn={"dropout": "0.5"},
    )
    assert config["seeds"] == [0, 1]
    assert config["peers"]["together"] is False
    assert config["bert"]["epochs"] == 3
    assert config["gtgrn"]["dropout"] == 0.5
    assert checked(datasets=["1"])["datasets"] == ["1"]
    variants = {"full": {"form": "full", "ensemble": "2"}, "P": {"layers": "1", "norm": "layer"}}
    read = checked(variants=variants)["variants"]
    assert read == {"full": {"form": "full", "ensemble": 2}, "P": {"layers": 1, "norm": "layer"}}
    refuse({"datasets": ["a"], "seeds": ["one"]}, "'one'", "seeds")
