"""Preprocessing of a large h5ad: peak memory and time on generated counts.

Run by hand, as it takes minutes: python bench/scale.py [--cells 100000] [--genes 20000]. Reading
and preprocessing run in a process of their own, whose peak memory is the kernel's.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import h5py
import numpy as np

SHARE = 0.05
"""Share of the values that are not 0, as in 10x data of shallow depth."""
BLOCK = 5000
N_TOP = 2000


def generate(path: Path, cells: int, genes: int) -> int:
    """Write counts as a CSR h5ad, a block of cells at a time; return the number of values."""
    import anndata as ad
    import pandas as pd

    rng = np.random.default_rng(0)
    per_cell = round(SHARE * genes)
    empty = ad.AnnData(
        obs=pd.DataFrame(index=[f"cell{i}" for i in range(cells)]),
        var=pd.DataFrame(index=[f"G{i:05d}" for i in rng.permutation(genes)]),
    )
    empty.write_h5ad(path)
    total = cells * per_cell
    with h5py.File(path, "a") as file:
        if "X" in file:
            del file["X"]
        group = file.create_group("X")
        group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0"})
        group.attrs["shape"] = np.array([cells, genes])
        data = group.create_dataset("data", (total,), np.float32)
        indices = group.create_dataset("indices", (total,), np.int32)
        group["indptr"] = np.arange(cells + 1, dtype=np.int64) * per_cell
        for start in range(0, cells, BLOCK):
            rows = min(BLOCK, cells - start)
            # One gene in each of per_cell strata: distinct and sorted without a sort.
            width = genes // per_cell
            columns = np.arange(per_cell) * width + rng.integers(width, size=(rows, per_cell))
            where = slice(start * per_cell, (start + rows) * per_cell)
            indices[where] = columns.ravel()
            data[where] = 1 + rng.poisson(0.7, rows * per_cell)
    return total


def measure(path: Path) -> None:
    """Read and preprocess as the workflow does; print what it took."""
    from gtgrn.data.preprocessing import preprocess, read_expression

    start = time.perf_counter()
    adata = read_expression({"format": "h5ad", "path": str(path), "values": "counts"})
    regulators = list(adata.var_names[::100])
    adata = preprocess(
        adata,
        values="counts",
        min_cells_fraction=0.01,
        min_genes_per_cell=200,
        n_top_genes=N_TOP,
        regulators=regulators,
    )
    seconds = time.perf_counter() - start
    # Linux counts in KiB.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{adata.n_obs} x {adata.n_vars} kept; {seconds:.0f} s, peak {peak:.2f} GiB", flush=True)


def main() -> None:
    """Generate the counts in a temporary folder and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--measure", type=Path, help="a file that exists; used internally")
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "counts.h5ad")
        values = generate(path, arguments.cells, arguments.genes)
        size = path.stat().st_size / 2**30
        print(
            f"{arguments.cells} x {arguments.genes}, {values} counts, {size:.2f} GiB", flush=True
        )
        subprocess.run([sys.executable, __file__, "--measure", str(path)], check=True)


if __name__ == "__main__":
    main()
