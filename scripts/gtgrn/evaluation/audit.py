"""The leakage audit: what a model could have known about the pairs that judge it.

It reads what the jobs wrote, not what they were meant to do: the edges over which messages were
passed and the counts by phase, both recorded where they entered the network
(:mod:`gtgrn.splits.exposure`), the graph behind the positional encodings, the records of the
inferred networks, the embeddings themselves, and the files that were read to make either
(:func:`gtgrn.manifest.lineage`). Each check counts, and a count above zero is a finding.

That an artefact made without labels tells the answers is no finding by itself: on easy data
expression does. Where the record shows that nothing but expression entered it, the line says so
and warns; where there is no such record, or it names other files, it is a finding.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
import pandas as pd

from gtgrn.context.inputs import ContextInputs
from gtgrn.context.leaks import REPEAT
from gtgrn.context.rows import agreement
from gtgrn.evaluation.metrics import auroc
from gtgrn.names import LABEL, PAIR, PART, REGULATOR, TARGET, TEST, UNLABELLED, VAL, WEIGHT
from gtgrn.splits.exposure import (
    ASKED,
    EXAMPLE,
    LABELS,
    MESSAGES,
    OTHER_CONTEXTS,
    SEEN,
    TRAINING,
    UNJUDGED,
    VALIDATION,
)

COLUMNS = ["check", "artefact", "count", "finding", "detail"]

TELLS = 0.9
"""AUROC on validation and test pairs from which an artefact made without labels is remarkable:
methods that see expression alone stay far below it on every published data set, though not on
simulations of strong regulation."""
MIN_POSITIVES = 20
"""Fewest positives for which that AUROC says anything."""

MADE_OF_EXPRESSION = ("networks", "walks", "embeddings/expression", "embeddings/global")
"""Parts of a data set's results that are made without labels, networks of others left out."""
OF_OTHERS = "networks/third_party"


@dataclass(frozen=True)
class Origin:
    """The files that an artefact was made of, besides the expression of its data set.

    Attributes
    ----------
    known
        Whether there is a record of them.
    labels
        Files that hold labels, or scores that were made of labels.
    strangers
        Files of neither kind: nobody here knows what they hold.
    """

    known: bool = False
    labels: Sequence[str] = ()
    strangers: Sequence[str] = ()

    @property
    def clean(self) -> bool:
        """Whether it is known that no label entered."""
        return self.known and not self.labels and not self.strangers


UNKNOWN = Origin()


def find_origin(files: Collection[str] | None, folder: str, labels: Collection[str]) -> Origin:
    """Sort the files that an artefact was made of.

    Parameters
    ----------
    files
        Of :func:`gtgrn.manifest.lineage`, without the expression of the data set; None if there
        is no record.
    folder
        The results of the data set, as it is called among the files.
    labels
        The user's files of known edges and of splits, as they are called among the files.
    """
    if files is None:
        return UNKNOWN
    told, strangers = [], []
    for name in sorted(files):
        path, own = PurePath(name), PurePath(folder)
        if path.is_relative_to(own):
            made = [own / part for part in MADE_OF_EXPRESSION]
            without = any(path.is_relative_to(part) for part in made)
            if path.is_relative_to(own / OF_OTHERS):
                strangers.append(name)
            elif not without:
                told.append(name)
        else:
            (told if name in labels else strangers).append(name)
    return Origin(True, told, strangers)


def row(check: str, artefact: str, count: int, finding: bool, detail: str = "") -> dict:
    """Return one line of the audit."""
    return dict(zip(COLUMNS, (check, artefact, int(count), bool(finding), detail), strict=True))


def audit_split(split: pd.DataFrame) -> list[dict]:
    """Count pairs that are in two parts, or twice in one."""
    twice = split[split.duplicated(PAIR, keep=False)]
    return [row("a pair in two parts", "split", len(twice), len(twice) > 0, _first(twice))]


def audit_graph(
    edges: pd.DataFrame, split: pd.DataFrame, artefact: str, *, shown: bool = False
) -> list[dict]:
    """Count judged pairs in a graph, in either direction.

    Parameters
    ----------
    edges
        Columns regulator, target: the edges that the artefact was made from.
    split
        Columns regulator, target, label, part.
    artefact
        Its name, for the table.
    shown
        Whether the model was told to read validation labels at scoring: only test pairs judge it.
    """
    judged = split[split[PART].isin([TEST] if shown else [VAL, TEST])]
    known = set(zip(judged[REGULATOR], judged[TARGET], strict=True))
    ends = list(zip(edges[REGULATOR], edges[TARGET], strict=True))
    lines = []
    for name, reverse in (("judged pair as an edge", False), ("its reverse as an edge", True)):
        found = [pair for pair in ends if (pair[::-1] if reverse else pair) in known]
        detail = f"{found[0][0]} -> {found[0][1]}" if found else ""
        lines.append(row(name, artefact, len(found), bool(found), detail))
    return lines


def audit_exposure(exposure: pd.DataFrame, artefact: str, *, shown: bool = False) -> list[dict]:
    """Count what a model was given of the pairs that judge it, and of those it learned from.

    Messages are edges and known absences alike. Training may be supervised by training pairs
    alone; validation pairs may choose the checkpoint and calibrate; test pairs do neither.

    Parameters
    ----------
    exposure
        Of :meth:`gtgrn.splits.exposure.Exposure.table`.
    artefact
        The model's name, for the table.
    shown
        Whether the model was told to read validation labels when it scores the test part, once
        they have chosen it (``refit_on_validation``): a line of its own says so and counts them.
    """
    kind, phase = exposure["kind"], exposure["phase"]
    read_late = shown & ~phase.isin([TRAINING, VALIDATION])
    judged = exposure[TEST] + exposure[VAL].where(~read_late, 0)
    asked, training = kind == ASKED, phase == TRAINING
    # A model without hidden pairs says so; what it then sees is no fault of the guard.
    unhidden = asked & (exposure["hidden"] != "yes")
    lines = []
    for check, counts, exempt in (
        ("judged pair as a message", judged.where(kind == MESSAGES, 0), False),
        (
            "its reverse as a message",
            exposure["reverse"].where((kind == MESSAGES) & (phase != UNJUDGED), 0),
            False,
        ),
        ("judged label read", judged.where((kind == LABELS) | (asked & training), 0), False),
        ("test label compared with", exposure[TEST].where(asked & ~training, 0), False),
        ("supervised pair seen by its step", exposure[SEEN].where(asked, 0), unhidden.any()),
    ):
        count, first = counts.sum(), exposure[counts > 0].head(1)
        detail = f"{first['phase'].item()}: {first['example'].item()}" if len(first) else ""
        detail = "this form hides none" if exempt else detail
        lines.append(row(check, artefact, count, count > 0 and not exempt, detail))
    if shown:
        count = exposure[VAL].where(read_late & (kind != ASKED), 0).sum()
        lines.append(row("validation label shown on request", artefact, count, False))
    return lines


def audit_context(
    given: ContextInputs,
    exposure: pd.DataFrame,
    split: pd.DataFrame,
    artefact: str,
    *,
    exchanged: bool = False,
) -> list[dict]:
    """Ask whether tables of other contexts hold the answers, and whether the model read them.

    Parameters
    ----------
    given
        The tables that the model was to read.
    exposure
        Of :meth:`gtgrn.splits.exposure.Exposure.table`: what entered, by its digest.
    split
        Columns regulator, target, label, part.
    artefact
        The model's name, for the table.
    exchanged
        Whether the model was to read the tables of other genes, which a digest cannot show.
    """
    entered = exposure[exposure["phase"] == OTHER_CONTEXTS].set_index("kind")
    made = given.record()
    strange = [
        name
        for name, digest in entered[EXAMPLE].items()
        if entered.loc[name, "pairs"] and digest != made[name][1] and not exchanged
    ]
    wide = split.pivot(index=REGULATOR, columns=TARGET, values=LABEL).reindex(columns=given.genes)
    repeats = []
    for name, labels in zip(given.rows, given.labels.astype(float), strict=True):
        regulator = name.split(":", 1)[1]
        if regulator in wide.index:
            elsewhere = np.where(labels < 0, np.nan, labels)
            if agreement(elsewhere, wide.loc[regulator].to_numpy(float)) > REPEAT:
                repeats.append(name)
    judged = split[split[PART].isin([VAL, TEST])]
    rows = pd.Index(given.regulators).get_indexer(judged[REGULATOR])
    columns = pd.Index(given.genes).get_indexer(judged[TARGET])
    prior = np.where(rows >= 0, given.prior[rows, columns], 0.0) if len(given.prior) else None
    lines = [
        row("not the tables of other contexts", artefact, len(strange), bool(strange),
            ", ".join(strange)),
        row("a row elsewhere repeats known edges", artefact, len(repeats), bool(repeats),
            ", ".join(repeats[:3])),
    ]  # fmt: skip
    return lines + (
        [] if prior is None else [_tells(judged[LABEL].to_numpy(int), prior, artefact)]
    )


def audit_negatives(
    negatives: Mapping[str, pd.DataFrame], reference: pd.DataFrame, split: pd.DataFrame
) -> list[dict]:
    """Count drawn negatives that are known edges, or not in the test part.

    Parameters
    ----------
    negatives
        Scheme -> regulator, target.
    reference
        Columns regulator, target: all known edges.
    split
        Columns regulator, target, part.
    """
    known = pd.MultiIndex.from_frame(reference[PAIR])
    judged = pd.MultiIndex.from_frame(split.loc[split[PART] == TEST, PAIR])
    lines = []
    for scheme, table in negatives.items():
        pairs = pd.MultiIndex.from_frame(table[PAIR])
        for check, wrong in (
            ("a negative is a known edge", pairs.isin(known)),
            ("a negative is not in the test part", ~pairs.isin(judged)),
        ):
            count = int(wrong.sum())
            lines.append(row(check, f"negatives {scheme}", count, count > 0, _first(table[wrong])))
    return lines


def audit_scores(
    scores: pd.DataFrame, split: pd.DataFrame, artefact: str = "scores"
) -> list[dict]:
    """Count pairs whose part or label in the scores is not that of the split."""
    labelled = scores[scores[PART] != UNLABELLED]
    both = labelled.merge(split, on=PAIR, how="outer", suffixes=("", "_split"), indicator=True)
    wrong = (both["_merge"] != "both") | (both[PART] != both[f"{PART}_split"])
    wrong |= both[LABEL].astype(float) != both[f"{LABEL}_split"].astype(float)
    return [
        row("parts and labels differ", artefact, wrong.sum(), wrong.any(), _first(both[wrong]))
    ]


def audit_network(
    network: pd.DataFrame,
    provenance: Mapping | None,
    matrix_sha256: str,
    split: pd.DataFrame,
    origin: Origin = UNKNOWN,
) -> list[dict]:
    """Check that an inferred network was made from this expression and from nothing else.

    Parameters
    ----------
    network
        Columns regulator, target, weight.
    provenance
        What :mod:`gtgrn.inference.provenance` recorded, or None where there is no record.
    matrix_sha256
        Digest of the data set's matrix.
    split
        Columns regulator, target, label, part.
    origin
        What the network was made of.
    """
    name = f"network {provenance['method']}" if provenance else "network"
    stranger = provenance is None or provenance.get("matrix_sha256") != matrix_sha256
    weights = network.set_index(PAIR)[WEIGHT]
    judged = split[split[PART].isin([VAL, TEST])]
    values = weights.reindex(pd.MultiIndex.from_frame(judged[PAIR])).fillna(0.0).to_numpy()
    return [
        row("not made from this expression", name, stranger, stranger),
        _reads_labels(origin, name),
        _tells(judged[LABEL].to_numpy(int), values, name, origin),
    ]


def audit_embedding(
    values: np.ndarray,
    genes: Sequence[str],
    split: pd.DataFrame,
    artefact: str,
    origin: Origin = UNKNOWN,
) -> list[dict]:
    """Ask whether an embedding made without labels knows the judged edges.

    Parameters
    ----------
    values
        (genes, dimensions).
    genes
        Names of the rows.
    split
        Columns regulator, target, label, part.
    artefact
        Its name, for the table.
    origin
        What the embedding was made of.
    """
    judged = split[split[PART].isin([VAL, TEST])]
    index = pd.Index(genes)
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    unit = values / np.where(norms > 0, norms, 1)
    a, b = (unit[index.get_indexer(judged[end])] for end in PAIR)
    similarity = np.einsum("ij,ij->i", a, b)
    labels = judged[LABEL].to_numpy(int)
    # A map fitted to the reference may also place an edge's ends far apart.
    return [
        _reads_labels(origin, artefact),
        _tells(labels, similarity, artefact, origin),
        _tells(labels, -similarity, f"{artefact}, reversed", origin),
    ]


def audit_encodings(
    stored: np.ndarray, recomputed: np.ndarray, artefact: str = "positional encodings"
) -> list[dict]:
    """Compare encodings with those of the training positives alone, made again."""
    rows = ~np.isclose(stored, recomputed, atol=1e-5).all(axis=1)
    return [row("not those of the training positives", artefact, rows.sum(), rows.any())]


def to_table(lines: Sequence[Mapping], **names) -> pd.DataFrame:
    """Join lines of an audit; `names` are columns put before them."""
    table = pd.DataFrame(lines, columns=COLUMNS)
    for position, (column, value) in enumerate(names.items()):
        table.insert(position, column, value)
    return table


def _reads_labels(origin: Origin, artefact: str) -> dict:
    """Count the files with labels that an artefact was made of."""
    files = origin.labels
    detail = files[0] if files else "" if origin.known else "no record of what was read"
    return row("made of files with labels", artefact, len(files), bool(files), detail)


def _tells(
    labels: np.ndarray, values: np.ndarray, artefact: str, origin: Origin = UNKNOWN
) -> dict:
    """Return the AUROC of an artefact; what it was made of decides if a high one is a finding."""
    enough = MIN_POSITIVES <= labels.sum() < len(labels)
    value = auroc(labels, values) if enough else float("nan")
    detail = f"AUROC {value:.3f}" if enough else "too few judged edges to say"
    high = bool(value >= TELLS)
    if high and origin.clean:
        detail += "; warning: high, though nothing but expression entered it"
    elif high and origin.strangers:
        detail += f"; made of {origin.strangers[0]} too"
    return row("tells judged edges apart", artefact, high, high and not origin.clean, detail)


def _first(pairs: pd.DataFrame) -> str:
    return f"{pairs.iloc[0][REGULATOR]} -> {pairs.iloc[0][TARGET]}" if len(pairs) else ""
