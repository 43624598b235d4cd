from __future__ import annotations

import copy
import functools
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from gtgrn.config.settings import (
    SCHEMA,
    card_names,
    card_paths,
    check_settings,
    check_sources,
    paper_variant,
    variant_options,
)
from gtgrn.errors import InputError
from gtgrn.models.nulls.predictors import NULLS
from gtgrn.plugins import Plugin
from jsonschema import Draft202012Validator
from schema_cases import ANY_KEY, bad_documents, build, nodes

ROOT = Path(__file__).parents[3]
CONFIG = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
METHODS = [
    *["genie3", "grnboost2", "aracne", "mrnet", "clr", "c3net", "bc3net", "c3mtc"],
    *["pearson", "partial_correlation", "random"],
]
PEERS = ["genelink", "gnnlink", "gne", "gatv2"]


OF_PLUGINS = [("inference", "options"), ("peers", "options"), ("tuning", "grids")]
"""Sections that hold a section for each method or model: there may be more than are shipped."""


def changes_only(steps: tuple) -> bool:
    """Tell keys that stay absent unless they are given: defaults there stand with the method."""
    magic = steps[:2] == ("preprocess", "magic") and len(steps) > 2
    return magic or (steps[:2] in OF_PLUGINS and len(steps) > 2)


def fields() -> dict[tuple, dict]:
    return dict(nodes(CONFIG))


def checked(**sections) -> dict:
    """Return a configuration of one card, checked and with its defaults."""
    config = {"datasets": ["mine"], **sections}
    check_settings(config, METHODS, PEERS)
    return config


def refuse(config: dict, *words: str, methods=METHODS) -> InputError:
    """Check that a configuration is refused in one line that holds the words."""
    with pytest.raises(InputError) as caught:
        check_settings(config, methods, PEERS)
    message = str(caught.value)
    assert message.startswith("configuration: '")
    assert "\n" not in message
    for word in words:
        assert word in message
    return caught.value


def at(document: dict, steps: tuple):
    return functools.reduce(lambda place, step: place[step], steps, document)


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
    assert sorted(nulls["items"]["enum"]) == sorted(NULLS)
    assert nulls["default"] == nulls["items"]["enum"]


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


# Options of methods, peers and grids


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        (
            "{inference: {options: {genie3: {n_estimatorz: 5}}}}",
            "inference.options.genie3.n_estimatorz",
            "unknown key. Did you mean 'n_estimators'?",
        ),
        (
            "{inference: {options: {pearson: {n_estimators: 5}}}}",
            "inference.options.pearson.n_estimators",
            "unknown key. Remove it",
        ),
        (
            "{inference: {options: {genie3: {n_estimators: 5.0}}}}",
            "inference.options.genie3.n_estimators",
            "must be a whole number, not 5.0",
        ),
        (
            "{inference: {options: {genie3: {max_features: squrt}}}}",
            "inference.options.genie3.max_features",
            "'squrt' is no value that it takes",
        ),
        (
            "{inference: {options: {c3mtc: {correction: bonferoni}}}}",
            "inference.options.c3mtc.correction",
            "'bonferoni' is not one of none, bonferroni, holm, hochberg, BH, BY. Did you mean",
        ),
        (
            "{inference: {options: {c3net: {alpha: 1.5}}}}",
            "inference.options.c3net.alpha",
            "1.5 breaks the rule exclusiveMaximum",
        ),
        (
            "{peers: {options: {gne: {published: {hide: 0.2}}}}}",
            "peers.options.gne.published.hide",
            "unknown key",
        ),
        (
            "{peers: {options: {genelink: {repaired: {epoch: 2}}}}}",
            "peers.options.genelink.repaired.epoch",
            "unknown key. Did you mean 'epochs'?",
        ),
        (
            "{peers: {options: {genelink: {repaird: {epochs: 2}}}}}",
            "peers.options.genelink.repaird",
            "unknown key. Did you mean 'repaired'?",
        ),
        (
            "{peers: {options: {gatv2: {published: {dropout: 1}}}}}",
            "peers.options.gatv2.published.dropout",
            "1 breaks the rule exclusiveMaximum",
        ),
        (
            "{peers: {options: {gnnlink: {published: {loss: rms}}}}}",
            "peers.options.gnnlink.published.loss",
            "'rms' is not one of rmse, cross_entropy. Did you mean 'rmse'?",
        ),
        (
            "{tuning: {grids: {gtgrn: {learning_rat: [0.1]}}}}",
            "tuning.grids.gtgrn.learning_rat",
            "unknown key. Did you mean 'learning_rate'?",
        ),
        (
            "{tuning: {grids: {gtgrn: {layers: [2, 0]}}}}",
            "tuning.grids.gtgrn.layers.1",
            "0 breaks the rule minimum",
        ),
        (
            "{tuning: {grids: {genelink: {outputs: [[32, 128], [32]]}}}}",
            "tuning.grids.genelink.outputs.1",
            "[32] breaks the rule minItems",
        ),
        (
            "{tuning: {grids: {gne: {epochs: [10, 0.5]}}}}",
            "tuning.grids.gne.epochs.1",
            "must be a whole number",
        ),
        (
            "{tuning: {grids: {genelynk: {epochs: [10]}}}}",
            "tuning.grids",
            "'genelynk' is not one of gtgrn, genelink",
        ),
        (
            "{tuning: {models: [gtgrn], grids: {gtgrn: {heads: [4, 3]}}}}",
            "tuning.grids.gtgrn.heads",
            "in the point heads=3, 3 heads do not divide 80 dimensions",
        ),
        (
            "{preprocess: {magic: {kn: 5}}}",
            "preprocess.magic.kn",
            "unknown key. Did you mean 'knn'?",
        ),
        (
            "{variants: {full: {}, mine: {degree_prior: true, hide: 0}}}",
            "variants.mine.hide",
            "without hidden pairs the degree prior",
        ),
        (
            "{variants: {full: {form: full, ensemble: 0, process_weight: 0}}}",
            "variants.full.ensemble",
            "neither a network nor the Gaussian process is left",
        ),
    ],
)
def test_options_that_a_job_would_stumble_over_are_refused_at_the_start(text, field, words):
    error = refuse({"datasets": ["mine"]} | yaml.safe_load(text), f"'{field}': {words}")
    assert error.remedy


def test_options_of_methods_and_peers_are_not_filled_in():
    options = {"genie3": {"n_estimators": 5, "max_features": "sqrt"}, "pearson": {}}
    peers = {"gne": {"published": {"epochs": 2, "patience": None}}}
    config = checked(inference={"options": options}, peers={"options": peers})
    assert config["inference"]["options"] == options
    assert config["peers"]["options"] == peers


def test_options_of_the_command_line_arrive_as_text():
    config = checked(
        inference={"options": {"genie3": {"n_estimators": "5", "max_features": "0.3"}}},
        peers={"options": {"gne": {"published": {"clip": "1.5", "joint": "False"}}}},
    )
    genie3 = config["inference"]["options"]["genie3"]
    assert genie3 == {"n_estimators": 5, "max_features": 0.3}
    assert config["peers"]["options"]["gne"]["published"] == {"clip": 1.5, "joint": False}
    text = {"options": {"genie3": {"n_estimators": "five"}}}
    refuse({"datasets": ["a"], "inference": text}, "inference.options.genie3.n_estimators")


PLUGIN = """
import torch
from dataclasses import dataclass
from gtgrn.config.options import option

@dataclass(frozen=True)
class Options:
    trees: int = option(10, "Trees.", minimum=1)

FORMS = {"published": Options(), "repaired": Options(trees=5)}
"""


def test_options_of_plugins_that_the_schema_does_not_know(tmp_path, monkeypatch):
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN, encoding="utf-8")
    mine = Plugin("mine", "gtgrn.mine", path, {})
    monkeypatch.setattr("gtgrn.config.settings.find_plugins", lambda kind: {"mine": mine})
    methods, peers = [*METHODS, "mine"], [*PEERS, "mine"]

    def problem(**sections):
        with pytest.raises(InputError) as caught:
            check_settings({"datasets": ["a"], **sections}, methods, peers)
        return str(caught.value)

    assert "'inference.options.mine.tree': unknown key. Did you mean 'trees'?" in problem(
        inference={"options": {"mine": {"tree": 3}}}
    )
    assert "'peers.options.mine.repaired.trees': 0 breaks the rule minimum" in problem(
        peers={"options": {"mine": {"repaired": {"trees": 0}}}}
    )
    assert "'tuning.grids.mine.trees.0': must be a whole number" in problem(
        tuning={"models": ["mine"], "grids": {"mine": {"trees": [0.5]}}}
    )
    config = {
        "datasets": ["a"],
        "inference": {"options": {"mine": {"trees": "3"}}},
        "peers": {"methods": ["mine"], "options": {"mine": {"published": {"trees": 2}}}},
    }
    check_settings(config, methods, peers)
    assert config["inference"]["options"]["mine"] == {"trees": 3}


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("{seeds: [1.0]}", "seeds.0", "must be a whole number, not 1.0"),
        ("{seeds: [true]}", "seeds.0", "must be a whole number, not True"),
        ("{seeds: [12345678901234567890123]}", "seeds.0", "breaks the rule maximum: 4294967295"),
        ("{preprocess: {n_top_genes: 2.0}}", "preprocess.n_top_genes", "must be a whole number"),
        ("{preprocess: {target_sum: .inf}}", "preprocess.target_sum", "must be a number, not inf"),
        ("{vae: {beta: .nan}}", "vae.beta", "must be a number, not nan"),
        ("{bert: {learning_rate: -.inf}}", "bert.learning_rate", "must be a number, not -inf"),
        ("{bert: {learning_rate: '.nan'}}", "bert.learning_rate", "must be a number"),
        ("{bert: {learning_rate: true}}", "bert.learning_rate", "must be a number, not True"),
        ("{inference: {seed: 99999999999999999999999}}", "inference.seed", "the rule maximum"),
    ],
)
def test_numbers_are_of_their_kind_and_finite(text, field, words):
    refuse({"datasets": ["mine"]} | yaml.safe_load(text), f"'{field}'", words)


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
    first["seeds"].append(99)
    first["variants"]["full"]["layers"] = 1
    first["splits"]["edges"]["train"] = 0.5
    assert checked()["seeds"] == [0, 1, 2]
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
    check_settings(merged, METHODS, PEERS)
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
        ({"schemes": ["edges_50", "edges"]}, "edges_50 comes first"),
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
