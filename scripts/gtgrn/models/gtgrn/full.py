"""GT-GRN, form ``full``: what pays on measured data, in one model for three settings.

The form ``paper`` (:mod:`gtgrn.models.gtgrn.paper`) follows the equations of the paper. This one
keeps its idea, a graph transformer on the fused features of genes, and reads known absences
beside known edges, hides what it is asked about, and shares strength between regulators by a
Gaussian process. What is held out decides what can help:

``edges``
    an ensemble of signed graph transformers with a pair channel, and the Gaussian process;
``genes``
    encoders without messages (a new gene has none), and the Gaussian process;
``tfs``
    popularity of targets, families of regulators and their expression; no network, for with
    some twenty regulators to learn from none has beaten popularity.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from gtgrn.config.options import option
from gtgrn.errors import InputError
from gtgrn.evaluation.metrics import auprc, auroc
from gtgrn.models.fitted import Fitted
from gtgrn.models.gtgrn.gaussian_process import NOISE, OWN, complete
from gtgrn.models.gtgrn.hidden_training import (
    Inputs,
    make_draw,
    make_draws,
    make_inputs,
    score,
    train_member,
    visible_labels,
)
from gtgrn.models.gtgrn.label_matrix import SETTINGS, LabelMatrix, detect_setting, label_matrix
from gtgrn.models.gtgrn.regulator_families import Likeness, same_family, score_new_regulators
from gtgrn.models.gtgrn.two_role import TwoRole
from gtgrn.names import EDGES, GENES, LABEL, PART, REGULATOR, TARGET, TFS, TRAIN, VAL
from gtgrn.seeds import derive_seed
from gtgrn.training.loop import pick_device, seeded
from gtgrn.training.progress import SAVE_SECONDS, Progress, fingerprint

logger = logging.getLogger(__name__)

AUTO = "auto"
PROBABLE = (0.003, 0.997)
"""Bounds of a posterior mean: a linear model's may leave [0, 1], and its log-odds explode."""
HIDE = {EDGES: 0.2, GENES: 0.3}
DRAWS = {EDGES: 128, GENES: 64}
LAYERS = {EDGES: 1, GENES: 0}
DROPOUT = {EDGES: 0.25, GENES: 0.3}
PROCESS_WEIGHT = {EDGES: 0.5, GENES: 1.0}
"""Weight of the Gaussian process next to the networks, both standardised on validation."""
PROCESS = {EDGES: {"own": OWN, "noise": NOISE}, GENES: {"own": 1.0, "noise": 4.0}}
"""Its variances: a new gene has no label of its own, so the kernel must carry more."""


@dataclass(frozen=True)
class FullOptions:
    """Options of the form full: the section ``full`` of the configuration."""

    features: list[str] = option(
        ["X"],
        "Modalities - X (expression matrix), G (global, BERT), E (expression, VAE); without X the "
        "model reads labels and symbols alone.",
        uniqueItems=True,
        items={"description": "Letter of a modality.", "type": "string", "enum": ["X", "G", "E"]},
    )
    control: str = option(
        "none",
        "none; random replaces the features by noise; permuted gives each gene another's.",
        enum=["none", "random", "permuted"],
    )
    setting: str = option(
        "auto",
        "What is held out - edges, genes, tfs, or auto (read off the split).",
        enum=["auto", "edges", "genes", "tfs"],
    )
    ensemble: int = option(
        3,
        "Networks whose logits are averaged; 0 leaves the Gaussian process alone.",
        minimum=0,
    )
    process_weight: float | None = option(
        None,
        "Weight of the Gaussian process next to the networks; null takes the setting's.",
        minimum=0,
    )
    pair_channel: bool = option(True, "Whether the networks read features of pairs (edges only).")
    layers: int | None = option(None, "Layers of messages; null takes the setting's.", minimum=0)
    dimensions: int = option(64, "Width of the node states.", minimum=2)
    heads: int = option(4, "Attention heads; they divide the dimensions.", minimum=1)
    rank: int = option(16, "Rank of the bilinear decoder.", minimum=1)
    dropout: float | None = option(
        None, "Dropout; null takes the setting's.", minimum=0, exclusiveMaximum=1
    )
    hide: float | None = option(
        None,
        "Share of training pairs or genes hidden in a step; null takes the setting's.",
        exclusiveMinimum=0,
        exclusiveMaximum=1,
    )
    learning_rate: float = option(0.003, "Step of the optimiser.", exclusiveMinimum=0)
    weight_decay: float = option(0.001, "Weight decay of AdamW.", minimum=0)
    epochs: int = option(400, "Largest number of epochs.", minimum=1)
    check_every: int = option(10, "Epochs between two looks at the validation part.", minimum=1)
    patience: int = option(
        8, "Looks at the validation part without improvement after which to stop.", minimum=1
    )
    clip: float = option(1.0, "Largest norm of a gradient.", exclusiveMinimum=0)
    average: float = option(
        0.98,
        "Decay of the moving average of the weights.",
        minimum=0,
        exclusiveMaximum=1,
    )
    symbols: bool = option(
        True, "Whether genes of like symbols are taken for alike; off in controls."
    )
    refit_on_validation: bool = option(
        False, "Show the validation labels to the model that scores the test part."
    )
    device: str = option(
        "auto",
        "auto (CUDA where torch sees a GPU), cpu or cuda.",
        enum=["auto", "cpu", "cuda"],
    )


class FullModel(nn.Module):
    """The networks of an ensemble; everything else is computed from the train labels.

    Parameters
    ----------
    setting
        ``edges``, ``genes`` or ``tfs``.
    members
        Number of networks.
    network
        Arguments of each :class:`gtgrn.models.gtgrn.two_role.TwoRole`; None in the setting ``tfs``.
    """

    def __init__(self, *, setting: str, members: int, network: dict | None) -> None:
        super().__init__()
        self.setting = setting
        self.members = nn.ModuleList(TwoRole(**network) for _ in range(members))


def fit(
    pairs: pd.DataFrame,
    genes: Sequence[str],
    features: Mapping[str, np.ndarray],
    *,
    setting: str = AUTO,
    ensemble: int = 3,
    process_weight: float | None = None,
    pair_channel: bool = True,
    layers: int | None = None,
    dimensions: int = 64,
    heads: int = 4,
    rank: int = 16,
    dropout: float | None = None,
    hide: float | None = None,
    learning_rate: float = 3e-3,
    weight_decay: float = 1e-3,
    epochs: int = 400,
    check_every: int = 10,
    patience: int = 8,
    clip: float = 1.0,
    average: float = 0.98,
    symbols: bool = True,
    families: Mapping[str, str] | None = None,
    refit_on_validation: bool = False,
    seed: int,
    device: str = AUTO,
    resume: str | Path | None = None,
    save_every: float = SAVE_SECONDS,
) -> Fitted:
    """Train on the training part, choose by the validation part, score every pair.

    Parameters
    ----------
    pairs
        Columns regulator, target, label, part; labels outside train and val are not read.
    genes
        Names, in the order of the rows of the features.
    features
        ``X``: expression (genes, cells), log-normalised, without which labels and symbols
        alone are read; any others (G, E, ...) are (genes, width) tables of which the leading
        components join the gene features.
    setting
        ``edges``, ``genes``, ``tfs``, or ``auto``: read off the pairs, see
        :func:`gtgrn.models.gtgrn.label_matrix.detect_setting`.
    ensemble
        Number of networks whose logits are averaged; 0 leaves the Gaussian process alone.
    process_weight
        Weight of the Gaussian process next to the ensemble; by default 0.5 in ``edges``,
        1 in ``genes``.
    pair_channel
        Whether the networks read features of pairs (``edges`` only).
    layers, dimensions, heads, rank, dropout
        See :class:`gtgrn.models.gtgrn.two_role.TwoRole`; layers by default 1 in ``edges``, 0 in ``genes``.
    hide
        Share of training pairs (``edges``) or genes (``genes``) hidden and asked about.
    learning_rate, weight_decay, epochs, check_every, patience, clip, average
        See :func:`gtgrn.models.gtgrn.hidden_training.train_member`; an epoch is one step over all pairs.
    symbols
        Whether the Gaussian process takes genes of like symbols for alike. Symbols are no
        expression: turn it off in controls that shuffle or replace the expression.
    families
        Family of a regulator by its name; by default the stem of its symbol.
    refit_on_validation
        Whether, after validation has chosen, its labels are visible when other parts are
        scored. They are known by then, but the evaluation's headline forbids it.
    seed
        Seed of weights, dropout and hiding.
    device
        ``auto``, ``cpu`` or ``cuda``.
    resume, save_every
        File of a training that was killed and seconds between two saves, see
        :class:`gtgrn.training.progress.Progress`; each member has a file of its own beside it.

    Returns
    -------
    Fitted
        Logits of all pairs; embeddings are the states of the genes as targets (in ``tfs``
        the gene features); `config` and the model's state are what :func:`rescore` needs.

    Raises
    ------
    InputError
        If a table has the wrong number of rows, an option is out of range, or the loss is
        not finite.
    """
    # All arguments, so that none is forgotten that changes the result.
    made_from = fingerprint(locals(), module=__name__) if resume is not None else ""
    if setting not in (AUTO, *SETTINGS):
        raise InputError(
            f"unknown setting {setting}",
            field="full.setting",
            remedy=f"Use {AUTO}, {', '.join(SETTINGS)}",
        )
    if ensemble < 0 or (ensemble == 0 and process_weight == 0):
        raise InputError(
            "neither a network nor the Gaussian process is left",
            field="full.ensemble",
            remedy="Set ensemble or process_weight above 0",
        )
    matrix = label_matrix(pairs, genes)
    setting = detect_setting(matrix) if setting == AUTO else setting
    members = 0 if setting == TFS else ensemble
    weight = PROCESS_WEIGHT.get(setting, 0.0) if process_weight is None else process_weight
    with_pairs = pair_channel and setting == EDGES
    target = pick_device(device)
    inputs = make_inputs(matrix, genes, features, with_pairs, symbols, target)
    histories, networks, network = [], [], None
    if members:
        hide = HIDE[setting] if hide is None else hide
        draws = make_draws(
            matrix,
            inputs,
            setting,
            matrix.train,
            share=hide,
            count=DRAWS[setting],
            seed=derive_seed(seed, "draws"),
        )
        validation = make_draw(matrix, inputs, matrix.train, matrix.val, hide=False)
    saved = [
        Progress(
            _member_file(resume, i),
            {"fit": made_from, "member": i},
            module=__name__,
            every=save_every,
        )
        for i in range(members)
    ]
    for member in range(members):
        model, network, history = train_member(
            matrix,
            inputs,
            draws,
            validation,
            seed=derive_seed(seed, "member", member),
            layers=LAYERS[setting] if layers is None else layers,
            pair_channel=with_pairs,
            dimensions=dimensions,
            heads=heads,
            rank=rank,
            dropout=DROPOUT[setting] if dropout is None else dropout,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            steps=epochs,
            check_every=check_every,
            patience=patience,
            clip=clip,
            average=average,
            progress=saved[member],
        )
        networks.append(model)
        histories += [{"member": member, **row} for row in history]
    config = {
        "model": {"setting": setting, "members": members, "network": network},
        "process_weight": weight if members else 1.0,
        "pair_channel": with_pairs,
        "symbols": symbols,
        "families": None if families is None else dict(families),
        "refit_on_validation": refit_on_validation,
    }
    model = _build(config, target)
    for own, trained in zip(model.members, networks, strict=True):
        own.load_state_dict(trained.state_dict())
    logger.info("setting %s, %d networks", setting, members)
    scores, embeddings = _score(model, config, matrix, inputs, pairs, genes)
    if not histories:
        val = (pairs[PART] == VAL).to_numpy()
        labels = pairs.loc[val, LABEL].to_numpy(int)
        histories = [
            {
                "member": 0,
                "epoch": 0,
                "validation_auroc": auroc(labels, scores[val]),
                "validation_auprc": auprc(labels, scores[val]),
            }
        ]
    for progress in saved:
        progress.remove()
    return Fitted(scores, embeddings, histories, model, config, _message_edges(matrix, config))


def _member_file(resume: str | Path | None, member: int) -> Path | None:
    if resume is None:
        return None
    path = Path(resume)
    return path.with_name(f"{path.stem}.{member}{path.suffix}")


def rescore(
    state: Mapping[str, torch.Tensor],
    config: Mapping,
    pairs: pd.DataFrame,
    genes: Sequence[str],
    features: Mapping[str, np.ndarray],
    *,
    device: str = AUTO,
) -> np.ndarray:
    """Return the scores of a fitted model again, from its state and configuration.

    Parameters
    ----------
    state, config
        Of :class:`gtgrn.models.fitted.Fitted` or a checkpoint.
    pairs, genes, features, device
        As given to :func:`fit`: the train labels are part of the model.
    """
    matrix = label_matrix(pairs, genes)
    target = pick_device(device)
    inputs = make_inputs(
        matrix, genes, features, config["pair_channel"], config["symbols"], target
    )
    model = _build(config, target)
    model.load_state_dict(state)
    return _score(model, config, matrix, inputs, pairs, genes)[0]


def _build(config: Mapping, device: torch.device) -> FullModel:
    """Make the module; its weights are loaded next, but initialisers draw all the same."""
    with seeded(0):
        return FullModel(**config["model"]).to(device)


def _message_edges(matrix: LabelMatrix, config: Mapping) -> pd.DataFrame:
    """Return the positives that scoring reads: none is judged, in neither direction."""
    known = matrix.train | matrix.val if config["refit_on_validation"] else matrix.train
    read = known & ~matrix.reverse_of(matrix.judged) & (matrix.labels > 0)
    rows, columns = np.nonzero(read)
    return pd.DataFrame(
        {
            REGULATOR: np.array(matrix.regulators, dtype=object)[rows],
            TARGET: np.array(matrix.genes, dtype=object)[columns],
        }
    )


def _score(
    model: FullModel,
    config: Mapping,
    matrix: LabelMatrix,
    inputs: Inputs,
    pairs: pd.DataFrame,
    genes: Sequence[str],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits of all rows of the pairs, and the embeddings in the order of genes."""
    columns = pd.Index(matrix.genes).get_indexer(pairs[TARGET])
    rows = pd.Index(matrix.regulators).get_indexer(pairs[REGULATOR])
    part = pairs[PART].to_numpy()
    known = matrix.train.copy()
    first = _logits(model, config, matrix, inputs, known)
    scores = _of_pairs(first, matrix, config, inputs, known, pairs, rows, columns)
    if config["refit_on_validation"]:
        known = known | matrix.val
        second = _logits(model, config, matrix, inputs, known)
        later = _of_pairs(second, matrix, config, inputs, known, pairs, rows, columns)
        # Train and validation pairs keep the scores of a model that did not see the latter,
        # or calibration on them would learn from labels that were copied.
        scores = np.where(np.isin(part, (TRAIN, VAL)), scores, later)
    order = pd.Index(matrix.genes).get_indexer(genes)
    embeddings = inputs.genes
    if len(model.members):
        visible = visible_labels(
            matrix, matrix.train, np.zeros_like(matrix.train), inputs.genes.device
        )
        member = model.members[0].eval()
        with torch.no_grad():
            _, embeddings = member.encode(inputs.genes[inputs.regulators], inputs.genes, visible)
    return scores, embeddings.cpu().numpy()[order]


def _logits(
    model: FullModel, config: Mapping, matrix: LabelMatrix, inputs: Inputs, known: np.ndarray
) -> np.ndarray | None:
    """Return the calibrated logits (T, G) of regulators with labels; None in ``tfs``."""
    if model.setting == TFS:
        return None
    everything = np.ones_like(known)
    draw = make_draw(matrix, inputs, known, everything, hide=False)
    parts = []
    if len(model.members):
        logits = [score(member, inputs, draw) for member in model.members]
        parts.append((1.0, np.mean(logits, axis=0, dtype=np.float64).reshape(known.shape)))
    if config["process_weight"] > 0:
        process = complete(draw.visible, inputs.kernel, **PROCESS[model.setting]).clamp(*PROBABLE)
        parts.append((config["process_weight"], torch.logit(process).cpu().numpy()))
    # The scale of a part, and of the sum, is read off the validation pairs seen by the train
    # labels alone, so it is taken at the first pass and kept.
    if "scales" not in config:
        config["scales"] = [_location(values[matrix.val]) for _, values in parts]
    mixed = sum(
        weight * (values - centre) / spread
        for (weight, values), (centre, spread) in zip(parts, config["scales"], strict=True)
    )
    if "calibration" not in config:
        config["calibration"] = _platt(mixed[matrix.val], matrix.labels[matrix.val])
    slope, offset = config["calibration"]
    return slope * mixed + offset


def _of_pairs(
    logits: np.ndarray | None,
    matrix: LabelMatrix,
    config: Mapping,
    inputs: Inputs,
    known: np.ndarray,
    pairs: pd.DataFrame,
    rows: np.ndarray,
    columns: np.ndarray,
) -> np.ndarray:
    """Read the pairs' logits off the matrix, and score the regulators without labels."""
    met = known.any(axis=1)
    if logits is not None and met[rows].all() and (rows >= 0).all():
        return logits[rows, columns]
    met_rows = np.flatnonzero(met)
    values, mask = matrix.labels[met], known[met]
    messages = mask & ~matrix.reverse_of(matrix.judged)[met]
    if logits is not None:
        # What the model has completed stands in for what no label says, which gives genes
        # without labels their popularity.
        values = np.where(mask, values, 1 / (1 + np.exp(-logits[met])))
        mask = messages = np.ones_like(mask)
    known_names = [matrix.regulators[i] for i in met_rows]
    wanted = known_names + sorted(set(pairs[REGULATOR]) - set(known_names))
    genes_of = pd.Index(matrix.genes).get_indexer(wanted)
    likeness = Likeness(
        same_family(wanted, config["families"])[:, : len(known_names)],
        _correlation(inputs.profiles, genes_of, genes_of[: len(known_names)]),
    )
    own = np.where(np.arange(len(wanted)) < len(known_names), np.arange(len(wanted)), -1)
    scores = score_new_regulators(values, mask, messages, likeness, inputs.kernel, own)
    # Each regulator with labels was scored without its own: that is what calibrates.
    train = known[met]
    slope, offset = _platt(scores[: len(met_rows)][train], matrix.labels[met][train])
    of_wanted = slope * scores + offset
    result = of_wanted[pd.Index(wanted).get_indexer(pairs[REGULATOR]), columns]
    if logits is not None:
        ours = (rows >= 0) & met[rows]
        result[ours] = logits[rows[ours], columns[ours]]
    return result


def _correlation(profiles: np.ndarray, new: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return correlations (new, known), 0 where the two are one gene."""
    correlation = profiles[new] @ profiles[known].T
    return np.where(new[:, None] == known[None, :], 0.0, correlation)


def _location(values: np.ndarray) -> tuple[float, float]:
    spread = float(values.std())
    return float(values.mean()), spread if spread > 1e-9 else 1.0


def _platt(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Fit slope and offset of a logistic regression by Newton's method; the slope stays > 0.

    A weak ridge keeps the slope finite where the scores separate the classes.
    """
    labels = labels.astype(np.float64)
    mean = (labels.sum() + 0.5) / (len(labels) + 1)
    weights = np.array([0.0, np.log(mean / (1 - mean))])
    design = np.column_stack([scores, np.ones_like(scores)])
    ridge = np.diag([1.0, 1e-6])
    for _ in range(50):
        probability = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (labels - probability) - ridge @ weights
        curvature = (design * (probability * (1 - probability))[:, None]).T @ design + ridge
        change = np.linalg.solve(curvature, gradient)
        weights = weights + change
        if np.abs(change).max() < 1e-9:
            break
    # Calibration may not turn a ranking round, whatever validation says.
    return max(float(weights[0]), 1e-3), float(weights[1])
