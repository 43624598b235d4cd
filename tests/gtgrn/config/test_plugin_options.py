"""Options of methods, peers and grids are checked before any job runs."""

from __future__ import annotations

import pytest
import yaml
from gtgrn.config.settings import (
    check_settings,
)
from gtgrn.errors import InputError
from gtgrn.plugins import Plugin
from settings_cases import (
    METHODS,
    PEERS,
    checked,
    refuse,
)


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
        ("{seeds: [12345678901234567890123]}", "seeds.0", "at most 18 digits"),
        ("{preprocess: {n_top_genes: 2.0}}", "preprocess.n_top_genes", "must be a whole number"),
        ("{preprocess: {target_sum: .inf}}", "preprocess.target_sum", "must be a number, not inf"),
        ("{vae: {beta: .nan}}", "vae.beta", "must be a number, not nan"),
        ("{bert: {learning_rate: -.inf}}", "bert.learning_rate", "must be a number, not -inf"),
        ("{bert: {learning_rate: '.nan'}}", "bert.learning_rate", "must be a number"),
        ("{bert: {learning_rate: true}}", "bert.learning_rate", "must be a number, not True"),
        ("{inference: {seed: 99999999999999999999999}}", "inference.seed", "18 digits"),
    ],
)
def test_numbers_are_of_their_kind_and_finite(text, field, words):
    refuse({"datasets": ["mine"]} | yaml.safe_load(text), f"'{field}'", words)
