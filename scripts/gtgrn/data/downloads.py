"""Fetching what no package ships: official downloads and the files of a mirror.

A file is only ever complete or absent: bytes go to ``<file>.part``, are resumed after a cut
connection or a killed job, checked against a checksum, and renamed. Where nobody publishes a
checksum, the first download's is recorded in a lock file and enforced from then on. pooch is not
used because it cannot resume; requests does the transfers.

Imported at every start of Snakemake, so nothing heavy is imported here.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gtgrn.config.locations import DOWNLOADS, is_url
from gtgrn.data.archives import extract_member
from gtgrn.errors import InputError
from gtgrn.files import atomic_path, write_text

log = logging.getLogger(__name__)

CHUNK = 1 << 16
"""Bytes written at a time; what came of the next chunk is lost when a connection is cut."""
TIMEOUT = 60
"""Seconds without a byte after which a connection counts as cut."""


@dataclass(frozen=True)
class Download:
    """An official file: its address, its checksum (``sha256:...`` or ``md5:...``), if any.

    `mirrored` is where a mirror may hold it, besides its folder ``downloads/``.
    """

    url: str
    checksum: str | None = None
    archive: bool = False
    mirrored: str | None = None

    @property
    def file(self) -> str:
        """Name of the file."""
        return self.url.rsplit("/", 1)[1]


_ZENODO = "https://zenodo.org/records/3701939/files"
OFFICIAL = {
    "beeline_data": Download(
        f"{_ZENODO}/BEELINE-data.zip",
        "sha256:1fc849499492c25ac72514e79a339c39aa057e58cd272097450875cecb380afa",
        archive=True,
    ),
    "beeline_networks": Download(
        f"{_ZENODO}/BEELINE-Networks.zip",
        "sha256:d54fc6ed6529141e85f94803d2c730a8173a3e867026227528ff1ae832765607",
        archive=True,
    ),
    "pbmc8k": Download(
        "https://cf.10xgenomics.com/samples/cell-exp/2.1.0/pbmc8k/"
        "pbmc8k_filtered_gene_bc_matrices.tar.gz",
        "md5:cbb3a7553ece7eaddeb8a56df781ccb0",
        archive=True,
    ),
    "htftarget": Download(
        "https://guolab.wchscu.cn/static/hTFtarget/file_download/tf-target-infomation.txt"
    ),
    "gnw": Download(
        "https://raw.githubusercontent.com/tschaffter/gnw/32ad19c6868611ba86e84da7ef64ecde97b41b07/"
        "src/ch/epfl/lis/networks/yeast_transcriptional_network_Balaji2006.tsv",
        "sha256:f092373b03bf2ac9e8c5bdad7cc922dcc6d794d042fb26487fd7b624d1874b04",
        mirrored="gnw/yeast_transcriptional_network_Balaji2006.tsv",
    ),
    "trrust": Download(
        "https://www.grnpedia.org/trrust/data/trrust_rawdata.human.tsv",
        "sha256:9b909319ccc8e36588b5a1bd3640e0dfba03936c6fc154cc4304d742bec11bed",
    ),
}
"""The downloads that a card may name, as ``download:name/file`` (in an archive: its member)."""


def obtain(
    path: str | Path,
    *,
    mirror: str | None = None,
    downloads: str | Path = DOWNLOADS,
    offline: bool = False,
    **options: object,
) -> None:
    """Make one file or folder below the folder of downloads.

    Parameters
    ----------
    path
        What a card's ``mirror:`` or ``download:`` path became in
        :func:`gtgrn.config.locations.locate_files`. A folder is one inside an archive.
    mirror
        Folder or URL prefix. It serves ``mirror:`` paths, and official files below its
        ``downloads/`` before their own address is tried.
    downloads
        The folder of downloads; archives are kept in its ``archives/``, recorded checksums in
        its ``checksums.tsv``.
    offline
        Use no network.
    **options
        Passed to :func:`fetch`.

    Raises
    ------
    InputError
        If the path belongs to no download, or cannot be fetched, checked or extracted.
    """
    downloads = Path(downloads)
    options |= {"lock": downloads / "checksums.tsv", "offline": offline}
    source = _source(path, mirror, downloads)
    if source.member is None:
        fetch(source.urls, path, checksum=source.checksum, **options)
        return
    archive = downloads / "archives" / source.file
    fetch(source.urls, archive, checksum=source.checksum, **options)
    extract_member(archive, source.member, path)


def is_fetched(path: str | Path, downloads: str | Path = DOWNLOADS) -> bool:
    """Tell whether :func:`obtain` makes a path, rather than the user or another rule."""
    path = Path(path)
    if not path.is_relative_to(downloads):
        return False
    parts = path.relative_to(downloads).parts
    return len(parts) > 1 and (parts[0] == "mirror" or parts[0] in OFFICIAL)


def list_missing(
    paths: Iterable[str | Path], *, mirror: str | None = None, downloads: str | Path = DOWNLOADS
) -> list[str]:
    """Return the commands that fetch what is absent, for a machine that may go online.

    Parameters
    ----------
    paths
        Files below the folder of downloads that the cards need.
    mirror, downloads
        As in :func:`obtain`.

    Returns
    -------
    list of str
        One command for each file to fetch, each once; empty if all is there.
    """
    commands = []
    for path in map(Path, paths):
        if path.exists() or not is_fetched(path, downloads):
            continue
        source = _source(path, mirror, Path(downloads))
        target = path if source.member is None else Path(downloads, "archives", source.file)
        local = [url for url in source.urls if not is_url(url) and Path(url).is_file()]
        if not target.exists() and not local:
            commands.append(f"curl -L --create-dirs -o {target} {source.urls[-1]}")
    return list(dict.fromkeys(commands))


def check_offline(
    paths: Iterable[str | Path], *, mirror: str | None = None, downloads: str | Path = DOWNLOADS
) -> None:
    """Refuse to start without network if something must be fetched.

    Raises
    ------
    InputError
        Naming every command of :func:`list_missing`.
    """
    commands = list_missing(paths, mirror=mirror, downloads=downloads)
    if commands:
        raise InputError(
            f"{len(commands)} files are missing and nothing may be fetched",
            file="configuration",
            field="offline",
            remedy=f"Where there is a network, run: {' && '.join(commands)}",
        )


def fetch(
    urls: str | Iterable[str],
    path: str | Path,
    *,
    checksum: str | None = None,
    lock: str | Path | None = None,
    retries: int = 5,
    wait: float = 2.0,
    offline: bool = False,
) -> Path:
    """Download a file, resuming what an earlier attempt left, unless it is there already.

    Parameters
    ----------
    urls
        Addresses, or paths of local files, in the order of preference; the next is tried if a
        file is not at the one before.
    path
        Where the file goes.
    checksum
        ``sha256:...`` or ``md5:...``. Without one the lock file's is used, and recorded in it at
        the first download.
    lock
        Table of checksums, by the path relative to the table's folder: files of different
        folders often share a name.
    retries
        Number of further attempts after a cut connection or an error of the server.
    wait
        Seconds before the first of them, doubled each time.
    offline
        Use no network; local files are still used.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    InputError
        If no address has the file, the network fails for good or the checksum is another.
    """
    path, urls = Path(path), [urls] if isinstance(urls, str) else list(urls)
    with _one_at_a_time(path):
        name = path.name if lock is None else os.path.relpath(path, Path(lock).parent)
        expected = checksum or _recorded(lock, name)
        if path.exists() and (expected is None or _digest(path, expected) == expected):
            return path
        if path.exists():
            log.warning("%s: the checksum is not %s: fetching it again", path, expected)
        for number, url in enumerate(urls):
            if is_url(url) and offline:
                continue
            try:
                _fetch_one(url, path, expected, retries, wait)
                break
            except FileNotFoundError:
                if number == len(urls) - 1:
                    raise InputError(
                        "no such file (404)",
                        file=url,
                        remedy="Check the address or the configuration's key 'mirror', or put "
                        f"the file at {path} by hand",
                    ) from None
                log.info("%s: no such file, trying the next address", url)
        else:
            raise InputError(
                "the file is missing and nothing may be fetched",
                file=path,
                field="offline",
                remedy=f"Where there is a network, run: curl -L -o {path} {urls[-1]}",
            )
        if expected is None and lock is not None:
            _record(lock, name, _digest(path, "sha256:"))
    return path


@dataclass(frozen=True)
class _Source:
    """Where a path below the folder of downloads comes from."""

    urls: list[str]
    checksum: str | None = None
    member: str | None = None

    @property
    def file(self) -> str:
        return self.urls[-1].rsplit("/", 1)[1]


def _source(path: str | Path, mirror: str | None, downloads: Path) -> _Source:
    name, *rest = Path(path).relative_to(downloads).parts
    if name == "mirror" and mirror:
        return _Source([_below(mirror, "/".join(rest))])
    if name not in OFFICIAL or not rest:
        raise InputError(
            "not a file of an official download",
            file=path,
            remedy=f"Write download:name/file, the name being one of {', '.join(OFFICIAL)}",
        )
    download = OFFICIAL[name]
    urls = [download.url]
    if mirror:
        places = [f"downloads/{download.file}", download.mirrored]
        urls = [_below(mirror, place) for place in places if place] + urls
    return _Source(urls, download.checksum, "/".join(rest) if download.archive else None)


def _below(prefix: str, name: str) -> str:
    return f"{prefix.rstrip('/')}/{name}"


def _fetch_one(url: str, path: Path, expected: str | None, retries: int, wait: float) -> None:
    """Fetch from one address; FileNotFoundError if the file is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not is_url(url):
        with atomic_path(path) as temporary:
            shutil.copyfile(url, temporary)
            _verify(temporary, expected, url)
        return
    part = path.with_name(f"{path.name}.part")
    # What an earlier run left may be of another version, which only a checksum can tell.
    if expected is None:
        part.unlink(missing_ok=True)
    resumed = part.exists()
    _transfer(url, part, retries, wait)
    if resumed and _digest(part, expected) != expected:
        log.warning("%s: what was left of an earlier attempt does not fit: starting anew", url)
        part.unlink()
        _transfer(url, part, retries, wait)
    try:
        _verify(part, expected, url)
    except InputError:
        part.unlink()
        raise
    with open(part, "rb+") as handle:
        os.fsync(handle.fileno())
    os.replace(part, path)


def _transfer(url: str, part: Path, retries: int, wait: float) -> None:
    """Download to `part`, going on where it ends after each interruption."""
    import requests

    for attempt in range(retries + 1):
        try:
            _request(url, part)
            return
        except requests.HTTPError as error:
            status = error.response.status_code
            if status in (404, 410):
                raise FileNotFoundError(url) from None
            reason = f"the server answers {status}"
            if status < 500 and status not in (408, 429):
                break
        except (requests.RequestException, _CutError) as error:
            reason = f"the connection failed ({type(error).__name__})"
        if attempt < retries:
            log.warning("%s: %s; attempt %d of %d", url, reason, attempt + 2, retries + 1)
            time.sleep(wait * 2**attempt)
    raise InputError(
        reason,
        file=url,
        remedy="Run again to resume, or set the configuration's key 'mirror' to a copy",
    )


class _CutError(Exception):
    """A body that ended before its announced length."""


def _request(url: str, part: Path) -> None:
    import requests
    from tqdm import tqdm

    start = part.stat().st_size if part.exists() else 0
    # Bytes as they are: a compressed transfer could be neither resumed nor measured.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code == 416:  # nothing is left, or the file has become shorter
            if answer.headers.get("Content-Range", "").endswith(f"/{start}"):
                return
            part.unlink()
            raise _CutError
        answer.raise_for_status()
        if answer.status_code != 206:  # the server sends the whole file
            start = 0
        length = answer.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        with (
            open(part, "ab" if start else "wb") as handle,
            tqdm(
                total=total, initial=start, unit="B", unit_scale=True, desc=part.stem, disable=None
            ) as bar,
        ):
            for chunk in answer.iter_content(CHUNK):
                handle.write(chunk)
                bar.update(len(chunk))
    if total is not None and part.stat().st_size < total:
        raise _CutError


def _digest(path: Path, kind: str | None) -> str:
    """Return a file's checksum, of the kind of another one."""
    name = (kind or "sha256:").split(":", 1)[0]
    with open(path, "rb") as handle:
        return f"{name}:{hashlib.file_digest(handle, name).hexdigest()}"


def _verify(path: Path, expected: str | None, url: str) -> None:
    if expected is None:
        return
    found = _digest(path, expected)
    if found != expected:
        raise InputError(
            f"the checksum is {found}, expected {expected}",
            file=url,
            remedy="Fetch it from its publisher; if it was changed there on purpose, remove its "
            "line from checksums.tsv",
        )


def _recorded(lock: str | Path | None, name: str) -> str | None:
    """Return the checksum that the lock file records for a file."""
    if lock is None or not Path(lock).exists():
        return None
    rows = [line.split("\t") for line in Path(lock).read_text().splitlines()]
    return dict(row for row in rows if len(row) == 2).get(name)


def _record(lock: str | Path, name: str, checksum: str) -> None:
    with _one_at_a_time(Path(lock)):
        lines = Path(lock).read_text().splitlines() if Path(lock).exists() else []
        write_text("\n".join(sorted([*lines, f"{name}\t{checksum}"])) + "\n", lock)
    log.info("%s: recorded %s", name, checksum)


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Let one process work on a file; the kernel drops the lock with a killed process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_name(f".{path.name}.lock"), "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
