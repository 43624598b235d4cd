"""The labels of a split as regulators x targets matrices, and which of them may be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.models.gtgrn.two_role import Visible
from gtgrn.names import (
    EDGES,
    GENES,
    LABEL,
    PART,
    REGULATOR,
    TARGET,
    TEST,
    TFS,
    TRAIN,
    UNLABELLED,
    VAL,
)
from gtgrn.splits import leakage
from gtgrn.splits.exposure import Exposure

SETTINGS = (EDGES, GENES, TFS)


@dataclass(frozen=True)
class LabelMatrix:
    """A split as matrices; rows and columns follow the names, whatever order the input had.

    Attributes
    ----------
    genes
        All genes by name, the columns.
    regulators
        Names of the regulators that occur in a labelled part, the rows.
    regulator_genes
        (T,) column of each regulator.
    labels
        (T, G) float32; 0 wherever no train or validation label is known.
    train, val
        (T, G) bool masks.
    judged
        (T, G) bool: validation and test pairs.
    exposure
        The record of what enters the model; None keeps none.
    """

    genes: list[str]
    regulators: list[str]
    regulator_genes: np.ndarray
    labels: np.ndarray
    train: np.ndarray
    val: np.ndarray
    judged: np.ndarray
    exposure: Exposure | None = None

    def open_pairs(
        self, known: np.ndarray, *, asked: np.ndarray | None = None, judged: np.ndarray
    ) -> np.ndarray:
        """Mark the known pairs that may carry messages where `asked` is asked about."""
        asked = np.zeros_like(known) if asked is None else asked
        return leakage.open_pairs(known, judged, asked, self.regulator_genes)

    def see(self, phase: str, given: Visible, asked: object = None) -> None:
        """Record what a pass is given of the labels, and what it is compared with.

        Parameters
        ----------
        phase
            One of :data:`gtgrn.splits.exposure.PHASES`.
        given
            The tensors or arrays that enter; an object that was recorded is not read again.
        asked
            (T, G) bool mask of the pairs whose labels the pass is compared with.
        """
        if self.exposure is None or not self.exposure.first(phase, given):
            return
        labels, known, messages = (_array(x) for x in (given.labels, given.known, given.messages))
        edges = (messages > 0) & (labels > 0)
        ends = [self._ends(mask) for mask in (messages > 0, known > 0, edges)]
        self.exposure.see(phase, ends[0], ends[1], edges=ends[2])
        if asked is not None:
            self.ask(phase, asked)

    def ask(self, phase: str, asked: object) -> None:
        """Record the pairs, (T, G) bool, whose labels a pass is compared with."""
        if self.exposure is not None:
            self.exposure.ask(phase, self._ends(_array(asked)))

    def _ends(self, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows, columns = np.nonzero(mask)
        return self.regulator_genes[rows], columns


def label_matrix(pairs: pd.DataFrame, genes: Sequence[str]) -> LabelMatrix:
    """Read the train and validation labels of a split; no other label is looked at.

    Raises
    ------
    InputError
        If a pair names an unknown gene, or a train or validation label is not 0 or 1, or
        either part lacks a class.
    """
    names = sorted(genes)
    index = pd.Index(names)
    labelled = pairs[pairs[PART] != UNLABELLED]
    regulators = sorted(set(labelled[REGULATOR]))
    for column in (REGULATOR, TARGET):
        if not pairs[column].isin(index).all():
            raise InputError(
                "a pair names a gene that the expression lacks",
                field=column,
                remedy="Make the split again",
            )
    shape = len(regulators), len(names)
    rows = pd.Index(regulators).get_indexer(labelled[REGULATOR])
    columns = index.get_indexer(labelled[TARGET])
    part = labelled[PART].to_numpy()
    labels = np.zeros(shape, dtype=np.float32)
    masks = {}
    for name in (TRAIN, VAL, TEST):
        chosen = part == name
        masks[name] = np.zeros(shape, dtype=bool)
        masks[name][rows[chosen], columns[chosen]] = True
        if name == TEST:
            continue
        values = labelled[LABEL].to_numpy()[chosen].astype(np.float32)
        if set(np.unique(values)) != {0.0, 1.0}:
            raise InputError(
                f"the labels of the {name} part must be 0 and 1, and both must occur",
                field=LABEL,
                remedy="Make the split again",
            )
        labels[rows[chosen], columns[chosen]] = values
    return LabelMatrix(
        names,
        regulators,
        index.get_indexer(regulators),
        labels,
        masks[TRAIN],
        masks[VAL],
        masks[VAL] | masks[TEST],
        Exposure(pairs, names, directed=True, hides=True),
    )


def _array(values: object) -> np.ndarray:
    return values.cpu().numpy() if hasattr(values, "cpu") else np.asarray(values)


def detect_setting(matrix: LabelMatrix) -> str:
    """Tell from the masks what is held out: pairs, whole genes or whole regulators.

    A judged pair is of the kind ``genes`` if its target has no train pair, ``tfs`` if its
    regulator has none. The kind of more than half of the judged pairs is the setting; where
    both ends are new, the target decides, for a new target's features say more.
    """
    new_gene = (~matrix.train.any(axis=0))[None, :] & matrix.judged
    new_regulator = (~matrix.train.any(axis=1))[:, None] & matrix.judged
    total = matrix.judged.sum()
    if new_gene.sum() > total / 2:
        return GENES
    return TFS if new_regulator.sum() > total / 2 else EDGES
