"""Options that several models and embeddings have, worded once."""

from __future__ import annotations

from typing import Any

from gtgrn.config.options import option


def device() -> Any:
    """Return the field of where a network runs."""
    description = (
        "auto (CUDA where torch sees a GPU), cpu, cuda (of several GPUs a free one) or cuda:1."
    )
    return option("auto", description, pattern=r"^(auto|cpu|cuda(:\d+)?)$")


def epochs(default: int) -> Any:
    """Return the field of the largest number of epochs."""
    return option(default, "Largest number of epochs.", minimum=1)


def check_every(default: int) -> Any:
    """Return the field of how often validation is looked at."""
    return option(default, "Epochs between two looks at the validation part.", minimum=1)


def patience(default: int) -> Any:
    """Return the field of when to stop early."""
    description = "Looks at the validation part without improvement after which to stop."
    return option(default, description, minimum=1)


def learning_rate(default: float) -> Any:
    """Return the field of the optimiser's step."""
    return option(default, "Step of the optimiser.", exclusiveMinimum=0)


def weight_decay(default: float) -> Any:
    """Return the field of AdamW's weight decay."""
    return option(default, "Weight decay of AdamW.", minimum=0)


def clip(default: float) -> Any:
    """Return the field of the largest gradient."""
    return option(default, "Largest norm of a gradient.", exclusiveMinimum=0)


def batch_size(default: int) -> Any:
    """Return the field of the size of a batch."""
    return option(default, "Samples in a step.", minimum=1)


def holdout(default: float) -> Any:
    """Return the field of the share of samples that is held out."""
    description = "Fraction held out to stop early."
    return option(default, description, exclusiveMinimum=0, exclusiveMaximum=1)


def dropout(default: float) -> Any:
    """Return the field of the dropout rate."""
    return option(default, "Dropout rate.", minimum=0, exclusiveMaximum=1)


def heads(default: int) -> Any:
    """Return the field of the number of attention heads."""
    return option(default, "Attention heads; they divide the dimensions.", minimum=1)


def layers(default: int) -> Any:
    """Return the field of the number of transformer layers."""
    return option(default, "Transformer layers.", minimum=1)
