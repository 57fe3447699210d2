"""URLs of files: what they name, what of them may be shown, and what is secret in them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from ..errors import SourceError

HTTP: Final = frozenset({"http", "https"})
SFTP: Final = frozenset({"sftp", "ssh", "scp"})
S3: Final = frozenset({"s3", "s3a"})
_LITERAL: Final = frozenset({"file", "local", "memory"}) | SFTP | S3
"""Schemes whose paths are taken as they stand: `?`, `#` and `%` are characters like others."""

_CHAIN: Final = re.compile(r"::(?=[A-Za-z][\w+.-]*(?:://|::))")
"""Where fsspec chains URLs (`zip://a.csv::https://...`); not the colons of an IPv6 address."""

_SECRET_LENGTH_MIN: Final = 4
"""Shorter texts are not looked for in messages: they would be found in any word."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a file lies; printing it shows no credentials."""

    url: str = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def shown(self) -> str:
        """What may be printed and stored: neither user, password, query nor fragment."""
        return shown(self.url)

    @property
    def scheme(self) -> str:
        """The scheme in small letters; `file` for a plain path."""
        return self.url.partition("://")[0].lower() if "://" in self.url else "file"

    @property
    def is_chain(self) -> bool:
        """Whether it is several URLs, one inside the other."""
        return len(_CHAIN.split(self.url)) > 1

    @property
    def path(self) -> str:
        """The part behind the host, as the name of a file is read from it."""
        if "://" not in self.url:
            return self.url
        first = _CHAIN.split(self.url)[0]
        rest = first.partition("://")[2]
        if self.scheme in {"file", "local", "memory"} | S3:
            return rest
        if self.scheme in SFTP:
            return "/" + rest.partition("/")[2]
        return unquote(_without_query(rest).partition("/")[2])

    @property
    def name(self) -> str:
        """The name of the file.

        Raises:
            SourceError: If there is none.
        """
        name = self.path.rstrip("/").rpartition("/")[2]
        if name in {"", ".", ".."}:
            raise SourceError(
                f"{self.shown} names no file", hint="give the whole path, down to the file's name"
            )
        return name

    @property
    def is_pattern(self) -> bool:
        """Whether it looks like a pattern; a file may still have exactly that name."""
        return has_magic(self.path, self.scheme)

    @property
    def digest(self) -> str:
        """A hash by which the same place is known again, whoever asks for it."""
        scheme, _, rest = self.url.partition("://")
        authority, slash, path = rest.partition("/")
        anonymous = f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}" if rest else self.url
        return hashlib.sha256(anonymous.encode("utf-8", "surrogateescape")).hexdigest()

    def scrub(self, text: str) -> str:
        """Return a message without anything secret."""
        clean = text.replace(self.url, self.shown)
        for secret in sorted(set(self._secrets()), key=len, reverse=True):
            clean = clean.replace(secret, "***")
        return clean

    def _secrets(self) -> Iterator[str]:
        found = (*_secrets_of_url(self.url), *_texts_in(self.options))
        yield from (secret for secret in found if len(secret) >= _SECRET_LENGTH_MIN)


def shown(url: str) -> str:
    """Return a URL without user, password, query and fragment: what may be printed and stored."""
    return "::".join(map(_shown_alone, _CHAIN.split(url)))


def has_magic(path: str, scheme: str) -> bool:
    """Say whether a path has characters by which files are matched."""
    magic = "*[" if scheme in HTTP else "*?["
    return any(character in path for character in magic)


def _shown_alone(url: str) -> str:
    if "://" not in url:
        return url
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in _LITERAL:
        rest = _without_query(rest)
    authority, slash, path = rest.partition("/")
    if "@" not in authority and "@" in path and _has_no_port(authority):
        return f"{scheme}://{rest.rpartition('@')[2]}"  # a password with a bare slash in it
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def _has_no_port(authority: str) -> bool:
    colon, port = authority.rpartition(":")[1:]
    return bool(colon) and not port.isdigit() and not authority.endswith("]")


def _without_query(rest: str) -> str:
    return re.split(r"[?#]", rest, maxsplit=1)[0]


def _secrets_of_url(url: str) -> Iterator[str]:
    for part in _CHAIN.split(url):
        if "://" not in part:
            continue
        scheme, _, rest = part.partition("://")
        user, at, _ = rest.partition("/")[0].rpartition("@")
        if at:
            yield from (user, unquote(user), *user.split(":", 1), *unquote(user).split(":", 1))
        if scheme.lower() not in _LITERAL:
            query = urlsplit(part).query
            yield from (query, *(value for _, value in parse_qsl(query)))
            yield from (part.partition("=")[2] for part in query.split("&"))


def _texts_in(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for inner in value.values():
                yield from _texts_in(inner)
        case list() | tuple():
            for inner in value:
                yield from _texts_in(inner)
