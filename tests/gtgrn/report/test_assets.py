from __future__ import annotations

import hashlib
from importlib.resources import files

from gtgrn.report.assets import (
    CYTOSCAPE,
    CYTOSCAPE_LICENCE,
    CYTOSCAPE_VERSION,
    SCRIPTS,
    SHA256,
    STYLE,
    read_asset,
)


def test_the_library_is_that_of_its_package_byte_for_byte():
    folder = files("gtgrn.report.assets")
    for name, digest in SHA256.items():
        assert hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() == digest, name
    assert f'"{CYTOSCAPE_VERSION}"' in read_asset(CYTOSCAPE)
    assert "Permission is hereby granted" in read_asset(CYTOSCAPE_LICENCE)


def test_no_script_ends_the_element_that_holds_it_or_calls_out():
    for name in (CYTOSCAPE, STYLE, *SCRIPTS):
        text = read_asset(name)
        assert "</script" not in text.lower()
        assert "</style" not in text.lower()
    for name in SCRIPTS:
        text = read_asset(name)
        assert not any(word in text for word in ("fetch(", "XMLHttpRequest", "import(", "eval("))
