"""The networks that are walked are inferred ones, whichever methods the user leaves."""

from __future__ import annotations

import logging
from collections.abc import Collection

from gtgrn.config.card_names import CONFIG, check_known
from gtgrn.config.words import as_option
from gtgrn.errors import InputError

log = logging.getLogger(__name__)

MOST_WALKED = 3
"""Networks that are walked where none of the default ones is inferred."""


def settle_walked(config: dict, methods: Collection[str], leftover: bool) -> None:
    """Let the walked networks be inferred ones, in place.

    Parameters
    ----------
    config
        A configuration that holds to the schema.
    methods
        Names of all methods.
    leftover
        Whether the networks to walk over were chosen before the methods were, or by no one: then
        those that are not inferred are put aside. What was chosen with the methods or after them
        is asked for.

    Raises
    ------
    InputError
        If a network is of no method, or was asked for and is not inferred.
    """
    networks, chosen = config["walks"]["networks"], config["inference"]["methods"]
    kept = [name for name in networks if name in chosen] or list(chosen)[:MOST_WALKED]
    try:
        check_known("walks.networks", networks, methods if leftover else chosen)
    except InputError as error:
        how = as_option(["walks", "networks"], f"[{', '.join(kept)}]")
        raise InputError(
            error.problem, file=CONFIG, field=error.field,
            remedy=f"Walk over networks that are inferred: {how}",
        ) from None  # fmt: skip
    if aside := [name for name in networks if name not in chosen]:
        log.warning(
            "walks.networks: %s left aside, as inference.methods leaves them out; the walks go "
            "over %s", ", ".join(aside), ", ".join(kept),
        )  # fmt: skip
        config["walks"]["networks"] = kept
