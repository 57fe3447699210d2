"""Files over SFTP: the server's key is looked up before a password is sent.

`~/.ssh/known_hosts` and `~/.ssh/config` (HostName, User, Port, IdentityFile) are read as `ssh`
does. An unknown key is refused: who answers in the partner's place could give us any file.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import unquote

from ..errors import DefinitionError, SourceError
from .remote import SILENCE_S, Interrupted, Look, Reading
from .remote_fsspec import FileSystem, FsspecFiles
from .remote_url import Address

_OPTIONS: Final = frozenset(
    {"key_filename", "known_hosts", "passphrase", "password", "port", "username"}
)
_REQUEST_BYTES: Final = 2**15
_REQUESTS_AT_ONCE: Final = 64
"""Requests that are on their way while we read: what hides the distance."""


class SftpFiles(FsspecFiles):
    """The files of a host that takes SFTP.

    Args:
        address: Any URL of that host.
        silence_s: How long it may say nothing.

    Raises:
        DefinitionError: If an option is unknown.
    """

    block_bytes = _REQUEST_BYTES

    def __init__(self, address: Address, *, silence_s: float = SILENCE_S) -> None:
        if unknown := set(address.options) - _OPTIONS:
            raise DefinitionError(
                f"unknown option {min(unknown)!r} of SFTP",
                hint=f"options= may hold {', '.join(sorted(_OPTIONS))}",
            )
        super().__init__(lambda: _connected(address, silence_s))

    @contextmanager
    def reading(self, path: str, start: int, then: Look | None) -> Iterator[Reading]:
        """Read a file; when it ends before its length, the connection did.

        paramiko shows a connection that ends under an answered request as the end of the file.
        """
        with super().reading(path, start, then) as came:
            yield replace(came, blocks=_all_of(came))

    @contextmanager
    def opened(self, path: str, look: Look, start: int) -> Iterator[BinaryIO]:
        """Open a file at a place, and ask for what comes behind it in advance."""
        with self.system.ftp.open(path, "rb") as stream:
            stream.seek(start)
            _let_prefetch_die_quietly(stream)
            stream.prefetch(look.size, max_concurrent_requests=_REQUESTS_AT_ONCE)
            yield stream

    def close(self) -> None:
        """End the connection; the next call makes another one."""
        if self._connected is not None:
            self._connected.client.close()
        super().close()


def _all_of(came: Reading) -> Iterator[bytes]:
    missing = (came.look.size or 0) - came.start
    for block in came.blocks:
        missing -= len(block)
        yield block
    if missing > 0:
        raise Interrupted(f"it ended {missing:,} bytes too early")


def path_of(address: Address) -> str:
    """Return the path on the host; `sftp://host/~/in/x.csv` is below the user's home."""
    return address.path.removeprefix("/~/")


def _connected(address: Address, silence_s: float) -> FileSystem:
    import paramiko  # noqa: PLC0415 - heavy, and needs an extra
    from fsspec.implementations.sftp import (  # type: ignore[import-untyped] # noqa: PLC0415
        SFTPFileSystem,  # heavy, and needs an extra
    )

    logging.getLogger("paramiko").addHandler(logging.NullHandler())  # what matters is raised
    options = dict(address.options)
    known_hosts = options.pop("known_hosts", None)
    where = _where(address, _configured(address))

    class _KnownHosts(SFTPFileSystem):  # type: ignore[misc] # fsspec brings no types along
        """fsspec's, but the keys of hosts are those of the known hosts, and a path is a path."""

        def _connect(self) -> None:
            self.client = paramiko.SSHClient()
            self.client.load_system_host_keys(known_hosts)
            self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
            port = self.ssh_kwargs.get("port", 22)
            try:
                connection = _connection(self.host, port, silence_s)
                self.client.connect(self.host, sock=connection, **self.ssh_kwargs)
                self.ftp = self.client.open_sftp()
            except BaseException:
                self.client.close()
                raise
            if (channel := self.ftp.get_channel()) is not None:
                channel.settimeout(silence_s)

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return path

    times = {"timeout": silence_s, "banner_timeout": silence_s, "auth_timeout": silence_s}
    try:
        return _KnownHosts(**{**where, **options}, **times, skip_instance_cache=True)
    except paramiko.SSHException as exc:
        raise _refusal(exc, address, where) from None


def _connection(host: str, port: int, silence_s: float) -> socket.socket:
    """Return a connection that sends each request at once: paramiko's holds back small ones."""
    connection = socket.create_connection((host, port), timeout=silence_s)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _let_prefetch_die_quietly(stream: Any) -> None:
    """Let paramiko's thread that asks in advance end without a traceback when the connection does.

    Who reads is told of it. There is no public way to say so; without this one it is only louder.
    """
    asks = getattr(stream, "_prefetch_thread", None)
    if asks is None:
        return

    def ask(*arguments: Any) -> None:
        with suppress(Exception):
            asks(*arguments)

    stream._prefetch_thread = ask  # noqa: SLF001 - see above


def _refusal(exc: Exception, address: Address, where: Mapping[str, Any]) -> Exception:
    """Return what a failed handshake means; what is no refusal is raised as it came."""
    import paramiko  # noqa: PLC0415 - heavy

    port = where.get("port", 22)
    host = where["host"] if port == 22 else f"[{where['host']}]:{port}"  # noqa: PLR2004 - as ssh
    if isinstance(exc, paramiko.BadHostKeyException):
        return SourceError(
            f"{address.shown} cannot be read: {host} has another key than known_hosts says",
            hint="ask its operator whether the key was changed; if so, put the new one there",
        )
    if isinstance(exc, paramiko.AuthenticationException):
        return SourceError(
            f"{address.shown} cannot be read: {host} does not let this user in",
            hint="look at user, password and key; a password in the URL is percent-encoded",
        )
    if "not found in known_hosts" in str(exc):
        return SourceError(
            f"{address.shown} cannot be read: the key of {host} is not in known_hosts",
            hint="ask its operator for the key, and put it into ~/.ssh/known_hosts",
        )
    return exc


def _where(address: Address, configured: Mapping[str, Any]) -> dict[str, Any]:
    """Return host, port, user and key: what the URL says wins over ~/.ssh/config."""
    authority = address.url.partition("://")[2].partition("/")[0]
    user, _, host = authority.rpartition("@")
    name, port = _host_and_port(host)
    where: dict[str, Any] = {"host": configured.get("hostname", name)}
    if port or "port" in configured:
        where["port"] = int(port or configured["port"])
    if user or "user" in configured:
        where["username"] = unquote(user.partition(":")[0]) or configured.get("user")
    if ":" in user:
        where["password"] = unquote(user.partition(":")[2])
    if "identityfile" in configured:
        where["key_filename"] = configured["identityfile"]
    return where


def _host_and_port(host: str) -> tuple[str, str]:
    if host.startswith("["):  # IPv6
        name, _, rest = host[1:].partition("]")
        return name, rest.removeprefix(":")
    name, _, port = host.partition(":")
    if port and not port.isdigit():
        raise SourceError(
            "the URL of an SFTP host cannot be read",
            hint="write sftp://user:password@host:port/path, with the password percent-encoded",
        )
    return name, port


def _configured(address: Address) -> Mapping[str, Any]:
    import paramiko  # noqa: PLC0415 - heavy

    place = Path("~/.ssh/config").expanduser()
    authority = address.url.partition("://")[2].partition("/")[0]
    name = _host_and_port(authority.rpartition("@")[2])[0]
    if not place.is_file():
        return {}
    found: Mapping[str, Any] = paramiko.SSHConfig.from_path(str(place)).lookup(name)
    return found
