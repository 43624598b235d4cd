"""The study of hyper-parameters (Table 4 and Fig. 5 of the paper), chosen on validation only."""

from __future__ import annotations

import pandas as pd

from gtgrn.evaluation.metrics import auprc, auroc
from gtgrn.names import AREAS, AUPRC, AUROC, LABEL, PART, SCORE, TEST, VAL

PARTS = {"validation": VAL, "test": TEST}
CHOSEN_BY = f"validation_{AUPRC}"


def measure_point(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row of measures of a training: validation_ and test_ AUROC and AUPRC.

    Parameters
    ----------
    table
        Columns label, part, score.
    """
    row: dict[str, float] = {}
    for name, part in PARTS.items():
        rows = table[table[PART] == part]
        labels, scores = rows[LABEL].to_numpy(float), rows[SCORE].to_numpy(float)
        row |= {f"{name}_{AUROC}": auroc(labels, scores), f"{name}_{AUPRC}": auprc(labels, scores)}
    return pd.DataFrame([row])


def choose(rows: pd.DataFrame) -> pd.DataFrame:
    """Average grid points over seeds and mark the best of each model by validation AUPRC.

    Parameters
    ----------
    rows
        Columns dataset, model, point, seed and those of :func:`measure_point`.

    Returns
    -------
    pandas.DataFrame
        Columns dataset, model, point, seeds, for each measure its mean and ``_sd``, and
        ``chosen`` (1 for one point per model, else 0); test scores have no part in the choice.
        Ties go to the first name.
    """
    names = ["dataset", "model", "point"]
    groups = rows.groupby(names)
    table = pd.DataFrame({"seeds": groups.size()})
    for part in PARTS:
        for metric in (f"{part}_{area}" for area in AREAS):
            table[metric] = groups[metric].mean()
            table[f"{metric}_sd"] = groups[metric].std(ddof=1)
    table = table.reset_index()
    best = table.fillna({CHOSEN_BY: -1.0}).groupby(names[:2])[CHOSEN_BY].idxmax()
    return table.assign(chosen=table.index.isin(best).astype(int))
