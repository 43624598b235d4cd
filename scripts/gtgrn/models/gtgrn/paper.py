"""GT-GRN: training and scoring."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn
from tqdm import trange

from gtgrn.config import common_options as common
from gtgrn.config.options import make, option
from gtgrn.data.scaling import standardise
from gtgrn.errors import InputError
from gtgrn.evaluation.metrics import auprc, auroc
from gtgrn.models.fitted import Fitted
from gtgrn.models.gtgrn.transformer import (
    GTGRN,
    POSITIONAL,
    MessageGraph,
    undirected_with_loops,
)
from gtgrn.names import LABEL, PART, REGULATOR, TARGET, TRAIN, VAL
from gtgrn.splits import leakage
from gtgrn.splits.exposure import SCORING, TRAINING, VALIDATION, Exposure
from gtgrn.training.devices import pick_device
from gtgrn.training.loop import EarlyStopping, require_finite, seeded
from gtgrn.training.memory import in_blocks
from gtgrn.training.progress import SAVE_SECONDS, Progress

logger = logging.getLogger(__name__)

RATE = "gtgrn.learning_rate"
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
OF_MODEL = ("dimensions", "layers", "heads", "norm", "dropout", "backend", "degree_prior")
"""Options that are arguments of :class:`gtgrn.models.gtgrn.transformer.GTGRN`."""
BLOCK = 1 << 17
"""Pairs scored at once: each takes a row of the decoder's hidden layer."""


Known = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Regulator, target (int64) and label (float32) of pairs, each (pairs,)."""


@dataclass(frozen=True)
class PaperOptions:
    """Options of the form paper: the section ``gtgrn`` of the configuration."""

    features: list[str] = option(
        ["P", "G", "E"],
        "Modalities - P (Laplacian encodings), G (global, BERT), E (expression, VAE).",
        minItems=1,
        uniqueItems=True,
        items={"description": "Letter of a modality.", "type": "string", "enum": ["P", "G", "E"]},
    )
    control: str = option(
        "none",
        "none; random replaces G and E by noise; permuted gives each gene another gene's G and E.",
        enum=["none", "random", "permuted"],
    )
    dimensions: int = option(80, "Width of the node states.", minimum=2)
    layers: int = option(4, "Transformer layers.", minimum=1)
    heads: int = option(4, "Attention heads; they divide the dimensions.", minimum=1)
    norm: str = option("batch", "Normalisation after each residual.", enum=["batch", "layer"])
    dropout: float = option(0.2, "Dropout rate.", minimum=0, exclusiveMaximum=1)
    backend: str = option(
        "auto",
        "Attention - dgl, torch (dense), sparse, or auto (dgl on a CPU; without DGL or on a GPU "
        "torch, and "
        "sparse for large graphs).",
        enum=["auto", "dgl", "torch", "sparse"],
    )
    precision: str = option(
        "fp32",
        "Of the arithmetic in training - fp32, or bf16 for matrix products.",
        enum=["fp32", "bf16"],
    )
    degree_prior: bool = option(
        False, "Offset each logit by what the visible numbers of edges alone say."
    )
    hide: float = option(
        0.2,
        "Share of training pairs hidden from the message graph and supervised in an epoch.",
        minimum=0,
        exclusiveMaximum=1,
    )
    learning_rate: float = option(0.0005, "Step of the optimiser.", exclusiveMinimum=0)
    weight_decay: float = option(0.001, "Weight decay of AdamW.", minimum=0)
    epochs: int = option(300, "Largest number of epochs.", minimum=1)
    check_every: int = option(5, "Epochs between two looks at the validation part.", minimum=1)
    patience: int = option(
        10, "Looks at the validation part without improvement after which to stop.", minimum=1
    )
    clip: float = option(1.0, "Largest norm of a gradient.", exclusiveMinimum=0)
    select_by: str = option(
        "auprc",
        "Validation measure that chooses the checkpoint.",
        enum=["auprc", "auroc", "loss"],
    )
    device: str = common.device()


@dataclass(frozen=True)
class Task:
    """What training and scoring read, on the device of the network.

    Attributes
    ----------
    inputs
        Standardised modalities by letter.
    train, val
        Pairs of the two parts; the labels of no other pair are read.
    every
        Regulator and target of every pair.
    source, sink, graph
        Message edges, and the whole graph that they make.
    exposure
        The record of what enters the network.
    """

    inputs: dict[str, torch.Tensor]
    train: Known
    val: Known
    every: tuple[torch.Tensor, torch.Tensor]
    source: torch.Tensor
    sink: torch.Tensor
    graph: MessageGraph
    exposure: Exposure

    def encode(self, model: GTGRN, graph: MessageGraph, visible: Known, phase: str):
        """Return the node states, and record what the network and its degree prior are given."""
        self.exposure.see(phase, (graph.source, graph.target), visible[:2])
        return model(self.inputs, graph)


def choose_features(
    features: Mapping[str, np.ndarray], *, control: str, seed: int
) -> dict[str, np.ndarray]:
    """Return the modalities, or what a control puts in their place.

    Parameters
    ----------
    features
        Modalities by letter, each (genes, width).
    control
        ``none``; ``random``: all but P become Gaussian noise of the same width; ``permuted``:
        each gene gets the features of another gene, the same one in all, which is what
        shuffled gene labels of the expression matrix give. The encodings P know nothing of
        expression and stay.
    seed
        Seed of the noise or the permutation.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(next(iter(features.values())).shape[0]) if features else []
    chosen = {}
    for name, values in sorted(features.items()):
        if name == POSITIONAL or control == "none":
            chosen[name] = values
        elif control == "random":
            chosen[name] = rng.normal(size=values.shape)
        else:
            chosen[name] = values[order]
    return chosen


def fit(
    pairs: pd.DataFrame,
    genes: Sequence[str],
    features: Mapping[str, np.ndarray],
    *,
    seed: int,
    resume: str | Path | None = None,
    save_every: float = SAVE_SECONDS,
    **options: object,
) -> Fitted:
    """Train on the training part, stop on the validation part, score every pair.

    Scores are those of the checkpoint that validation chose.

    Parameters
    ----------
    pairs
        Columns regulator, target, label, part; labels outside train and val are not read.
    genes
        Names, in the order of the rows of the features.
    features
        Modalities by letter (P, G, E), each (genes, width).
    seed
        Seed of weights, dropout, sign flips and hiding.
    resume, save_every
        File of a training that was killed and seconds between two saves, see
        :class:`gtgrn.training.progress.Progress`.
    options
        Of :class:`PaperOptions`; `features` and `control` are what the features were made by,
        see :func:`choose_features`.

    Raises
    ------
    InputError
        If a pair names an unknown gene, options are unknown or contradict each other, or the
        loss is not finite.
    """
    chosen = make(PaperOptions, options, field="gtgrn")
    # All that changes the result: the option class holds every option.
    arguments = {"split": pairs, "genes": genes, "features": features, "options": chosen}
    progress = Progress(resume, arguments | {"seed": seed}, module=__name__, every=save_every)
    _check(chosen)
    task = _prepare(pairs, genes, features, chosen)
    config = {"inputs": {name: x.shape[1] for name, x in task.inputs.items()}}
    config |= {name: getattr(chosen, name) for name in OF_MODEL}
    with seeded(seed):
        model = GTGRN(**config).to(task.source.device)
        history = _train(model, task, chosen, seed, progress)
    model.eval()
    with torch.no_grad(), _autocast(task, chosen):
        h = task.encode(model, task.graph, task.train, SCORING)
        logits = decode_blocks(model, h, *task.every, task.train)
    scores = logits.cpu().numpy().astype(np.float64)
    progress.remove()
    record = task.exposure
    embeddings = h.float().cpu().numpy()
    return Fitted(scores, embeddings, history, model, config, record.messages(), record.table())


def _check(options: PaperOptions) -> None:
    if options.degree_prior and options.hide == 0:
        raise InputError(
            "without hidden pairs the degree prior would count the very edge it predicts",
            field="gtgrn.hide",
            remedy="Set hide above 0, or degree_prior to false",
        )
    if options.precision not in PRECISIONS:
        raise InputError(
            f"unknown precision {options.precision}",
            field="gtgrn.precision",
            remedy=f"Use {' or '.join(PRECISIONS)}",
        )


def _prepare(
    pairs: pd.DataFrame,
    genes: Sequence[str],
    features: Mapping[str, np.ndarray],
    options: PaperOptions,
) -> Task:
    device = pick_device(options.device)
    regulator, target = _indices(pairs, genes)
    inputs = {
        name: torch.tensor(standardise(values), dtype=torch.float32, device=device)
        for name, values in sorted(features.items())
    }

    def known(part: str) -> Known:
        rows = np.flatnonzero(pairs[PART] == part)
        labels = pairs[LABEL].to_numpy()[rows].astype(np.float32)
        ends = _tensor(regulator[rows], device), _tensor(target[rows], device)
        return (*ends, torch.tensor(labels, device=device))

    messages = leakage.message_edges(pairs)
    source, sink = (_tensor(x, device) for x in _indices(messages, genes))
    return Task(
        inputs,
        known(TRAIN),
        known(VAL),
        (_tensor(regulator, device), _tensor(target, device)),
        source,
        sink,
        undirected_with_loops(source, sink, len(genes)),
        Exposure(pairs, genes, directed=False, hides=options.hide > 0),
    )


def _autocast(task: Task, options: PaperOptions) -> torch.autocast:
    kind, precision = task.source.device.type, options.precision
    return torch.autocast(kind, PRECISIONS[precision], enabled=precision != "fp32")


def _train(
    model: GTGRN, task: Task, options: PaperOptions, seed: int, progress: Progress
) -> list[dict]:
    """Train, restore the state that validation chose, and return one row per look."""
    draw = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
    )
    stopping = EarlyStopping(model, options.patience)
    start, history = progress.resume(
        model=model, optimiser=optimiser, stopping=stopping, draw=draw, exposure=task.exposure
    )
    for epoch in trange(
        start, options.epochs, desc="gtgrn", unit="epoch", file=sys.stderr, mininterval=5
    ):
        model.train()
        loss = _loss(model, task, options, draw)
        if loss is None:
            continue
        step_loss = require_finite(loss.item(), what="loss", epoch=epoch, field=RATE)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), options.clip)
        optimiser.step()
        # The last epoch is looked at in any case: without a look nothing but the untrained
        # model could be restored.
        if (epoch + 1) % options.check_every == 0 or epoch + 1 == options.epochs:
            checks = _look(model, task, options, epoch)
            history.append({"epoch": epoch, "train_loss": step_loss, **checks})
            value = checks[f"validation_{options.select_by}"]
            if stopping.check(-value if options.select_by == "loss" else value, epoch):
                break
        progress.save(epoch + 1, history)
    stopping.restore()
    logger.info("best epoch %d, %d looks at the validation part", stopping.epoch, len(history))
    return history


def _loss(
    model: GTGRN, task: Task, options: PaperOptions, draw: torch.Generator
) -> torch.Tensor | None:
    """Return the loss of one step over the whole graph; None where no pair is drawn.

    A step hides a random share of the training pairs from the message graph (both directions)
    and is supervised by exactly those: a model that sees the edge it must predict learns to
    copy it, and finds nothing to copy at test time. With `hide` 0 it hides none and is
    supervised by all (for comparison only).
    """
    asked, graph, visible = task.train, task.graph, task.train
    if options.hide > 0:
        drawn = torch.rand(len(task.train[0]), generator=draw) < options.hide
        if not drawn.any():
            return None
        drawn = drawn.to(task.source.device)
        asked = tuple(values[drawn] for values in task.train)
        # A pair and its reverse are hidden together, as they are at test time.
        shown = leakage.outside_of(task.train[:2], asked[:2], graph.n)
        visible = tuple(values[shown] for values in task.train)
        edges = leakage.outside_of((task.source, task.sink), asked[:2], graph.n)
        graph = undirected_with_loops(task.source[edges], task.sink[edges], graph.n)
    with _autocast(task, options):
        h = task.encode(model, graph, visible, TRAINING)
        task.exposure.ask(TRAINING, asked[:2])
        logits = model.decode(h, *asked[:2], visible)
    return nn.functional.binary_cross_entropy_with_logits(logits.float(), asked[2])


def _look(model: GTGRN, task: Task, options: PaperOptions, epoch: int) -> dict:
    model.eval()
    with torch.no_grad(), _autocast(task, options):
        h = task.encode(model, task.graph, task.train, VALIDATION)
        task.exposure.ask(VALIDATION, task.val[:2])
        logits = decode_blocks(model, h, *task.val[:2], task.train)
    return _checks(logits, task.val[2], epoch)


def decode_blocks(
    model: GTGRN,
    h: torch.Tensor,
    regulator: torch.Tensor,
    target: torch.Tensor,
    visible: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
) -> torch.Tensor:
    """Return one logit per pair, (pairs,) float32, with a bounded number of pairs at a time.

    See :meth:`gtgrn.models.gtgrn.transformer.GTGRN.decode` for the arguments.
    """
    parts = in_blocks(lambda *ends: model.decode(h, *ends, visible), BLOCK, regulator, target)
    return torch.cat(parts).float()


def _indices(pairs: pd.DataFrame, genes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    index = pd.Index(genes)
    codes = [index.get_indexer(pairs[column]) for column in (REGULATOR, TARGET)]
    if any((code < 0).any() for code in codes):
        raise InputError(
            "a pair names a gene that the expression lacks",
            field=REGULATOR,
            remedy="Make the split again",
        )
    return codes[0], codes[1]


def _tensor(values: np.ndarray, device: torch.device) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.int64, device=device)


def _checks(logits: torch.Tensor, labels: torch.Tensor, epoch: int) -> dict:
    loss = nn.functional.binary_cross_entropy_with_logits(logits, labels).item()
    require_finite(loss, what="validation loss", epoch=epoch, field=RATE)
    scores, truth = logits.cpu().numpy(), labels.cpu().numpy()
    return {
        "validation_loss": loss,
        "validation_auroc": auroc(truth, scores),
        "validation_auprc": auprc(truth, scores),
    }
