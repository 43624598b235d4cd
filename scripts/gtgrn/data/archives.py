"""Taking single files and folders out of zip and tar archives, never outside their place."""

from __future__ import annotations

import posixpath
import shutil
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gtgrn.errors import InputError
from gtgrn.files import atomic_path
from gtgrn.opening import BLOCK, check_file, largest_unpacked, unpacked_file


def extract_member(archive: str | Path, member: str, path: str | Path) -> None:
    """Extract one file, or one folder with all below it.

    Parameters
    ----------
    archive
        A zip or tar file, compressed or not.
    member
        Name of the file or folder in the archive, without a slash at its end; folders at the
        archive's top may be left out where only one member then fits.
    path
        What it becomes: complete or absent.

    Raises
    ------
    InputError
        If the archive is damaged, has no such member, or any of its members has an absolute
        name, a name with ``..``, is a device or a link to outside of the archive (in a zip file,
        any link). An archive that tries that is not taken from at all.
    """
    path, archive = Path(path), Path(archive)
    try:
        with _opened(archive) as opened:
            entries = {_safe(name, link, archive): name for name, link in _list(opened, archive)}
            member = _find(member, entries, archive)
            below = [name for name in entries if name.startswith(f"{member}/")]
            budget = _Budget(archive)
            if member in entries:
                with atomic_path(path) as temporary:
                    _copy(opened, entries[member], temporary, budget)
            else:
                _extract_folder(opened, entries, below, member, path, budget)
    except InputError:
        raise
    except Exception as error:
        # The modules of archives promise no kind of error on a stranger's file.
        reason = "members that link in a circle" if isinstance(error, RecursionError) else error
        raise InputError(
            f"not a readable archive ({reason or type(error).__name__})",
            file=archive,
            remedy="Remove it and fetch it again",
        ) from error


@contextmanager
def _opened(archive: Path) -> Iterator[zipfile.ZipFile | tarfile.TarFile]:
    """Open a zip file, or a tar file after it was unpacked, which bounds its size."""
    check_file(archive)
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            yield opened
        return
    with unpacked_file(archive) as plain, tarfile.open(plain, "r:") as tar:
        yield tar


class _Budget:
    """The bytes that may still be taken from an archive."""

    def __init__(self, archive: Path) -> None:
        self.archive = archive
        self.left = self.all = largest_unpacked(archive.stat().st_size)

    def copy(self, source: IO[bytes], target: IO[bytes]) -> None:
        """Copy a member, as long as there is something left to take."""
        while data := source.read(BLOCK):
            self.left -= len(data)
            if self.left < 0:
                raise InputError(
                    f"it unpacks to more than {self.all:,} bytes",
                    file=self.archive,
                    remedy="Check where it is from; if it is right, unpack it by hand and name "
                    "the unpacked file in the card",
                )
            target.write(data)


def _find(member: str, entries: Iterable[str], archive: Path) -> str:
    """Return the full name of a member that may lack the folders at the top."""
    known = {"/".join(parts[:end]) for parts in (name.split("/") for name in entries)
             for end in range(1, len(parts) + 1)}  # fmt: skip
    found = [name for name in known if name == member] or sorted(
        name for name in known if name.endswith(f"/{member}")
    )
    if len(found) == 1:
        return found[0]
    near = sorted(name for name in known if Path(name).name == Path(member).name)
    some = ", ".join((found or near or sorted(entries))[:3]) or "nothing"
    raise InputError(
        f"the archive has {'several' if found else 'no'} '{member}'; it has {some}",
        file=archive,
        remedy="Correct the card's path behind 'download:'",
    )


def _list(opened: zipfile.ZipFile | tarfile.TarFile, archive: Path) -> Iterator[tuple[str, str]]:
    """Return (name, target of the link or nothing) of each file; folders are left out."""
    if isinstance(opened, zipfile.ZipFile):
        for info in opened.infolist():
            if stat.S_ISLNK(info.external_attr >> 16):
                raise _unsafe(info.filename, "is a link", archive)
            if not info.is_dir():
                yield info.filename, ""
        return
    for member in opened:
        if member.issym():
            yield member.name, member.linkname
        elif member.islnk():
            # A hard link names its target from the archive's root.
            folder = posixpath.dirname(member.name) or "."
            yield member.name, posixpath.relpath(member.linkname, folder)
        elif member.isfile():
            yield member.name, ""
        elif not member.isdir():
            raise _unsafe(member.name, "is a device", archive)


def _safe(name: str, link: str, archive: Path) -> str:
    """Return a member's plain name, refusing one that points outside."""
    plain = name.replace("\\", "/")
    inside = posixpath.normpath(plain)
    if posixpath.isabs(plain) or ".." in plain.split("/") or ":" in plain.split("/")[0]:
        raise _unsafe(name, "lies outside of the archive", archive)
    if link:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(inside), link))
        if posixpath.isabs(link) or target.split("/")[0] == "..":
            raise _unsafe(name, f"links to {link}, outside of the archive", archive)
    return inside


def _unsafe(name: str, problem: str, archive: Path) -> InputError:
    return InputError(
        f"the member '{name}' {problem}",
        file=archive,
        remedy="Do not use this file; fetch it from its publisher",
    )


def _copy(
    opened: zipfile.ZipFile | tarfile.TarFile, name: str, path: Path, budget: _Budget
) -> None:
    source: IO[bytes] | None
    if isinstance(opened, zipfile.ZipFile):
        source = opened.open(name)
    else:
        try:
            source = opened.extractfile(name)  # follows links within the archive
        except KeyError:
            source = None
    if source is None:
        raise tarfile.TarError(f"the link '{name}' leads nowhere")
    with source, open(path, "wb") as target:
        budget.copy(source, target)


def _extract_folder(
    opened: zipfile.ZipFile | tarfile.TarFile,
    entries: dict[str, str],
    below: list[str],
    member: str,
    path: Path,
    budget: _Budget,
) -> None:
    """Fill a temporary folder beside the place, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as temporary:
        filled = Path(temporary, "filled")
        for name in below:
            target = filled / name.removeprefix(f"{member}/")
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(opened, entries[name], target, budget)
        if path.exists():
            shutil.rmtree(path)
        filled.rename(path)
