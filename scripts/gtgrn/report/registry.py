"""The studies that the report can show: one file each in the folder ``sections``.

A section states as constants what must be known of it before any job runs, so that they are read
without importing it:

``STUDY``
    Name of the study: of the target, and in ``report.studies`` of the configuration.
``TITLE``, ``LEAD``
    Heading and introduction.
``ORDER``
    Place on a page that shows every study.
``FILES``
    Files of the whole run that it shows, relative to the results.
``DATASET_FILES``
    Kind of data sets, one of `KINDS`, -> files of each such data set, relative to its folder.

Beside them stands ``make(results, datasets)``, which returns a dictionary with ``tables`` (see
:mod:`gtgrn.report.tables`) and ``figures`` (``figure`` and ``caption``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from gtgrn.errors import InputError
from gtgrn.plugins import PACKAGE, SECTIONS, Plugin, find_plugins, load_plugin

EXPRESSED, JUDGED, TYPED, TUNED = "expressed", "judged", "typed", "tuned"
WITH_PEERS, STUDIED = "with_peers", "studied"
GROUPED, COMPARED, PERTURBED = "grouped", "compared", "perturbed"
KINDS = (EXPRESSED, JUDGED, TYPED, TUNED, WITH_PEERS, STUDIED, GROUPED, COMPARED, PERTURBED)
"""Kinds of data sets: with expression; with a reference as well; with cell types; those of the
search for hyper-parameters; those on which peers are trained; those of the paper's tables; those
with groups of cells; those with conditions to compare; those with knock-outs."""
REQUIRED = {"STUDY": str, "TITLE": str, "LEAD": str, "ORDER": int}


@dataclass(frozen=True)
class Section:
    """A section of the report, as its file states it.

    Attributes
    ----------
    study, title, lead, order, files, dataset_files
        The constants of the file: see the head of this module.
    plugin
        Where the file is.
    """

    study: str
    title: str
    lead: str
    order: int
    files: tuple[str, ...]
    dataset_files: Mapping[str, tuple[str, ...]]
    plugin: Plugin

    def load(self) -> ModuleType:
        """Import the section."""
        path = self.plugin.path
        if PACKAGE in path.parents:
            return load_plugin(SECTIONS, self.plugin.name)
        spec = spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is no module")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


@cache
def find_sections(package: Path = PACKAGE) -> dict[str, Section]:
    """Return the sections by study, in their order on a page that shows all.

    Parameters
    ----------
    package
        Folder of the package; another one for sections that are kept elsewhere.

    Raises
    ------
    InputError
        If a constant is missing or of the wrong kind, or two files state one study.
    """
    found: dict[str, Section] = {}
    for plugin in find_plugins(SECTIONS, package).values():
        section = _read_section(plugin)
        if section.study in found:
            raise InputError(
                f"{section.study!r} is the study of {found[section.study].plugin.path} too",
                file=plugin.path,
                field="STUDY",
                remedy="Name one of them otherwise",
            )
        found[section.study] = section
    return dict(sorted(found.items(), key=lambda item: (item[1].order, item[0])))


def _read_section(plugin: Plugin) -> Section:
    traits: dict[str, Any] = plugin.traits
    for name, kind in REQUIRED.items():
        if not isinstance(traits.get(name), kind):
            raise InputError(
                f"a section of the report states this constant as {kind.__name__}",
                file=plugin.path,
                field=name,
                remedy="State it, written out as it is, at the head of the file",
            )
    by_kind = traits.get("DATASET_FILES", {})
    unknown = sorted(set(by_kind).difference(KINDS))
    if unknown:
        raise InputError(
            f"{unknown[0]!r} is no kind of data sets",
            file=plugin.path,
            field="DATASET_FILES",
            remedy=f"Choose among {', '.join(KINDS)}",
        )
    study, title, lead, order = (traits[name] for name in REQUIRED)
    return Section(
        study=study,
        title=title,
        lead=lead,
        order=order,
        files=tuple(traits.get("FILES", ())),
        dataset_files={kind: tuple(names) for kind, names in by_kind.items()},
        plugin=plugin,
    )


def _choose(studies: Iterable[str], package: Path) -> list[Section]:
    known = find_sections(package)
    chosen = list(studies)
    for study in chosen:
        if study not in known:
            raise InputError(
                f"{study!r} is no study that the report can show",
                field="report.studies",
                remedy=f"Choose among {', '.join(known)}",
            )
    return [known[study] for study in chosen]


def list_files(
    studies: Iterable[str],
    datasets: Mapping[str, Sequence[str]],
    package: Path = PACKAGE,
) -> list[str]:
    """Return the files that studies show, relative to the results.

    Parameters
    ----------
    studies
        Names of studies.
    datasets
        Kind, one of `KINDS`, -> names of the run's data sets of that kind.
    package
        As in :func:`find_sections`.

    Returns
    -------
    list of str
        Study by study: the files of the whole run, then those of the data sets.

    Raises
    ------
    InputError
        If there is no such study.
    """
    files: list[str] = []
    for section in _choose(studies, package):
        files += section.files
        for kind, names in section.dataset_files.items():
            files += [f"{dataset}/{name}" for dataset in datasets[kind] for name in names]
    return files


def make_sections(
    results: Path, datasets: Sequence[str], studies: Iterable[str], package: Path = PACKAGE
) -> list[dict]:
    """Return what the template shows of studies: title, lead, tables and figures of each.

    Parameters
    ----------
    results
        Folder of the run's results.
    datasets
        Data sets of the report; a study leaves out those that lack its files.
    studies
        Names of studies, in the order to show.
    package
        As in :func:`find_sections`.

    Raises
    ------
    InputError
        If there is no such study, or a file is damaged.
    """
    # Whoever only plans needs no pandas.
    from gtgrn.report.tables import complete_table

    shown = []
    for section in _choose(studies, package):
        made = section.load().make(Path(results), datasets)
        tables = [complete_table(table) for table in made["tables"]]
        shown.append({"title": section.title, "lead": section.lead, **made, "tables": tables})
    return shown
