"""Boolean gene networks: reading a model's rules, and its edges."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path

import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.manifest import verified
from gtgrn.names import REGULATOR, SIGN, TARGET
from gtgrn.yaml_files import parse_yaml, read_text

BASAL = 0.01  # initial mRNA of a gene for which the model gives none
MAX_REGULATORS = 12

_KEYS = ("name", "source", "licence", "rules", "initial")
_GENE_NAME = r"[\w.\-]+"
_SYNTAX = {"and", "or", "not", "(", ")"}


@dataclass(frozen=True)
class Rule:
    """A Boolean function: sorted regulators, a truth table with one axis (off, on) for each."""

    regulators: tuple[str, ...]
    table: np.ndarray


@dataclass(frozen=True)
class BooleanModel:
    """A Boolean network, sorted by gene, and its initial mRNA (a gene fully on has 2)."""

    name: str
    genes: tuple[str, ...]
    rules: dict[str, Rule]
    initial: dict[str, float]


def read_model(path: str | Path) -> BooleanModel:
    """Read a Boolean model.

    Parameters
    ----------
    path
        A YAML file with the keys ``name``, ``rules`` (gene: expression of ``and``, ``or``,
        ``not``, parentheses and gene names; names are made of letters, digits, ``-``, ``_``
        and ``.``) and optionally ``source``, ``licence`` and ``initial`` (gene: mRNA at time
        0, 0.01 where absent). An input gene has itself as its rule.

    Raises
    ------
    InputError
        If the file is not such YAML, there is no rule, a rule has a syntax error or an unknown
        gene, or an initial value is not a number or of an unknown gene.
    """
    bad = partial(InputError, file=path)
    try:
        # As text: a gene may be called NO.
        document = parse_yaml(read_text(verified(path)), path, as_text=True)
    except FileNotFoundError as error:
        raise bad("file not found", remedy="Check the path") from error
    if not isinstance(document, dict):
        raise bad("not a mapping of keys", remedy=f"Give {', '.join(_KEYS)}")
    if unknown := set(document) - set(_KEYS):
        raise bad("unknown key", field=min(unknown), remedy=f"Use {', '.join(_KEYS)}")
    name, texts = document.get("name"), document.get("rules")
    if not (isinstance(name, str) and name):
        raise bad("no name given", field="name", remedy="Name the model")
    if not (isinstance(texts, dict) and texts):
        raise bad("no rules given", field="rules", remedy="Give one rule for each gene")
    rules = {gene: _read_rule(gene, texts, partial(bad, field=gene)) for gene in sorted(texts)}
    initial = _read_initial(document.get("initial") or {}, rules, bad)
    return BooleanModel(name, tuple(rules), rules, initial)


def _read_rule(gene: str, texts: dict, bad: partial) -> Rule:
    """Turn a rule's text into its truth table, by way of names that are valid in Python."""
    if not re.fullmatch(_GENE_NAME, gene) or gene in _SYNTAX:
        remedy = "Use letters, digits, '-', '_' and '.', and neither of and, or, not"
        raise bad("not a possible gene name", remedy=remedy)
    text = str(texts[gene])  # a list or mapping has brackets, which no rule may have
    tokens = re.findall(rf"[()]|{_GENE_NAME}|\S", text)
    for token in tokens:
        if token not in _SYNTAX and token not in texts:
            remedy = "Give it a rule of its own (an input gene has itself) or mend this rule"
            raise bad(f"unknown gene '{token}' in the rule", remedy=remedy)
    regulators = sorted(set(tokens) - _SYNTAX)
    if len(regulators) > MAX_REGULATORS:
        raise bad(f"{len(regulators)} regulators", remedy=f"Use at most {MAX_REGULATORS}")
    place = {name: f"g{j}" for j, name in enumerate(regulators)}
    states = np.indices((2,) * len(regulators)).astype(bool)
    try:
        tree = ast.parse(" ".join(place.get(token, token) for token in tokens), mode="eval")
        table = _evaluate(tree.body, dict(zip(place.values(), states, strict=True)))
    except (SyntaxError, RecursionError, MemoryError) as error:
        remedy = "Use gene names, and, or, not and matched parentheses"
        raise bad(f"syntax error in the rule '{text}'", remedy=remedy) from error
    return Rule(tuple(regulators), table)


def _evaluate(node: ast.expr, states: dict[str, np.ndarray]) -> np.ndarray:
    """Evaluate a parsed rule in all states at once; anything but and, or, not is refused."""
    if isinstance(node, ast.Name):
        return states[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ~_evaluate(node.operand, states)
    if isinstance(node, ast.BoolOp):
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return reduce(join, [_evaluate(value, states) for value in node.values])
    raise SyntaxError(f"{type(node).__name__} is not allowed")


def _read_initial(values: object, genes: dict, bad: partial) -> dict[str, float]:
    """Check the initial values and add those not given."""
    if not isinstance(values, dict):
        raise bad("not a mapping", field="initial", remedy="Give 'gene: number' pairs")
    initial = dict.fromkeys(genes, BASAL)
    for gene, text in values.items():
        if gene not in initial:
            remedy = "Give the gene a rule or drop the value"
            raise bad("initial value of an unknown gene", field=gene, remedy=remedy)
        try:
            initial[gene] = float(text)
        except (TypeError, ValueError):
            initial[gene] = math.nan
        if not 0 <= initial[gene] < math.inf:
            remedy = "Give mRNA in model units (a gene fully on has 2)"
            raise bad(f"initial value '{text}' is not a number >= 0", field=gene, remedy=remedy)
    return initial


def reference_edges(model: BooleanModel) -> pd.DataFrame:
    """List the model's edges, self-loops left out.

    Returns
    -------
    pandas.DataFrame
        ``regulator``, ``target``, ``sign``, sorted by name. The sign is ``+`` if turning the
        regulator on can only turn the target's rule on, ``-`` if only off, ``?`` if either,
        depending on the other regulators. A regulator that does neither has no edge.
    """
    rows = []
    for target, rule in model.rules.items():
        for axis, regulator in enumerate(rule.regulators):
            off, on = rule.table.take(0, axis), rule.table.take(1, axis)
            rises, falls = (on & ~off).any(), (off & ~on).any()
            if regulator != target and (rises or falls):
                rows.append((regulator, target, "?" if rises and falls else "+-"[int(falls)]))
    return pd.DataFrame(sorted(rows), columns=[REGULATOR, TARGET, SIGN])
