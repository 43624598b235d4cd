"""The knock-outs of a run: of which data sets, and whether their files have such genes."""

from __future__ import annotations

from collections.abc import Mapping

from gtgrn.config.perturbation_checks import list_perturbations
from gtgrn.data.var_names import check_named


def find_perturbations(datasets: Mapping[str, dict]) -> dict[str, dict[str, dict]]:
    """Return the data sets with knock-outs, groups too -> name of the files -> gene and to.

    Parameters
    ----------
    datasets
        Data set -> its card.
    """
    return {name: list_perturbations(card) for name, card in datasets.items() if "perturb" in card}


def check_perturbed(datasets: Mapping[str, dict]) -> None:
    """Check that the genes to knock out are named in the files that can be read now.

    Parameters
    ----------
    datasets
        Data set -> its card.

    Raises
    ------
    InputError
        Naming the first gene that is not there, and the nearest name.
    """
    for name, wanted in find_perturbations(datasets).items():
        check_named(datasets[name], [one["gene"] for one in wanted.values()], "perturb")
