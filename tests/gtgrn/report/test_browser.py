"""The report as a reader uses it: Chromium opens the page of a made-up run."""

from __future__ import annotations

import io
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from gtgrn.tables import write_table
from report_run import build, write_results

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]
LOOKS = [(width, scheme) for width in (1440, 768, 390) for scheme in ("light", "dark")]
REGULATORS = ["SPI1", "EGR1", "PAX5", "GATA1"]
TARGETS = ["CD79A", "CD79B", "LYZ", "IL1B", *(f"g{i:02d}" for i in range(40))]


def ranking() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    pairs = [(r, t) for r in REGULATORS for t in [*REGULATORS, *TARGETS] if r != t]
    table = pd.DataFrame(pairs, columns=["regulator", "target"])
    table["probability"] = np.round(rng.permutation(len(table)) / len(table), 4)
    table = table.sort_values("probability", ascending=False, ignore_index=True)
    table["score"], table["rank"] = table["probability"], np.arange(1, len(table) + 1)
    table["known"] = rng.integers(0, 2, len(table))
    table["trained_seeds"] = rng.integers(0, 4, len(table))
    table["sign"] = rng.choice(["+", "-", ""], len(table))
    table["sign_probability"] = np.where(table["sign"] == "", np.nan, 0.75)
    table["methods"] = rng.choice(["", "clr", "clr,genie3", "clr,genie3,mrnet"], len(table))
    table["rests_on"] = rng.choice(["a <b>", ""], len(table))
    return table


NETWORK = ranking()


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    root = write_results(tmp_path_factory.mktemp("run") / "results")
    write_table(NETWORK, root / "alpha" / "network.tsv.gz")
    build(root)
    return (root / "report.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as tool:
        chromium = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, address):
    """Open the report; whatever the console says is a failure when the test ends."""
    contexts, said = [], []

    def start(fragment: str = "", width: int = 1440, scheme: str = "light"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True
        )
        contexts.append(context)
        # A machine under load is slow, and that is no fault of the page.
        context.set_default_timeout(120_000)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if fetched(request) else None)
        page.goto(address + fragment)
        return page

    yield start
    for context in contexts:
        context.close()
    assert said == []


def fetched(request) -> bool:
    return not request.url.startswith(("file:", "data:", "blob:"))


def explorer(page):
    return page.locator(".explorer.shown")


def rows(page, caption: str) -> list[list[str]]:
    """Return the texts of a table of the explorer, by the start of its caption."""
    table = explorer(page).locator("table", has=page.locator("caption", has_text=caption))
    return table.evaluate(
        "t => Array.from(t.tBodies[0].rows).map(r => Array.from(r.cells).map(c => c.innerText))"
    )


def regulators_of(gene: str) -> list[str]:
    return NETWORK.loc[NETWORK["target"] == gene, "regulator"].tolist()


def targets_of(gene: str) -> list[str]:
    return NETWORK.loc[NETWORK["regulator"] == gene, "target"].tolist()


def saved(page, kind: str) -> str:
    with page.expect_download() as download:
        explorer(page).locator(f"[data-save={kind}]").click()
    return Path(download.value.path()).read_text(encoding="utf-8")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_figure_is_drawn_nothing_overflows_and_all_can_read_it(open_page, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(width=width, scheme=scheme)
    for index in (1, 0):
        page.locator(f".choose [data-choose='{index}']").click()
        plots = page.locator(".plot:visible")
        for place in range(plots.count()):
            plots.nth(place).scroll_into_view_if_needed()
            plots.nth(place).locator(".main-svg").first.wait_for()
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    page.locator("table.sortable th button").evaluate_all("all => all.forEach(one => one.click())")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page).response["violations"]
    serious = [
        (one["id"], [node["html"][:200] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_a_gene_is_found_by_its_first_letters(open_page):
    page = open_page()
    field = explorer(page).get_by_role("combobox", name="Find a gene")
    field.press_sequentially("cd79")
    options = explorer(page).locator(".genes li:visible")
    assert options.all_inner_texts() == ["CD79A target", "CD79B target"]
    field.press("ArrowDown")
    field.press("Enter")
    assert [row[0] for row in rows(page, "Regulators of CD79A")] == regulators_of("CD79A")
    assert "gene=CD79A" in page.url
    assert options.count() == 0
    # A regulator of the table leads on.
    first = regulators_of("CD79A")[0]
    explorer(page).locator("tbody button.link").first.click()
    assert [row[0] for row in rows(page, f"Targets of {first}")] == targets_of(first)[:15]
    field.fill("nosuch")
    field.press("Enter")
    assert "nosuch is not among the" in explorer(page).locator(".said").inner_text()


def test_a_row_says_what_the_file_says(open_page):
    page = open_page("#gene=CD79A")
    of_gene = NETWORK[NETWORK["target"] == "CD79A"]
    within = NETWORK.groupby("regulator").cumcount()[of_gene.index] + 1
    shown = rows(page, "Regulators of CD79A")
    for row, (_, edge), place, cells in zip(
        range(1, 9), of_gene.iterrows(), within, shown, strict=False
    ):
        assert float(cells[1]) == pytest.approx(edge["probability"], abs=6e-4)
        assert cells[2] == str(edge["rank"])
        assert cells[3:5] == [f"{place} of 47", f"{row} of 4"]
        sign = {"+": "+ (0.750)", "-": "\u2212 (0.750)", "": "\u2013"}[edge["sign"]]
        assert cells[5:8] == [sign, ["novel", "known"][edge["known"]], str(edge["trained_seeds"])]
        methods = edge["methods"].split(",") if edge["methods"] else []
        text = f"{len(methods)} of 3: {', '.join(methods)}" if methods else "none"
        assert cells[8:] == [text, edge["rests_on"] or "\u2013"]


def test_a_link_opens_on_its_gene_and_changes_with_the_address(open_page):
    page = open_page("#gene=SPI1&dataset=alpha")
    assert [row[0] for row in rows(page, "Targets of SPI1")] == targets_of("SPI1")[:15]
    page.evaluate("location.hash = '#gene=TF1'")
    page.wait_for_function("document.querySelector('.explorer.shown').dataset.name === 'beta'")
    assert rows(page, "Targets of TF1")


def test_slider_and_filters_choose_the_edges(open_page):
    page = open_page("#gene=SPI1")
    box = explorer(page)
    box.locator(".count").fill("5")
    assert [row[0] for row in rows(page, "Targets of SPI1")] == targets_of("SPI1")[:5]
    box.locator(".count").fill("47")
    own = NETWORK[NETWORK["regulator"] == "SPI1"]
    box.locator(".of-reference").select_option("0")
    novel = own[own["known"] == 0]
    assert [row[0] for row in rows(page, "Targets of SPI1")] == novel["target"].tolist()
    box.locator(".of-sign").select_option("-1")
    negative = novel[novel["sign"] == "-"]
    assert [row[0] for row in rows(page, "Targets of SPI1")] == negative["target"].tolist()
    box.locator(".floor").fill("0.4")
    likely = negative[negative["probability"] >= 0.4]
    assert [row[0] for row in rows(page, "Targets of SPI1")] == likely["target"].tolist()
    box.locator(".support").fill("2")
    supported = likely[likely["methods"].str.count(",") >= 1]
    assert [row[0] for row in rows(page, "Targets of SPI1")] == supported["target"].tolist()
    assert f"{len(supported)} targets shown" in box.locator(".said").inner_text()
    box.locator(".reset").click()
    assert [row[0] for row in rows(page, "Targets of SPI1")] == own["target"].tolist()
    box.locator(".whole").click()
    edges = [row[:2] for row in rows(page, "strongest edges")]
    assert edges == NETWORK[["regulator", "target"]].head(60).to_numpy().tolist()


def test_tables_sort_and_filter(open_page):
    page = open_page("#gene=SPI1")
    heading = (
        explorer(page)
        .locator("table", has_text="Targets of SPI1")
        .get_by_role("button", name="Target", exact=True)
    )
    heading.click()
    names = [row[0] for row in rows(page, "Targets of SPI1")]
    assert names == sorted(targets_of("SPI1")[:15], key=str.lower)
    heading.click()
    assert [row[0] for row in rows(page, "Targets of SPI1")] == names[::-1]
    files = page.locator("#files")
    files.get_by_role("searchbox").fill("metrics")
    assert files.locator("tbody tr:visible").count() == 1
    assert "1 of" in files.get_by_role("status").inner_text()
    bench = page.locator("#benchmark .dataset.shown table").first
    bench.get_by_role("button", name="AUROC", exact=True).click()
    values = bench.locator("tbody tr td:nth-child(3)").evaluate_all(
        "cells => cells.map(cell => Number(cell.dataset.value))"
    )
    assert values == sorted(values, reverse=True)


def test_what_is_shown_is_saved(open_page):
    page = open_page("#gene=SPI1")
    box = explorer(page)
    box.locator(".of-reference").select_option("1")
    shown = [*rows(page, "Regulators of SPI1"), *rows(page, "Targets of SPI1")]
    known = NETWORK[NETWORK["known"] == 1]
    own = pd.concat(
        [known[known["target"] == "SPI1"], known[known["regulator"] == "SPI1"].head(15)]
    )
    assert len(shown) == len(own)
    table = pd.read_csv(io.StringIO(saved(page, "tsv")), sep="\t", keep_default_na=False)
    names = ["rank", "regulator", "target", "known", "trained_seeds", "sign", "methods"]
    pd.testing.assert_frame_equal(
        table[[*names, "rests_on"]], own[[*names, "rests_on"]].reset_index(drop=True)
    )
    assert np.allclose(table["probability"], own["probability"], rtol=5e-3)
    graph = nx.parse_graphml(saved(page, "graphml"))
    assert set(graph.edges) == set(own[["regulator", "target"]].itertuples(index=False, name=None))
    first = own.iloc[-1]
    edge = graph.edges[first["regulator"], first["target"]]
    assert edge["rank"] == first["rank"]
    assert edge["methods"] == first["methods"] if first["methods"] else "methods" not in edge
    drawing = ET.fromstring(saved(page, "svg"))
    names = [text.text for text in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert sorted(names) == sorted(["SPI1", *own["regulator"][own["target"] == "SPI1"],
                                    *own["target"][own["regulator"] == "SPI1"]])  # fmt: skip


def test_the_keyboard_is_enough(open_page):
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen = set()
    for _ in range(400):
        page.keyboard.press("Tab")
        now = page.evaluate("[document.activeElement.id, document.activeElement.className].join()")
        seen.add(now)
        if now.startswith("gene0"):
            break
    assert "theme,plain" in seen
    assert now.startswith("gene0")
    page.keyboard.type("pax")
    page.keyboard.press("Escape")
    assert explorer(page).locator(".genes li:visible").count() == 0
    page.keyboard.press("Enter")
    assert "PAX5" in explorer(page).locator(".said").inner_text()
    heading = explorer(page).get_by_role("button", name="Probability").first
    heading.focus()
    assert "calibrated probability" in page.locator("#tip").inner_text()
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()
    page.locator("#theme").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, ground[4:-1].split(","))) < 60


def test_it_prints_with_the_names_of_the_drawing(open_page, tmp_path):
    page = open_page("#gene=SPI1", scheme="dark")
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    names = explorer(page).locator(".paper text").all_text_contents()
    assert {"SPI1", *targets_of("SPI1")[:15]} == set(names) - set(regulators_of("SPI1"))
