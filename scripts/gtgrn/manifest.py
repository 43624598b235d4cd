"""The manifest of results: which bytes each result file had when its rule wrote it.

A job may read a file days after another wrote it, over a network and from another host's disk.
One flipped byte in a matrix or a table is a different number that nothing else notices. So each
output of a rule is written together with its sha256, and each reader of a result asks
:func:`verified` for the path that it opens.

The manifest is one small file per result, ``<folder>/.sha256/<name>``, not one for all:

* Jobs of one run write at the same time and on several hosts. One common file would need a lock,
  and locks are what shared file systems are worst at. An entry has one writer: the job that owns
  the output. It is written under another name and renamed, so that it is whole or absent.
* It stays with its file when a folder is moved, copied, or deleted. ``sha256sum -c .sha256/*`` in
  a folder checks it without this program.
* Snakemake knows nothing of it: it is no output, has no part in any digest or time stamp that
  makes a rule run again, and is in no result.

An entry also names the files that the job had read when it wrote the result (:mod:`gtgrn.reads`),
so that :func:`lineage` tells what a result was made of.

The entry comes first, the file second. A job that is killed between the two leaves an entry
without a file, or beside an older file; Snakemake has marked both as incomplete and runs the job
again, which replaces them. The other order would leave a new file that nothing vouches for.

What is read where there is no entry: inputs of the user (they have none), and results of versions
before this one or copied without the hidden folder. They are used; in a folder that has a
manifest, the log says so. An edit by hand of a result is a mismatch like any other: what a person
decides belongs among the inputs, where a change makes the rules run again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shlex
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gtgrn.errors import InputError
from gtgrn.reads import as_noted, files_read, note

logger = logging.getLogger(__name__)

FOLDER = ".sha256"
COMMAND = "GTGRN_COMMAND"
"""Environment variable in which a run tells its jobs the command that started it."""

ENTRY = re.compile(
    r"\\?(?P<digest>[0-9a-f]{64})  .*\n"
    r"(# read (?P<read>\[.*\])\n)?"
    r"# rule (?P<rule>\w*) [0-9a-f]{8}\n"
)
"""An entry: what sha256sum reads, what the job had read, its rule and a check of both."""


@dataclass(frozen=True)
class Job:
    """The rule that this process works for, and the files that it owes."""

    rule: str = ""
    outputs: frozenset[Path] = frozenset()


_job = Job()


def begin_job(rule: str, outputs: Iterable[str | Path]) -> None:
    """Name the rule that this process works for; from then on its outputs are recorded.

    Parameters
    ----------
    rule
        Name of the rule.
    outputs
        Its output files. Other files that the process writes are not recorded.
    """
    global _job
    _job = Job(rule, frozenset(map(Path, outputs)))


def entry_of(path: str | Path) -> Path:
    """Return where the entry of a file is, whether there is one or not."""
    path = Path(path)
    return path.parent / FOLDER / path.name


def sha256(path: str | Path) -> str:
    """Return the sha256 of a file, 64 hexadecimal digits."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def record(path: Path, content: Path) -> None:
    """Write the entry of an output of this job; do nothing for other files.

    Parameters
    ----------
    path
        The file as it will be called.
    content
        The finished file under its temporary name.
    """
    if path not in _job.outputs:
        return
    entry = entry_of(path)
    entry.parent.mkdir(exist_ok=True)
    temporary = entry.with_name(content.name)
    try:
        with open(temporary, "w", encoding="utf-8") as handle:
            handle.write(_sealed(sha256(content), path.name, _job.rule, _made_of(path)))
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, entry)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _made_of(path: Path) -> list[str] | None:
    """Return what a result is made of: the files that its job has read, itself not among them.

    Parts of it, which lie in a folder below, may be deleted when it is whole: in their place
    stands what they were made of.
    """
    read = files_read()
    if read is None:
        return None
    found: set[str] = set()
    for name in read:
        below = Path(name).parent != path.parent and path.parent in Path(name).parents
        found.update((entry_reads(name) if below else None) or [name])
    return sorted(found - {as_noted(path)})


def entry_reads(path: str | Path) -> list[str] | None:
    """Return what the entry of a file says that its job had read, None where it says nothing."""
    try:
        text = entry_of(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return _unsealed(text, Path(path))[2]


def lineage(path: str | Path, known: Iterable[str | Path]) -> set[str] | None:
    """Return what a result was made of, back to files that have no entry.

    Parameters
    ----------
    path
        The result.
    known
        Files whose own origin is of no interest, and which are left out.

    Returns
    -------
    set of str or None
        Names of files, relative to the working directory; None if the result or one that it was
        made of does not say.

    Raises
    ------
    InputError
        If an entry is damaged.
    """
    left_out = {as_noted(name) for name in known}
    found: set[str] = set()
    waiting = [str(path)]
    while waiting:
        name = waiting.pop()
        read = entry_reads(name)
        if read is None and (name == str(path) or entry_of(name).exists()):
            return None
        new = set(read or ()) - left_out - found
        found |= new
        waiting += new
    return found


def verified(path: str | Path) -> Path:
    """Return the path of a file that still has the bytes that its rule wrote.

    Parameters
    ----------
    path
        Any file; one without an entry, such as an input of the user, is returned as it is. So is
        one that is absent: whoever opens it says so.

    Raises
    ------
    InputError
        If the file or its entry is damaged; the message names the rule and a command that makes
        the file again.
    """
    _checked(Path(path))
    return Path(path)


def verified_digest(path: str | Path) -> str:
    """Return the sha256 of a file, after the check of :func:`verified`."""
    return _checked(Path(path)) or sha256(path)


def _checked(path: Path) -> str | None:
    """Return the sha256 of a file that has an entry, and None for another."""
    note(path)
    entry = entry_of(path)
    try:
        text = entry.read_bytes()
    except FileNotFoundError:
        if entry.parent.is_dir() and path.exists():
            logger.warning("%s has no checksum (an older version's?): used as it is", path)
        return None
    except NotADirectoryError:  # the path goes through a file; its reader says so
        return None
    if not path.exists():
        return None
    expected, rule, _ = _unsealed(text, path)
    found = sha256(path)
    if found != expected:
        raise _mismatch(
            path, f"not what rule {rule} wrote (its sha256 differs): damaged, or edited by hand"
        )
    return found


def _sealed(digest: str, name: str, rule: str, read: Iterable[str] | None = None) -> str:
    """Return the text of an entry: the line that sha256sum reads, origin, rule, a check of all."""
    # sha256sum would take these characters of a name for its own.
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n")
    text = f"{'' if escaped == name else chr(92)}{digest}  {escaped}\n"
    if read is not None:
        text += f"# read {json.dumps(list(read))}\n"
    text += f"# rule {rule} "
    return f"{text}{zlib.crc32(text.encode()):08x}\n"


def _unsealed(text: bytes, path: Path) -> tuple[str, str, list[str] | None]:
    """Return digest and rule of an entry, and the files that the rule read, if it says so.

    Raises
    ------
    InputError
        If the entry is damaged or another file's.
    """
    try:
        found = ENTRY.fullmatch(text.decode())
        read = json.loads(found["read"]) if found and found["read"] else None
    except ValueError:
        found = read = None
    if found is None or _sealed(found["digest"], path.name, found["rule"], read).encode() != text:
        raise _mismatch(path, f"its entry in {FOLDER} is damaged, so that it cannot be checked")
    return found["digest"], found["rule"], read


def _mismatch(path: Path, problem: str) -> InputError:
    """Return the error of a file that is not what it was, with the best remedy that has room."""
    commands = [os.environ.get(COMMAND, ""), "snakemake --cores 1"]
    remedies = [f"Make it again: {with_rerun(shlex.split(c), path)}" for c in commands if c]
    for remedy in [*remedies, "Delete it, and run the same command again"]:
        error = InputError(problem, file=path, remedy=remedy)
        if str(error).endswith(remedy):  # a longer one was cut
            break
    return error


def with_rerun(command: Sequence[str], path: Path) -> str:
    """Return a command of Snakemake that makes a file again, and what hangs on it.

    The option takes any number of words, so it stands before ``--`` or at the end.
    """
    words = list(command)
    end = words.index("--") if "--" in words else len(words)
    return shlex.join([*words[:end], "-R", str(path), *words[end:]])


def announce_command(arguments: Sequence[str]) -> None:
    """Tell the jobs of this run the command that started it, unless one above has done so.

    Parameters
    ----------
    arguments
        ``sys.argv`` of Snakemake.
    """
    if Path(arguments[0]).name in ("snakemake", "__main__.py"):
        os.environ.setdefault(COMMAND, shlex.join(["snakemake", *arguments[1:]]))
