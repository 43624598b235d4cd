"""The two engines' way to a matrix of mutual information, for ARACNE, MRNET and CLR."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def minet_matrix(
    function: str,
    estimator: str,
    discretisation: str,
    bins: int | None,
    threads: int,
    **options: float,
) -> tuple[Callable, Callable]:
    """Return how R makes the network, and how the native engine makes the matrix it starts from.

    Parameters
    ----------
    function
        Function of minet that turns a matrix of mutual information into a network.
    estimator, discretisation, bins
        See :func:`gtgrn.inference.information.estimators.mi_matrix`.
    threads
        Of the native engine.
    options
        Arguments of minet's function.
    """

    def by_r(values: np.ndarray, cells: list[str], genes: list[str]) -> np.ndarray:
        from gtgrn.inference.information.r import call

        count = int(np.sqrt(len(cells))) if bins is None else int(bins)
        information = call(
            "minet::build.mim",
            values,
            cells,
            genes,
            estimator=estimator,
            disc=discretisation,
            nbins=count,
        )
        return call(f"minet::{function}", information, genes, genes, **options)

    def information(values: np.ndarray) -> np.ndarray:
        from gtgrn.inference.information.estimators import mi_matrix

        return mi_matrix(
            values,
            estimator=estimator,
            discretisation=discretisation,
            bins=bins,
            threads=threads,
            progress=True,
        )

    return by_r, information
