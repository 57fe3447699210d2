"""What the libraries beneath raise, as our errors: one place for all file systems.

Credentials never get into a message, and an exception that shows them is not chained.
"""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ..errors import DaybreakError, SourceError
from .remote import Interrupted
from .remote_url import Address

_EXTRAS: Final = {"paramiko": "sftp", "s3fs": "s3", "aiobotocore": "s3", "aiohttp": "http"}
"""The extra of the package that brings a library along."""

_PASSING: Final = {
    "aiohttp": {"ClientConnectionError", "ClientPayloadError", "ServerTimeoutError"},
    "botocore": {
        "ConnectionError",
        "HTTPClientError",
        "ReadTimeoutError",
        "ResponseStreamingError",
    },
    "paramiko": {"SSHException", "NoValidConnectionsError"},
}
"""By library the exceptions after which the same may succeed."""

_LASTING: Final = {
    "AuthenticationException",
    "BadHostKeyException",
    "SSLError",  # of botocore: a certificate that is not trusted
}
_PASSING_ERRNOS: Final = {
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.ETIMEDOUT,
    errno.ESTALE,
}


@contextmanager
def reading(address: Address) -> Iterator[None]:
    """Say of what cannot be read in the block which file that is, and what to do about it.

    Raises:
        Interrupted: If the same may succeed later.
        SourceError: If it will not.
    """
    try:
        yield
    except (DaybreakError, Interrupted):
        raise
    except Exception as exc:  # noqa: BLE001 - libraries raise what they like
        if is_passing(exc):
            raise Interrupted(address.scrub(_in_words(exc))) from _chained(exc, address)
        raise _lasting(exc, address) from _chained(exc, address)


def is_passing(exc: BaseException) -> bool:
    """Say whether the same may succeed later."""
    reason = getattr(exc, "reason", None)
    if isinstance(reason, BaseException):  # what urllib wraps
        return is_passing(reason)
    if isinstance(exc, socket.gaierror):
        return exc.errno == socket.EAI_AGAIN
    if isinstance(exc, ssl.SSLCertVerificationError):
        return False
    if isinstance(exc, OSError) and exc.errno in _PASSING_ERRNOS:
        return True
    kinds = (TimeoutError, ConnectionError, EOFError, ssl.SSLError, http.client.HTTPException)
    return isinstance(exc, kinds) or _is_passing_in_its_library(exc)


def _is_passing_in_its_library(exc: BaseException) -> bool:
    kinds = [(kind.__module__.partition(".")[0], kind.__name__) for kind in type(exc).__mro__]
    if any(name in _LASTING for _, name in kinds):
        return False
    return any(name in _PASSING.get(library, ()) for library, name in kinds)


def _lasting(exc: Exception, address: Address) -> SourceError:
    where = address.shown
    match exc:
        case FileNotFoundError():
            return SourceError(f"{where} does not exist", hint="check the path or URL")
        case IsADirectoryError():
            return SourceError(
                f"{where} is a folder",
                hint="fetch one file, several by a pattern (folder/*.csv), or an archive",
            )
        case PermissionError():
            return SourceError(
                f"no permission to read {where}", hint="ask for the right to read it"
            )
        case ImportError():
            return _missing(exc, where)
        case ValueError() if "rotocol not known" in str(exc):
            return SourceError(
                f"unknown scheme {address.scheme!r} in {where}",
                hint="write file://, https://, sftp://, s3:// or a path",
            )
    return SourceError(f"{where} cannot be read: {address.scrub(_in_words(exc))}")


def _missing(exc: ImportError, where: str) -> SourceError:
    named = f"{exc.name} {exc}"
    extra = next((extra for library, extra in _EXTRAS.items() if library in named), None)
    hint = f"pip install 'daybreak[{extra}]'" if extra else "install it"
    return SourceError(f"{where} needs a library that is not installed: {exc}", hint=hint)


def _in_words(exc: BaseException) -> str:
    return f"{type(exc).__name__}: {exc}".removesuffix(": ")


def _chained(exc: BaseException, address: Address) -> BaseException | None:
    """Return an exception to chain, unless it or what it was chained to shows credentials."""
    seen: set[int] = set()
    one: BaseException | None = exc
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        text = " ".join([str(one), repr(one), *getattr(one, "__notes__", [])])
        if address.scrub(text) != text:
            return None
        one = one.__cause__ or one.__context__
    return exc
