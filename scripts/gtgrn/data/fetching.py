"""Fetching a file: complete or absent, resumed after a cut, checked.

Bytes go to ``<file>.part``, are resumed after a cut connection or a killed job, checked against
a checksum, and renamed. Where nobody publishes a checksum, the first download's is recorded in a
lock file and enforced from then on. pooch is not used because it cannot resume; requests does
the transfers.

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
from pathlib import Path

from gtgrn.config.locations import is_url
from gtgrn.errors import InputError
from gtgrn.files import atomic_path, write_text

log = logging.getLogger(__name__)

CHUNK = 1 << 16
"""Bytes written at a time; what came of the next chunk is lost when a connection is cut."""
TIMEOUT = 60
"""Seconds without a byte after which a connection counts as cut."""


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
        _fetch_first(urls, path, expected, retries, wait, offline)
        if expected is None and lock is not None:
            _record(lock, name, _digest(path, "sha256:"))
    return path


def _fetch_first(
    urls: list[str], path: Path, expected: str | None, retries: int, wait: float, offline: bool
) -> None:
    """Fetch from the first address that has the file."""
    for number, url in enumerate(urls):
        if is_url(url) and offline:
            continue
        try:
            _fetch_one(url, path, expected, retries, wait)
            return
        except FileNotFoundError:
            if number == len(urls) - 1:
                raise InputError(
                    "no such file (404)",
                    file=url,
                    remedy="Check the address or the configuration's key 'mirror', or put "
                    f"the file at {path} by hand",
                ) from None
            log.info("%s: no such file, trying the next address", url)
    raise InputError(
        "the file is missing and nothing may be fetched",
        file=path,
        field="offline",
        remedy=f"Where there is a network, run: curl -L -o {path} {urls[-1]}",
    )


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
            status = 0 if error.response is None else error.response.status_code
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
