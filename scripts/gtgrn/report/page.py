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
from gtgrn.names import AUROC, HEADLINE, PART, TEST, WIN_RATE
from gtgrn.report import judgement, style, text
from gtgrn.report.dataset import describe_dataset
from gtgrn.report.figures.comparison import METRICS, N3_AUROC, N3M_WIN_RATE
from gtgrn.report.registry import make_sections
from gtgrn.report.run import describe_runtime, list_versions
from gtgrn.splits.negatives import N0, N3, N3M
from gtgrn.tables import read_measures

TEMPLATE = Path(__file__).with_name("report.html.j2")
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
    results: str | Path, cards: Mapping[str, dict], settings: dict, output: str | Path
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
    results, datasets = Path(results), list(cards)
    settings = json.loads(json.dumps(settings))
    metrics = read_measures(results / "benchmark" / "metrics.tsv", ["dataset", "metric", "value"])
    metrics = _in_one_table(metrics[metrics[PART] == TEST])
    comparisons = judgement.without_nulls(judgement.read_comparisons(results), settings)
    described = [
        describe_dataset(results, name, card, metrics, comparisons, settings)
        for name, card in cards.items()
    ]
    page = (
        _environment()
        .get_template(TEMPLATE.name)
        .render(
            datasets=described,
            studies=make_sections(
                results, datasets, settings.get("report", {}).get("studies", [])
            ),
            runtime=describe_runtime(results / "benchmark" / "runtime.tsv", datasets),
            ranks=judgement.read_ranks(results),
            nan=float("nan"),
            seeds=settings["seeds"],
            metric_names=METRICS,
            headline=HEADLINE,
            kinds=KINDS,
            settings=yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
            versions=list_versions(),
            plotly=Markup(get_plotlyjs()),
        )
    )
    write_text(page, output)


def _environment() -> Environment:
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
