"""Files over HTTP(S), by the standard library: conditional ranges, proven ends, digests.

Why not fsspec's: decision 0023. A proxy is taken from the environment, certificates are verified.
"""

from __future__ import annotations

import base64
import binascii
import email.utils
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import IO, Any, Final
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from ..errors import DefinitionError
from .remote import SILENCE_S, Interrupted, Look, Reading
from .sums import ALGORITHMS_BY_FIELD

_READ_BYTES: Final = 2**18
_PASSING: Final = {408, 425, 429, 500, 502, 503, 504}
_MISSING: Final = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
_DENIED: Final = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_AS_IT_STANDS: Final = "!$%&'()*+,/:;=?@[]~"
"""What a URL may hold beside letters and digits; the rest is encoded."""

_RANGE: Final = re.compile(r"bytes (?P<first>\d+)-(?P<last>\d+)/(?P<total>\d+)")


class HttpFiles:
    """The files of an HTTP server.

    Args:
        url: Any URL of that server: user and password in it are sent to it, and to no other.
        options: `headers`, a mapping: sent to this server, and to no other.
        silence_s: How long it may say nothing.

    Raises:
        DefinitionError: If an option is unknown.
    """

    def __init__(
        self, url: str, options: Mapping[str, Any], *, silence_s: float = SILENCE_S
    ) -> None:
        if unknown := set(options) - {"headers"}:
            raise DefinitionError(
                f"unknown option {min(unknown)!r} of HTTP", hint="options= may hold headers"
            )
        self._headers = {**_authorization(url), **options.get("headers", {})}
        self._origin = _origin(url)
        self._silence_s = silence_s

    def look(self, path: str) -> Look:
        """Return what the server says of a file now: it is asked for the first byte."""
        with self._asked(path, {"Range": "bytes=0-0"}) as response:
            return _look(response)

    @contextmanager
    def reading(self, path: str, start: int, then: Look | None) -> Iterator[Reading]:
        """Read a file from `start` on if it is provably as it was `then`, else from its start."""
        if start and then is not None and (condition := _condition(then)):
            wanted = {"Range": f"bytes={start}-", "If-Range": condition}
            with self._asked(path, wanted) as response:
                look = _look(response)
                if response.status == HTTPStatus.OK:
                    yield _reading(response, look, 0)
                    return
                if _first(response) == start and look.is_surely(then):
                    yield _reading(response, look, start)
                    return
        with self._asked(path, {}) as response:
            yield _reading(response, _look(response), 0)

    def is_file(self, path: str) -> bool:
        """Say whether there is a file of exactly that name."""
        try:
            self.look(path)
        except (FileNotFoundError, PermissionError):  # some stores deny what is not there
            return False
        return True

    def matching(self, pattern: str) -> list[str]:
        """Return what matches among the links of the folder's page."""
        from fsspec.implementations.http import (  # type: ignore[import-untyped] # noqa: PLC0415
            HTTPFileSystem,  # heavy, and needs an extra
        )

        system = HTTPFileSystem(headers=self._headers, skip_instance_cache=True)
        return sorted(str(found) for found in system.glob(pattern))

    def beside(self, path: str, name: str) -> str:
        """Return the URL of another file in the folder of a file, with the same query."""
        parts = urlsplit(urljoin(path, quote(name)))
        return urlunsplit((*parts[:3], urlsplit(path).query, ""))

    def close(self) -> None:
        """Do nothing: each request has a connection of its own."""

    @contextmanager
    def _asked(self, path: str, headers: Mapping[str, str]) -> Iterator[http.client.HTTPResponse]:
        """Give the answer to a GET.

        A range that the file does not have is asked for no more: the file as a whole is.
        """
        asked = urllib.request.Request(  # noqa: S310 - its scheme was looked at
            quote(path, safe=_AS_IT_STANDS),
            headers={"Accept-Encoding": "identity", "User-Agent": "daybreak", **headers},
        )
        opener = urllib.request.build_opener(_Redirects(self._origin, self._headers))
        if _origin(path) == self._origin:
            _add_private(asked, self._headers)
        try:
            response = opener.open(asked, timeout=self._silence_s)
        except urllib.error.HTTPError as exc:
            with exc:
                is_beyond = exc.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
                if not (is_beyond and "Range" in headers):
                    raise _refusal(exc) from None
            with self._asked(path, {}) as whole:
                yield whole
            return
        with response:
            yield response


def without_user(url: str) -> str:
    """Return a URL as it is asked for: user and password are sent as a header instead."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but takes credentials to no other server and never leaves TLS."""

    def __init__(self, origin: tuple[str, str], headers: Mapping[str, str]) -> None:
        self._origin = origin
        self._headers = headers

    def redirect_request(  # noqa: PLR0917 - urllib's
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request to the place to which a server sends us."""
        if req.type == "https" and urlsplit(newurl).scheme != "https":
            raise PermissionError("the server redirects from https to another scheme")
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and _origin(newurl) == self._origin:
            _add_private(request, self._headers)
        return request


def _add_private(request: urllib.request.Request, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        request.add_unredirected_header(name, value)


def _authorization(url: str) -> dict[str, str]:
    user, at, _ = urlsplit(url).netloc.rpartition("@")
    if not at:
        return {}
    packed = base64.b64encode(unquote(user).encode()).decode()
    return {"Authorization": f"Basic {packed}"}


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower()


def _refusal(exc: urllib.error.HTTPError) -> Exception:
    """Return what a status means."""
    text = f"the server answers {exc.code} {exc.reason}".rstrip()
    if exc.code in _MISSING:
        return FileNotFoundError(text)
    if exc.code in _DENIED:
        return PermissionError(text)
    if exc.code in _PASSING:
        after = exc.headers.get("Retry-After", "") if exc.headers else ""
        return Interrupted(text, wait_s=float(after) if after.isdecimal() else 0.0)
    return OSError(text)


# ---------------------------------------------------------------- what the headers say


def _condition(then: Look) -> str | None:
    """Return the validator after which a range is of the same bytes; None if there is none."""
    if then.version is not None:
        return then.version
    if then.modified_at is not None:
        return email.utils.formatdate(then.modified_at, usegmt=True)
    return None


def _look(response: http.client.HTTPResponse) -> Look:
    headers = response.headers
    tag = headers.get("ETag")
    modified_at, now = _instant(headers.get("Last-Modified")), _instant(headers.get("Date"))
    rested_s = now - modified_at if now is not None and modified_at is not None else None
    return Look(
        size=_size(response),
        version=None if tag is None or tag.startswith("W/") else tag,
        modified_at=modified_at,
        rested_s=rested_s,
        sums=_sums(response),
    )


def _size(response: http.client.HTTPResponse) -> int | None:
    if response.status == HTTPStatus.PARTIAL_CONTENT:
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        return int(found["total"]) if found else None
    length = response.headers.get("Content-Length", "")
    is_chunked = "Transfer-Encoding" in response.headers
    return int(length) if length.isdecimal() and not is_chunked else None


def _first(response: http.client.HTTPResponse) -> int | None:
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(found["first"]) if found else None


def _instant(text: str | None) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text or "").timestamp()
    except ValueError:
        return None


def _sums(response: http.client.HTTPResponse) -> dict[str, str]:
    """Return the digests of the whole file: of an answer that is a part, only those that are."""
    headers = response.headers
    fields = ["Repr-Digest", "Digest"]
    if response.status == HTTPStatus.OK:
        fields.append("Content-Digest")
    found: dict[str, str] = {}
    for name in fields:
        for part in ",".join(headers.get_all(name, [])).split(","):
            label, _, value = part.strip().partition("=")
            algorithm = ALGORITHMS_BY_FIELD.get(label.lower())
            digest = _from_base64(value.strip(":"))
            if algorithm and digest:
                found[algorithm] = digest
    if response.status == HTTPStatus.OK and (md5 := _from_base64(headers.get("Content-MD5", ""))):
        found["md5"] = md5
    return found


def _from_base64(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).hex() or None
    except binascii.Error:
        return None


# ---------------------------------------------------------------- bytes


def _reading(response: http.client.HTTPResponse, look: Look, start: int) -> Reading:
    length = response.length if look.size is None else look.size - start
    is_chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
    encoding = response.headers.get("Content-Encoding", "").lower().removeprefix("x-")
    return Reading(
        start,
        look,
        _blocks(response, length),
        ends_surely=length is not None or is_chunked,
        encoding="" if encoding == "identity" else encoding,
    )


def _blocks(response: http.client.HTTPResponse, length: int | None) -> Iterator[bytes]:
    """Yield what comes, as it comes: what came before a cut is not lost."""
    came = 0
    while length is None or came < length:
        block = response.read1(_READ_BYTES if length is None else min(_READ_BYTES, length - came))
        if not block:
            break
        came += len(block)
        yield block
    if length is not None and came < length:
        raise Interrupted(f"the connection ended after {came:,} bytes of {length:,}")
