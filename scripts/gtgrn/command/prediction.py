"""A trained model on new cells: what it says of the genes that it knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gtgrn.command.detection import detect
from gtgrn.config.locations import GENE_MAPS, SHIPPED
from gtgrn.data.matrix import read_genes, read_matrix
from gtgrn.data.preprocessing import preprocess, read_expression
from gtgrn.data.store import UNS, read_preprocessed
from gtgrn.data.value_kinds import COUNTS, ESTIMATED, LOGNORM, TPM
from gtgrn.errors import InputError, name_some
from gtgrn.evaluation.calibration import Calibrator
from gtgrn.models.gtgrn.restore import score_cells
from gtgrn.names import (
    LABEL,
    PAIR,
    PART,
    PROBABILITY,
    RANK,
    REGULATOR,
    SCORE,
    TARGET,
    UNLABELLED,
    VAL,
)
from gtgrn.splits.tables import read_split, with_unlabelled
from gtgrn.tables import read_table

LEAST = 0.5
"""Share of the genes of the training below which the new cells are taken for other data."""
SAME = 1e-3
"""Largest difference of a logit, in standard deviations, that rounding may make."""
LOGNORMAL = (COUNTS, ESTIMATED, TPM, LOGNORM)
"""Kinds of values that become, or are, logarithms of normalised values."""


def read_new_cells(path: str | Path, trained: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return new cells by the genes of a training, and the genes that they lack.

    Parameters
    ----------
    path
        Counts or log-normalised values in any format that is read here, or an
        ``expression.h5ad`` of this workflow.
    trained
        Folder of results of the data set that the model was trained on.

    Returns
    -------
    tuple
        Cells x genes, log-normalised as the training was, 0 for genes that the cells lack; and
        the names of these.

    Raises
    ------
    InputError
        If the values are of another kind, the training was imputed, or less than half of its
        genes are there.
    """
    about = read_preprocessed(trained / "expression.h5ad").uns[UNS]["settings"]
    genes = read_genes(trained / "genes.tsv")[0]
    if about.get("magic", "off") != "off":
        raise InputError(
            "the model was trained on imputed values (MAGIC), which new cells cannot have",
            file=trained,
            remedy="Train without 'magic' in preprocess",
        )
    frame, values = _read(Path(path), genes, about)
    if (values in LOGNORMAL) != (about["values"] in LOGNORMAL):
        raise InputError(
            f"the values are {values}, the model was trained on {about['values']}",
            file=path,
            remedy="Give counts or log-normalised values, or a layer that holds them (--layer)",
        )
    missing = [gene for gene in genes if gene not in frame]
    if len(missing) > (1 - LEAST) * len(genes):
        raise InputError(
            f"only {len(genes) - len(missing)} of the {len(genes)} genes of the model are there "
            f"(not {name_some(missing, 3)})",
            file=path,
            remedy="Give cells of the same organism with the same names of genes",
        )
    return frame.reindex(columns=genes, fill_value=0.0), missing


def _read(path: Path, genes: list[str], about: dict) -> tuple[pd.DataFrame, str]:
    """Return cells x genes, log-normalised where they are counts, and the kind of the values."""
    if path.suffix == ".h5ad":
        try:
            adata = read_preprocessed(path)
            return adata.to_df(), adata.uns[UNS]["settings"]["values"]
        except InputError as error:
            if error.problem != "not made by this workflow":
                raise
    found = detect(path)
    section = {**found.expression, "values": "auto"}
    if section.get("gene_map") == SHIPPED and found.organism:
        section["gene_map"] = dict(GENE_MAPS[found.organism])
    if about.get("total_counts") in found.columns:
        section["total_counts"] = about["total_counts"]
    plain = {key: v for key, v in section.items() if key not in ("gene_map", "gene_names")}
    read = [read_expression(one) for one in ([section] if plain == section else [plain, section])]
    adata = max(read, key=lambda one: one.var_names.isin(genes).sum())
    values = adata.uns[UNS]["source"]["values"]
    ready = preprocess(
        adata, values=values, total_counts=section.get("total_counts"), min_genes_per_cell=0,
        min_cells_fraction=0.0, target_sum=about["target_sum"],
    )  # fmt: skip
    return ready.to_df(), values


def predict(
    trained: Path, cells: pd.DataFrame, missing: list[str], *, variant: str, scheme: str
) -> pd.DataFrame:
    """Return the network of new cells by the models of a run.

    Parameters
    ----------
    trained
        Folder of results of the data set that the models were trained on.
    cells, missing
        From :func:`read_new_cells`.
    variant, scheme
        Of the models, such as ``full`` and ``edges``; all seeds are averaged.

    Returns
    -------
    pandas.DataFrame
        rank, regulator, target, probability, score; best first. Pairs of missing genes are left
        out, regulators without a known edge have neither value and stand last.

    Raises
    ------
    InputError
        If there is no such model, it reads more than expression, or it does not give its own
        cells the scores that were written when it was trained.
    """
    folders = sorted((trained / "models/gtgrn" / variant / scheme).glob("seed*"))
    if not folders:
        there = sorted(p.name for p in (trained / "models/gtgrn").glob("*"))
        raise InputError(
            f"there is no model of the variant {variant} on the split {scheme}",
            file=trained,
            remedy=f"Trained are {name_some(there)}; without a reference none is",
        )
    known = read_matrix(trained / "matrix.npy", trained / "genes.tsv")
    runs = [_score_run(folder, trained / "splits" / scheme, known, cells) for folder in folders]
    total = runs[0].copy()
    for column in (SCORE, PROBABILITY):
        total[column] = np.mean([run[column] for run in runs], axis=0)
    total.loc[total[PART] == UNLABELLED, [SCORE, PROBABILITY]] = np.nan
    lost = set(missing)
    total = total[~total[REGULATOR].isin(lost) & ~total[TARGET].isin(lost)]
    total = total.sort_values([PROBABILITY, SCORE, *PAIR], ascending=[False, False, True, True])
    total.insert(0, RANK, range(1, len(total) + 1))
    return total[[RANK, *PAIR, PROBABILITY, SCORE]].reset_index(drop=True)


def _score_run(
    folder: Path, splits: Path, known: tuple[pd.DataFrame, list[str]], cells: pd.DataFrame
) -> pd.DataFrame:
    """Return the pairs with part, score and probability by the model of one seed."""
    own, regulators = known
    genes = list(own)
    old, new = (frame[genes].to_numpy(np.float64).T for frame in (own, cells))
    pairs = with_unlabelled(read_split(splits / f"{folder.name}.tsv.gz"), genes, regulators)
    written = read_table(folder / "scores.tsv.gz", [*PAIR, PART, LABEL, SCORE])
    checkpoint = folder / "checkpoint.pt"
    again = score_cells(checkpoint, pairs, genes, old, old)
    spread = max(float(written[SCORE].std()), 1e-9)
    if np.abs(again - written[SCORE].to_numpy()).max() > SAME * spread:
        raise InputError(
            "the model does not give its own cells the scores of its training: it reads more "
            "than their expression, or another version wrote it",
            file=checkpoint,
            remedy="Take a variant with 'features: [X]', or run the workflow again",
        )
    scores = score_cells(checkpoint, pairs, genes, old, new)
    held = written[written[PART] == VAL]
    calibrator = Calibrator().fit(held[SCORE], held[LABEL].astype(int))
    pairs = pairs.assign(**{SCORE: scores, PROBABILITY: calibrator.transform(scores)})
    return pairs.sort_values(PAIR, ignore_index=True)[[*PAIR, PART, SCORE, PROBABILITY]]
