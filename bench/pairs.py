"""Two ways of doing the same, timed in turns: other load on the machine hits both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def pair(
    name: str, ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int = 7
) -> float:
    """Time two callables in turns; print and give the median of theirs / ours.

    Parameters
    ----------
    name
        What is compared, for the line that is printed.
    ours, theirs
        Each is called once unmeasured (compilation, caches), then `rounds` times in turns.
    rounds
        Number of pairs.
    """
    ours(), theirs()
    ratios = []
    for _ in range(rounds):
        seconds = []
        for run in (ours, theirs):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
        ratios.append(seconds[1] / seconds[0])
    median = statistics.median(ratios)
    print(f"{name}: {median:.2f} ({min(ratios):.2f} to {max(ratios):.2f})", flush=True)
    return median
