"""Knock-outs in a card: checks of the key `perturb`, and the names of their files.

Imported at every start of Snakemake, so nothing heavy is imported here.
"""

from __future__ import annotations

from pathlib import Path

from gtgrn.config.group_checks import safe_names
from gtgrn.errors import InputError


def list_perturbations(card: dict) -> dict[str, dict]:
    """Return the knock-outs of a card: name of the files -> gene and the value it is held at.

    Parameters
    ----------
    card
        A card that holds to the schema.
    """
    wanted: list[dict] = [
        {"gene": one, "to": 0.0} if isinstance(one, str) else {"to": 0.0, **one}
        for one in card.get("perturb", [])
    ]
    names = safe_names(one["gene"] for one in wanted)
    return {names[one["gene"]]: one for one in wanted}


def check_perturbations(card: dict, path: Path) -> None:
    """Check what holds between the knock-outs of a card and its other fields.

    Parameters
    ----------
    card
        The card.
    path
        Its file, for the message.

    Raises
    ------
    InputError
        If a gene is named twice, or there is no expression.
    """
    genes = [one if isinstance(one, str) else one["gene"] for one in card.get("perturb", [])]
    for place, gene in enumerate(genes):
        if gene in genes[:place]:
            raise InputError(
                f"'{gene}' twice", file=path, field="perturb", remedy="Name each gene once"
            )
    if genes and card["expression"]["format"] == "genes_only":
        raise InputError(
            "a list of genes has no expression to predict from",
            file=path, field="perturb", remedy="Remove the key, or give expression",
        )  # fmt: skip
