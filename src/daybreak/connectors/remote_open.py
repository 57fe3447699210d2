"""Which module reads which URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .remote import SILENCE_S, RemoteFiles
from .remote_errors import reading
from .remote_url import HTTP, S3, SFTP, Address


@contextmanager
def opened(address: Address, *, silence_s: float = SILENCE_S) -> Iterator[tuple[RemoteFiles, str]]:
    """Give the files of the place where a URL leads, and the path of its file or pattern there.

    Raises:
        DefinitionError: If an option is unknown.
        SourceError: If the scheme is unknown, or needs a library that is not installed.
    """
    with reading(address):
        files, path = _files(address, silence_s)
    try:
        yield files, path
    finally:
        files.close()


def _files(address: Address, silence_s: float) -> tuple[RemoteFiles, str]:
    """Return what reads a URL; nothing is asked of a server yet."""
    if address.scheme in HTTP and not address.is_chain:
        from .remote_http import HttpFiles, without_user  # noqa: PLC0415 - heavy

        files = HttpFiles(address.url, address.options, silence_s=silence_s)
        return files, without_user(address.url)
    if address.scheme in SFTP and not address.is_chain:
        from .remote_sftp import SftpFiles, path_of  # noqa: PLC0415 - heavy

        return SftpFiles(address, silence_s=silence_s), path_of(address)
    if address.scheme in S3 and not address.is_chain:
        from .remote_s3 import S3Files  # noqa: PLC0415 - heavy

        return S3Files(address), address.path
    from .remote_fsspec import files_of  # noqa: PLC0415 - heavy

    return files_of(address)
