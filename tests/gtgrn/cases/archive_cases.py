"""Small archives, also ones that a careless reader would be harmed by."""

from __future__ import annotations

import io
import tarfile
import zipfile


def zipped(members: dict[str, bytes], link: str | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        if link:
            info = zipfile.ZipInfo("link")
            info.external_attr = 0o120777 << 16
            archive.writestr(info, link)
    return buffer.getvalue()


def tarred(members: dict[str, bytes], **special) -> bytes:
    """Return a tar.gz; `special` are the fields of one more member."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        if special:
            info = tarfile.TarInfo(special.pop("name", "odd"))
            for key, value in special.items():
                setattr(info, key, value)
            archive.addfile(info)
    return buffer.getvalue()
