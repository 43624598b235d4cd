"""Options of the methods that regress each gene on its regulators by trees."""

from __future__ import annotations

from dataclasses import dataclass

from gtgrn.config.options import option

ENGINES = ("fast", "arboreto")


@dataclass(frozen=True)
class TreeOptions:
    """What every method by trees can be told."""

    engine: str = option(
        "fast", "Our compiled trees (fast), or the package arboreto.", enum=list(ENGINES)
    )


@dataclass(frozen=True)
class ForestOptions(TreeOptions):
    """Options of GENIE3 and ExtraTrees; the defaults are arboreto's and the papers'."""

    n_estimators: int = option(1000, "Trees for each target.", minimum=1)
    max_features: str | float = option(
        "sqrt",
        "Features tried at a split: sqrt, a share of the features, or a number.",
        anyOf=[
            {"enum": ["sqrt"]},
            {"type": "integer", "minimum": 1},
            {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        ],
    )
    max_depth: int | None = option(None, "Depth of a tree; null is no limit.", minimum=1)


@dataclass(frozen=True)
class BoostingOptions(TreeOptions):
    """Options of stochastic gradient boosting; the defaults are arboreto's."""

    n_estimators: int = option(5000, "Trees for each target at most.", minimum=1)
    learning_rate: float = option(
        0.01, "Share of a tree's prediction that is added.", exclusiveMinimum=0
    )
    max_features: float = option(
        0.1, "Share of the features tried at a split.", exclusiveMinimum=0
    )
    subsample: float = option(
        0.9, "Share of the cells on which a tree is fitted.", exclusiveMinimum=0, maximum=1
    )
