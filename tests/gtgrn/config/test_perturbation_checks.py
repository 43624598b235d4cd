"""The key `perturb` of a card."""

from __future__ import annotations

from pathlib import Path

import pytest
from gtgrn.config.perturbation_checks import check_perturbations, list_perturbations
from gtgrn.errors import InputError

CARD = {"expression": {"format": "h5ad"}, "perturb": ["GATA1", {"gene": "HLA/A", "to": 1.5}]}


def test_files_have_names_that_folders_take():
    assert list_perturbations(CARD) == {
        "GATA1": {"gene": "GATA1", "to": 0.0},
        "HLA_A": {"gene": "HLA/A", "to": 1.5},
    }
    assert list_perturbations({"perturb": [{"gene": "X"}]}) == {"X": {"gene": "X", "to": 0.0}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"perturb": ["A", {"gene": "A", "to": 2}]}, "'A' twice"),
        ({"expression": {"format": "genes_only"}}, "no expression"),
    ],
)
def test_contradictions_are_told(change, said):
    check_perturbations(CARD, Path("card.yaml"))
    with pytest.raises(InputError, match=said):
        check_perturbations({**CARD, **change}, Path("card.yaml"))
