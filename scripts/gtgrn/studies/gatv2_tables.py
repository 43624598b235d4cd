"""Tables of the GATv2 study, without the model: means, spreads, the publication's numbers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gtgrn.names import AREAS, AUPRC, PART, TEST, VAL

LEAKY, MODEL, FOLD = "paper_leaky", "gatv2", "fold"
METRICS = ["accuracy", "precision", "recall", "F1", *AREAS]
REPORTED = {"accuracy": 0.9609, "precision": 1.0, "recall": 0.9217, "F1": 0.9593}
"""What the publication says of its own protocol."""


def summarise(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return mean and standard deviation over seeds and folds of the test part.

    Parameters
    ----------
    rows
        From :func:`gtgrn.studies.gatv2.run_protocol`, of several seeds.
    by
        Columns that make a row of the summary.

    Returns
    -------
    pandas.DataFrame
        The columns `by`, runs, and each measure with its ``_sd`` (n - 1).
    """
    groups = rows[rows[PART] == TEST].groupby(list(by), sort=False)
    table = pd.DataFrame({"runs": groups.size()})
    for metric in METRICS:
        table[metric] = groups[metric].mean()
        table[f"{metric}_sd"] = groups[metric].std(ddof=1)
    return table.reset_index()


def with_reported(summary: pd.DataFrame) -> pd.DataFrame:
    """Add the publication's numbers as a last row, method ``reported``."""
    reported = {"boolean": "hsc", "protocol": LEAKY, "method": "reported", **REPORTED}
    return pd.concat([summary, pd.DataFrame([reported])], ignore_index=True)


def choose_point(rows: pd.DataFrame) -> pd.DataFrame:
    """Average the grid of layers and heads over seeds and mark the best by validation AUPRC.

    Parameters
    ----------
    rows
        From :func:`gtgrn.studies.gatv2.run_protocol` with the columns boolean, layers and heads,
        of one method.

    Returns
    -------
    pandas.DataFrame
        Columns boolean, layers, heads, runs, the test measures with their ``_sd``,
        validation_AUPRC and ``chosen`` (1 for one point a Boolean model, else 0).
    """
    by = ["boolean", "layers", "heads"]
    table = summarise(rows, by).sort_values(by, ignore_index=True)
    validation = rows[rows[PART] == VAL].groupby(by)[AUPRC].mean()
    table["validation_AUPRC"] = validation.reindex(pd.MultiIndex.from_frame(table[by])).to_numpy()
    best = table.fillna({"validation_AUPRC": -1.0}).groupby("boolean")["validation_AUPRC"].idxmax()
    return table.assign(chosen=table.index.isin(best).astype(int))
