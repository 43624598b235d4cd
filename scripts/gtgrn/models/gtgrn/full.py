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

Where other contexts are given (:mod:`gtgrn.context.inputs`), their tables of genes join the
features, their rows the Gaussian process as further regulators, and their ranking without labels
the regulators that have none.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from gtgrn.config.options import make
from gtgrn.context.inputs import ContextInputs
from gtgrn.errors import InputError
from gtgrn.evaluation.metrics import auprc, auroc
from gtgrn.models.fitted import Fitted
from gtgrn.models.gtgrn.full_options import FullOptions
from gtgrn.models.gtgrn.hidden_training import (
    Draws,
    make_draw,
    make_draws,
    train_member,
)
from gtgrn.models.gtgrn.inputs import Inputs, make_inputs
from gtgrn.models.gtgrn.label_matrix import SETTINGS, LabelMatrix, detect_setting, label_matrix
from gtgrn.models.gtgrn.pair_features import CHANNELS
from gtgrn.models.gtgrn.scoring import score_pairs
from gtgrn.models.gtgrn.two_role import FullModel, TwoRole
from gtgrn.names import EDGES, GENES, LABEL, PART, VAL
from gtgrn.seeds import derive_seed
from gtgrn.training.devices import pick_device
from gtgrn.training.loop import seeded
from gtgrn.training.progress import SAVE_SECONDS, Progress, fingerprint

logger = logging.getLogger(__name__)

AUTO, NO_CONTROL = "auto", "none"
DRAWS = {EDGES: 128, GENES: 64}


def fit(
    pairs: pd.DataFrame,
    genes: Sequence[str],
    features: Mapping[str, np.ndarray],
    *,
    seed: int,
    elsewhere: ContextInputs | None = None,
    families: Mapping[str, str] | None = None,
    resume: str | Path | None = None,
    save_every: float = SAVE_SECONDS,
    **options: object,
) -> Fitted:
    """Train on the training part, choose by the validation part, score every pair.

    Scores are logits; embeddings the states of genes as targets (in ``tfs`` their features).

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
    seed
        Seed of weights, dropout and hiding.
    elsewhere
        What other contexts say of the genes, of which `options.context` names the parts that
        are read; None is a model of the data set alone.
    families
        Family of a regulator by its name; by default the stem of its symbol.
    resume, save_every
        See :class:`gtgrn.training.progress.Progress`; each member has a file of its own.
    options
        Of :class:`FullOptions`.

    Raises
    ------
    InputError
        If a table has the wrong number of rows, an option is unknown or out of range, or the
        loss is not finite.
    """
    chosen = make(FullOptions, options, field="full")
    _check(chosen)
    matrix = label_matrix(pairs, genes)
    context = _choose_context(elsewhere, matrix, chosen, seed)
    # All that changes the result: the option class holds every option.
    arguments = {"pairs": pairs, "genes": genes, "features": features, "seed": seed}
    arguments |= {"families": families, "options": chosen, "elsewhere": context}
    chosen = chosen.settle(detect_setting(matrix) if chosen.setting == AUTO else chosen.setting)
    device = pick_device(chosen.device)
    inputs = make_inputs(
        matrix, genes, features, chosen.pair_channel, chosen.symbols, device, context
    )
    saved = _progress(arguments, chosen.ensemble, resume, save_every)
    networks, histories, network = _train_members(matrix, inputs, chosen, seed, saved)
    model = build(config := _config(chosen, network, families), device, networks)
    return _score(model, config, matrix, inputs, pairs, genes, histories, saved)


def _score(
    model: FullModel,
    config: dict,
    matrix: LabelMatrix,
    inputs: Inputs,
    pairs: pd.DataFrame,
    genes: Sequence[str],
    histories: list[dict],
    saved: Sequence[Progress],
) -> Fitted:
    """Score all pairs; without networks the history is a single look at the validation part."""
    logger.info("setting %s, %d networks", model.setting, len(model.members))
    scores, embeddings = score_pairs(model, config, matrix, inputs, pairs, genes)
    for progress in saved:
        progress.remove()
    histories = histories or [_measure_once(pairs, scores)]
    record = matrix.exposure
    return Fitted(scores, embeddings, histories, model, config, record.messages(), record.table())


def _choose_context(
    elsewhere: ContextInputs | None, matrix: LabelMatrix, options: FullOptions, seed: int
) -> ContextInputs | None:
    """Return the parts of other contexts that are read, by the matrix's genes, and record them."""
    if elsewhere is None or not options.context:
        return None
    chosen = elsewhere.on(matrix.genes, options.context)
    if options.context_control != NO_CONTROL:
        rng = np.random.default_rng(derive_seed(seed, "exchanged genes"))
        chosen = chosen.exchanged(rng.permutation(len(chosen.genes)))
    if matrix.exposure is not None:
        matrix.exposure.see_context(chosen.record())
    return chosen


def _progress(
    arguments: Mapping, members: int, resume: str | Path | None, save_every: float
) -> list[Progress]:
    """Return where each member's training is saved; `arguments` are those of all of them."""
    made_from = fingerprint(arguments, module=__name__) if resume is not None else ""
    return [
        Progress(
            _member_file(resume, i),
            {"fit": made_from, "member": i},
            module=__name__,
            every=save_every,
        )
        for i in range(members)
    ]


def _check(options: FullOptions) -> None:
    if options.setting not in (AUTO, *SETTINGS):
        raise InputError(
            f"unknown setting {options.setting}",
            field="full.setting",
            remedy=f"Use {AUTO}, {', '.join(SETTINGS)}",
        )
    if options.ensemble < 0 or (options.ensemble == 0 and options.process_weight == 0):
        raise InputError(
            "neither a network nor the Gaussian process is left",
            field="full.ensemble",
            remedy="Set ensemble or process_weight above 0",
        )


def _train_members(
    matrix: LabelMatrix,
    inputs: Inputs,
    options: FullOptions,
    seed: int,
    saved: Sequence[Progress],
) -> tuple[list[TwoRole], list[dict], dict | None]:
    """Return the networks, the looks of all of them, and the arguments that rebuild one."""
    if not saved:
        return [], [], None
    draws = _draws(matrix, inputs, options, seed)
    validation = make_draw(matrix, inputs, matrix.train, matrix.val, hide=False)
    network = {
        "width": inputs.genes.shape[1],
        "regulators": len(matrix.regulators),
        "dimensions": options.dimensions,
        "heads": options.heads,
        "layers": options.layers,
        "rank": options.rank,
        "channels": CHANNELS if options.pair_channel else 0,
        "dropout": options.dropout,
    }
    networks, histories = [], []
    for member, progress in enumerate(saved):
        own = derive_seed(seed, "member", member)
        model, history = train_member(
            matrix, inputs, draws, validation, network, options, seed=own, progress=progress
        )
        networks.append(model)
        histories += [{"member": member, **row} for row in history]
    return networks, histories, network


def _draws(matrix: LabelMatrix, inputs: Inputs, options: FullOptions, seed: int) -> Draws:
    return make_draws(
        matrix,
        inputs,
        options.setting,
        matrix.train,
        share=options.hide,
        count=DRAWS[options.setting],
        seed=derive_seed(seed, "draws"),
    )


def _config(
    options: FullOptions, network: dict | None, families: Mapping[str, str] | None
) -> dict:
    """Return what a checkpoint keeps beside the weights: enough to score again."""
    members = options.ensemble
    return {
        "model": {"setting": options.setting, "members": members, "network": network},
        "process_weight": options.process_weight if members else 1.0,
        "pair_channel": options.pair_channel,
        "symbols": options.symbols,
        "families": None if families is None else dict(families),
        "refit_on_validation": options.refit_on_validation,
    }


def build(config: Mapping, device: torch.device, networks: Sequence[TwoRole] = ()) -> FullModel:
    """Make the module, with the weights of its networks where they are given."""
    # Initialisers draw, though what they draw is not kept.
    with seeded(0):
        model = FullModel(**config["model"]).to(device)
    for own, trained in zip(model.members, networks, strict=bool(networks)):
        own.load_state_dict(trained.state_dict())
    return model


def _measure_once(pairs: pd.DataFrame, scores: np.ndarray) -> dict:
    """Return the only row of the history of a model without networks."""
    val = (pairs[PART] == VAL).to_numpy()
    labels = pairs.loc[val, LABEL].to_numpy(int)
    return {
        "member": 0,
        "epoch": 0,
        "validation_auroc": auroc(labels, scores[val]),
        "validation_auprc": auprc(labels, scores[val]),
    }


def _member_file(resume: str | Path | None, member: int) -> Path | None:
    if resume is None:
        return None
    path = Path(resume)
    return path.with_name(f"{path.stem}.{member}{path.suffix}")
