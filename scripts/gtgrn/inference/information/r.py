"""R packages through rpy2: are they there, and call one with readable errors.

rpy2 is imported when R is wanted, never before: without R its import fails (ValueError), with an
R that is too old for it in other ways, and neither may stop a job that does not need R.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence

import numpy as np

from gtgrn.errors import InputError

logger = logging.getLogger(__name__)

ENGINES = ("auto", "r", "native")
WANTED = {
    "minet": ("3.64", ("build.mim", "aracne", "clr", "mrnet")),
    "infotheo": ("1.2", ("discretize", "mutinformation")),
    "c3net": ("1.1", ("c3net",)),
    "bc3net": ("1.0", ("c3mtc", "bc3net")),
}
"""Package -> oldest version that our engine was compared with, as in envs/mi.yaml; functions."""
REMEDY = (
    "Run with --use-conda (envs/mi.yaml has R and the packages), install them, or set "
    "'engine: native'"
)


def problem(packages: Sequence[str]) -> str | None:
    """Say why R cannot be used with these packages, or None if it can.

    Parameters
    ----------
    packages
        Names of R packages.
    """
    # rpy2 tells of each way in which it tries to start R; the error below says what matters.
    logging.getLogger("rpy2").setLevel(logging.ERROR)
    # Starting R puts its folders on the library path of this process's children, where another
    # Python's libraries may lie: a child would load those.
    before = os.environ.get("LD_LIBRARY_PATH")
    try:
        from rpy2 import robjects  # type: ignore[attr-defined]
    except Exception as error:  # noqa: BLE001  rpy2 fails in as many ways as R can be absent or too old
        return f"R cannot be started ({type(error).__name__}: {error})"
    finally:
        if before is None:
            os.environ.pop("LD_LIBRARY_PATH", None)
        else:
            os.environ["LD_LIBRARY_PATH"] = before
    there = robjects.r(LOOK)
    found = [_lacking(name, *map(str, there(name))) for name in packages]
    return "; ".join(filter(None, found)) or None


LOOK = """function(name) {
    if (!suppressWarnings(suppressMessages(requireNamespace(name, quietly = TRUE)))) return("")
    c(as.character(packageVersion(name)), getNamespaceExports(name))
}"""
"""R: the version of a package and what it exports, or nothing where it cannot be loaded."""


def _lacking(name: str, version: str, *exports: str) -> str:
    """Say what a package of R lacks, or nothing."""
    wanted, functions = WANTED.get(name, ("", ()))
    needs = f" ({wanted} or newer is wanted)" if wanted else ""
    if not version:
        return f"R has no package {name}{needs}"
    if wanted and _numbers(version) < _numbers(wanted):
        return f"R's package {name} is {version}{needs}"
    absent = [function for function in functions if function not in exports]
    if absent:
        return f"R's package {name} {version} has no function {', '.join(absent)}{needs}"
    return ""


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def choose_engine(engine: str, packages: Sequence[str], field: str) -> str:
    """Return ``r`` or ``native``.

    Parameters
    ----------
    engine
        ``auto``: R where the packages are installed, which is what ``--use-conda`` means, else
        the native engine; ``r`` or ``native``: exactly that.
    packages
        R packages of the method.
    field
        Key of the configuration, for the error.

    Raises
    ------
    InputError
        If the engine is unknown, or R is asked for and cannot be used.
    """
    if engine not in ENGINES:
        raise InputError(
            f"'{engine}' is not one of {', '.join(ENGINES)}", field=field, remedy="Correct it"
        )
    if engine == "native":
        return engine
    obstacle = problem(packages)
    if engine == "r" and obstacle:
        raise InputError(obstacle, field=field, remedy=REMEDY)
    if obstacle:
        logger.warning("%s: our own engine is used instead (%s)", obstacle, field)
    return "native" if obstacle else "r"


def versions(packages: Sequence[str]) -> dict[str, str]:
    """Return the versions of R and of packages."""
    from rpy2 import robjects  # type: ignore[attr-defined]

    found = {name: robjects.r("function(p) as.character(packageVersion(p))") for name in packages}
    return {
        "R": ".".join(robjects.r("c(R.version$major, R.version$minor)")),
        **{name: ask(name)[0] for name, ask in found.items()},
    }


def set_seed(seed: int) -> None:
    """Seed R's generator; R takes 31 bits."""
    from rpy2 import robjects  # type: ignore[attr-defined]

    robjects.r["set.seed"](int(seed) % 2**31)


def call(
    function: str, matrix: np.ndarray, rows: Sequence[str], columns: Sequence[str], **options
) -> np.ndarray:
    """Call an R function on a matrix with names; it must answer with a matrix.

    Parameters
    ----------
    function
        With its package, such as ``minet::aracne``.
    matrix
        (rows, columns) float64.
    rows, columns
        Names of the dimensions; some packages fail without.
    options
        Further arguments: numbers, strings, booleans.

    Returns
    -------
    numpy.ndarray
        (m, n) float64 with R's NaN and NA as NaN.

    Raises
    ------
    RuntimeError
        With the function, R's message and the size of the data, if R reports an error or does
        not answer with a matrix.
    """
    from rpy2 import robjects  # type: ignore[attr-defined]
    from rpy2.rinterface_lib import callbacks
    from rpy2.rinterface_lib.embedded import RRuntimeError

    said: list[str] = []
    before = callbacks.consolewrite_warnerror
    callbacks.consolewrite_warnerror = said.append  # type: ignore[assignment]
    robjects.r("options(warn = 1)")  # as they come: R would keep warnings until it is asked
    try:
        values = robjects.FloatVector(np.asarray(matrix, dtype=np.float64).ravel(order="F"))
        names = robjects.r.list(robjects.StrVector(list(rows)), robjects.StrVector(list(columns)))
        data = robjects.r.matrix(values, nrow=len(rows), ncol=len(columns), dimnames=names)
        answer = robjects.r(function)(data, **options)
        shape = tuple(answer.dim) if hasattr(answer, "dim") else ()
    except RRuntimeError as error:
        raise RuntimeError(
            f"{function} failed on {len(rows)} x {len(columns)} values: {_one_line(str(error))}"
        ) from None
    finally:
        callbacks.consolewrite_warnerror = before
    if said:
        logger.warning("%s: %s", function, _one_line("".join(said)))
    if len(shape) != 2:
        raise RuntimeError(f"{function} did not answer with a matrix")
    return np.array(answer, dtype=np.float64).reshape(shape, order="F")


def _one_line(text: str) -> str:
    # R's "Error in (function (mi, eps) : what happened" shows the source of the function too.
    return " ".join(text.split(" : ", 1)[-1].split())
