"""What rules give Snakemake as input, params and resources: functions, and parts of sections."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any


def of_dataset(function: Callable) -> Callable:
    """Return an input or params function that calls `function` with the job's data set."""
    return lambda wildcards: function(wildcards.dataset)


def trained_with(options: Mapping[str, Any] | Callable) -> dict[str, Callable]:
    """Return the params of a job that trains: its options, and those of which a change reruns it.

    On which device it computes is none of them. Snakemake does not compare what is a function of
    the threads.
    """
    find = options if callable(options) else lambda wildcards: options
    return {
        "options": lambda wildcards, threads: find(wildcards),
        "compared": lambda wildcards: without_device(find(wildcards)),
    }


def without_device(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options, sections in them too, without the key device."""
    return {
        key: without_device(value) if isinstance(value, dict) else value
        for key, value in options.items()
        if key != "device"
    }


def without(section: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return a section of the configuration without some keys."""
    return {key: value for key, value in section.items() if key not in keys}


def one_of(names: Collection[str]) -> str:
    """Return a pattern for a wildcard that is one of some names; without any, one of nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


def scaled(amount: int) -> Callable[..., int]:
    """Return a request, of memory in MB or time in minutes, that grows with each attempt."""

    def request(wildcards: object, attempt: int) -> int:
        return amount * attempt

    return request
