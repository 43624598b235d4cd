"""What `make docs` adds to the pages in docs/: those that lie elsewhere, and the reference.

The README becomes the first page; tables of keys are made from the schemas, the options of the
command from its own help. Links to files that are no pages become links to the repository, if
they lead to a file that is there; another ends the build.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path, PurePosixPath

import yaml
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/OWNER/gt-grn/blob/main/"
PAGES = {
    "README.md": "index.md",
    "config/README.md": "reference/configuration.md",
    "resources/README.md": "reference/resources.md",
    "CHANGELOG.md": "reference/changes.md",
    "CONTRIBUTING.md": "reference/contributing.md",
    "docs/notebooks/regulon.ipynb": "notebooks/regulon.md",
}
"""File of the repository -> the page that it becomes."""
MODULES = [
    *("config.cards", "data.preprocessing", "data.readers", "splits.schemes"),
    *("evaluation.metrics", "evaluation.calibration", "inference.consensus", "network.ranking"),
    *("network.regulons", "network.exchange", "network.signs", "models.gtgrn.full"),
    "models.gtgrn.restore",
]
LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")


def on_files(files, config):
    """Add the pages that are not in docs/."""
    made = {page: _read(name) for name, page in PAGES.items()}
    made["reference/command.md"] = _command()
    made["reference/cards.md"] = _schema("dataset", "Keys of a data set's card")
    made["reference/sources.md"] = _schema("source", "Keys of a source of other contexts")
    made["reference/modules.md"] = "# Modules\n\n" + "\n\n".join(
        f"::: gtgrn.{name}" for name in MODULES
    )
    for notebook in [file for file in files if file.src_uri.endswith(".ipynb")]:
        files.remove(notebook)
    for page, text in made.items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown, page, config, files):
    """Lead the links of a page to pages, or to files of the repository."""
    own = next((name for name, made in PAGES.items() if made == page.file.src_uri), None)
    folder = PurePosixPath(own or f"docs/{page.file.src_uri}").parent

    def lead(match):
        start, target, anchor, end = match.groups()
        if re.match(r"[a-z]+:", target):
            return match.group()
        name = os.path.normpath(folder / target)
        known = PAGES.get(name) or (name[5:] if name.startswith("docs/") else None)
        if known and files.get_file_from_path(known):
            there = os.path.relpath(known, PurePosixPath(page.file.src_uri).parent)
            return f"{start}{there}{anchor or ''}{end}"
        if not (ROOT / name).exists():
            if own or not page.file.generated_by:
                raise PluginError(f"{own or page.file.src_uri}: no file {name} for {target}")
            return match.group()
        return f"{start}{REPOSITORY}{name}{end}"

    return LINK.sub(lead, markdown)


def _read(name: str) -> str:
    text = (ROOT / name).read_text(encoding="utf-8")
    if not name.endswith(".ipynb"):
        return text
    parts = []
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
    return "\n\n".join(parts)


def _command() -> str:
    sys.path.insert(0, str(ROOT / "scripts"))
    import click
    from gtgrn.command.main import main

    parts = ["# Options of the command"]
    context = click.Context(main, info_name="gtgrn", max_content_width=90)
    parts.append(f"```text\n{main.get_help(context)}\n```")
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        own = click.Context(command, info_name=name, parent=context, max_content_width=90)
        parts.append(f"## gtgrn {name}\n\n```text\n{command.get_help(own)}\n```")
    return "\n\n".join(parts)


def _schema(name: str, title: str) -> str:
    schema = yaml.safe_load((ROOT / f"workflow/schemas/{name}.schema.yaml").read_text())
    rows = ["| key | what | values |", "|---|---|---|", *_rows(schema)]
    return f"# {title}\n\nMade from `workflow/schemas/{name}.schema.yaml`.\n\n" + "\n".join(rows)


def _rows(schema: dict, before: str = ""):
    needed = schema.get("required", [])
    for key, part in schema.get("properties", {}).items():
        kinds = part.get("enum") or part.get("type", "")
        values = ", ".join(map(str, kinds)) if isinstance(kinds, list) else str(kinds)
        if "default" in part:
            values += f"; default {json.dumps(part['default'])}"
        if key in needed:
            values += "; needed"
        said = " ".join(str(part.get("description", "")).split()).replace("|", "\\|")
        yield f"| `{before}{key}` | {said} | {values} |"
        yield from _rows(part, f"{before}{key}.")
