"""What the page carries besides its data: style, scripts, and the library that draws networks.

``cytoscape.min.js`` is ``dist/cytoscape.min.js`` of the npm package cytoscape, byte for byte,
under the MIT licence of ``LICENSE.cytoscape.txt`` (Franz et al. 2016,
doi 10.1093/bioinformatics/btv557). To take another version: ``npm pack cytoscape@<version>``, copy
the two files, and write the version and their sha256 here; a test holds the files to them.
"""

from __future__ import annotations

from importlib.resources import files

CYTOSCAPE, CYTOSCAPE_LICENCE = "cytoscape.min.js", "LICENSE.cytoscape.txt"
CYTOSCAPE_VERSION = "3.35.0"
SHA256 = {
    CYTOSCAPE: "71fa9ebec21a7ca2c40cff6aacc30d1f6464e363662ad4b2c197e1adc770cd94",
    CYTOSCAPE_LICENCE: "eb319c6e6f233607f71e8e2f450391751883cfc0eeb3ca7ef574c13d1d9c2203",
}
"""Vendored file -> sha256 of the file in the npm package."""
STYLE, SCRIPTS = "style.css", ("page.js", "tables.js", "export.js", "explorer.js")
"""The page's own style, and its scripts in the order in which they run."""


def read_asset(name: str) -> str:
    """Return the text of an asset.

    Parameters
    ----------
    name
        Name of a file of this folder.
    """
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
