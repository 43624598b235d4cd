"""The same cells in another order, and networks whose weights move along with the cells."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import torch

CELLS, REGULATORS = 47, ["R1", "R2", "R3", "R4"]
"""A number of cells that no layer of a small network has by chance."""


BLOCKS = 1
"""Which of the orders puts cells of equal values side by side."""


def sparse_expression(genes: int = 12, cells: int = CELLS) -> pd.DataFrame:
    """Return log counts of which two thirds are 0, so that ties are everywhere.

    Every third gene follows a regulator; the last two genes are the same, so that partners tie.
    """
    rng = np.random.default_rng(4)
    names = [*REGULATORS, *(f"G{i}" for i in range(1, genes - 3))]
    rate = rng.gamma(0.5, 1.0, (cells, genes))
    for i in range(4, genes, 3):
        rate[:, i] = rate[:, i % 4]
    values = np.log1p(rng.poisson(rate))
    values[:, -1] = values[:, -2]
    return pd.DataFrame(values.astype(np.float32), columns=names)


def orders(expression: pd.DataFrame) -> list[np.ndarray]:
    """Return orders of cells: backwards, by a gene (blocks of equal values), and by chance."""
    n = len(expression)
    by_gene = np.argsort(-expression.iloc[:, 0].to_numpy(), kind="stable")
    return [np.arange(n)[::-1].copy(), by_gene, np.random.default_rng(1).permutation(n)]


def following(network: type, order: np.ndarray) -> type:
    """Return a network whose weights that belong to cells are put in another order at the start.

    The weights of a layer are drawn independently of each other, so that with the cells in
    this order too it is the same network, drawn as likely as the other one. What still differs
    then is an order of cells that has a part in the result.
    """

    class Following(network):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            moved = 0
            with torch.no_grad():
                for weight in self.parameters():
                    for axis in np.flatnonzero(np.array(weight.shape) == len(order)):
                        weight.copy_(weight.index_select(int(axis), torch.as_tensor(order)))
                        moved += 1
            assert moved, "no weight belongs to cells"

    Following.__name__ = network.__name__
    Following.__signature__ = inspect.signature(network)
    return Following
