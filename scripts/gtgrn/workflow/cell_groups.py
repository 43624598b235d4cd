"""What the rules of groups and comparisons ask of the plan, by data set."""

from __future__ import annotations

from gtgrn.config.cards import cell_type_column
from gtgrn.config.group_checks import obs_columns
from gtgrn.workflow.params import without
from gtgrn.workflow.plan import Plan


class CellGroups:
    """Groups of cells of the run's data sets, and the comparisons within them.

    Parameters
    ----------
    plan
        The plan of the run.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def columns(self, dataset: str) -> dict[str, str]:
        """Return the columns of obs that preprocessing keeps, by the card's key for each."""
        return obs_columns(self.plan.datasets[dataset])

    def section(self, dataset: str) -> dict:
        """Return the section `groups` of a data set, or of that which a group is a part of."""
        return self.plan.listed[self.plan.groups.get(dataset, dataset)]["groups"]

    def cell_types(self, dataset: str) -> str | None:
        """Return the column that activity is averaged by: the types, else that of the groups."""
        card = self.plan.datasets[dataset]
        return cell_type_column(card) or obs_columns(card).get("groups.by")

    def rows(self, dataset: str) -> list[dict]:
        """Return what is known of each group of a data set before the run."""
        return [
            {
                "value": group.value,
                "dataset": "" if group.left_out else f"{dataset}/{group.name}",
                "cells": group.cells,
                "left_out": group.left_out,
            }
            for group in self.plan.grouped[dataset]
        ]

    def comparison(self, dataset: str) -> dict:
        """Return the section `compare` of a data set, but for what asks for methods."""
        return without(self.plan.listed[dataset]["compare"], "methods", "method_labellings")

    def ranked(self, dataset: str) -> dict:
        """Return of the section `compare` what the comparison of a method's ranks reads."""
        section = self.plan.listed[dataset]["compare"]
        keys = ("groups", "permutations", "method_labellings")
        return {key: section[key] for key in keys}

    def within(self, dataset: str, name: str) -> str:
        """Return the value of the group with a name of a folder."""
        groups = self.plan.compared[dataset]
        return next(group.value for group in groups if group.name == name)

    def not_compared(self, dataset: str) -> list[dict[str, str]]:
        """Return the groups of a data set in which nothing is compared, and why."""
        groups = [group for group in self.plan.compared[dataset] if group.left_out]
        return [{"within": group.value, "left_out": group.left_out} for group in groups]
