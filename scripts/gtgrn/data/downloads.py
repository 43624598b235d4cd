"""What no package ships: official downloads and the files of a mirror.

Imported at every start of Snakemake, so nothing heavy is imported here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gtgrn.config.locations import DOWNLOADS, is_url
from gtgrn.data.archives import extract_member
from gtgrn.data.fetching import fetch
from gtgrn.errors import InputError

log = logging.getLogger(__name__)


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
    **options: Any,
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
        Passed to :func:`gtgrn.data.fetching.fetch`.

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
        After the commands of :func:`list_missing`, which are printed one a line: a line that
        held them all would not end.
    """
    commands = list_missing(paths, mirror=mirror, downloads=downloads)
    for command in commands:
        log.warning("%s", command)
    if commands:
        one = len(commands) == 1
        what, how = ("file is", "command") if one else ("files are", "commands")
        raise InputError(
            f"{len(commands)} {what} missing and nothing may be fetched",
            file="configuration",
            field="offline",
            remedy=f"Where there is a network, run the {len(commands)} {how} above",
        )


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
