"""The methods paragraph, ready to paste: what this run did, with its references."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

from gtgrn.plugins import METHODS, PEERS, find_plugins

CITED = re.compile(
    r"\(?(?P<who>(?:de )?[A-Z][\w&.\- ]+?(?: et al\.)?(?: and [\w\- ]+)?),? (?P<year>\d{4}),"
    r"(?: [A-Z][\w ]+,)? doi (?P<doi>10\.[^\s),]+[^\s),.:])"
)
NAMED = re.compile(r"arXiv (\d{4}\.\d{4,5})")
FIXED = {
    "GT-GRN": "Teji and Roy 2025, arXiv:2504.16961",
    "scanpy": "Wolf et al. 2018, doi:10.1186/s13059-017-1382-0",
    "Snakemake": "Mölder et al. 2021, doi:10.12688/f1000research.29032.2",
    "early precision": "Pratapa et al. 2020, doi:10.1038/s41592-019-0690-6",
}


def cite_plugin(kind: str, name: str) -> str:
    """Return the reference that a method's or peer's module states at its head; else empty.

    Parameters
    ----------
    kind
        METHODS or PEERS of :mod:`gtgrn.plugins`.
    name
        The method or peer.
    """
    plugin = find_plugins(kind).get(name)
    if plugin is None:
        return ""
    text = " ".join((ast.get_docstring(ast.parse(plugin.path.read_bytes())) or "").split())
    found, preprint = CITED.search(text), NAMED.search(text)
    if found:
        return f"{found['who']} {found['year']}, doi:{found['doi']}"
    return f"arXiv:{preprint[1]}" if preprint else ""


def write_methods(settings: Mapping, datasets: Sequence[Mapping]) -> dict:
    """Return the paragraph and its references.

    Parameters
    ----------
    settings
        The run's configuration.
    datasets
        What :func:`gtgrn.report.dataset.describe_dataset` returns.

    Returns
    -------
    dict
        text (sentences with numbers in brackets) and references (in the order of the numbers).
    """
    references: list[str] = []

    def cite(reference: str) -> str:
        if not reference:
            return ""
        if reference not in references:
            references.append(reference)
        return f" [{references.index(reference) + 1}]"

    def name_all(kind: str, names: Sequence[str]) -> str:
        return _join([f"{name}{cite(cite_plugin(kind, name))}" for name in names])

    sentences = [
        f"Networks were inferred with the GT-GRN workflow{_version('gtgrn')}"
        f"{cite(FIXED['GT-GRN'])} under "
        f"Snakemake{_version('snakemake')}{cite(FIXED['Snakemake'])}."
    ]
    for d in datasets:
        sentences.append(_describe_data(d, cite))
    methods = [
        name for name in settings.get("inference", {}).get("methods", ()) if name != "random"
    ]
    if methods:
        sentences.append(
            f"Expression-only networks were inferred by {name_all(METHODS, methods)}."
        )
    supervised = [d for d in datasets if d["summary"]["supervised"]]
    if supervised:
        peers = settings.get("peers", {}).get("methods", ())
        if peers:
            sentences.append(f"Supervised peers were {name_all(PEERS, peers)}.")
        sentences += _describe_supervision(settings, supervised, cite)
    return {"text": " ".join(sentences), "references": references}


def _describe_data(d: Mapping, cite) -> str:
    summary, organism = d["summary"], d["card"].get("organism", "")
    text = (
        f"{d['name']}{f' ({organism})' if organism else ''}: {summary['cells']:,} cells and "
        f"{summary['genes']:,} genes, {summary['regulators']:,} of them regulators"
        f"{cite(d['card'].get('citation', ''))}, preprocessed with scanpy"
        f"{cite(FIXED['scanpy'])}"
    )
    if summary["supervised"]:
        return f"{text}, and {summary['known']:,} known edges."
    return f"{text}, without known edges, so that its network is no model's: {_lower(summary)}"


def _lower(summary: Mapping) -> str:
    return summary["statement"][:1].lower() + summary["statement"][1:]


def _describe_supervision(settings: Mapping, supervised: Sequence[Mapping], cite) -> list[str]:
    seeds, variant = settings["seeds"], settings["network"]["variant"]
    schemes = settings["splits"]["schemes"]
    parts = settings["splits"].get(schemes[0], {})
    shares = (
        f" ({parts['train']:.0%} training, {parts['val']:.0%} validation, {parts['test']:.0%} "
        f"test)"
        if {"train", "val", "test"} <= set(parts)
        else ""
    )
    sentences = [
        f"Known edges were divided by the scheme{'s' if len(schemes) > 1 else ''} "
        f"{_join(list(schemes))}{shares}, anew for each of {len(seeds)} seeds; all non-edges of "
        "the test part counted as negatives.",
        f"GT-GRN ({variant}) was trained on the training part, its checkpoint chosen and its "
        "probabilities calibrated on the validation part; the network ranks pairs by the mean "
        "probability over seeds.",
        "Methods were judged by AUROC, AUPRC, AUROC within regulators and early precision"
        f"{cite(FIXED['early precision'])} against predictors that see no expression (nulls); "
        "differences carry 95 % intervals of a paired bootstrap of the test pairs.",
    ]
    for d in supervised:
        for judged in d["judged"]:
            sentences.append(
                f"On {d['name']} (split {judged['split']}): {judged['trust']['sentence']}"
            )
    return sentences


def _version(package: str) -> str:
    try:
        return f" {version(package)}"
    except PackageNotFoundError:
        return ""


def _join(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
