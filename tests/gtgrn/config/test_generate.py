"""The schema and the key table are those of the option classes."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest
import yaml
from gtgrn import code
from gtgrn.config import generate
from gtgrn.config.option_reader import peer_forms
from gtgrn.config.options import choose, properties, section
from gtgrn.config.settings import SCHEMA
from gtgrn.plugins import METHODS, PEERS, find_plugins, load_plugin
from jsonschema import Draft202012Validator

STALE = f"Options have changed: run `{generate.HOW}` in the root of the repository"


def test_the_schema_is_that_of_the_option_classes():
    assert SCHEMA.read_text(encoding="utf-8") == generate.schema_text(), STALE
    assert yaml.safe_load(generate.schema_text()) == generate.make_schema()


def test_what_a_deployment_fetches_is_all_that_ships():
    assert generate.SHIPPED.read_text(encoding="utf-8") == generate.shipped_text(), STALE
    listed = set(generate.shipped_text().split())
    root = SCHEMA.parents[2]
    assert {path.relative_to(root).as_posix() for path in code.closure(code.modules())} <= listed
    named = {"resources/original_peers.tsv", "config/datasets/beeline.family.yaml"}
    assert named <= listed


def test_the_key_table_is_that_of_the_option_classes():
    text = generate.README.read_text(encoding="utf-8")
    assert text == generate.readme_text(text), STALE
    for key in ("`vae.latent` | `512`", "`genie3.n_estimators` | `1000`"):
        assert f"| {key} |" in text
    assert "| `genelink.epochs` | `20` | `100` |" in text


@pytest.mark.parametrize("name", generate.OPTION_CLASSES)
def test_a_class_reads_as_it_is_imported(name):
    file, cls, _ = generate.OPTION_CLASSES[name]
    module = import_module("gtgrn." + file.removesuffix(".py").replace("/", "."))
    assert properties(generate._read(name)[0]) == properties(getattr(module, cls))


@pytest.mark.parametrize("peer", find_plugins(PEERS))
def test_forms_of_peers(peer):
    read, forms = peer_forms(find_plugins(PEERS)[peer].path), load_plugin(PEERS, peer).FORMS
    assert list(forms) == ["published", "repaired"]
    for form, options in forms.items():
        names = properties(type(options))
        values = choose(options, names)
        assert choose(read[form], names) == values
        Draft202012Validator(section(type(options), "Options.")).validate(values)


@pytest.mark.parametrize("method", find_plugins(METHODS))
def test_every_option_of_a_method_is_in_the_schema(method):
    schema = generate.make_schema()["properties"]["inference"]["properties"]["options"]
    known = schema["properties"][method]["properties"]
    module = load_plugin(METHODS, method)
    if hasattr(module, "Options"):
        assert list(known) == list(properties(module.Options))
    else:
        common = {"expression", "regulators", "seed", "threads", "targets"}
        assert set(known) == set(inspect.signature(module.infer).parameters) - common
