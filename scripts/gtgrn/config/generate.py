"""Generate what says the options once more: the schema of the configuration and its key table.

``PYTHONPATH=scripts python -m gtgrn.config.generate`` writes
``workflow/schemas/config.schema.yaml`` and the tables between the marks of ``config/README.md``
from the option classes beside the code; a test holds the files equal to them. Only the text of
the modules is read, so nothing heavy is imported. It also writes ``workflow/shipped_files.txt``,
the files that a deployment from a repository fetches one by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from gtgrn.code import SUFFIXES
from gtgrn.config.option_reader import (
    PACKAGE,
    method_options,
    method_schema,
    peer_forms,
    peer_schema,
    read_name,
)
from gtgrn.config.options import choose, grid_section, properties, section
from gtgrn.config.sections import DATASETS, PATHVARS, THIRD_PARTY
from gtgrn.config.settings import SCHEMA
from gtgrn.plugins import METHODS, PEERS, find_plugins

README = SCHEMA.parents[2] / "config" / "README.md"
SHIPPED = SCHEMA.parents[1] / "shipped_files.txt"
SHIPPED_PATTERNS = (
    *("scripts/*.py", "scripts/*/*.py", "scripts/gtgrn/**/*.py", "workflow/schemas/*.yaml"),
    *(f"scripts/gtgrn/**/*{suffix}" for suffix in SUFFIXES),
    "scripts/gtgrn/**/LICENSE.*",
    *(
        "config/datasets/*.yaml",
        "config/sources/*.yaml",
        "resources/*.tsv",
        "resources/*/*.tsv",
        "resources/*/*.yaml",
    ),
)
HOW = "PYTHONPATH=scripts python -m gtgrn.config.generate"
SECTIONS, STUDIES = "config/sections.py", "config/study_sections.py"

UNNAMED = ("properties", "additionalProperties", "then", "else")
"""Levels of a schema that the names of its anchors leave out."""

OPTION_CLASSES = {
    "": (SECTIONS, "RunOptions", ""),
    "preprocess": (
        *("data/preprocess_options.py", "PreprocessOptions"),
        "Filters and normalisation; a card may override each key.",
    ),
    "inference": (SECTIONS, "InferenceOptions", "Expression-only networks."),
    "splits": (
        *(SECTIONS, "SplitOptions"),
        "How pairs are divided into train, val and test.",
    ),
    "evaluation": (SECTIONS, "EvaluationOptions", "How methods are judged."),
    "walks": (
        *("embeddings/walks.py", "WalkOptions"),
        "Random walks over the inferred networks.",
    ),
    "bert": ("embeddings/bert.py", "BertOptions", "Masked language model over the walks."),
    "vae": (
        *("embeddings/vae.py", "VaeOptions"),
        "Variational autoencoder of expression profiles.",
    ),
    "positional": (
        *("embeddings/positional.py", "PositionalOptions"),
        "Laplacian positional encodings of the message graph.",
    ),
    "gtgrn": (
        *("models/gtgrn/paper.py", "PaperOptions"),
        "GT-GRN's form paper, a graph transformer; a variant overrides single keys.",
    ),
    "full": (
        *("models/gtgrn/full_options.py", "FullOptions"),
        "GT-GRN's form full: signed label messages, hidden supervision, a Gaussian process; a "
        "variant with form full overrides single keys.",
    ),
    "ablations": (
        *(SECTIONS, "AblationOptions"),
        "Which variants are trained on which data sets besides network.variant.",
    ),
    "peers": (
        *(SECTIONS, "PeersOptions"),
        "Supervised models of other groups, on the same pairs as GT-GRN.",
    ),
    "tuning": (
        *(SECTIONS, "TuningOptions"),
        "The target tuning - a grid of hyper-parameters for each model, chosen on validation "
        "pairs.",
    ),
    "gatv2": (
        *(STUDIES, "Gatv2StudyOptions"),
        "The target gatv2 - the GATv2 study on sets simulated from Boolean models.",
    ),
    "embedding_map": (
        *(STUDIES, "EmbeddingMapOptions"),
        "The target fig7 - communities and maps of gene representations.",
    ),
    "annotation": (
        *(STUDIES, "AnnotationOptions"),
        "The target fig8 - cell types predicted from gene representations.",
    ),
    "biology": (
        *(STUDIES, "BiologyOptions"),
        "Regulons of the final network, their known edges and their activity by cell type.",
    ),
    "paper": (
        *(STUDIES, "PaperTargetOptions"),
        "Tables and figures of the GT-GRN paper, its numbers beside ours (target paper).",
    ),
    "report": (STUDIES, "ReportOptions", "The report."),
    "nulls": (SECTIONS, "NullOptions", ""),
    "context": (
        *(SECTIONS, "ContextOptions"),
        "What is known of regulation in other cells, of motifs and in the literature.",
    ),
    "network": (SECTIONS, "NetworkOptions", "The final network."),
}
"""Section -> (file in the package, option class, description); ``nulls`` is a single key."""


def make_schema() -> dict:
    """Return the JSON schema of the configuration."""
    run, nulls = _read("")[0], _read("nulls")[0]
    parts: dict[str, dict] = {"datasets": DATASETS, **properties(run), "pathvars": PATHVARS}
    for name in OPTION_CLASSES:
        if name == "nulls":
            parts |= properties(nulls)
        elif name:
            parts[name] = section(*_read(name))
        parts |= {"evaluation": {"third_party": THIRD_PARTY}}.get(name, {})
        if name == "full":
            parts["variants"] = _variants(parts["gtgrn"], parts["full"])
    methods = {name: method_schema(plugin.path) for name, plugin in find_plugins(METHODS).items()}
    peers = {name: peer_schema(plugin.path) for name, plugin in find_plugins(PEERS).items()}
    _open_options(parts["inference"], methods, "Options of a method of your own.")
    _open_options(parts["peers"], peers, "Options of a peer of your own, by form.")
    _close_grids(parts, peers)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration",
        "description": "What to run and with which parameters; every key has a default but "
        "datasets.",
        "type": "object",
        "additionalProperties": False,
        "required": ["datasets"],
        "properties": parts,
    }


def schema_text() -> str:
    """Return the text of the file with the schema; what is the same twice is written once."""
    schema = make_schema()
    _Dumper.names = dict(_named(schema))
    text = yaml.dump(schema, Dumper=_Dumper, sort_keys=False, width=99, allow_unicode=True)
    return f"# Generated: {HOW}\n{text}"


def readme_text(text: str) -> str:
    """Return the text of config/README.md with its tables made anew."""
    tables = {"keys": _key_rows(), "methods": _method_rows(), "peers": _peer_rows()}
    for name, rows in tables.items():
        start, end = (f"<!-- {mark} of generated table: {name} -->" for mark in ("start", "end"))
        before, rest = text.split(start)
        after = rest.split(end)[1]
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        text = "\n".join([f"{before}{start}", *lines, f"{end}{after}"])
    return text


def shipped_text() -> str:
    """Return the paths of all that jobs need besides rules and environments, one a line."""
    root = SCHEMA.parents[2]
    found = {path for pattern in SHIPPED_PATTERNS for path in root.glob(pattern)}
    return "".join(f"{path.relative_to(root).as_posix()}\n" for path in sorted(found))


def main() -> None:
    """Write the three files."""
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    README.write_text(readme_text(README.read_text(encoding="utf-8")), encoding="utf-8")
    SHIPPED.write_text(shipped_text(), encoding="utf-8")


def _read(name: str) -> tuple[type, str]:
    """Return the option class of a section and what it says of it."""
    file, cls, description = OPTION_CLASSES[name]
    return read_name(PACKAGE / file, cls), description


def _variants(paper: dict, full: dict) -> dict:
    """Return the schema of variants: the keys of the section of their form, and the form."""
    form = {"description": "paper or full.", "type": "string", "enum": ["paper", "full"]}
    branches = {
        "then": ("Keys of the section full.", full),
        "else": ("Keys of the section gtgrn.", paper),
    }
    return {
        "description": "Overrides of the section of their form, by the name of the variant.",
        "type": "object",
        "minProperties": 1,
        "default": {"paper": {}, "full": {"form": "full"}},
        "propertyNames": {"pattern": "^[A-Za-z0-9_]{1,100}$"},
        "additionalProperties": {
            "description": "Keys of the section gtgrn, or of full with form full.",
            "type": "object",
            "if": {"properties": {"form": {"const": "full"}}, "required": ["form"]},
            **{
                branch: {
                    "description": description,
                    "additionalProperties": False,
                    "properties": {"form": form, **own["properties"]},
                }
                for branch, (description, own) in branches.items()
            },
        },
    }


def _open_options(parent: dict, known: Mapping[str, dict], others: str) -> None:
    """Fill the key `options` of a section: what is known by name, and what plug-ins add."""
    parent["properties"]["options"] |= {
        "additionalProperties": {"description": others, "type": "object"},
        "properties": dict(known),
    }


def _close_grids(parts: dict, peers: Mapping[str, dict]) -> None:
    """Fill the grids of tuning: for each model, values that its options take."""
    known = {"gtgrn": parts["gtgrn"]["properties"]} | {
        name: next(iter(schema["properties"].values()))["properties"]
        for name, schema in peers.items()
    }
    parts["tuning"]["properties"]["grids"] |= {
        "additionalProperties": {
            "description": "Options of a model of your own.",
            "type": "object",
            "additionalProperties": {
                "description": "Values of an option.",
                "type": "array",
                "minItems": 1,
                "items": {
                    "description": "A value; a list where the option is one.",
                    "type": ["number", "array"],
                },
            },
        },
        "properties": {
            name: grid_section(options, f"Values to try of the options of {name}.")
            for name, options in known.items()
        },
    }


class _Dumper(yaml.SafeDumper):
    """YAML with lists of plain values in a line, and anchors that are named by their place."""

    names: dict[int, str] = {}

    def ignore_aliases(self, data: Any) -> bool:
        return id(data) not in self.names

    def represent_data(self, data: Any) -> yaml.Node:
        node = super().represent_data(data)
        if id(data) in self.names:
            node.place = self.names[id(data)]
        if isinstance(data, list):
            node.flow_style = not any(isinstance(item, dict) for item in data)
        return node

    def generate_anchor(self, node: yaml.Node) -> str:
        return node.place


def _named(schema: dict, place: str = "") -> Iterator[tuple[int, str]]:
    """Return the place of each part that has a description, later places first."""
    for key, part in reversed(schema.items()):
        if isinstance(part, dict):
            step = "" if key in UNNAMED else key
            yield from _named(part, "_".join(filter(None, [place, step])))
    if "description" in schema and place:
        yield id(schema), place


def _key_rows() -> Iterator[tuple[str, ...]]:
    yield from [("key", "default", "meaning"), ("---", "---", "---")]
    yield from _rows(make_schema()["properties"], "")


def _rows(parts: Mapping[str, dict], section_name: str) -> Iterator[tuple[str, ...]]:
    for key, part in parts.items():
        name = f"{section_name}{key}"
        closed = "properties" in part and part["type"] == "object" and "default" in part
        if closed and part["additionalProperties"] is False:
            yield f"**`{name}`**", "", _cell(part["description"])
            yield from _rows(part["properties"], f"{name}.")
        else:
            yield f"`{name}`", _shown(part), _cell(part["description"])


def _method_rows() -> Iterator[tuple[str, ...]]:
    yield from [("option", "default", "meaning"), ("---", "---", "---")]
    for method, plugin in find_plugins(METHODS).items():
        options = method_options(plugin.path)
        for name, part in (properties(options) if options else {}).items():
            yield f"`{method}.{name}`", _shown(part), _cell(part["description"])


def _peer_rows() -> Iterator[tuple[str, ...]]:
    yield ("option", "published", "repaired", "meaning")
    yield ("---", "---", "---", "---")
    for peer, plugin in find_plugins(PEERS).items():
        forms = peer_forms(plugin.path) or {}
        for name, part in properties(type(forms["published"])).items():
            values = [_shown({"default": choose(forms[form], [name])[name]}) for form in forms]
            yield f"`{peer}.{name}`", *values, _cell(part["description"])


def _shown(part: Mapping[str, Any]) -> str:
    """Return a default as it is written in YAML; a long one is left to the schema."""
    if "default" not in part:
        return "required" if part is DATASETS else ""
    text = json.dumps(part["default"]).replace('"', "")
    return f"`{text}`" if len(text) <= 60 else "see the schema"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    main()
