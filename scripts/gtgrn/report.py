"""The report: one HTML file that opens offline, made from the files of a run and its settings.

Nothing here computes a score. Means, standard deviations and differences over seeds come from
``benchmark/metrics.tsv``; all else is read from the data sets' folders.
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from gtgrn.edges import (
    KNOWN, METHODS, PART, PROBABILITY, RANK, REGULATOR, SCORE, TARGET, TEST, read_table,
)  # fmt: skip
from gtgrn.errors import InputError
from gtgrn.files import write_text
from gtgrn.plots import benchmark, network, style, training

TEMPLATE = Path(__file__).with_name("report.html.j2")
MODEL = "gtgrn"
ALL_NEGATIVES = "N0"

METRICS = {
    "AUROC": "AUROC",
    "AUPRC": "AUPRC",
    "AUPRC_ratio": "AUPRC / density",
    "EPR": "EPR",
    "precision_at_positives": "Precision at k",
    "within_TF_AUROC": "AUROC within TF",
    "within_gene_AUROC": "AUROC within gene",
    "Brier": "Brier",
    "ECE": "ECE",
}
"""Names in the file -> headings; a metric that is not here follows under its own name."""
HEADLINE = ["AUROC", "AUPRC", "within_TF_AUROC"]
RANKED_BY = "AUPRC"

KINDS = {
    style.NETWORK: "Network",
    style.NULL: "Null",
    style.CONTROL: "Control",
    style.MODEL: "Variant",
    style.MAIN: "Model",
}
LEGEND = [style.MAIN, style.NETWORK, style.NULL, style.CONTROL, style.MODEL]

DRAWN_EDGES, NOVEL_EDGES, KNOWN_EDGES, TOP_REGULATORS = 150, 30, 15, 15
PACKAGES = [
    "anndata", "arboreto", "dgl", "jinja2", "magic-impute", "networkx", "numpy", "pandas", "plotly",
    "scanpy", "scikit-learn", "scipy", "snakemake", "torch",
]  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """Paired differences of one metric over seeds.

    Attributes
    ----------
    mean, low, high
        Mean, smallest and largest difference; NaN without a seed.
    seeds
        Number of seeds that have both values.
    """

    mean: float
    low: float
    high: float
    seeds: int

    @property
    def verdict(self) -> str:
        """``better``, ``worse``, ``tie`` (the range holds 0) or ``undecided`` (one seed)."""
        if self.seeds < 2:
            return "undecided"
        if self.low <= 0 <= self.high:
            return "tie"
        return "better" if self.low > 0 else "worse"


class Block:
    """The metrics of one data set, split and choice of negatives, on the test part.

    Parameters
    ----------
    table
        Rows of metrics.tsv: method, variant, seed, metric, value, n, n_positive.
    settings
        The run's configuration.
    """

    def __init__(self, table: pd.DataFrame, settings: Mapping) -> None:
        self.table, self.settings = table, settings
        self.seeds = sorted(table["seed"].unique())
        self.keys = list(dict.fromkeys(zip(table["method"], table["variant"], strict=True)))
        self.metrics = list(dict.fromkeys([*METRICS, *table["metric"]]))
        self.metrics = [name for name in self.metrics if name in set(table["metric"])]
        self.wide = {
            metric: rows.pivot(index="seed", columns=["method", "variant"], values="value")
            for metric, rows in table.groupby("metric")
        }
        whole = table[table["metric"] == RANKED_BY].drop_duplicates("seed")
        self.density = float((whole["n_positive"] / whole["n"]).mean())

    @property
    def main(self) -> tuple[str, str]:
        """Give the key of the variant that ranks the final network."""
        return MODEL, self.settings["network"]["variant"]

    def kind(self, key: tuple[str, str]) -> str:
        """Say what a method is, by its variant: see :mod:`gtgrn.plots.style`."""
        method, variant = key
        if variant in (style.NETWORK, style.NULL):
            return variant
        if key == self.main:
            return style.MAIN
        control = self.settings["variants"].get(variant, {}).get("control", "none")
        return style.MODEL if control == "none" else style.CONTROL

    def label(self, key: tuple[str, str]) -> str:
        """Give the name to print; a name that two kinds share is told apart by its kind."""
        method, variant = key
        if variant not in (style.NETWORK, style.NULL):
            return f"{'GT-GRN' if method == MODEL else method} {variant}"
        shared = sum(method == other for other, _ in self.keys) > 1
        return f"{method} {variant}" if shared else method

    def values(self, key: tuple[str, str], metric: str) -> pd.Series:
        """Give the seeds' values of a method, without missing ones; empty where there are none."""
        table = self.wide.get(metric)
        if table is None or key not in table:
            return pd.Series(dtype=float)
        return table[key].dropna()

    def mean(self, key: tuple[str, str], metric: str) -> float:
        """Give the mean over seeds."""
        return float(self.values(key, metric).mean())

    def cell(self, key: tuple[str, str], metric: str) -> dict:
        """Give mean, standard deviation (n - 1) and number of seeds."""
        values = self.values(key, metric)
        return {"mean": values.mean(), "sd": values.std(ddof=1), "seeds": len(values)}

    def best(self, kind: str, metric: str) -> tuple[str, str] | None:
        """Give the method of a kind with the highest mean; ties by name, None without any."""
        scored = [(-self.mean(key, metric), key) for key in self.keys if self.kind(key) == kind]
        return min((pair for pair in scored if np.isfinite(pair[0])), default=(0, None))[1]

    def difference(self, first: tuple, second: tuple, metric: str) -> Difference:
        """Give the seeds' differences, first minus second."""
        gaps = (self.values(first, metric) - self.values(second, metric)).dropna()
        return Difference(float(gaps.mean()), float(gaps.min()), float(gaps.max()), len(gaps))

    def methods(self) -> list[dict]:
        """Give all methods by kind, the best first: key, kind, label, cells by metric."""
        listed = [
            {
                "key": key,
                "kind": self.kind(key),
                "label": self.label(key),
                "cells": {metric: self.cell(key, metric) for metric in self.metrics},
            }
            for key in self.keys
        ]

        def position(row):
            mean = self.mean(row["key"], RANKED_BY)
            return LEGEND.index(row["kind"]), -mean if np.isfinite(mean) else 1, row["key"]

        return sorted(listed, key=position)


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
    metrics = metrics[metrics[PART] == TEST]
    datasets = [
        _describe(results, name, card, metrics[metrics["dataset"] == name], settings)
        for name, card in cards.items()
    ]
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number, "signed": signed, "plusminus": plusminus, "count": count,
        "duration": duration, "cite": cite, "plain": plain, "spec": lambda f: Markup(style.spec(f)),
    }  # fmt: skip
    text = environment.get_template(TEMPLATE.name).render(
        datasets=datasets,
        runtime=_describe_runtime(results / "benchmark" / "runtime.tsv", cards),
        seeds=settings["seeds"],
        metric_names=METRICS,
        headline=HEADLINE,
        kinds=KINDS,
        settings=yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
        versions=_versions(),
        plotly=Markup(get_plotlyjs()),
    )
    write_text(text, output)


# One data set


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
        for names, table in metrics.groupby(["split", "negatives"], sort=False)
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
    """Give what preprocessing recorded, and cells a type; the matrix itself is not read."""
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
    column = card["expression"].get("cell_type")
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
        "comparison": _compare(block) if has_main else None,
        "curves": figure,
        "ablation": _ablate(block, settings) if has_main else None,
        "calibration": _calibration_rows(block) if has_main else [],
    }


def _per_seed(table: pd.DataFrame, column: str) -> list[int]:
    whole = table[table["metric"] == RANKED_BY].drop_duplicates("seed").sort_values("seed")
    return [int(value) for value in whole[column]]


def _compare(block: Block) -> dict:
    """Hold the final variant against the best null, the best network and the controls."""
    columns = []
    for metric in HEADLINE:
        null, peer = block.best(style.NULL, metric), block.best(style.NETWORK, metric)
        rivals = [
            {
                "title": title,
                "label": block.label(key),
                "cell": block.cell(key, metric),
                "difference": block.difference(block.main, key, metric),
            }
            for title, key in (("null", null), ("network", peer))
            if key is not None
        ]
        columns.append(
            {"metric": metric, "cell": block.cell(block.main, metric), "rivals": rivals}
        )
    controls = [
        {
            "label": block.label(key),
            "difference": block.difference(block.main, key, RANKED_BY),
        }
        for key in block.keys
        if block.kind(key) == style.CONTROL
    ]
    label = block.label(block.main)
    return {"label": label, "columns": columns, "verdict": verdict(label, columns, controls)}


def verdict(label: str, columns: Iterable[Mapping], controls: Iterable[Mapping]) -> str:
    """Say in words what the paired differences to the best null and to the controls are.

    Parameters
    ----------
    label
        Name of the model.
    columns
        A dictionary a metric, with ``metric`` and ``rivals`` (``title``, ``label``,
        ``difference``).
    controls
        Dictionaries with ``label`` and ``difference`` in :data:`RANKED_BY`.
    """
    nulls = [
        (METRICS[column["metric"]], rival)
        for column in columns
        for rival in column["rivals"]
        if rival["title"] == style.NULL and rival["difference"].seeds
    ]
    if not nulls:
        return "No null was scored, so that nothing can be said about this model."
    words = {
        "better": "is better than the best null in",
        "tie": "ties with the best null in",
        "worse": "is worse than the best null in",
        "undecided": "cannot be told from the best null, with one seed, in",
    }
    clauses = []
    for outcome, text in words.items():
        parts = [
            f"{name} ({signed(rival['difference'].mean)} against {rival['label']})"
            for name, rival in nulls
            if rival["difference"].verdict == outcome
        ]
        if parts:
            clauses.append(f"{text} {_join(parts)}")
    sentence = f"{label} {'; it '.join(clauses)}."
    peers = [
        f"{rival['label']} in {METRICS[column['metric']]}"
        for column in columns
        for rival in column["rivals"]
        if rival["title"] == style.NETWORK
    ]
    if peers:
        sentence += f" Best networks from expression alone: {', '.join(peers)}."
    parts = [
        f"{control['label']} {signed(control['difference'].mean)}, {control['difference'].verdict}"
        for control in controls
        if control["difference"].seeds
    ]
    if parts:
        sentence += f" Against its controls in {RANKED_BY}: {'; '.join(parts)}."
    return sentence


def _join(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def _ablate(block: Block, settings: Mapping) -> dict | None:
    keys = [
        (MODEL, variant)
        for variant in dict.fromkeys([block.main[1], *settings["ablations"]["variants"]])
        if (MODEL, variant) in block.keys
    ]
    if len(keys) < 2:
        return None
    rows = []
    for key in keys:
        options = {**settings["gtgrn"], **settings["variants"].get(key[1], {})}
        rows.append(
            {
                "label": key[1],
                "kind": block.kind(key),
                "features": ", ".join(options.get("features", [])),
                "control": options.get("control", "none"),
                "values": {metric: list(block.values(key, metric)) for metric in HEADLINE},
                "cells": {metric: block.cell(key, metric) for metric in HEADLINE},
                "differences": {
                    metric: block.difference(key, block.main, metric) for metric in HEADLINE
                },
            }
        )
    lines = {}
    for metric in HEADLINE:
        null = block.best(style.NULL, metric)
        lines[metric] = {f"mean of {block.main[1]}": block.mean(block.main, metric)}
        if null is not None:
            lines[metric]["best null (of each metric)"] = block.mean(null, metric)
    titles = {metric: METRICS[metric] for metric in HEADLINE}
    figure = benchmark.ablation_figure(rows, titles, lines)
    return {"main": block.main[1], "rows": rows, "figure": figure}


def _calibration_rows(block: Block) -> list[dict]:
    keys = [block.main, block.best(style.NULL, RANKED_BY), block.best(style.NETWORK, RANKED_BY)]
    rows = [
        {"label": block.label(key), **{name: block.cell(key, name) for name in ("ECE", "Brier")}}
        for key in keys
        if key is not None
    ]
    return [row for row in rows if row["ECE"]["seeds"]]


def _training_figure(folder: Path, settings: Mapping) -> object | None:
    variant, split = settings["network"]["variant"], settings["splits"]["schemes"][0]
    model = f"models/{MODEL}/{variant}/{split}/seed{{}}/history.tsv"
    panels = [
        (f"GT-GRN {variant}: validation AUPRC", "auprc", model),
        (f"GT-GRN {variant}: loss", "loss", model),
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
                histories[seed] = _numbers(history, list(history.columns))
        if histories:
            chosen = {seed: _kept_epoch(table, settings) for seed, table in histories.items()}
            chosen = chosen if pattern == model else {}
            drawn.append(
                {"title": title, "quantity": quantity, "histories": histories, "chosen": chosen}
            )
    return training.histories_figure(drawn) if drawn else None


def _kept_epoch(history: pd.DataFrame, settings: Mapping) -> float | None:
    """Give the epoch whose checkpoint GT-GRN kept: the first best by its own measure."""
    measure = settings["gtgrn"].get("select_by", "auprc")
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


# Filters of the template


def number(value: float, digits: int = 3) -> str:
    """Format with a fixed number of decimals and a true minus; a dash for a missing value."""
    return f"{value:.{digits}f}".replace("-", "\u2212") if np.isfinite(value) else "\u2013"


def signed(value: float, digits: int = 3) -> str:
    """Format like :func:`number`, with a plus where there is no minus."""
    text = number(value, digits)
    return f"+{text}" if np.isfinite(value) and value >= 0 else text


def plusminus(cell: Mapping) -> Markup:
    """Format mean and standard deviation; without a spread (one seed) the mean alone."""
    if not np.isfinite(cell["sd"]):
        return Markup(number(cell["mean"]))
    spread = Markup('<span class="sd">\u00b1 {}</span>').format(number(cell["sd"]))
    return Markup("{} {}").format(number(cell["mean"]), spread)


def count(value: float) -> str:
    """Format a whole number with separators of thousands."""
    return f"{int(value):,}" if np.isfinite(value) else "\u2013"


def duration(seconds: float) -> str:
    """Format seconds as hours, minutes and seconds."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def cite(text: str) -> Markup:
    """Escape a citation and make its DOI a link, which nothing loads by itself."""
    pattern = r"(?i)\b(?:doi:\s*|doi\s+)?(10\.\d{4,9}/[^\s<>&;,]*[^\s<>&;,.)])"
    link = r'<a href="https://doi.org/\1" rel="noreferrer">doi:\1</a>'
    return Markup(re.sub(pattern, link, str(escape(text))))


def plain(section: Mapping) -> str:
    """Write a section of a card or of the records on one line."""
    return "; ".join(
        f"{key}: {value}" for key, value in section.items() if value not in ("", None)
    )
