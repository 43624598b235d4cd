"""The response to a knock-out as a table, with what rewired networks give by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import anndata as ad
import numpy as np
import pandas as pd

from gtgrn.comparison.claims import BINS, WIDTH, count_bins, judge
from gtgrn.errors import InputError, did_you_mean, name_some
from gtgrn.names import GENE, IS_REGULATOR, RANK
from gtgrn.perturbation.response import choose_structure, correlate_all, fit, respond
from gtgrn.perturbation.rewiring import rewire

REWIRINGS = 500
RESPONSE, IN_SD, DIRECT, P, FDR = "response", "response_sd", "direct", "p", "fdr"
COLUMNS = [RANK, GENE, RESPONSE, IN_SD, DIRECT, P, FDR]
CLAIMED = 0.05
SUMMARY = [
    GENE, "to", "mean", "sd", "edges", "direct", "responding", "best_overall", "total",
    "total_chance", "total_p", "rewirings", "note",
]  # fmt: skip
NO_EDGE = "None of the network's best edges leaves this gene: nothing is predicted."
UNCHANGED = "These cells have this value already: nothing changes."


def check_genes(adata: ad.AnnData, wanted: Sequence[Mapping], dataset: str) -> pd.DataFrame:
    """Return the genes to hold with their mean and standard deviation.

    Parameters
    ----------
    adata
        The preprocessed data set.
    wanted
        gene and to of each.
    dataset
        Its name, for messages.

    Raises
    ------
    InputError
        If a gene is not among the genes, or is no regulator and so has no target.
    """
    names = list(adata.var_names)
    regulators = list(adata.var_names[adata.var[IS_REGULATOR].to_numpy(bool)])
    for one in wanted:
        if one[GENE] not in names:
            raise InputError(
                f"'{one[GENE]}' is not among the {len(names)} genes of {dataset} after filtering",
                field="perturb",
                remedy=f"{did_you_mean(one[GENE], names)}Name a gene of genes.tsv",
            )
        if one[GENE] not in regulators:
            raise InputError(
                f"'{one[GENE]}' is no regulator of {dataset}, so no edge leaves it",
                field="perturb",
                remedy=f"Add it to the card's regulators, or name one of {name_some(regulators)}",
            )
    values = np.asarray(adata[:, [one[GENE] for one in wanted]].X, dtype=float)
    columns = {GENE: [one[GENE] for one in wanted], "to": [one["to"] for one in wanted]}
    return pd.DataFrame({**columns, "mean": values.mean(axis=0), "sd": values.std(axis=0)})


def perturb(
    expression: pd.DataFrame,
    network: pd.DataFrame,
    gene: str,
    to: float,
    *,
    rewirings: int = REWIRINGS,
    seed: int,
) -> tuple[pd.DataFrame, dict]:
    """Predict the response of all genes to one that is held at a value.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    network
        ``network.tsv.gz`` of these cells, best first.
    gene, to
        The gene, and the log-normalised value that it is held at; 0 is a knock-out.
    rewirings
        Networks of the null.
    seed
        Of the null.

    Returns
    -------
    tuple
        A table of all other genes: rank, gene, response (change of the log-normalised value),
        response_sd (by the gene's standard deviation; the table is ranked by its size), direct
        (1 for a target in the structure), p and fdr; and what `SUMMARY` names. p is the share
        of networks, rewired and fitted to the same cells, this one among them, in which the
        gene itself responds as much; fdr compares the sizes of all genes with those of all
        genes in rewired networks, as in :mod:`gtgrn.comparison.claims`. total is the sum of
        squared responses_sd, with its mean and its place (total_p) among those of rewired ones.
    """
    genes = sorted(expression.columns)
    values = expression[genes].to_numpy(dtype=np.float64)
    held, spread = genes.index(gene), values.std(axis=0)
    mean, sd = float(values[:, held].mean()), float(spread[held])
    change = (to - mean) / sd if sd > 1e-6 else 0.0
    structure = choose_structure(network, genes)
    correlations = correlate_all(values, structure.regulators)
    others = np.arange(len(genes)) != held

    def predict(one) -> np.ndarray:
        return respond(one, fit(one, correlations), held, change, len(genes))[others]

    observed = predict(structure)
    null = [np.abs(predict(one)) for one in rewire(structure, len(genes), rewirings, seed=seed)]
    own = structure.regulators[structure.source] == held
    direct = np.isin(np.flatnonzero(others), structure.target[own])
    table = pd.DataFrame({GENE: np.asarray(genes, dtype=object)[others], IN_SD: observed})
    table = table.assign(**{RESPONSE: observed * spread[others], DIRECT: direct.astype(int)})
    table, judged = _judge(table, np.array(null))
    summary = {
        GENE: gene, "to": float(to), "mean": mean, "sd": sd, "edges": len(structure.target),
        "direct": int(own.sum()), **judged, "rewirings": rewirings,
        "note": UNCHANGED if not change else "" if own.any() else NO_EDGE,
    }  # fmt: skip
    return table, summary


def _judge(table: pd.DataFrame, null: np.ndarray) -> tuple[pd.DataFrame, dict]:
    """Rank a table of responses, and add what (rewirings, genes) sizes by chance say of it."""
    sizes = table[IN_SD].abs().to_numpy()
    p = (1 + (null >= sizes).sum(axis=0)) / (1 + len(null))
    # The claims' bins are made for statistics of up to 64.
    scale = (BINS - 1) * WIDTH / max(sizes.max(), null.max(), 1e-12)
    _, rate, overall = judge(sizes * scale, count_bins(null * scale))
    table = table.assign(**{P: p, FDR: rate, "size": -sizes})
    table = table.sort_values(["size", GENE], ignore_index=True)
    table[RANK] = np.arange(1, len(table) + 1)
    total, totals = float((sizes**2).sum()), (null**2).sum(axis=1)
    judged = {
        "responding": int((rate <= CLAIMED).sum()),
        "best_overall": overall,
        "total": total,
        "total_chance": float(totals.mean()),
        "total_p": float((1 + (totals >= total).sum()) / (1 + len(totals))),
    }
    return table[COLUMNS], judged
