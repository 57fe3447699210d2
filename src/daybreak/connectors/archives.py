"""Archives: unpacked beside their place under a temporary name, then renamed as a whole folder.

Only members that stay inside the folder are taken: no absolute paths, no `..`, no links that lead
out, no devices. One bad member refuses the whole archive.
"""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Final

from ..errors import SourceError
from .publishing import remove, rename, sync_folder, temporary

SUFFIXES: Final = (".tar.gz", ".tgz", ".tar", ".zip")

_DAMAGES: Final = (
    tarfile.ReadError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,  # what zipfile raises for an archive with a password, or of an unknown kind
)


def is_archive(name: str) -> bool:
    """Say whether a file's name is that of an archive we unpack."""
    return name.lower().endswith(SUFFIXES)


def name_unpacked(name: str) -> str:
    """Return the name of the folder into which an archive is unpacked."""
    suffix = next(suffix for suffix in SUFFIXES if name.lower().endswith(suffix))
    return name[: -len(suffix)] or "unpacked"


def unpack_archive(archive: Path, folder: Path) -> None:
    """Unpack an archive as a folder, which is replaced if it is there.

    Raises:
        SourceError: If it is no archive, is damaged, or has a member that leads out of the folder.
            Nothing was published.
    """
    try:
        with temporary(folder) as partial:
            partial.mkdir()
            _extract(archive, partial)
            _sync_all(partial)
            remove(folder)
            rename(partial, folder)
    except tarfile.FilterError as exc:
        raise _unsafe(archive, exc.tarinfo.name) from exc
    except _DAMAGES as exc:
        raise SourceError(
            f"{archive.name} is no archive, or a damaged one: {exc}",
            hint="ask for the file again; give its sha256 to be sure of it",
        ) from exc
    except OSError as exc:
        raise SourceError(
            f"{archive.name} cannot be unpacked: {exc.strerror or exc}",
            hint="make room, or give the right to write there; then run again",
        ) from exc


def _extract(archive: Path, folder: Path) -> None:
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as zipped:
            for member in zipped.infolist():
                _refuse_unsafe(archive, member)
            zipped.extractall(folder)  # noqa: S202 - every member was looked at
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter=_inside)  # noqa: S202 - the filter looks at every member


def _inside(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    if member.name.startswith(("/", os.sep)):
        raise tarfile.AbsolutePathError(member)
    return tarfile.data_filter(member, folder)


def _refuse_unsafe(archive: Path, member: zipfile.ZipInfo) -> None:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    mode = member.external_attr >> 16
    leads_out = path.is_absolute() or ".." in path.parts
    if leads_out or stat.S_ISLNK(mode):
        raise _unsafe(archive, member.filename)


def _unsafe(archive: Path, member: str) -> SourceError:
    return SourceError(
        f"{archive.name} has a member that leads out of its folder: {member!r}",
        hint="do not trust this archive; nothing of it was unpacked",
    )


def _sync_all(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_dir():
            sync_folder(path)
        elif path.is_file():
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
    sync_folder(folder)
