"""The table of supervised peers: test scores over seeds, beside those of the originals."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from gtgrn.evaluation.metrics import auprc, auroc, mean_within_group_auroc
from gtgrn.names import AREAS, HEADLINE, LABEL, PART, REGULATOR, SCORE, TEST

NAMES = ["model", "form", "split"]


def measure(runs: Iterable[tuple[str, str, str, int, pd.DataFrame]]) -> pd.DataFrame:
    """Measure each run on its test part.

    Parameters
    ----------
    runs
        Model, form, split, seed, and the table of scores: regulator, label, part, score.

    Returns
    -------
    pandas.DataFrame
        Columns model, form, split, seed, AUROC, AUPRC, within_TF_AUROC; one row per run.
    """
    rows = []
    for *names, table in runs:
        test = table[table[PART] == TEST]
        labels, scores = test[LABEL].to_numpy(float), test[SCORE].to_numpy(float)
        within = mean_within_group_auroc(labels, scores, test[REGULATOR].to_numpy())[0]
        rows.append([*names, auroc(labels, scores), auprc(labels, scores), within])
    return pd.DataFrame(rows, columns=[*NAMES, "seed", *HEADLINE])


def summarise(rows: pd.DataFrame, originals: pd.DataFrame, card: str) -> pd.DataFrame:
    """Return mean and standard deviation over seeds and the originals' scores.

    Parameters
    ----------
    rows
        From :func:`measure`.
    originals
        Columns card, split, model, AUROC, AUPRC: what the originals' code reached.
    card
        Card of the data set.

    Returns
    -------
    pandas.DataFrame
        Columns model, form, split, seeds, for each metric its mean and ``_sd`` (n - 1), and
        original_AUROC, original_AUPRC, missing where nobody measured them.
    """
    groups = rows.groupby(NAMES, sort=False)
    table = pd.DataFrame({"seeds": groups.size()})
    for metric in HEADLINE:
        table[metric] = groups[metric].mean()
        table[f"{metric}_sd"] = groups[metric].std(ddof=1)
    known = originals[originals["card"] == card].set_index(["model", "split"])
    keys = [(model, split) for model, _, split in table.index]
    for metric in AREAS:
        found = known[metric].to_dict()
        table[f"original_{metric}"] = [found.get(key, np.nan) for key in keys]
    return table.reset_index()
