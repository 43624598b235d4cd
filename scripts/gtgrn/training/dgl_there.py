"""Whether DGL is installed: it has no wheels for Python 3.12 and later."""

from __future__ import annotations

from importlib.util import find_spec


def has_dgl() -> bool:
    """Return whether DGL can be imported; it is not imported, which takes a second."""
    return find_spec("dgl") is not None
