"""Options read from the text of a module, which is not imported."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest
from gtgrn.config.option_reader import (
    method_options,
    method_schema,
    peer_forms,
    peer_schema,
    read_name,
)
from gtgrn.config.options import properties
from gtgrn.errors import InputError

CLASS = """
    from dataclasses import dataclass
    import torch
    from gtgrn.config.options import option

    KINDS = ["a", "b"]
    LIMITS = {"enum": KINDS}

    raise RuntimeError("the module was run")

    @dataclass(frozen=True)
    class Options:
        '''Options.'''

        trees: int = option(10, "Trees.", minimum=1)
        kind: str = option(KINDS[0], "Kind.", **LIMITS)

        def work(self, x: torch.Tensor) -> torch.Tensor:
            return x
    """


@pytest.fixture
def module(tmp_path):
    def write(text, name="mine"):
        path = tmp_path / f"{name}.py"
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return write


def test_a_class_is_read_with_the_constants_it_names(module):
    known = properties(method_options(module(CLASS)))
    assert known["trees"]["minimum"] == 1
    assert known["kind"] == {
        "description": "Kind.",
        "type": "string",
        "enum": ["a", "b"],
        "default": "a",
    }
    assert "mine" not in sys.modules


def test_a_class_may_inherit_from_one_of_the_package(module):
    text = """
        from dataclasses import dataclass
        from gtgrn.config.options import option
        from gtgrn.models.peer_training import Schedule

        @dataclass(frozen=True, kw_only=True)
        class Options(Schedule):
            width: int = option(8, "Width.")

        FORMS = {"published": Options(epochs=3), "repaired": Options(hide=0.2, width=4)}
        """
    path = module(text)
    forms = peer_forms(path)
    assert (forms["published"].epochs, forms["published"].hide) == (3, 0.0)
    assert (forms["repaired"].width, forms["repaired"].hide) == (4, 0.2)
    schema = peer_schema(path)["properties"]
    assert list(schema) == ["published", "repaired"]
    assert "width" in schema["repaired"]["properties"]
    assert "default" not in str(schema["published"])


def test_without_a_class_the_arguments_of_infer_are_the_options(module):
    text = """
        import numpy as np

        def infer(expression, regulators, *, seed, threads=1, targets=None,
                  depth: int | None = None, share: float = 0.5, shape: np.ndarray = None):
            return expression
        """
    known = properties(method_options(module(text)))
    assert list(known) == ["depth", "share", "shape"]
    assert known["depth"]["type"] == ["integer", "null"]
    assert (known["share"]["type"], known["share"]["default"]) == ("number", 0.5)
    assert "type" not in known["shape"]


def test_a_module_that_states_nothing_takes_anything(module):
    method = module("def infer(expression, regulators, *, seed, **options): ...")
    assert "additionalProperties" not in method_schema(method)
    assert "additionalProperties" not in peer_schema(module("def fit(): ..."))


def test_options_that_need_a_heavy_package_are_refused(module):
    text = """
        from dataclasses import dataclass
        from torch import float32
        from gtgrn.config.options import option

        @dataclass(frozen=True)
        class Options:
            kind: str = option(str(float32), "Kind.")
        """
    path = module(text)
    with pytest.raises(InputError, match="need 'float32' of torch") as caught:
        method_options(path)
    assert caught.value.file == path
    assert caught.value.remedy


def test_what_is_no_python_or_not_there_is_refused(module, tmp_path):
    with pytest.raises(InputError, match="not readable as Python"):
        method_options(module("def infer(:"))
    with pytest.raises(InputError, match="not readable as Python"):
        method_options(tmp_path / "none.py")
    with pytest.raises(InputError, match="no 'Other' in the module"):
        read_name(module(CLASS), "Other")
