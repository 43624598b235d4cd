"""Networks by mutual information: against plain loops, and seconds and memory by size.

Run by `make bench`. The plain loops would take hours on all pairs of 1000 genes; they do a
part of the work, and their time is scaled to the whole, which the lines say.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from gtgrn.inference.information.bc3net import bc3net
from gtgrn.inference.information.c3net import bc3net_null, c3net, c3net_null
from gtgrn.inference.information.estimators import c3net_mi_matrix, discretise, mi_matrix
from gtgrn.inference.information.networks import aracne, clr, mrnet
from pairs import pair

SAMPLES = 400


def draw_values(genes: int, samples: int = SAMPLES) -> np.ndarray:
    """Draw samples x genes in which every tenth gene drives the nine after it."""
    values = np.random.default_rng(0).normal(size=(samples, genes))
    return values + 0.7 * values[:, np.arange(genes) // 10 * 10]


def scaled_pair(
    name: str, ours: Callable[[], object], theirs: Callable[[], object], whole: int, part: int
) -> float:
    """Time ours on the whole and theirs on a part; return theirs / ours for the whole."""
    ratio = pair(f"{name}, plain loop on {part} of {whole} / ours on all", ours, theirs, rounds=3)
    print(f"{name}, scaled to all: {ratio * whole / part:.0f}", flush=True)
    return ratio * whole / part


def _some_pairs(genes: int, number: int) -> list[tuple[int, int]]:
    chosen = np.random.default_rng(1).choice(genes * (genes - 1) // 2, number, replace=False)
    i, j = np.triu_indices(genes, 1)
    return list(zip(i[chosen].tolist(), j[chosen].tolist(), strict=True))


def bench_empirical(genes: int, threads: int, part: int = 2000) -> float:
    """Empirical estimator: loops over pairs, which is how the R package goes about it.

    Three of them: by scikit-learn's function of a pair; by numpy, with the three entropies of
    each pair (the R package computes them for each pair too); and by numpy with the genes' own
    entropies computed once, the least that a loop over pairs can do.
    """
    from sklearn.metrics import mutual_info_score

    values = draw_values(genes)
    bins = int(SAMPLES**0.5)
    columns = np.ascontiguousarray(discretise(values, bins=bins).T - 1)
    pairs = _some_pairs(genes, part)
    few = pairs[: part // 4]

    def entropy(states: np.ndarray) -> float:
        counts = np.bincount(states)
        share = counts[counts > 0] / SAMPLES
        return -(share * np.log(share)).sum()

    def joint(i: int, j: int) -> float:
        return entropy(columns[i] * bins + columns[j])

    marginal = [entropy(column) for column in columns]

    def ours() -> np.ndarray:
        return mi_matrix(
            values, estimator="mi.empirical", discretisation="equalfreq", threads=threads
        )

    def once() -> list[float]:
        return [marginal[i] + marginal[j] - joint(i, j) for i, j in pairs]

    def each() -> list[float]:
        return [entropy(columns[i]) + entropy(columns[j]) - joint(i, j) for i, j in pairs]

    def library() -> list[float]:
        return [mutual_info_score(columns[i], columns[j]) for i, j in few]

    whole, name = genes * (genes - 1) // 2, f"MI empirical {genes} genes"
    expected = [ours()[i, j] for i, j in pairs[:5]]
    for loop in (once, each, library):
        np.testing.assert_allclose(loop()[:5], expected, atol=1e-12)
    scaled_pair(f"{name}, own entropies once", ours, once, whole, part)
    scaled_pair(f"{name}, scikit-learn", ours, library, whole, len(few))
    return scaled_pair(f"{name}, all three entropies", ours, each, whole, part)


def bench_kendall(genes: int, threads: int, part: int = 500) -> float:
    """Kendall's tau-b: a loop over pairs by scipy."""
    from scipy.stats import kendalltau

    values = draw_values(genes)
    pairs = _some_pairs(genes, part)
    return scaled_pair(
        f"MI kendall {genes} genes",
        lambda: mi_matrix(values, estimator="kendall", threads=threads),
        lambda: [kendalltau(values[:, i], values[:, j])[0] for i, j in pairs],
        genes * (genes - 1) // 2,
        part,
    )


def bench_c3net(genes: int, threads: int, part: int = 200) -> float:
    """c3net with MTC: the R function scans the null for every pair; the null is a gift."""
    values = draw_values(genes)
    null = c3net_null(values)
    information = c3net_mi_matrix(values)[np.triu_indices(genes, 1)][:part]
    return scaled_pair(
        f"c3net MTC {genes} genes",
        lambda: c3net(values, step="MTC", threads=threads),
        lambda: [(null > value).sum() / len(null) for value in information],
        genes * (genes - 1) // 2,
        part,
    )


def bench_bc3net(genes: int, threads: int, boot: int = 100, estimator: str = "pearson") -> float:
    """bc3net: one bootstrap as in R, by numpy and a loop over genes and edges."""
    from scipy.stats import rankdata

    values = draw_values(genes)
    null = bc3net_null(values, estimator=estimator)
    draws = np.random.default_rng(2).integers(0, SAMPLES, (boot, SAMPLES))

    def plain() -> np.ndarray:
        sample = values[draws[0]]
        r = np.corrcoef(rankdata(sample, axis=0) if estimator == "spearman" else sample, rowvar=0)
        mim = -0.5 * np.log(1 - np.minimum(r * r, 0.999999))
        np.fill_diagonal(mim, 0.0)
        edges = {tuple(sorted((i, int(np.argmax(row))))) for i, row in enumerate(mim)}
        counts = np.zeros_like(mim)
        for i, j in edges:
            p = (null > mim[i, j]).sum() / len(null) or 1 / len(null)
            counts[i, j] += p * len(edges) <= 0.05
        return counts

    def ours() -> np.ndarray:
        return bc3net(
            values,
            estimator=estimator,
            null=null,
            indices=draws,
            edge_corrected=False,
            threads=threads,
        )

    single = bc3net(
        values, estimator=estimator, null=null, indices=draws[:1], edge_corrected=False
    )
    np.testing.assert_array_equal(np.triu(single), plain())
    return scaled_pair(f"bc3net {estimator} {genes} genes", ours, plain, boot, 1)


def print_scaling(
    sizes: tuple[int, ...] = (250, 500, 1000, 2000), *, limit: float = 60.0, threads: int = 1
) -> None:
    """Print seconds and peak MB of numpy's arrays for each method and number of genes.

    A method is not taken further once a size may exceed `limit` seconds: doubling the genes
    takes at most eight times as long.
    """
    frequency = {"discretisation": "equalfreq", "threads": threads}
    methods: dict[str, Callable[[np.ndarray, np.ndarray], object]] = {
        **{
            f"MI {name}": lambda x, mim, name=name: mi_matrix(x, estimator=name, threads=threads)
            for name in ("spearman", "pearson", "kendall")
        },
        **{
            f"MI {name}": lambda x, mim, name=name: mi_matrix(x, estimator=name, **frequency)
            for name in ("mi.empirical", "mi.mm", "mi.shrink", "mi.sg")
        },
        "aracne": lambda x, mim: aracne(mim, threads=threads),
        "mrnet": lambda x, mim: mrnet(mim, threads=threads),
        "clr": lambda x, mim: clr(mim),
        "c3net": lambda x, mim: c3net(x, threads=threads),
        "c3net MTC": lambda x, mim: c3net(x, step="MTC", threads=threads),
        "bc3net pearson": lambda x, mim: bc3net(x, threads=threads),
        "bc3net spearman": lambda x, mim: bc3net(x, estimator="spearman", threads=threads),
    }
    print(f"seconds and peak MB, {SAMPLES} samples, {threads} thread(s)")
    print("method".ljust(18), *(f"{genes:>9} genes" for genes in sizes))
    small = draw_values(12)
    for name, run in methods.items():
        run(small, mi_matrix(small))  # compile
        cells, last = [], 0.0
        for genes in sizes:
            if last * 8 > limit:
                cells.append("-".rjust(15))
                continue
            values = draw_values(genes)
            mim = mi_matrix(values)
            tracemalloc.start()
            start = time.perf_counter()
            run(values, mim)
            last = time.perf_counter() - start
            peak = tracemalloc.get_traced_memory()[1] / 2**20
            tracemalloc.stop()
            cells.append(f"{last:8.2f} {peak:6.0f}")
        print(name.ljust(18), *cells, flush=True)


def main(genes: int = 1000, threads: int = 2) -> None:
    """Print all ratios and the table.

    Parameters
    ----------
    genes
        Of the pairs but c3net's, which has 400 at most.
    threads
        Of ours; the plain loops have one, as have the R packages.
    """
    bench_empirical(genes, threads)
    bench_kendall(genes, threads)
    bench_c3net(min(genes, 400), threads)
    bench_bc3net(genes, threads)
    bench_bc3net(genes, threads, estimator="spearman")
    print_scaling(threads=threads)


if __name__ == "__main__":
    main()
