"""The first screen: where the regulators that matter are expressed, and what to do next."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from gtgrn.config.cards import cell_type_column
from gtgrn.manifest import verified
from gtgrn.names import REGULATOR
from gtgrn.tables import read_table

SHOWN_REGULATORS = 8
STANDS_OUT = 1.5
"""A group is named where its share of edges is so many times the mean of the others."""
EDGES, SHARE = 500, 0.1


def count_targets(network: pd.DataFrame) -> pd.Series:
    """Return each regulator's share of the best edges: 500, at most a tenth of the pairs.

    Parameters
    ----------
    network
        ``network.tsv.gz``, best first.
    """
    edges = network.head(max(min(EDGES, int(SHARE * len(network))), 1))
    return edges[REGULATOR].value_counts() / len(edges)


def where_expressed(folder: Path, card: dict, genes: Sequence[str]) -> dict[str, str]:
    """Return where each gene is expressed most: cell type, mean there and mean elsewhere.

    Parameters
    ----------
    folder
        The data set's results.
    card
        The data set's card.
    genes
        Names of genes; those that are not among the data set's are left out.

    Returns
    -------
    dict
        Gene -> words; empty where cells have no types, or all are of one.
    """
    adata = ad.read_h5ad(verified(folder / "expression.h5ad"), backed="r")
    column = cell_type_column(card)
    if column not in adata.obs:
        return {}
    types = adata.obs[column].astype(str).to_numpy()
    shown = [gene for gene in genes if gene in adata.var_names]
    kinds = sorted(set(types))
    if len(kinds) < 2 or not shown:
        return {}
    values = adata[:, shown].to_memory().X
    values = np.asarray(values.todense() if hasattr(values, "todense") else values, dtype=float)
    adata.file.close()
    found = {}
    means = np.array([values[types == kind].mean(axis=0) for kind in kinds])
    for position, gene in enumerate(shown):
        best = int(means[:, position].argmax())
        rest = values[types != kinds[best], position].mean()
        found[gene] = f"{kinds[best]} ({means[best, position]:.2f}, else {rest:.2f})"
    return found


def where_it_matters(results: Path, dataset: str, genes: Sequence[str]) -> dict[str, str]:
    """Return for each regulator the groups of cells whose networks give it more edges.

    Parameters
    ----------
    results, dataset
        Folder of the run's results and the data set.
    genes
        Names of regulators.

    Returns
    -------
    dict
        Regulator -> groups; empty where the data set has no networks of groups.
    """
    path = results / dataset / "groups.tsv"
    if not path.exists():
        return {}
    groups = read_table(path)
    shares = {}
    for group, name in groups.loc[groups["dataset"] != "", ["group", "dataset"]].to_numpy():
        network = results / str(name) / "network.tsv.gz"
        if network.exists():
            shares[str(group)] = count_targets(read_table(network, [REGULATOR]))
    if len(shares) < 2:
        return {}
    table = pd.DataFrame(shares).fillna(0.0)
    found = {}
    for gene in genes:
        if gene not in table.index:
            continue
        row = table.loc[gene].sort_values(ascending=False, kind="stable")
        others = (row.sum() - row) / (len(row) - 1)
        names = [str(group) for group in row.index if row[group] > STANDS_OUT * others[group]]
        found[gene] = ", ".join(names[:3]) or "no group more than others"
    return found


def next_steps(command: str, results: Path, described: Mapping) -> list[dict[str, str]]:
    """Return three commands to run after looking at a network, with what each is for.

    Parameters
    ----------
    command
        The command of this run, of :func:`gtgrn.workflow.command.command_of_run`.
    results
        Folder of the run's results.
    described
        The data set, of :func:`gtgrn.report.dataset.describe_dataset`.
    """
    summary = described["summary"]
    if summary["supervised"]:
        second = {
            "why": "Judge it on regulators and targets that training never saw, the fairest test.",
            "command": _with_target(command, "benchmark", "splits={schemes: [edges, genes, tfs]}"),
        }
    elif summary.get("context"):
        second = {
            "why": "Rank by these cells' expression alone instead, and compare.",
            "command": _with_target(command, "report", "context={sources: []}"),
        }
    else:
        second = {
            "why": "See where the groups of cells differ: a section groups in the data set file "
            "gives each its own network; this prints what a run would use.",
            "command": _with_target(command, "validate"),
        }
    return [
        {
            "why": "Make regulons for decoupler and pySCENIC, and their activity in these cells.",
            "command": _with_target(command, "biology"),
        },
        second,
        _look_up(Path(os.path.relpath(results)), described),
    ]


def _look_up(results: Path, described: Mapping) -> dict[str, str]:
    """Return the command that shows edges in the terminal: ours, where it is installed."""
    if not Path(sys.prefix, "bin", "gtgrn").exists():
        network = shlex.quote(str(results / described["name"] / "network.tsv.gz"))
        return {
            "why": "Look at the strongest edges in the terminal; the file opens in Python or R.",
            "command": f"zcat {network} | head -n 21",
        }
    words = [_program("gtgrn"), "show", str(described["network"]["best"]["regulator"])]
    words += ["--dataset", described["name"]]
    words += [] if str(results) == "results" else ["--results", str(results)]
    return {
        "why": "Look a gene up in the terminal; gtgrn export writes the network for other tools.",
        "command": shlex.join(words),
    }


def _program(name: str) -> str:
    """Return a program as it is called from here: in this environment, where it is below."""
    own = Path(sys.prefix, "bin", name)
    if own.exists() and own.is_relative_to(Path.cwd()):
        return str(own.relative_to(Path.cwd()))
    return name


def _with_target(command: str, target: str, *config: str) -> str:
    """Return a command of the workflow with a target and more of the configuration."""
    program, *rest = shlex.split(command)
    # After --config each word is a setting, so that the target comes before it.
    at = rest.index("--cores") + 2 if "--cores" in rest else 0
    words = [_program(program), *rest[:at], target, *rest[at:]]
    words += [] if not config or "--config" in words else ["--config"]
    return shlex.join([*words, *config])
