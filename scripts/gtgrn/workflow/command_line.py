"""A look at snakemake's command line before snakemake reads it.

Options that take several words take all that follow: in ``snakemake --config datasets=[mine]
benchmark`` the target is one more entry of --config, and snakemake ends in a traceback before it
reads the Snakefile; in ``--configfile mine.yaml benchmark`` the target is a file that is not
there. A configuration that Python cannot read (a number of 5,000 digits) ends likewise. The
profiles of this workflow call :func:`check_arguments` when snakemake reads them, which comes
first; it ends the run with one line that says what to type instead.

What each spelling came to in snakemake 9.27, and comes to:

================================================  ======================  ====================
typed                                             snakemake alone         here
================================================  ======================  ====================
``benchmark --config datasets=[mine]``            runs                    runs
``--config datasets=[mine] -- benchmark``         runs                    runs
``--config datasets=[mine] --cores 1 benchmark``  runs                    runs
``--config=datasets=[mine] benchmark``            runs                    runs
``--config datasets=[mine] benchmark``            traceback               the command with ``--``
``--config datasets=mine results/x/a=1,b=2.tsv``  traceback               the command with ``--``
``--config datasets=[a, b]`` (two words)          traceback               the list in quotes
``--config datasets=a b``                         traceback               list, or ``--``
``--config bert.epochs=3``                        traceback               ``bert={epochs: 3}``
``--config datasets mine``                        traceback               ``datasets=mine``
``--configfile mine.yaml benchmark``              file not found          the command with ``--``
================================================  ======================  ====================

With ``--profile`` and ``SNAKEMAKE_PROFILE`` this is so too, as the workflow's profile is read
besides. Behind ``--workflow-profile none``, or one of the user's own, nothing of this workflow is
read first, and snakemake answers alone, unless that profile has the ``__definitions__`` of
``workflow/profiles/default``.

Nothing heavy is imported here.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from gtgrn.config.words import as_option
from gtgrn.errors import InputError
from gtgrn.yaml_files import SUFFIXES, read_yaml

CONFIG = ("--config", "-C")
CONFIG_FILES = ("--configfile", "--configfiles")
BASE = ("config/config.yaml", "config/config.yml")
"""The configuration that is read first: the one of the two that is there."""
LONGEST_COMMAND = 200
ENTRY = re.compile(r"[a-zA-Z_][\w-]*=.*", re.DOTALL)
"""What snakemake takes for an entry of --config."""
NESTED = re.compile(r"([a-zA-Z_]\w*(?:\.\w+)+)=(.*)", re.DOTALL)
KEY = re.compile(r"[a-zA-Z_]\w*")


def check_arguments(arguments: Sequence[str]) -> None:
    """End the program with one line if snakemake would misread its arguments.

    Parameters
    ----------
    arguments
        The command line, the name of the program first.

    Raises
    ------
    SystemExit
        With the line for the terminal.
    """
    try:
        _check(["snakemake", *arguments[1:]])
        check_config_files([path for path in BASE if Path(path).exists()])
    except InputError as error:
        raise SystemExit(f"InputError: {error}") from None


def check_config_files(paths: Sequence[str | Path]) -> None:
    """Check that the files of the configuration are YAML within bounds and name no key twice.

    Snakemake reads them by itself, and takes the second of two equal keys without a word.

    Parameters
    ----------
    paths
        ``config/config.yaml`` or ``config/config.yml``, and the files behind --configfile.

    Raises
    ------
    InputError
        Naming file, line and remedy; also if both of the first two are there.
    """
    base = [str(path) for path in paths if str(path) in BASE]
    if len(set(base)) > 1:
        raise InputError(
            f"there is {BASE[0]} as well, which is read instead", file=BASE[1],
            remedy="Keep one of the two",
        )  # fmt: skip
    for path in paths:
        _check_config_file(path)


def _check_config_file(path: str | Path) -> None:
    try:
        read = read_yaml(Path(path))
    except FileNotFoundError:
        raise InputError(
            "file not found", file=path, field="--configfile", remedy="Check its path"
        ) from None
    if not isinstance(read, dict):
        raise InputError(
            "a configuration must be key: value lines", file=path,
            remedy="Start with 'datasets: [...]'",
        )  # fmt: skip


def _check(arguments: list[str]) -> None:
    """Check each word behind an option that takes several."""
    option = ""
    for place, word in enumerate(arguments):
        if word == "--":
            return
        if word.startswith("-") and not re.fullmatch(r"-\d.*", word):
            option = word
        elif option in CONFIG and not ENTRY.fullmatch(word):
            raise _misplaced(arguments, place, "--config", _meant_entry(arguments, place))
        elif option in CONFIG_FILES:
            if not word.endswith((*SUFFIXES, ".json")) and not Path(word).exists():
                raise _misplaced(arguments, place, option, None)
            _check_config_file(word)


def _misplaced(arguments: list[str], place: int, option: str, meant: str | None) -> InputError:
    """Say that a word stands where it is not read as what it is, and what to type."""
    word = arguments[place]
    what = "an entry KEY=VALUE" if option == "--config" else "a file"
    # The targets go last, behind those that stand there already.
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    options = [n for n in range(place, cut) if arguments[n].startswith("-")]
    behind = options[0] if options else cut
    targets = [*arguments[place:behind], *arguments[cut + 1 :]]
    rest = [*arguments[:place], *arguments[behind:cut]]
    command = f"{shlex.join(rest)} -- {shlex.join(targets)}"
    remedy = meant or f"If it is a target, type: {command}"
    if len(remedy) > LONGEST_COMMAND:
        remedy = f"If it is a target, put ' -- ' before '{word[:60]}', at the end of the command"
    return InputError(
        f"'{word}' is taken for {what} of {option}, as is every word behind it", remedy=remedy
    )


def _meant_entry(arguments: list[str], place: int) -> str | None:
    """Return what to type where a word is no target but a part of an entry, or a nested key."""
    word, before = arguments[place], arguments[place - 1]
    after = [part for part in arguments[place + 1 :] if part != "="]
    if after and (word.endswith((":", "=")) or "=" in arguments[place + 1 : place + 2]):
        key = word.rstrip(":=")
        if KEY.fullmatch(key):
            return f"Type: {as_option([key], after[0])}"
    nested = NESTED.fullmatch(word)
    if nested:
        return f"Type: {as_option(nested.group(1).split('.'), nested.group(2))}"
    if before in CONFIG and KEY.fullmatch(word) and place + 1 < len(arguments):
        return f"Type: {as_option([word], arguments[place + 1])}"
    key, _, value = before.partition("=")
    if before in CONFIG or not KEY.fullmatch(key):
        return None
    if not value:
        return f"Type: {as_option([key], word)}"
    if value.count("[") > value.count("]") or value.count("{") > value.count("}"):
        words = [value]
        for part in arguments[place:]:
            words.append(part)
            if part.endswith(("]", "}")):
                break
        return f"Put the value in quotes: {as_option([key], ' '.join(words))}"
    if key == "datasets" and _is_card(word):
        listed = f"[{value.strip('[]')}, {word}]"
        return f"Put the list in brackets and quotes: {as_option([key], listed)}"
    return None


def _is_card(word: str) -> bool:
    named = [Path("config/datasets", f"{word}{suffix}") for suffix in SUFFIXES]
    return word.endswith(SUFFIXES) or any(path.is_file() for path in named)
