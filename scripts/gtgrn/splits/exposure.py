"""What a model was given of a split, recorded where the arrays enter the model.

The leak rule (:mod:`gtgrn.splits.leakage`) says what may enter; this record says what did. A
model reports the message arcs, the labels and the questions of each of its passes, as the very
tensors and masks that it hands to its network, and the audit compares the record with the split.
Nothing here is computed from the rule itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gtgrn.names import LABEL, PAIR, PART, TEST, TRAIN, VAL

TRAINING, VALIDATION, SCORING = "training", "validation", "scoring"
PROCESS, PAIR_FEATURES = "Gaussian process", "pair features"
NEW_REGULATORS = "new regulators"
UNJUDGED = "unjudged regulators"
"""A pass that scores only pairs that judge nothing."""
CALIBRATION = "calibration"
PHASES = [
    TRAINING,
    VALIDATION,
    PAIR_FEATURES,
    PROCESS,
    SCORING,
    NEW_REGULATORS,
    UNJUDGED,
    CALIBRATION,
]

OTHER_CONTEXTS = "other contexts"
"""No pass: tables made without the labels of the split, of which the digests are recorded."""

STEPS = (TRAINING, PAIR_FEATURES)
"""Phases whose questions must be hidden from what they are given."""

MESSAGES, LABELS, ASKED = "messages", "labels", "asked"
KINDS = [MESSAGES, LABELS, ASKED]
SEEN, EXAMPLE = "seen", "example"
COLUMNS = ["phase", "kind", "pairs", TRAIN, VAL, TEST, "reverse", SEEN, "hidden", EXAMPLE]

Pairs = tuple[Any, Any]
"""Gene indices of regulators and of targets, each (pairs,): arrays, or tensors of torch."""


class Exposure:
    """The record of one training.

    Parameters
    ----------
    pairs
        The split: columns regulator, target, label, part.
    genes
        Names by the indices that the model uses.
    directed
        Whether messages are pairs (regulator, target); otherwise arcs of a graph in which
        either direction of an edge may stand for it.
    hides
        Whether the model means to hide the pairs that supervise a step from what that step
        sees. Some published forms do not; the audit then counts such pairs without a finding.
    """

    def __init__(
        self, pairs: pd.DataFrame, genes: Sequence[str], *, directed: bool, hides: bool
    ) -> None:
        self.genes, self.n = np.asarray(genes, dtype=object), len(genes)
        self.directed, self.hides = directed, hides
        index = pd.Index(genes)
        codes = [index.get_indexer(pairs[column]).astype(np.int64) for column in PAIR]
        self._rows = self._keys(*codes)
        self._part = pairs[PART].to_numpy()
        train = self._part == TRAIN
        # No other label is looked at: those of the test part may be absent.
        positive = np.zeros(len(pairs), dtype=bool)
        positive[train] = pairs[LABEL].to_numpy()[train].astype(float) == 1
        self._positive = self._rows[positive]
        self._seen: dict[tuple[str, str], np.ndarray] = {}
        self._edges = np.empty(0, dtype=np.int64)
        self._shown = np.empty(0, dtype=np.int64)
        self._now = {MESSAGES: self._edges, LABELS: self._edges}
        self._given: tuple = ()
        self._kept: dict[tuple[str, int], object] = {}
        self._tables: dict[str, tuple[int, str]] = {}

    def see(
        self,
        phase: str,
        messages: Pairs,
        labels: Pairs | None = None,
        *,
        edges: Pairs | None = None,
    ) -> None:
        """Record what a pass is given.

        Parameters
        ----------
        phase
            One of `PHASES`.
        messages
            Pairs or arcs that carry messages: arrays or tensors, which nobody changes later.
        labels
            Pairs whose labels are read, say for rates; by default none.
        edges
            Those messages that are edges, where known absences carry messages too.
        """
        given = (phase, *messages, *(labels or ()), *(edges or ()))
        same = len(given) == len(self._given)
        if same and all(a is b for a, b in zip(given, self._given, strict=True)):
            return
        self._given = given
        codes = self._keys(*messages)
        codes = codes[codes // self.n != codes % self.n]
        if phase != UNJUDGED:
            self._edges = _union(self._edges, codes if edges is None else self._keys(*edges))
        self._add(phase, MESSAGES, codes)
        self._now = {MESSAGES: _distinct(codes), LABELS: codes[:0]}
        if labels is not None:
            known = self._keys(*labels)
            self._add(phase, LABELS, known)
            self._now[LABELS] = _distinct(known)

    def ask(self, phase: str, pairs: Pairs) -> None:
        """Record the pairs whose labels a pass is compared with.

        In the phases of `STEPS`, those are recorded too that the same step was given by the
        last :meth:`see`: as a message in either direction, or as a label. The label of the
        reverse may count in rates.
        """
        asked = self._keys(*pairs)
        self._add(phase, ASKED, asked)
        if phase in STEPS:
            messages, labels = self._now[MESSAGES], self._now[LABELS]
            found = _inside(asked, messages) | _inside(self._reverse(asked), messages)
            found |= _inside(asked, labels)
            self._shown = _union(self._shown, asked[found])

    def first(self, phase: str, given: object) -> bool:
        """Tell whether a pass is given an object for the first time; the object is kept."""
        key = phase, id(given)
        if key in self._kept:
            return False
        self._kept[key] = given
        return True

    def see_context(self, tables: Mapping[str, tuple[int, str]]) -> None:
        """Record tables of other contexts: for each its number of entries and its digest."""
        self._tables |= tables

    def state_dict(self) -> dict:
        """Return the record as tensors, for a training that goes on after a kill."""
        import torch

        seen = {"\t".join(key): torch.as_tensor(codes) for key, codes in self._seen.items()}
        more = {"edges": torch.as_tensor(self._edges), "shown": torch.as_tensor(self._shown)}
        return {"seen": seen, **more}

    def load_state_dict(self, state: Mapping) -> None:
        """Add what :meth:`state_dict` gave."""
        for key, codes in state["seen"].items():
            phase, kind = key.split("\t")
            self._add(phase, kind, codes.numpy())
        self._edges = _union(self._edges, state["edges"].numpy())
        self._shown = _union(self._shown, state["shown"].numpy())

    def messages(self) -> pd.DataFrame:
        """Return the edges over which messages were passed, columns regulator, target.

        Those of a pass that scores only what judges nothing are in the table alone. Edges of a
        graph are named as the training positives that they stand for, in the
        split's order; an arc that stands for none follows as it is.
        """
        found = np.unique(self._edges)
        if not self.directed:
            named = np.isin(self._positive, found)
            named |= np.isin(self._reverse(self._positive), found)
            known = self._positive[named]
            both = np.concatenate([known, self._reverse(known)])
            found = np.concatenate([known, found[~np.isin(found, both)]])
        ends = found // self.n, found % self.n
        return pd.DataFrame({name: self.genes[end] for name, end in zip(PAIR, ends, strict=True)})

    def table(self) -> pd.DataFrame:
        """Return one row per phase and kind: `COLUMNS`.

        Counts of distinct pairs: all, those of each part, those whose reverse is a validation
        or test pair, and those that supervised a step that was given them in either direction.
        Tables of other contexts follow, with their entries and, as the example, their digest.
        """
        order = [(phase, kind) for phase in PHASES for kind in KINDS]
        rows = [self._row(*key) for key in order if key in self._seen]
        rows += [
            [OTHER_CONTEXTS, name, entries, 0, 0, 0, 0, 0, "yes" if self.hides else "no", digest]
            for name, (entries, digest) in self._tables.items()
        ]
        return pd.DataFrame(rows, columns=COLUMNS)

    def _row(self, phase: str, kind: str) -> list:
        codes = self._seen[phase, kind]
        inside = {
            part: np.isin(codes, self._rows[self._part == part]) for part in (TRAIN, VAL, TEST)
        }
        judged = inside[VAL] | inside[TEST]
        reverse = np.isin(codes, self._reverse(self._rows[np.isin(self._part, (VAL, TEST))]))
        shown = self._shown if (phase, kind) == (TRAINING, ASKED) else self._shown[:0]
        wrong = codes[inside[TEST]]
        if kind == MESSAGES:
            wrong = codes[judged | (reverse & (phase != UNJUDGED))]
        elif kind == LABELS or phase == TRAINING:
            wrong = np.concatenate([shown, codes[judged]])
        first = " -> ".join(self.genes[list(divmod(int(wrong[0]), self.n))]) if len(wrong) else ""
        counts = [int(inside[part].sum()) for part in (TRAIN, VAL, TEST)]
        hidden = "yes" if self.hides else "no"
        return [phase, kind, len(codes), *counts, int(reverse.sum()), len(shown), hidden, first]

    def _keys(self, regulators, targets) -> np.ndarray:
        a, b = (_numbers(x) for x in (regulators, targets))
        return a * self.n + b

    def _reverse(self, codes: np.ndarray) -> np.ndarray:
        return codes % self.n * self.n + codes // self.n

    def _add(self, phase: str, kind: str, codes: np.ndarray) -> None:
        before = self._seen.get((phase, kind), np.empty(0, dtype=np.int64))
        self._seen[phase, kind] = _union(before, codes)


def _inside(codes: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Mark the codes that are among others, which are sorted: every step asks this."""
    if not len(seen):
        return np.zeros(len(codes), dtype=bool)
    return seen[np.searchsorted(seen, codes).clip(max=len(seen) - 1)] == codes


def _union(seen: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return both, sorted; mostly nothing is new, and then nothing is sorted."""
    new = codes[~_inside(codes, seen)]
    return _distinct(np.concatenate([seen, new])) if len(new) else seen


def _distinct(codes: np.ndarray) -> np.ndarray:
    """Return the distinct codes, sorted; those of masks mostly are so already.

    numpy's unique hashes whole numbers first, which took more than half of a training step.
    """
    if (codes[1:] > codes[:-1]).all():
        return codes
    ordered = np.sort(codes)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]


def _numbers(values) -> np.ndarray:
    """Return an array or a tensor, of any device, as int64."""
    values = values.cpu() if hasattr(values, "cpu") else values
    return np.asarray(values, dtype=np.int64)
