"""The report: one HTML file that opens offline, made from the files of a run and its settings.

Nothing here computes a score. Means, standard deviations and differences over seeds come from
``benchmark/metrics.tsv``; all else is read from the data sets' folders.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from gtgrn.config.cards import cell_type_column
from gtgrn.config.settings import variant_options
from gtgrn.errors import InputError
from gtgrn.files import write_text
from gtgrn.names import KNOWN, METHODS, PART, PROBABILITY, RANK, REGULATOR, SCORE, TARGET, TEST
from gtgrn.report import style, text
from gtgrn.report.figures import benchmark, network, training
from gtgrn.report.figures.comparison import (
    HEADLINE,
    METRICS,
    MODEL,
    RANKED_BY,
    Block,
    ablation_rows,
    calibration_rows,
    compare,
)
from gtgrn.report.sections import judgement, peers
from gtgrn.tables import read_table

TEMPLATE = Path(__file__).with_name("report.html.j2")
KINDS = {
    style.NETWORK: "Network",
    style.NULL: "Null",
    style.CONTROL: "Control",
    style.MODEL: "Variant",
    style.MAIN: "Model",
    style.PEER: "Peer",
}
ALL_NEGATIVES = "N0"
DRAWN = {("N3", "AUROC"): "N3_AUROC", ("N3m", "win_rate"): "N3m_win_rate"}
"""(negatives, metric) -> name of a column beside the metrics of all negatives."""
DRAWN_EDGES, NOVEL_EDGES, KNOWN_EDGES, TOP_REGULATORS = 150, 30, 15, 15
PACKAGES = [
    "anndata", "arboreto", "dgl", "jinja2", "magic-impute", "networkx", "numpy", "pandas",
    "plotly", "scanpy", "scikit-learn", "scipy", "snakemake", "torch",
]  # fmt: skip


def build_report(
    results: str | Path, cards: Mapping[str, Mapping], settings: Mapping, output: str | Path
) -> None:
    """Write the report.

    Parameters
    ----------
    results
        Folder of the run's results.
    cards
        Data set -> card, in the order to report them.
    settings
        The run's configuration.
    output
        HTML file to write, atomically; the same files give the same bytes.

    Raises
    ------
    InputError
        If a file that every run has is absent or damaged.
    """
    results = Path(results)
    settings = json.loads(json.dumps(settings))
    metrics = _numbers(
        read_table(results / "benchmark" / "metrics.tsv", ["dataset", "metric", "value"]),
        ["value", "n", "n_positive"],
    )
    metrics = _in_one_table(metrics[metrics[PART] == TEST])
    comparisons = judgement.without_nulls(judgement.read_comparisons(results), settings)
    datasets = [
        _describe(results, name, card, metrics[metrics["dataset"] == name], settings)
        | _judge(results, name, comparisons, settings)
        for name, card in cards.items()
    ]
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (text.number, text.signed, text.plusminus, text.count, text.duration, text.cite)
    environment.filters |= {function.__name__: function for function in (*filters, text.plain)}
    environment.filters["spec"] = lambda figure: Markup(style.spec(figure))
    page = environment.get_template(TEMPLATE.name).render(
        datasets=datasets,
        studies=peers.sections(results, list(cards), settings),
        runtime=_describe_runtime(results / "benchmark" / "runtime.tsv", cards),
        ranks=judgement.read_ranks(results),
        nan=float("nan"),
        seeds=settings["seeds"],
        metric_names=METRICS,
        headline=HEADLINE,
        kinds=KINDS,
        settings=yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
        versions=_versions(),
        plotly=Markup(get_plotlyjs()),
    )
    write_text(page, output)


def _in_one_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Put the headline metrics of drawn negatives beside those of all negatives.

    The other values of drawn negatives stand in metrics.tsv.
    """
    tables = [metrics[metrics["negatives"] == ALL_NEGATIVES]]
    for (negatives, metric), name in DRAWN.items():
        rows = metrics[(metrics["negatives"] == negatives) & (metrics["metric"] == metric)]
        tables.append(rows.assign(metric=name, negatives=ALL_NEGATIVES))
    return pd.concat(tables, ignore_index=True)


# One data set


def _judge(results: Path, name: str, comparisons: pd.DataFrame, settings: Mapping) -> dict:
    label, main = judgement.label_of(settings), (MODEL, settings["network"]["variant"])
    judged = []
    if len(comparisons):
        for split, rows in comparisons[comparisons["dataset"] == name].groupby("split"):
            found = judgement.judge_block(rows, label, main)
            if found:
                judged.append({"split": split, "model": label(main), **found})
    split = settings["splits"]["schemes"][0]
    whole = judgement.describe_reconstruction(results / name, split, label)
    return {"judged": judged, "whole": whole}


def _describe(
    results: Path, name: str, card: Mapping, metrics: pd.DataFrame, settings: Mapping
) -> dict:
    folder = results / name
    try:
        summary = json.loads((folder / "network.json").read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(
            f"not readable ({type(error).__name__})",
            file=folder / "network.json",
            remedy="Delete it and run the workflow again",
        ) from error
    blocks = [
        _describe_block(folder, *names, Block(table, settings), settings)
        for names, table in metrics.groupby(["split", "negatives"])
    ]
    record, cell_types = _read_expression(folder / "expression.h5ad", card)
    return {
        "name": name,
        "card": card,
        "summary": summary,
        "record": record,
        "cell_types": cell_types,
        "blocks": blocks,
        "training": _training_figure(folder, settings),
        "reliability": _reliability(folder / "reliability.tsv"),
        "network": _describe_network(folder, summary, settings),
    }


def _read_expression(path: Path, card: Mapping) -> tuple[dict, dict]:
    """Return what preprocessing recorded, and cells a type; the matrix itself is not read."""
    try:
        with h5py.File(path) as file:
            record = ad.io.read_elem(file["uns/gtgrn"])
            obs = ad.io.read_elem(file["obs"])
    except (OSError, KeyError) as error:
        raise InputError(
            f"not readable ({type(error).__name__})",
            file=path,
            remedy="Delete it and run the workflow again",
        ) from error
    column = cell_type_column(card)
    types = obs[column].value_counts() if column in obs else pd.Series(dtype=int)
    return record, {str(kind): int(n) for kind, n in types.items() if n}


def _describe_block(
    folder: Path, split: str, negatives: str, block: Block, settings: Mapping
) -> dict:
    methods = block.methods()
    best_null = block.best(style.NULL, RANKED_BY)
    has_main = block.main in block.keys
    figure = None
    files = [
        folder / "evaluation" / split / f"seed{seed}.curves.tsv.gz" for seed in settings["seeds"]
    ]
    files = [path for path in files if path.exists()]
    # The curves on file are those against all negatives.
    if files and negatives == ALL_NEGATIVES:
        curves = _numbers(pd.concat(read_table(path) for path in files), ["x", "y"])
        figure = benchmark.curves_figure(curves, methods, block.density, best_null)
    return {
        "split": split,
        "negatives": negatives,
        "headline": negatives == ALL_NEGATIVES and has_main,
        "seeds": block.seeds,
        "pairs": _per_seed(block.table, "n"),
        "positives": _per_seed(block.table, "n_positive"),
        "density": block.density,
        "metrics": block.metrics,
        "methods": methods,
        "comparison": compare(block) if has_main else None,
        "curves": figure,
        "ablation": _ablation(block) if has_main else None,
        "calibration": calibration_rows(block) if has_main else [],
    }


def _per_seed(table: pd.DataFrame, column: str) -> list[int]:
    whole = table[table["metric"] == RANKED_BY].drop_duplicates("seed").sort_values("seed")
    return [int(value) for value in whole[column]]


def _ablation(block: Block) -> dict | None:
    rows = ablation_rows(block)
    if not rows:
        return None
    lines = {}
    for metric in HEADLINE:
        null = block.best(style.NULL, metric)
        lines[metric] = {f"mean of {block.main[1]}": block.mean(block.main, metric)}
        if null is not None:
            lines[metric]["best null (of each metric)"] = block.mean(null, metric)
    titles = {metric: METRICS[metric] for metric in HEADLINE}
    figure = benchmark.ablation_figure(rows, titles, lines)
    others = {row["label"]: row["others"] for row in rows}
    confounded = [row["label"] for row in rows if row["others"] != others[row["base"]]]
    return {
        "main": block.main[1],
        "rows": rows,
        "figure": figure,
        "with_others": any(row["others"] for row in rows),
        "confounded": confounded,
    }


def _training_figure(folder: Path, settings: Mapping) -> object | None:
    variant, split = settings["network"]["variant"], settings["splits"]["schemes"][0]
    model = f"models/{MODEL}/{variant}/{split}/seed{{}}/history.tsv"
    panels = [
        (f"GT-GRN {style.safe(variant)}: validation AUPRC", "auprc", model),
        (f"GT-GRN {style.safe(variant)}: loss", "loss", model),
        ("BERT over the walks: loss", "loss", "embeddings/global/seed{}.history.tsv"),
        ("VAE of the expression: ELBO", "elbo", "embeddings/expression/seed{}.history.tsv"),
    ]
    drawn = []
    for title, quantity, pattern in panels:
        histories = {}
        for seed in settings["seeds"]:
            path = folder / pattern.format(seed)
            if path.exists():
                history = read_table(path, ["epoch"])
                histories |= _by_member(seed, _numbers(history, list(history.columns)))
        if histories:
            chosen = {run: _kept_epoch(table, settings) for run, table in histories.items()}
            chosen = chosen if pattern == model else {}
            drawn.append(
                {"title": title, "quantity": quantity, "histories": histories, "chosen": chosen}
            )
    return training.histories_figure(drawn) if drawn else None


def _by_member(seed: int, history: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Part the history of an ensemble by its networks."""
    if "member" not in history:
        return {f"seed {seed}": history}
    return {f"seed {seed}, network {int(n)}": rows for n, rows in history.groupby("member")}


def _kept_epoch(history: pd.DataFrame, settings: Mapping) -> float | None:
    """Return the epoch whose checkpoint GT-GRN kept: the first best by its own measure."""
    options = variant_options(settings, settings["network"]["variant"])
    measure = options.get("select_by", "auprc")
    values = history.get(f"{training.VALIDATION}_{measure}")
    if values is None or values.isna().all():
        return None
    best = values.idxmin() if measure == "loss" else values.idxmax()
    return history.loc[best, "epoch"]


def _reliability(path: Path) -> object | None:
    if not path.exists():
        return None
    numeric = ["lower", "mean_probability", "observed_frequency", "n"]
    curves = read_table(path)
    if not set(numeric) <= set(curves) or not len(curves):
        return None
    return benchmark.reliability_figure(_numbers(curves, numeric))


def _describe_network(folder: Path, summary: Mapping, settings: Mapping) -> dict:
    table = read_table(folder / "network.tsv.gz", [RANK, REGULATOR, TARGET])
    value = PROBABILITY if PROBABILITY in table else SCORE
    table = _numbers(table, [name for name in (value, KNOWN, "trained_seeds") if name in table])
    if METHODS not in table:
        table[METHODS] = ""
    # In a tiny universe the usual number would be every pair, which says nothing.
    top = table.head(
        min(settings["network"]["graph_edges"], max(summary["known"], len(table) // 10, 1))
    )
    # Every regulator has pairs in the universe, so the table names them all.
    regulators = set(table[REGULATOR])
    groups = top.groupby(REGULATOR)
    hubs = pd.DataFrame({"edges": groups.size(), "value": groups[value].mean()})
    if KNOWN in top:
        hubs[KNOWN] = groups[KNOWN].sum().astype(int)
    best, strangers = {"Best edges": table.head(NOVEL_EDGES)}, []
    if KNOWN in table:
        # Nothing about a regulator without a known edge was trained, calibrated or tested.
        known = table.groupby(REGULATOR)[KNOWN].sum()
        strangers = sorted(known.index[known == 0])
        table["known_targets"] = table[REGULATOR].map(known)
        hubs["known_targets"] = known.reindex(hubs.index)
        novel = table[table[KNOWN] == 0]
        best = {"Best novel edges": novel.head(NOVEL_EDGES)}
        if best["Best novel edges"]["known_targets"].eq(0).any():
            title = "Best novel edges of regulators with known targets"
            best[title] = novel[novel["known_targets"] > 0].head(NOVEL_EDGES)
        best["Best known edges"] = table[table[KNOWN] == 1].head(KNOWN_EDGES)
    hubs = hubs.reset_index().sort_values(["edges", REGULATOR], ascending=[False, True])
    drawn = top.head(DRAWN_EDGES)
    return {
        "value": value,
        "has_known": KNOWN in table,
        "top": len(top),
        "hubs": hubs.head(TOP_REGULATORS).to_dict("records"),
        "n_hubs": len(hubs),
        "strangers": strangers,
        "strange_edges": int(top[REGULATOR].isin(strangers).sum()),
        "best": {title: rows.to_dict("records") for title, rows in best.items()},
        "drawn": len(drawn),
        "figure": network.network_figure(drawn, regulators, value),
    }


# The whole run


def _describe_runtime(path: Path, cards: Mapping) -> dict | None:
    table = read_table(path, ["dataset", "rule", "seconds"])
    optional = [name for name in ("max_rss_mb", "threads") if name in table]
    table = _numbers(table, ["seconds", *optional])
    table = table[table["dataset"].isin(list(cards))]
    if table.empty:
        return None
    if "method" in table:
        # Without --benchmark-extended the rule is missing; the job's name says as much.
        job = table["method"].astype(str).str.replace(r"_seed\d+$", "", regex=True)
        table = table.assign(rule=table["rule"].where(table["rule"].astype(str) != "", job))
    groups = table.groupby("rule")
    rules = pd.DataFrame(
        {"jobs": groups.size(), "total": groups["seconds"].sum(), "max": groups["seconds"].max()}
    )
    for name in ("max_rss_mb", "threads"):
        rules[name] = groups[name].max() if name in optional else np.nan
    rules = rules.reset_index().sort_values(["total", "rule"], ascending=[False, True])
    return {
        "rules": rules.to_dict("records"),
        "jobs": len(table),
        "total": float(table["seconds"].sum()),
        "max_rss_mb": float(rules["max_rss_mb"].max()),
        "figure": training.runtime_figure(table, list(cards)),
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _numbers(table: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Make columns numeric; a missing value is an empty field in the workflow's tables."""
    columns = [name for name in columns if name in table]
    return table.assign(
        **{name: pd.to_numeric(table[name], errors="coerce").astype(float) for name in columns}
    )
