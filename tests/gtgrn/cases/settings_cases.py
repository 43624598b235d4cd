"""What tests of the configuration share: schemas, merging and refusals."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
import yaml
from gtgrn.config.settings import (
    SCHEMA,
    check_settings,
)
from gtgrn.errors import InputError
from schema_cases import nodes

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
