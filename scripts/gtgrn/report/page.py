"""The report: one HTML file that opens offline, made from the files of a run and its settings.

Nothing here computes a score. Means, standard deviations and differences over seeds come from
``benchmark/metrics.tsv``; all else is read from the data sets' folders.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from gtgrn.files import write_text
from gtgrn.names import AUPRC_RATIO, AUROC, EPR, HEADLINE, PART, TEST, WIN_RATE
from gtgrn.report import (
    assets,
    first,
    headings,
    judgement,
    provenance,
    style,
    templates,
    text,
)
from gtgrn.report.dataset import describe_dataset
from gtgrn.report.headings import N3_AUROC, N3M_WIN_RATE
from gtgrn.report.methods_text import write_methods
from gtgrn.report.registry import make_sections
from gtgrn.report.run import describe_runtime, list_versions
from gtgrn.splits.negatives import N0, N3, N3M
from gtgrn.tables import read_measures

TEMPLATES = Path(templates.__path__[0])
KINDS = {
    style.NETWORK: "Network",
    style.NULL: "Null",
    style.CONTROL: "Control",
    style.MODEL: "Variant",
    style.MAIN: "Model",
    style.PEER: "Peer",
}
DRAWN = {(N3, AUROC): N3_AUROC, (N3M, WIN_RATE): N3M_WIN_RATE}
"""(negatives, metric) -> name of a column beside the metrics of all negatives."""


def build_report(
    results: str | Path,
    cards: Mapping[str, dict],
    settings: dict,
    output: str | Path,
    command: str = "snakemake --cores all",
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
        HTML file to write, atomically; the same files and code give the same bytes.
    command
        The command that repeats the run.

    Raises
    ------
    InputError
        If a file that every run has is absent or damaged.
    """
    results, datasets = Path(results), list(cards)
    settings = json.loads(json.dumps(settings))
    metrics = read_measures(results / "benchmark" / "metrics.tsv", ["dataset", "metric", "value"])
    metrics = _in_one_table(metrics[metrics[PART] == TEST])
    comparisons = judgement.without_nulls(judgement.read_comparisons(results), settings)
    described = [
        describe_dataset(results, name, card, metrics, comparisons, settings)
        for name, card in cards.items()
    ]
    for d in described:
        d["next"] = first.next_steps(command, results, d)
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            **_code(),
            datasets=described,
            studies=make_sections(
                results, datasets, settings.get("report", {}).get("studies", [])
            ),
            runtime=describe_runtime(results / "benchmark" / "runtime.tsv", datasets),
            ranks=judgement.read_ranks(results),
            seeds=settings["seeds"],
            methods=write_methods(settings, described),
            files=provenance.list_results(results, datasets),
            command=command,
            commit=provenance.find_commit(),
            settings=yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
        )
    )
    write_text(page, output)


def _code() -> dict:
    """Return the parts of the page that are the same in every run: code, style and words."""
    return {
        "metric_names": {name: title for name, (title, _) in headings.METRICS.items()},
        "metric_tips": {name: meaning for name, (_, meaning) in headings.METRICS.items()},
        "kinds": KINDS,
        "headline": HEADLINE,
        "nan": float("nan"),
        "versions": list_versions(),
        "in_units_of_chance": (AUPRC_RATIO, EPR),
        "inks": Markup(json.dumps(style.DARK)),
        "style": Markup(assets.read_asset(assets.STYLE)),
        "scripts": [Markup(assets.read_asset(name)) for name in assets.SCRIPTS],
        "cytoscape": Markup(assets.read_asset(assets.CYTOSCAPE)),
        "cytoscape_version": assets.CYTOSCAPE_VERSION,
        "plotly": Markup(get_plotlyjs()),
    }


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (text.number, text.signed, text.plusminus, text.count, text.duration, text.cite)
    environment.filters |= {function.__name__: function for function in (*filters, text.plain)}
    environment.filters["spec"] = lambda figure: Markup(style.spec(figure))
    return environment


def _in_one_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Put the headline metrics of drawn negatives beside those of all negatives.

    The other values of drawn negatives stand in metrics.tsv.
    """
    tables = [metrics[metrics["negatives"] == N0]]
    for (negatives, metric), name in DRAWN.items():
        rows = metrics[(metrics["negatives"] == negatives) & (metrics["metric"] == metric)]
        tables.append(rows.assign(metric=name, negatives=N0))
    return pd.concat(tables, ignore_index=True)
