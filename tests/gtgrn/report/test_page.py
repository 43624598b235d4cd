from __future__ import annotations

import html
import json
import re
import shutil
import statistics
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gtgrn.errors import InputError
from gtgrn.report.assets import CYTOSCAPE, read_asset
from gtgrn.tables import write_table
from plotly.offline import get_plotlyjs
from report_cases import (
    AUROC,
    CARDS,
    EVIL,
    INTERVALS,
    comparisons,
    metrics,
    network,
    text_of,
)
from report_run import STATEMENT, build, write_results

SECTIONS = [
    "summary", "network", "datasets", "nulls", "reconstruction", "benchmark", "ablation",
    "training", "calibration", "data", "audit", "methods", "files", "provenance", "runtime",
    "limits",
]  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    return write_results(tmp_path_factory.mktemp("run") / "results")


@pytest.fixture(scope="module")
def page(results) -> str:
    return build(results)


@pytest.fixture
def copy(results, tmp_path) -> Path:
    return Path(shutil.copytree(results, tmp_path / "results"))


def without_library(page: str) -> str:
    return page.replace(get_plotlyjs(), "").replace(read_asset(CYTOSCAPE), "")


def section(page: str, name: str) -> str:
    start = page.index(f'<section id="{name}">')
    return page[start : page.index("</section>", start)]


def figures(fragment: str) -> list[dict]:
    found = re.findall(r'class="spec">(.*?)</script>', fragment, flags=re.DOTALL)
    return [json.loads(spec) for spec in found]


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def elements(page: str) -> list[tuple[str, dict]]:
    parser = Elements()
    parser.feed(page)
    return parser.found


def test_every_section_is_there_and_in_the_table_of_contents(page):
    starts = [page.index(f'<section id="{name}">') for name in SECTIONS]
    assert starts == sorted(starts)
    menu = page[page.index("<nav") : page.index("</nav>")]
    links = [attrs.get("href") for tag, attrs in elements(menu) if tag == "a"]
    assert links == [f"#{name}" for name in SECTIONS]


def test_the_page_needs_nothing_but_itself(page):
    assert page.count("plotly.js v") == get_plotlyjs().count("plotly.js v") == 1
    for tag, attrs in elements(without_library(page)):
        assert tag not in ("img", "iframe", "object", "embed", "base")
        assert "src" not in attrs
        if tag == "link":
            assert attrs["href"].startswith("data:")
    styles = re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    assert len(styles) == 1
    assert "@import" not in styles[0]
    assert "url(" not in styles[0]
    assert "default-src 'none'" in page
    assert len(page.encode()) < 7e6
    assert page.count("Copyright (c) 2016-2026, The Cytoscape Consortium") == 1


def test_benchmark_shows_mean_and_standard_deviation_of_the_seeds(page):
    text = text_of(section(page, "benchmark"))
    for values in AUROC.values():
        shown = [f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"]
        halves = [value / 2 for value in values]
        shown.append(f"{statistics.mean(halves):.3f} ± {statistics.stdev(halves):.3f}")
        assert " ".join(shown) in text
    assert "1,200 test pairs, 90 of them known edges" in text
    assert text.index("GT-GRN full") < text.index("genie3") < text.index("tf_rate")


def test_summary_says_what_the_intervals_say_whatever_the_signs_of_the_seeds(page):
    text = text_of(section(page, "datasets"))
    for metric, verdict in (("AUROC", "better"), ("AUPRC", "tie"), ("within_TF_AUROC", "worse")):
        low, high = INTERVALS[metric]
        shown = f"{(low + high) / 2:+.3f} {verdict} [{low:+.3f}, {high:+.3f}]"
        assert shown.replace("-", "−") in text
    # All seeds agree in AUPRC, and the interval of each holds zero.
    pairs = zip(AUROC["gtgrn", "full"], AUROC["tf_rate", "null_model"], strict=True)
    assert all(a > b for a, b in pairs)
    assert "is better than the best null in AUROC (+0.100 against tf_rate); it" in text
    assert "cannot be told from the best null in AUPRC (+0.045 against tf_rate)" in text
    assert "worse than the best null in AUROC within TF (−0.500 against random)" in text
    assert "AUPRC is above GT-GRN noise" in text
    assert "6 12 3 33 6 0.182" in text
    assert STATEMENT in text


def test_the_page_says_one_thing_of_the_model(page):
    """The summary, the section on the nulls and the network section tell the same verdicts."""
    nulls = text_of(section(page, "nulls"))
    assert "AUROC: 1 of 1 beat it: GT-GRN full" in nulls
    assert "AUPRC: none of 1 methods beats the best null." in nulls
    beats = "beats the best null in AUROC, and not in AUPRC, AUROC within TF."
    for name in ("summary", "network", "methods"):
        assert beats in text_of(section(page, name))
    assert "Beats the best null in 1 of 3 measures" in text_of(section(page, "summary"))


def test_no_two_statements_disagree_where_seeds_agree_and_intervals_hold_zero(copy):
    """All seeds are above the best null in every metric, and no interval leaves zero out."""
    judged = comparisons().assign(difference=0.05, low=-0.01, high=0.11)
    write_table(judged, copy / "benchmark" / "comparisons.tsv")
    page = build(copy)
    assert 'class="pill better">better' not in page
    assert page.count('class="pill tie"') == 2 * len(INTERVALS)
    text = text_of(without_library(page))
    assert text.count("Beats the best null in none of 3 measures") == 1
    for said in ("is better than the best null", "is worse than the best null", "beat it"):
        assert said not in text
    assert text.count("none of 1 methods beats the best null") == len(INTERVALS)
    no_measure = "GT-GRN full, which ranks this network, beats the best null in no measure"
    for name in ("summary", "network", "methods"):
        assert no_measure in text_of(section(page, name))
    assert "cannot be told from the best null in AUROC" in text_of(section(page, "datasets"))


def test_a_handful_of_known_edges_earns_no_verdict(copy):
    write_table(metrics().assign(n_positive=6), copy / "benchmark" / "metrics.tsv")
    page = build(copy)
    summary, datasets, nulls, network = (
        text_of(section(page, name)) for name in ("summary", "datasets", "nulls", "network")
    )
    assert "Too few known edges to say" in summary
    assert "is judged on too few known edges in AUROC" in datasets
    assert "Nothing can be decided: a test part holds 6 known edges" in nulls
    assert "too few known edges to be trusted" in network
    assert 'class="pill better"' not in page


def test_ablation_gives_differences_to_the_full_model_with_their_range(page):
    text = text_of(section(page, "ablation"))
    gaps = [a - b for a, b in zip(AUROC["gtgrn", "P"], AUROC["gtgrn", "full"], strict=True)]
    assert min(gaps) < 0 < max(gaps)
    mean = f"{statistics.mean(gaps):+.3f}".replace("-", "−")
    assert f"{mean} [−{-min(gaps):.3f}, +{max(gaps):.3f}]" in text
    assert "P, G (random) prior: True" in text
    assert "Options other than the features differ between their base and P:" in text
    assert "not in ablations" not in text


def test_a_data_set_without_reference_says_so_in_every_section(page):
    for name in ("benchmark", "ablation", "calibration", "network"):
        assert STATEMENT in text_of(section(page, name))
    assert "Nothing was trained" in text_of(section(page, "training"))
    assert "Not judged" in text_of(section(page, "summary"))


def test_data_section_shows_the_card_and_the_filters(page):
    text = text_of(section(page, "data"))
    for shown in ("Cells 9 6 6", "Genes 77 12 12", "mouse", "CC0", "made up", "magic: (knn: 5)"):
        assert shown in text
    assert "B 5, T<x> 1" in text
    assert '<a href="https://doi.org/10.1000/xyz.1"' in page


def test_network_section_holds_the_edges_with_their_ranks(page):
    table = network(True)
    fragment = section(page, "network")
    data = json.loads(re.search(r'class="edges">(.*?)</script>', fragment, re.DOTALL)[1])
    columns, genes = data["columns"], data["genes"]
    held = [(genes[r], genes[t]) for r, t in zip(columns["r"], columns["t"], strict=True)]
    assert held == list(table[["regulator", "target"]].itertuples(index=False, name=None))
    assert columns["known"] == table["known"].tolist()
    assert columns["in_r"] == (table.groupby("regulator").cumcount() + 1).tolist()
    assert data["methods"] == ["genie3", "pearson"]
    assert columns["methods"] == [3 if text else 0 for text in table["methods"]]
    # Of 33 pairs as many are the first as are known.
    top = table.head(int(table["known"].sum()))
    stranger = int((top["regulator"] != "TF1").sum())
    text = text_of(section(page, "summary"))
    assert f"Most edges among the first {len(top)}, {int(top['known'].sum())} of them" in text
    assert f"{stranger} of the first {len(top)} edges leave a regulator without any known" in text


def test_runtime_is_summed_by_rule(page):
    text = text_of(section(page, "runtime"))
    assert "4 jobs, 1 min 46 s in all" in text
    assert "train_x 3 1 min 40 s 1 min 00 s 250 2" in text
    assert "infer<y> 1 5.0 s 5.0 s 20 1" in text


def test_without_extended_benchmarks_jobs_stand_in_for_rules(copy):
    jobs = [("alpha", "", "train_x_seed3", 2.0, ""), ("alpha", "", "train_x_seed4", 4.0, "")]
    runtime = pd.DataFrame(jobs, columns=["dataset", "rule", "method", "seconds", "threads"])
    write_table(runtime, copy / "benchmark" / "runtime.tsv")
    assert "train_x 2 6.0 s 4.0 s – –" in text_of(section(build(copy), "runtime"))


def test_names_are_escaped_everywhere(page):
    rest = without_library(page)
    assert "<i>G0" not in rest
    assert "<b>co</b>" not in rest
    assert "T<x>" not in rest
    assert html.escape(EVIL) in rest
    assert r"\u003ci\u003eG0\u003c/i\u003e\u0026" in rest
    # Plotly reads texts as HTML, so they are escaped inside the JSON too.
    specs = [json.dumps(figure, ensure_ascii=False) for figure in figures(page)]
    assert not any("<i>" in spec for spec in specs)


def test_settings_and_versions_are_shown(page):
    fragment = section(page, "provenance")
    assert "epochs: 7" in fragment
    assert f"<td>numpy</td><td>{np.__version__}</td>" in fragment


def test_same_files_in_another_order_give_the_same_page(copy):
    page = build(copy)
    table = metrics().sample(frac=1, random_state=1)
    write_table(table, copy / "benchmark" / "metrics.tsv")
    assert build(copy) == page


def test_validation_and_other_negatives_stay_out_of_the_summary(copy, page):
    table = metrics()
    validation = table.assign(part="val", value=0.999)
    other = table.assign(negatives="N1", value=0.123)
    write_table(pd.concat([table, validation, other]), copy / "benchmark" / "metrics.tsv")
    fresh = build(copy)
    assert section(fresh, "datasets") == section(page, "datasets")
    assert "0.999" not in text_of(section(fresh, "benchmark"))
    assert "0.123" not in text_of(section(fresh, "benchmark"))


def test_headlines_of_drawn_negatives_stand_beside_the_others(copy):
    table = metrics()
    drawn = table[table["metric"] == "AUROC"].assign(value=0.456)
    matched = drawn.assign(negatives="N3m", metric="win_rate", value=0.567)
    write_table(
        pd.concat([table, drawn.assign(negatives="N3"), matched]), copy / "benchmark/metrics.tsv"
    )
    shown = text_of(section(build(copy), "benchmark"))
    assert "AUROC on N3 Win rate on N3m" in shown
    assert shown.count("0.456") == shown.count("0.567") == len(AUROC)


def test_without_comparisons_nothing_is_said(copy):
    (copy / "benchmark" / "comparisons.tsv").unlink()
    text = text_of(section(build(copy), "datasets"))
    assert "No null was compared, so that nothing can be said about this model." in text
    assert "better" not in text.split("The rows of a data set")[0]


def test_missing_optional_files_and_columns_do_no_harm(copy):
    shutil.rmtree(copy / "alpha" / "embeddings")
    shutil.rmtree(copy / "alpha" / "models")
    shutil.rmtree(copy / "alpha" / "evaluation")
    (copy / "alpha" / "reliability.tsv").unlink()
    write_table(network(True).drop(columns=["methods"]), copy / "alpha" / "network.tsv.gz")
    runtime = copy / "benchmark" / "runtime.tsv"
    table = pd.read_csv(runtime, sep="\t")
    write_table(table.drop(columns=["max_rss_mb", "threads"]), runtime)
    table = metrics()
    table.loc[table["metric"] == "within_TF_AUROC", "value"] = np.nan
    write_table(table, copy / "benchmark" / "metrics.tsv")
    judged = comparisons().query("metric != 'within_TF_AUROC'")
    write_table(judged, copy / "benchmark" / "comparisons.tsv")
    page = build(copy)
    assert "nan" not in text_of(without_library(page)).lower().split()
    assert "train_x 3 1 min 40 s 1 min 00 s – –" in text_of(section(page, "runtime"))
    assert "within TF (" not in text_of(section(page, "datasets"))


def test_a_run_without_any_reference_has_a_report(copy):
    write_table(metrics().head(0), copy / "benchmark" / "metrics.tsv")
    (copy / "beta" / "input_warnings.txt").write_text("40 of 100 regulators are in the matrix\n")
    page = build(copy, cards={"beta": CARDS["beta"]})
    said = text_of(section(page, "summary"))
    assert STATEMENT in said
    assert "Names: 40 of 100 regulators are in the matrix." in said
    assert "Judging it needs known edges" in said
    # What would hold methods against a reference is not there, and no link leads to it.
    shown = set(re.findall(r'<section id="(\w+)"', page))
    assert shown >= {"summary", "data", "reconstruction", "network", "runtime", "limits"}
    assert not shown & {"benchmark", "nulls", "ablation", "training", "calibration", "audit"}
    assert set(re.findall(r'href="#(\w+)"', page)) <= shown


@pytest.mark.parametrize("name", ["network.json", "expression.h5ad", "network.tsv.gz"])
def test_a_damaged_file_is_named(copy, name):
    (copy / "alpha" / name).write_text("{")
    with pytest.raises(InputError, match=re.escape(name)):
        build(copy)
    (copy / "alpha" / name).unlink()
    with pytest.raises(InputError, match=re.escape(name)):
        build(copy)


ELSEWHERE = {
    "sources": [
        {"source": "encode H1", "kind": "chip", "organism": "human", "cell_type": "H1",
         "regulators": 14, "edges": 1630},
        {"source": "literature", "kind": "curated", "organism": "human", "cell_type": "",
         "regulators": 7, "edges": 90},
    ],
    "licences": {"encode": "free for any use", "literature": "CC-BY <4>"},
    "rests_on": {"same regulator elsewhere": 0.25, "popularity": 0.5},
    "ranked_regulators": 3,
    "learnt_from": {"contexts": ["human H1"], "rows": 9},
    "dropped": [{"source": "own", "regulator": "*", "reason": "own cell type: H9 is hESC"}],
}  # fmt: skip


def test_a_network_that_rests_on_other_cells_says_on_what(tmp_path, monkeypatch):
    root = write_results(tmp_path)
    summary = json.loads((root / "beta/network.json").read_text())
    (root / "beta/network.json").write_text(json.dumps(summary | {"context": ELSEWHERE}))
    table = network(False).assign(
        rests_on="popularity,motif", rank_in_regulator=1.0, rank_in_target=np.nan,
        bound_elsewhere=4.0, specific_rank=lambda rows: rows["rank"],
    )  # fmt: skip
    write_table(table, root / "beta/network.tsv.gz")
    standing = pd.DataFrame(
        [
            ("hesc_500", "binding", "other_contexts", "within_TF_AUROC", 0.652, "", "", "", 29),
            ("hesc_500", "binding", "popularity_elsewhere", "within_TF_AUROC", 0.634, 0.018, 0.001,
             0.036, 29),
            ("mesc", "perturbation", "other_contexts", "within_TF_AUROC", 0.509, "", "", "", 34),
        ],
        columns=[
            *["dataset", "truth", "method", "metric", "value", "difference", "low", "high", "n"],
        ],
    )  # fmt: skip
    write_table(standing, tmp_path / "standing.tsv")
    monkeypatch.setattr("gtgrn.report.elsewhere.STANDING", str(tmp_path / "standing.tsv"))
    said = text_of(section(build(root), "network"))
    for words in (
        "Binding seen in other cells: what this ranking rests on",
        "encode H1 chip human H1 14 1,630 free for any use",
        "literature curated human \u2013 7 90 CC-BY <4>",
        "25 % are raised by same regulator elsewhere, 50 % are raised by popularity",
        "Left out: own, own cell type: H9 is hESC.",
        "hesc_500 binding (ChIP-seq of these cells) other contexts 0.652 \u2013 29",
        "null: how often a gene is bound elsewhere 0.634 +0.018 [+0.001, +0.036] 29",
        "mesc response (loss or gain of function) other contexts 0.509",
        "candidate for binding, not for a response",
    ):
        assert words in said, words
