"""The page's one rule of evidence: what the intervals of all seeds say, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from gtgrn.names import AUPRC, AUROC, WIN_RATE, WITHIN_TF
from gtgrn.splits.negatives import N0, N3, N3M

QUESTIONS = {
    (N0, AUROC): "AUROC",
    (N0, AUPRC): "AUPRC",
    (N0, WITHIN_TF): "AUROC within TF",
    (N3M, WIN_RATE): "N3m win rate",
    (N3, WIN_RATE): "N3 win rate",
}
"""(negatives, metric) -> heading."""
BEST_NULL = "best null"
LEAST_POSITIVES = 20
"""Known edges in a test part below which nothing is decided: with 19, an AUROC of .7 has a
standard error of .06 or more (Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747)."""
Method = tuple[str, str]


def over_seeds(rows: pd.DataFrame, positives: float) -> dict:
    """Join one method's comparisons of all seeds: mean, widest interval, verdict.

    This is the page's one rule of evidence. ``better`` (``worse``) only if the interval of every
    seed lies above (below) zero; ``too few`` where the test parts hold fewer known edges than
    :data:`LEAST_POSITIVES`, whatever the intervals are.

    Parameters
    ----------
    rows
        Rows of comparisons.tsv of one method, rival and metric, a row a seed.
    positives
        Known edges in the test part, the mean over seeds.
    """
    low, high = rows["low"].min(), rows["high"].max()
    verdict = "better" if low > 0 else "worse" if high < 0 else "tie"
    if positives < LEAST_POSITIVES:
        verdict = "too few"
    rivals = rows["rival_method"].where(
        rows["rival_variant"].isin(["null_model", "network"]),
        rows["rival_method"].replace("gtgrn", "GT-GRN") + " " + rows["rival_variant"],
    )
    return {
        "mean": float(rows["difference"].mean()),
        "low": float(low),
        "high": float(high),
        "verdict": verdict,
        "seeds": len(rows),
        "rivals": ", ".join(sorted(set(rivals))),
    }


NONE, BETTER, MIXED, TIE, FEW = "none", "better", "mixed", "tie", "too few"
"""How far a network can be trusted: not judged, better than the best null in every measure, in
some, in none, or judged on too few known edges."""


def trust(rows: Sequence[Mapping], model: str) -> dict[str, str]:
    """Say what the judgement of its model means for a network.

    Parameters
    ----------
    rows
        Of :func:`gtgrn.report.judgement.judge_block`: title and model (rival -> over_seeds).
    model
        Name to print of the model.

    Returns
    -------
    dict
        level (one of the words above), short (a few words) and sentence.
    """
    found = {
        row["title"]: row["model"][BEST_NULL]["verdict"]
        for row in rows
        if BEST_NULL in row["model"]
    }
    better = [title for title, verdict in found.items() if verdict == "better"]
    if better:
        others = [title for title in found if title not in better]
        but = f", and not in {', '.join(others)}" if others else ""
        return {
            "level": MIXED if others else BETTER,
            "short": f"Beats the best null in {len(better)} of {len(found)} measures",
            "sentence": f"{model}, which ranks this network, beats the best null in "
            f"{', '.join(better)}{but}.",
        }
    if "too few" in found.values():
        return {
            "level": FEW,
            "short": "Too few known edges to say",
            "sentence": f"{model}, which ranks this network, was judged on too few known edges "
            "to be trusted.",
        }
    return {
        "level": TIE,
        "short": f"Beats the best null in none of {len(found)} measures",
        "sentence": f"{model}, which ranks this network, beats the best null in no measure: how "
        "many known targets a regulator has, and how often a gene is one, say as much about the "
        "test pairs.",
    }
