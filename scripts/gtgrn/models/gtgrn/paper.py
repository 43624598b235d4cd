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

from gtgrn.config.options import option
from gtgrn.data.scaling import standardise
from gtgrn.errors import InputError
from gtgrn.evaluation.metrics import auprc, auroc
from gtgrn.models.fitted import Fitted
from gtgrn.models.gtgrn.transformer import GTGRN, POSITIONAL, undirected_with_loops
from gtgrn.names import LABEL, PART, REGULATOR, TARGET, TRAIN, VAL
from gtgrn.splits.leakage import message_edges
from gtgrn.training.loop import EarlyStopping, pick_device, require_finite, seeded
from gtgrn.training.progress import SAVE_SECONDS, Progress

logger = logging.getLogger(__name__)

RATE = "gtgrn.learning_rate"
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
BLOCK = 1 << 17
"""Pairs scored at once: each takes a row of the decoder's hidden layer."""


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
        "Attention - dgl, torch (dense), sparse, or auto (dgl on a CPU; on a GPU torch, and "
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
    device: str = option(
        "auto",
        "auto (CUDA where torch sees a GPU), cpu or cuda.",
        enum=["auto", "cpu", "cuda"],
    )


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
    dimensions: int = 80,
    layers: int = 4,
    heads: int = 4,
    norm: str = "layer",
    dropout: float = 0.2,
    backend: str = "auto",
    degree_prior: bool = False,
    hide: float = 0.2,
    learning_rate: float = 1e-3,
    weight_decay: float = 1e-3,
    epochs: int = 300,
    check_every: int = 5,
    patience: int = 10,
    clip: float = 1.0,
    select_by: str = "auprc",
    precision: str = "fp32",
    seed: int,
    device: str = "auto",
    resume: str | Path | None = None,
    save_every: float = SAVE_SECONDS,
) -> Fitted:
    """Train on the training part, stop on the validation part, score every pair.

    An epoch is one step over the whole graph. It hides a random share of the training pairs
    from the message graph (both directions) and is supervised by exactly those: a model that
    sees the edge it must predict learns to copy it, and finds nothing to copy at test time.

    Parameters
    ----------
    pairs
        Columns regulator, target, label, part; labels outside train and val are not read.
    genes
        Names, in the order of the rows of the features.
    features
        Modalities by letter (P, G, E), each (genes, width).
    dimensions, layers, heads, norm, dropout, backend, degree_prior
        See :class:`gtgrn.models.gtgrn.transformer.GTGRN`.
    hide
        Share of training pairs hidden and supervised in an epoch; 0 hides none and
        supervises all (for comparison only).
    learning_rate, weight_decay, clip
        Of AdamW, and the largest gradient norm.
    epochs, check_every, patience
        At most so many epochs, epochs between two looks at the validation part, looks
        without improvement after which to stop.
    select_by
        Validation measure that chooses the checkpoint: ``auprc``, ``auroc`` or ``loss``.
    precision
        ``fp32``, or ``bf16``: products of matrices in bfloat16 where torch deems that safe,
        with weights, sums and loss in float32. Faster on GPUs that have units for it.
    seed
        Seed of weights, dropout, sign flips and hiding.
    device
        ``auto``, ``cpu`` or ``cuda``.
    resume, save_every
        File of a training that was killed and seconds between two saves, see
        :class:`gtgrn.training.progress.Progress`.

    Returns
    -------
    Fitted
        Scores of all pairs by the checkpoint that validation chose.

    Raises
    ------
    InputError
        If a pair names an unknown gene, options contradict each other, or the loss is not
        finite.
    """
    # All arguments, so that none is forgotten that changes the result.
    progress = Progress(resume, dict(locals()), module=__name__, every=save_every)
    if degree_prior and hide == 0:
        raise InputError(
            "without hidden pairs the degree prior would count the very edge it predicts",
            field="gtgrn.hide",
            remedy="Set hide above 0, or degree_prior to false",
        )
    if precision not in PRECISIONS:
        raise InputError(
            f"unknown precision {precision}",
            field="gtgrn.precision",
            remedy=f"Use {' or '.join(PRECISIONS)}",
        )
    target = pick_device(device)
    autocast = torch.autocast(target.type, PRECISIONS[precision], enabled=precision != "fp32")
    regulator, gene = _indices(pairs, genes)
    inputs = {
        name: torch.tensor(standardise(values), dtype=torch.float32, device=target)
        for name, values in sorted(features.items())
    }
    config = {
        "inputs": {name: x.shape[1] for name, x in inputs.items()},
        "dimensions": dimensions,
        "layers": layers,
        "heads": heads,
        "norm": norm,
        "dropout": dropout,
        "backend": backend,
        "degree_prior": degree_prior,
    }
    rows = {part: np.flatnonzero(pairs[PART] == part) for part in (TRAIN, VAL)}
    ends = {
        part: (_tensor(regulator[rows[part]], target), _tensor(gene[rows[part]], target))
        for part in rows
    }
    labels = {
        part: torch.tensor(pairs[LABEL].to_numpy()[rows[part]].astype(np.float32), device=target)
        for part in rows
    }
    messages = message_edges(pairs)
    source, sink = (_tensor(x, target) for x in _indices(messages, genes))
    n = len(genes)
    full = undirected_with_loops(source, sink, n)
    edge_keys = _undirected_keys(source, sink, n)
    train_keys = _undirected_keys(*ends[TRAIN], n)
    known = (*ends[TRAIN], labels[TRAIN])
    draw = torch.Generator().manual_seed(seed)
    loss_of = nn.functional.binary_cross_entropy_with_logits
    with seeded(seed):
        model = GTGRN(**config).to(target)
        optimiser = torch.optim.AdamW(
            model.parameters(), lr=learning_rate, weight_decay=weight_decay
        )
        stopping = EarlyStopping(model, patience)
        start, history = progress.resume(
            model=model, optimiser=optimiser, stopping=stopping, draw=draw
        )
        for epoch in trange(
            start, epochs, desc="gtgrn", unit="epoch", file=sys.stderr, mininterval=5
        ):
            model.train()
            chosen, graph, visible = slice(None), full, known
            if hide > 0:
                chosen = (torch.rand(len(train_keys), generator=draw) < hide).to(target)
                if not chosen.any():
                    continue
                # A pair and its reverse are hidden together, as they are at test time.
                hidden = torch.isin(train_keys, train_keys[chosen])
                visible = tuple(values[~hidden] for values in known)
                edges = ~torch.isin(edge_keys, train_keys[chosen])
                graph = undirected_with_loops(source[edges], sink[edges], n)
            with autocast:
                h = model(inputs, graph)
                logits = model.decode(h, known[0][chosen], known[1][chosen], visible)
            loss = loss_of(logits.float(), known[2][chosen])
            step_loss = require_finite(loss.item(), what="loss", epoch=epoch, field=RATE)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimiser.step()
            # The last epoch is looked at in any case: without a look nothing but the untrained
            # model could be restored.
            if (epoch + 1) % check_every == 0 or epoch + 1 == epochs:
                model.eval()
                with torch.no_grad(), autocast:
                    logits = decode_blocks(model, model(inputs, full), *ends[VAL], known)
                checks = _checks(logits, labels[VAL], epoch)
                history.append({"epoch": epoch, "train_loss": step_loss, **checks})
                value = checks[f"validation_{select_by}"]
                if stopping.check(-value if select_by == "loss" else value, epoch):
                    break
            progress.save(epoch + 1, history)
        stopping.restore()
    logger.info("best epoch %d, %d looks at the validation part", stopping.epoch, len(history))
    model.eval()
    with torch.no_grad(), autocast:
        h = model(inputs, full)
        wanted = _tensor(regulator, target), _tensor(gene, target)
        scores = decode_blocks(model, h, *wanted, known).cpu().numpy().astype(np.float64)
    progress.remove()
    return Fitted(scores, h.float().cpu().numpy(), history, model, config, messages)


def decode_blocks(
    model: GTGRN,
    h: torch.Tensor,
    regulator: torch.Tensor,
    target: torch.Tensor,
    visible: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
) -> torch.Tensor:
    """Return one logit a pair, (pairs,) float32, with a bounded number of pairs at a time.

    Parameters
    ----------
    model, h
        The model and its node states (n, d).
    regulator, target, visible
        See :meth:`gtgrn.models.gtgrn.transformer.GTGRN.decode`.
    """
    blocks = zip(regulator.split(BLOCK), target.split(BLOCK), strict=True)
    return torch.cat([model.decode(h, *block, visible).float() for block in blocks])


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


def _undirected_keys(a: torch.Tensor, b: torch.Tensor, n: int) -> torch.Tensor:
    """Return one number a pair of nodes, the same for both directions."""
    return torch.minimum(a, b) * n + torch.maximum(a, b)


def _checks(logits: torch.Tensor, labels: torch.Tensor, epoch: int) -> dict:
    loss = nn.functional.binary_cross_entropy_with_logits(logits, labels).item()
    require_finite(loss, what="validation loss", epoch=epoch, field=RATE)
    scores, truth = logits.cpu().numpy(), labels.cpu().numpy()
    return {
        "validation_loss": loss,
        "validation_auroc": auroc(truth, scores),
        "validation_auprc": auprc(truth, scores),
    }
