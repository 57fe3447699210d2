"""Archives: unpacked beside their place under a temporary name, then renamed as a whole folder.

Only files and folders that stay inside the folder are taken: no absolute paths, no `..`, no
devices. A link in a tar to a file that came before it becomes a second name of that file; any other
link, and a name that comes twice, refuses the archive. One bad member refuses all of it.
"""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final, Self

from ..errors import SourceError
from .compressed import Damaged, Unpacked
from .publishing import remove, rename, sync_all, temporary
from .remote import BLOCK_BYTES
from .room import UnpackingBound

SUFFIXES: Final = (".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar", ".zip")

_DAMAGES: Final = (
    Damaged,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,  # what zipfile raises for an archive with a password, or of an unknown kind
)
_LONG_HEADER_BYTES_MAX: Final = 2**20
"""The most that a tar may say about one member: it is held in memory."""

_LONG_HEADERS: Final = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


def is_archive(name: str) -> bool:
    """Say whether a file's name is that of an archive we unpack."""
    return name.lower().endswith(SUFFIXES)


def unpack_archive(archive: Path, folder: Path, bound: UnpackingBound) -> None:
    """Unpack an archive as a folder, which is replaced if it is there.

    Raises:
        SourceError: If it is no archive, is damaged or cut off, has a member that leads out of the
            folder, or is too large. Nothing was published.
    """
    with _in_words(archive), temporary(folder) as partial:
        partial.mkdir()
        _extract(archive, partial, bound)
        sync_all(partial)
        remove(folder)
        rename(partial, folder)


@contextmanager
def _in_words(archive: Path) -> Iterator[None]:
    try:
        yield
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


def _extract(archive: Path, folder: Path, bound: UnpackingBound) -> None:
    members = _Members(archive, folder, bound)
    if archive.name.lower().endswith(".zip"):
        _extract_zip(archive, members, bound)
    else:
        _extract_tar(archive, members, bound)


def _extract_zip(archive: Path, members: _Members, bound: UnpackingBound) -> None:
    with zipfile.ZipFile(archive) as zipped:
        for member in zipped.infolist():
            if stat.S_ISLNK(member.external_attr >> 16):
                raise members.leads_out(member.filename)
            if member.is_dir():
                members.add_folder(member.filename)
                continue
            with zipped.open(member) as content:
                members.add_file(member.filename, content, bound)


def _extract_tar(archive: Path, members: _Members, bound: UnpackingBound) -> None:
    """Read a tar from its beginning to its end, which has to be there."""
    with Unpacked(archive, bound) as stream:
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Member) as tar:
            for member in tar:
                tar.members = []  # type: ignore[attr-defined] # it would remember every one
                _add_from_tar(tar, member, members)
        while stream.read():  # to its end: the checksum of what was packed stands there
            pass


def _add_from_tar(tar: tarfile.TarFile, member: tarfile.TarInfo, members: _Members) -> None:
    if member.isdir():
        members.add_folder(member.name)
    elif member.islnk():
        members.add_name(member.name, member.linkname)
    elif member.issym():
        beside = PurePosixPath(member.name).parent / member.linkname
        members.add_name(member.name, os.path.normpath(beside))
    elif member.isreg() and (content := tar.extractfile(member)) is not None:
        members.add_file(member.name, content, members.written)
    else:
        raise SourceError(
            f"{members.archive.name} has a member that is no file: {member.name!r}",
            hint="do not trust this archive; nothing of it was unpacked",
        )


class _Member(tarfile.TarInfo):
    """A member of a tar, whose names and attributes fit into memory.

    Where no member can be read the archive has to end: tarfile takes a damaged header for an end.
    """

    @classmethod
    def fromtarfile(cls, tar: tarfile.TarFile) -> Self:
        """Return the next member."""
        try:
            return super().fromtarfile(tar)
        except tarfile.HeaderError as exc:
            if (
                type(exc).__name__ == "EOFHeaderError"
            ):  # the zeros at the end; it has no public name
                raise
            raise Damaged(f"{exc} at byte {tar.offset:,}") from exc

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _LONG_HEADERS and self.size > _LONG_HEADER_BYTES_MAX:
            raise Damaged(f"a member has {self.size:,} bytes of names and attributes")
        processed: tarfile.TarInfo = super()._proc_member(tar)  # type: ignore[misc] # documented there
        return processed


class _Members:
    """The members of one archive, as they are written below a folder."""

    def __init__(self, archive: Path, folder: Path, bound: UnpackingBound) -> None:
        self.archive = archive
        self._folder = folder
        self._bound = bound
        self.written = UnpackingBound(archive, bound.ratio)
        """Counts what is written of a tar: also its holes, which did not come out of it."""

    def add_folder(self, name: str) -> None:
        """Add a folder."""
        self._bound.take_member()
        self._place(name).mkdir(parents=True, exist_ok=True)

    def add_file(self, name: str, content: IO[bytes], bound: UnpackingBound) -> None:
        """Add a file with its content."""
        place = self._new_place(name)
        with place.open("xb") as file:
            while block := content.read(BLOCK_BYTES):
                bound.take(len(block))
                file.write(block)

    def add_name(self, name: str, target: str) -> None:
        """Add a second name of a file that is there."""
        if _leads_out(target):
            raise self.leads_out(name)
        there = self._place(target)
        if not there.is_file():
            raise Damaged(f"{name!r} is a link to {target!r}, which did not come before it")
        self._new_place(name).hardlink_to(there)

    def leads_out(self, name: str) -> SourceError:
        """Say that a member would be outside the folder."""
        return SourceError(
            f"{self.archive.name} has a member that leads out of its folder: {name!r}",
            hint="do not trust this archive; nothing of it was unpacked",
        )

    def _new_place(self, name: str) -> Path:
        self._bound.take_member()
        place = self._place(name)
        if place.exists() or place == self._folder:
            raise Damaged(f"{name!r} comes twice")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as exc:
            raise Damaged(f"{name!r} lies below a file") from exc
        return place

    def _place(self, name: str) -> Path:
        if _leads_out(name):
            raise self.leads_out(name)
        return self._folder / name


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts
