from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from archive_cases import tarred, zipped
from gtgrn.config.cards import card_files, load_cards
from gtgrn.config.families import find_families
from gtgrn.data import downloads
from gtgrn.data.downloads import (
    OFFICIAL,
    Download,
    check_offline,
    is_fetched,
    list_missing,
    obtain,
)
from gtgrn.data.fetching import CHUNK, fetch
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.reference import read_reference, read_regulators
from gtgrn.errors import InputError
from preprocess_cases import preprocess

FOLDER = Path(__file__).parents[3] / "config" / "datasets"
MARKERS = "resources/markers/pbmc.tsv"
DATA = bytes(range(256)) * 4000
SHA = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
ONCE = len(DATA) // 2 // CHUNK * CHUNK
AFTER_CUTS = (ONCE, ONCE + (len(DATA) - ONCE) // 2 // CHUNK * CHUNK)
"""Bytes that are there after one and two cuts in the middle of the rest."""
MD5 = f"md5:{hashlib.md5(DATA).hexdigest()}"


class Server(ThreadingHTTPServer):
    """Serves `files` by path; `faults` are taken one a request; `log` holds (path, Range)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.faults: list = []
        self.log: list[tuple] = []
        self.ranges = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        server, asked = self.server, self.headers["Range"]
        server.log.append((self.path, asked))
        fault = server.faults.pop(0) if server.faults else None
        body = server.files.get(self.path)
        if body is None or (isinstance(fault, int) and fault >= 400):
            self.send_error(404 if body is None else fault)
            return
        start, total = 0, len(body)
        if asked and server.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= total:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{total}")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(total - start))
        self.end_headers()
        body = body[start:]
        self.wfile.write(body[: len(body) // 2] if fault == "cut" else body)


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def refused(call, *arguments, **keywords) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments, **keywords)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    return str(caught.value)


def left(folder: Path) -> set[str]:
    """Return the names of all files but the hidden locks."""
    return {path.name for path in folder.rglob("*") if not path.name.startswith(".")}


@pytest.mark.parametrize("checksum", [SHA, MD5, None])
def test_a_download_is_made_once(server, tmp_path, checksum):
    server.files["/x.bin"] = DATA
    for _ in range(2):
        assert fetch(f"{server.url}/x.bin", tmp_path / "a" / "x.bin", checksum=checksum)
    assert (tmp_path / "a" / "x.bin").read_bytes() == DATA
    assert server.log == [("/x.bin", None)]
    assert left(tmp_path / "a") == {"x.bin"}


@pytest.mark.parametrize("checksum", [SHA, None])
def test_cut_connections_are_resumed_where_they_ended(server, tmp_path, checksum):
    server.files["/x.bin"] = DATA
    server.faults = ["cut", "cut", 503]
    fetch(f"{server.url}/x.bin", tmp_path / "x.bin", checksum=checksum, wait=0)
    assert (tmp_path / "x.bin").read_bytes() == DATA
    once, twice = AFTER_CUTS
    ranges = [None, *(f"bytes={n}-" for n in (once, twice, twice))]
    assert [asked for _, asked in server.log] == ranges


def test_what_a_killed_job_left_is_resumed(server, tmp_path):
    server.files["/x.bin"] = DATA
    (tmp_path / "x.bin.part").write_bytes(DATA[:1000])
    fetch(f"{server.url}/x.bin", tmp_path / "x.bin", checksum=SHA)
    assert (tmp_path / "x.bin").read_bytes() == DATA
    assert server.log == [("/x.bin", "bytes=1000-")]
    # All was there but the rename.
    (tmp_path / "y.bin.part").write_bytes(DATA)
    fetch(f"{server.url}/x.bin", tmp_path / "y.bin", checksum=SHA)
    assert (tmp_path / "y.bin").read_bytes() == DATA


def test_what_was_left_of_another_version_is_thrown_away(server, tmp_path):
    server.files["/x.bin"] = DATA
    for rest in (b"old" * 100, b"x" * (len(DATA) + 5)):
        (tmp_path / "x.bin.part").write_bytes(rest)
        fetch(f"{server.url}/x.bin", tmp_path / "x.bin", checksum=SHA, wait=0)
        assert (tmp_path / "x.bin").read_bytes() == DATA
        (tmp_path / "x.bin").unlink()
    # Without a checksum nothing could tell, so that nothing left is used.
    (tmp_path / "x.bin.part").write_bytes(b"old" * 100)
    fetch(f"{server.url}/x.bin", tmp_path / "x.bin")
    assert (tmp_path / "x.bin").read_bytes() == DATA


def test_a_server_without_ranges_sends_the_whole_again(server, tmp_path):
    server.files["/x.bin"], server.ranges = DATA, False
    server.faults = ["cut"]
    fetch(f"{server.url}/x.bin", tmp_path / "x.bin", checksum=SHA, wait=0)
    assert (tmp_path / "x.bin").read_bytes() == DATA


def test_giving_up_keeps_what_came_and_says_how_to_go_on(server, tmp_path):
    server.files["/x.bin"] = DATA
    server.faults = ["cut"] * 2
    url = f"{server.url}/x.bin"
    message = refused(fetch, url, tmp_path / "x.bin", checksum=SHA, retries=1, wait=0)
    assert message.startswith(f"{url}: the connection failed (")
    assert "Run again to resume" in message
    assert left(tmp_path) == {"x.bin.part"}
    fetch(url, tmp_path / "x.bin", checksum=SHA)
    assert server.log[-1] == ("/x.bin", f"bytes={AFTER_CUTS[1]}-")
    server.faults = [403]
    assert "the server answers 403" in refused(fetch, url, tmp_path / "y.bin", wait=0)
    assert len(server.log) == 4


def test_wrong_bytes_leave_nothing(server, tmp_path):
    server.files["/x.bin"] = DATA + b"!"
    url = f"{server.url}/x.bin"
    message = refused(fetch, url, tmp_path / "x.bin", checksum=SHA)
    assert message.startswith(f"{url}: the checksum is sha256:")
    assert f"expected {SHA}" in message
    assert not left(tmp_path)
    # A damaged file that lies there is fetched again.
    server.files["/x.bin"] = DATA
    (tmp_path / "x.bin").write_bytes(b"damaged")
    fetch(url, tmp_path / "x.bin", checksum=SHA)
    assert (tmp_path / "x.bin").read_bytes() == DATA


def test_unknown_checksums_are_recorded_and_enforced(server, tmp_path):
    lock = tmp_path / "checksums.tsv"
    server.files["/x.bin"], server.files["/a.bin"] = DATA, b"a"
    for name in ("x.bin", "a.bin"):
        fetch(f"{server.url}/{name}", tmp_path / name, lock=lock)
    a = f"sha256:{hashlib.sha256(b'a').hexdigest()}"
    assert lock.read_text() == f"a.bin\t{a}\nx.bin\t{SHA}\n"
    (tmp_path / "x.bin").unlink()
    server.files["/x.bin"] = b"another"
    message = refused(fetch, f"{server.url}/x.bin", tmp_path / "x.bin", lock=lock)
    assert SHA in message
    assert "checksums.tsv" in message
    assert not (tmp_path / "x.bin").exists()
    server.files["/x.bin"] = DATA
    fetch(f"{server.url}/x.bin", tmp_path / "x.bin", lock=lock)
    assert len(lock.read_text().splitlines()) == 2
    # A file of the same name in another folder is another file.
    server.files["/x.bin"] = b"another"
    fetch(f"{server.url}/x.bin", tmp_path / "other" / "x.bin", lock=lock)
    assert lock.read_text().splitlines()[1].startswith("other/x.bin\tsha256:")


def test_404_is_not_tried_again_but_at_the_next_address(server, tmp_path):
    message = refused(fetch, f"{server.url}/none", tmp_path / "x.bin")
    assert "no such file (404)" in message
    assert len(server.log) == 1
    server.files["/x.bin"] = DATA
    fetch([f"{server.url}/none", f"{server.url}/x.bin"], tmp_path / "x.bin")
    assert (tmp_path / "x.bin").read_bytes() == DATA


def test_local_files_need_no_network(server, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "x.bin").write_bytes(DATA)
    urls = [f"{server.url}/x.bin", str(tmp_path / "store" / "x.bin")]
    fetch(urls, tmp_path / "x.bin", checksum=SHA, offline=True)
    assert (tmp_path / "x.bin").read_bytes() == DATA
    assert not server.log
    refused(fetch, urls[1], tmp_path / "y.bin", checksum=f"sha256:{'0' * 64}")
    assert left(tmp_path) == {"x.bin", "store"}
    message = refused(fetch, urls[:1], tmp_path / "z.bin", offline=True)
    assert f"curl -L -o {tmp_path / 'z.bin'} {urls[0]}" in message
    assert not server.log


# From a card to the files


EXPRESSION = b",c1,c2\nFOS,1.5,0\nJUN,0,2\nMYC,0.5,0.25\n"
NETWORK = b"Gene1,Gene2\nFOS,JUN\nFOS,MYC\n"
CARD = """
title: Beeline
expression:
  format: table
  path: {data}
  orientation: genes_by_cells
  values: lognorm
reference: {{path: {network}, regulator: Gene1, target: Gene2}}
"""


@pytest.fixture
def official(server, monkeypatch):
    """Miniatures of the official files, in their layout, under their names."""
    files = {
        "beeline_data": zipped(
            {"BEELINE-data/inputs/scRNA-Seq/hESC/ExpressionData.csv": EXPRESSION}
        ),
        "beeline_networks": zipped(
            {"BEELINE-Networks/Networks/human/hESC-ChIP-seq-network.csv": NETWORK}
        ),
        "pbmc8k": tarred({"filtered_gene_bc_matrices/GRCh38/genes.tsv": b"g"}),
    }
    for name, data in files.items():
        file = OFFICIAL[name].file
        server.files[f"/official/{file}"] = data
        monkeypatch.setitem(
            OFFICIAL,
            name,
            Download(
                f"{server.url}/official/{file}",
                f"sha256:{hashlib.sha256(data).hexdigest()}",
                archive=True,
            ),
        )
    url = f"{server.url}/official/tf-target-infomation.txt"
    server.files["/official/tf-target-infomation.txt"] = b"TF\ttarget\n"
    monkeypatch.setitem(OFFICIAL, "htftarget", Download(url))
    return server


def card_of_beeline(tmp_path, data: str, network: str, **arguments) -> dict:
    (tmp_path / "card.yaml").write_text(CARD.format(data=data, network=network))
    return load_cards(tmp_path / "card.yaml", downloads=tmp_path / "d", **arguments)["card"]


DATA_PATH = "download:beeline_data/BEELINE-data/inputs/scRNA-Seq/hESC/ExpressionData.csv"
NETWORK_PATH = (
    "download:beeline_networks/BEELINE-Networks/Networks/human/hESC-ChIP-seq-network.csv"
)


def test_card_of_official_files(official, tmp_path):
    card = card_of_beeline(tmp_path, DATA_PATH, NETWORK_PATH)
    paths = [card["expression"]["path"], card["reference"]["path"]]
    assert len(list_missing(paths, downloads=tmp_path / "d")) == 2
    for path in paths:
        obtain(path, downloads=tmp_path / "d")
        obtain(path, downloads=tmp_path / "d", offline=True)
    assert len(official.log) == 2
    assert list_missing(paths, downloads=tmp_path / "d") == []
    adata = read_expression(card["expression"])
    assert adata.shape == (2, 3)
    assert len(read_reference(card["reference"], adata.var_names)) == 2
    obtain(tmp_path / "d" / "pbmc8k" / "filtered_gene_bc_matrices" / "GRCh38",
           downloads=tmp_path / "d")  # fmt: skip
    assert left(tmp_path / "d" / "pbmc8k") == {"filtered_gene_bc_matrices", "GRCh38", "genes.tsv"}
    obtain(tmp_path / "d" / "htftarget" / "tf-target-infomation.txt", downloads=tmp_path / "d")
    assert (
        "htftarget/tf-target-infomation.txt\tsha256:"
        in (tmp_path / "d" / "checksums.tsv").read_text()
    )


def test_mirrors_come_before_the_official_address(official, tmp_path):
    name = OFFICIAL["beeline_data"].file
    store = tmp_path / "store" / "downloads"
    store.mkdir(parents=True)
    (store / name).write_bytes(official.files[f"/official/{name}"])
    card = card_of_beeline(tmp_path, DATA_PATH, NETWORK_PATH)
    path = card["expression"]["path"]
    mirror = str(tmp_path / "store")
    assert list_missing([path], mirror=mirror, downloads=tmp_path / "d") == []
    obtain(path, mirror=mirror, downloads=tmp_path / "d", offline=True)
    assert Path(path).read_bytes() == EXPRESSION
    assert not official.log
    # A mirror by URL that lacks the file, and then one that has it.
    path = card["reference"]["path"]
    obtain(path, mirror=f"{official.url}/m/", downloads=tmp_path / "d")
    name = OFFICIAL["beeline_networks"].file
    assert [path for path, _ in official.log] == [f"/m/downloads/{name}", f"/official/{name}"]


def test_card_of_a_mirror_by_url(server, tmp_path, caplog):
    server.files |= {"/m/set/x.csv": EXPRESSION, "/m/set/n.csv": NETWORK}
    mirror = f"{server.url}/m"
    card = card_of_beeline(tmp_path, "mirror:set/x.csv", "mirror:set/n.csv", mirror=mirror)
    paths = [card["expression"]["path"], card["reference"]["path"]]
    message = refused(check_offline, paths, mirror=mirror, downloads=tmp_path / "d")
    assert "2 files are missing" in message
    assert "run the 2 commands above" in message
    for path, name in zip(paths, ("x.csv", "n.csv"), strict=True):
        assert f"curl -L --create-dirs -o {path} {mirror}/set/{name}" in caplog.messages
        obtain(path, mirror=mirror, downloads=tmp_path / "d")
    check_offline(paths, mirror=mirror, downloads=tmp_path / "d")
    assert read_expression(card["expression"]).shape == (2, 3)


def test_offline_names_each_archive_once(tmp_path):
    folder = tmp_path / "beeline_data" / "BEELINE-data"
    paths = [folder / "a.csv", folder / "b.csv", tmp_path.parent / "not a download"]
    commands = list_missing(paths, downloads=tmp_path)
    archive = tmp_path / "archives" / "BEELINE-data.zip"
    url = "https://zenodo.org/records/3701939/files/BEELINE-data.zip"
    assert commands == [f"curl -L --create-dirs -o {archive} {url}"]
    for path in (tmp_path / "unknown" / "x", tmp_path / "trrust"):
        assert "beeline_data, beeline_networks" in refused(obtain, path, downloads=tmp_path)


CELLS = ["hESC", "hHep", "mDC", "mESC", "mHSC-E", "mHSC-GM", "mHSC-L"]
NETWORKS = [
    *[f"human/{cell}-ChIP-seq" for cell in ("hESC", "HepG2")],
    *[f"mouse/{cell}-ChIP-seq" for cell in ("mDC", "mESC", "mHSC")],
    *[f"{species}/Non-Specific-ChIP-seq" for species in ("human", "mouse")],
    *["human/STRING", "mouse/STRING", "mouse/mESC-lofgof"],
]
ORDERING = b",VGAMpValue,Variance\nFOS,1e-9,2\nJUN,1e-9,1\nMYC,0.5,3\n"


@pytest.fixture
def miniature(official, monkeypatch):
    """The layout of the archives that datasets.md describes, for every card of the project."""
    data = {
        f"BEELINE-data/inputs/scRNA-Seq/{cell}/{name}.csv": text
        for cell in CELLS
        for name, text in (("ExpressionData", EXPRESSION), ("GeneOrdering", ORDERING))
    }
    networks = {f"BEELINE-Networks/Networks/{name}-network.csv": NETWORK for name in NETWORKS}
    networks |= {f"BEELINE-Networks/{name}-tfs.csv": b"TF\nFOS\n" for name in ("human", "mouse")}
    cells, genes = range(3), ["FOS", "JUN", "FOS"]
    pbmc = {
        "genes.tsv": "".join(f"ENSG{i}\t{gene}\n" for i, gene in enumerate(genes)),
        "barcodes.tsv": "".join(f"ACGT-{i}\n" for i in cells),
        "matrix.mtx": "%%MatrixMarket matrix coordinate integer general\n3 3 2\n1 1 5\n2 3 1\n",
    }
    folder = "filtered_gene_bc_matrices/GRCh38"
    for name, body in (
        ("beeline_data", zipped(data)),
        ("beeline_networks", zipped(networks)),
        ("pbmc8k", tarred({f"{folder}/{key}": text.encode() for key, text in pbmc.items()})),
    ):
        official.files[f"/official/{OFFICIAL[name].file}"] = body
        checksum = f"sha256:{hashlib.sha256(body).hexdigest()}"
        monkeypatch.setitem(OFFICIAL, name, Download(OFFICIAL[name].url, checksum, archive=True))
    official.files["/official/tf-target-infomation.txt"] = b"TF\ttarget\ttissue\nFOS\tJUN\tx\n"
    return official


def test_every_card_of_an_official_download(miniature, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # What is no download is named relative to the project.
    shutil.copytree((FOLDER.parents[1] / MARKERS).parent, Path(MARKERS).parent)
    names = [name for name in find_families(FOLDER) if name.startswith("beeline_")]
    # Two sizes and three networks each; mESC has a fourth.
    assert len(names) == 2 * (3 * len(CELLS) + 1)
    for name, card in load_cards(FOLDER, [*sorted(names), "pbmc8k"]).items():
        files = card_files(card)
        # All but the marker genes of pbmc8k, which are in the repository.
        assert [path for path in files if not is_fetched(path)] == (
            [MARKERS] if name == "pbmc8k" else []
        )
        for path in filter(is_fetched, files):
            obtain(path)
        adata = read_expression(card["expression"])
        if name == "pbmc8k":
            assert list(adata.var_names) == ["FOS_ENSG0", "FOS_ENSG2", "JUN"]
            assert card["preprocess"]["min_cells_fraction"] == 0.05
            continue
        regulators = read_regulators(card["regulators"], adata.var_names)
        kept = preprocess(adata, values="lognorm", regulators=regulators, **card["preprocess"])
        assert list(kept.var_names) == ["FOS", "JUN"]
        assert len(read_reference(card["reference"], kept.var_names)) == 1
    # Each archive once.
    assert len(miniature.log) == 4


def test_two_jobs_download_once(server, tmp_path):
    server.files["/x.bin"] = DATA
    arguments = (f"{server.url}/x.bin", tmp_path / "x.bin")
    jobs = [threading.Thread(target=fetch, args=arguments) for _ in range(4)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(server.log) == 1


def test_importing_stays_light():
    # The rules import the module at every start of Snakemake.
    code = (
        "import sys, gtgrn.data.downloads; "
        "print(*{'requests', 'numpy', 'pandas'} & {*sys.modules})"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(downloads.__file__).parents[2], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.strip() == ""
