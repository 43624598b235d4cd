"""Options of the form full, and what each setting decides of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from gtgrn.config import common_options as common
from gtgrn.config.options import option
from gtgrn.names import EDGES, GENES, TFS

HIDE = {EDGES: 0.2, GENES: 0.3}
LAYERS = {EDGES: 1, GENES: 0}
DROPOUT = {EDGES: 0.25, GENES: 0.3}
PROCESS_WEIGHT = {EDGES: 0.5, GENES: 1.0}
"""Weight of the Gaussian process next to the networks, both standardised on validation."""


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
    context: list[str] = option(
        ["T", "U", "stack", "prior"],
        "What is read of other contexts where a data set names sources - T (popularity of genes "
        "by source), U (components of all rows), stack (rows as further regulators of the "
        "Gaussian process), prior (the ranking without labels, for regulators without any).",
        uniqueItems=True,
        items={
            "description": "Part of what other contexts say.",
            "type": "string",
            "enum": ["T", "U", "stack", "prior"],
        },
    )
    context_kinds: list[str] = option(
        ["chip", "motif", "curated", "association"],
        "Kinds of sources that are read.",
        minItems=1,
        uniqueItems=True,
        items={
            "description": "Kind of a source.",
            "type": "string",
            "enum": ["chip", "motif", "curated", "association"],
        },
    )
    context_control: str = option(
        "none",
        "none; exchanged gives each gene what other contexts say of another gene.",
        enum=["none", "exchanged"],
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
        True,
        "Whether genes whose symbols share a stem (HOXA1, HOXA2) are similar; not in controls.",
    )
    refit_on_validation: bool = option(
        False, "Show the validation labels to the model that scores the test part."
    )
    device: str = common.device()

    def settle(self, setting: str) -> FullOptions:
        """Return the options with all that a setting decides; an epoch is one step."""
        by_setting: dict[str, Any] = {
            "process_weight": PROCESS_WEIGHT.get(setting, 0.0),
            "layers": LAYERS.get(setting),
            "dropout": DROPOUT.get(setting),
            "hide": HIDE.get(setting),
        }
        absent = {k: v for k, v in by_setting.items() if getattr(self, k) is None}
        return dataclasses.replace(
            self,
            setting=setting,
            ensemble=0 if setting == TFS else self.ensemble,
            pair_channel=self.pair_channel and setting == EDGES,
            **absent,
        )
