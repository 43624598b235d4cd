"""Make docs/report.png anew: the first screen of a report, as Chromium shows it.

    make run && .venv/bin/python bench/picture.py results/report.html docs/report.png

needs Chromium (tests/install_system.sh installs it on Debian).
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

SIZE = {"width": 1440, "height": 900}
"""Pixels of the window."""


def picture(report: Path, image: Path) -> None:
    """Write the first screen of a report, with its figures drawn, as PNG."""
    with sync_playwright() as tool:
        browser = tool.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=SIZE)
        page.goto(report.resolve().as_uri())
        page.wait_for_selector(".main-svg")
        page.screenshot(path=image)
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("image", type=Path)
    given = parser.parse_args()
    picture(given.report, given.image)
