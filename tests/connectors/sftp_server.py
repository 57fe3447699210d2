"""An SFTP server on loopback, on paramiko's server side, that cuts connections when told to."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_EOF

USER: Final = "partner"
PASSWORD: Final = "top/secret"  # noqa: S105 - a test's
PASSWORD_IN_URL: Final = "top%2Fsecret"  # noqa: S105 - a test's


@dataclass
class SftpServer:
    """The server: it gives the files below a folder."""

    folder: Path
    port: int
    key: paramiko.PKey
    users_key: paramiko.PKey
    cuts: list[int] = field(default_factory=list)
    """After how many bytes each of the next connections is cut."""

    cut_shows_as_end: bool = False
    """Whether a cut says that the file ends there, as a library makes of it now and then."""

    sent_bytes: int = 0
    """Over connections that are not cut; of others nobody knows when the last byte is read."""

    connections: int = 0

    @property
    def url(self) -> str:
        """Where its folder is, with user and password."""
        return f"sftp://{USER}:{PASSWORD_IN_URL}@127.0.0.1:{self.port}"

    def known_hosts(self, path: Path) -> Path:
        """Write a file of known hosts that has its key."""
        line = f"[127.0.0.1]:{self.port} {self.key.get_name()} {self.key.get_base64()}\n"
        path.write_text(line)
        return path


@contextmanager
def sftp_server(folder: Path) -> Iterator[SftpServer]:
    """Serve a folder while the block lasts."""
    listening = socket.create_server(("127.0.0.1", 0))
    key, users_key = paramiko.ECDSAKey.generate(), paramiko.ECDSAKey.generate()
    server = SftpServer(folder, listening.getsockname()[1], key, users_key)
    transports: list[paramiko.Transport] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            server.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as sshd does
            transport = paramiko.Transport(connection)
            transports.append(transport)
            transport.add_server_key(server.key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, server, transport)
            with suppress(paramiko.SSHException, EOFError, OSError):
                transport.start_server(server=_Door(server))

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
        for transport in transports:
            transport.close()
            transport.join(5)


class _Door(paramiko.ServerInterface):
    def __init__(self, server: SftpServer) -> None:
        self._server = server

    def check_auth_password(self, username: str, password: str) -> int:
        is_right = (username, password) == (USER, PASSWORD)
        return AUTH_SUCCESSFUL if is_right else AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        is_right = username == USER and key.asbytes() == self._server.users_key.asbytes()
        return AUTH_SUCCESSFUL if is_right else AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002 - the library's
        return "password,publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002 - the library's
        return OPEN_SUCCEEDED


class _Files(paramiko.SFTPServerInterface):
    def __init__(
        self, door: Any, server: SftpServer, transport: paramiko.Transport, *rest: Any
    ) -> None:
        super().__init__(door, *rest)
        self._server = server
        self._transport = transport
        self.cut = server.cuts.pop(0) if server.cuts else None
        self.cut_shows_as_end = server.cut_shows_as_end

    @property
    def is_cut(self) -> bool:
        return self.cut is not None and self.cut <= 0

    def _at(self, path: str) -> Path:
        return self._server.folder / self.canonicalize(path).lstrip("/")

    def list_folder(self, path: str) -> Any:
        try:
            return [
                paramiko.SFTPAttributes.from_stat(each.stat(), each.name)
                for each in self._at(path).iterdir()
            ]
        except OSError as exc:
            return paramiko.SFTPServer.convert_errno(exc.errno or 0)

    def stat(self, path: str) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat(self._at(path).stat())
        except OSError as exc:
            return paramiko.SFTPServer.convert_errno(exc.errno or 0)

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:  # noqa: ARG002 - the library's
        try:
            file = self._at(path).open("rb")
        except OSError as exc:
            return paramiko.SFTPServer.convert_errno(exc.errno or 0)
        handle = _Handle(flags)
        handle.readfile = file  # type: ignore[attr-defined] # documented so
        handle.files = self
        return handle

    def sent(self, count: int) -> None:
        """Count what was read; cut the connection if it is time."""
        if self.cut is None:
            self._server.sent_bytes += count
        else:
            self.cut -= count
            if self.is_cut and not self.cut_shows_as_end:
                self._transport.close()


class _Handle(paramiko.SFTPHandle):
    files: _Files

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))  # type: ignore[attr-defined]

    def read(self, offset: int, length: int) -> Any:
        if self.files.is_cut and self.files.cut_shows_as_end:
            return SFTP_EOF
        block = super().read(offset, length)
        if isinstance(block, bytes):
            self.files.sent(len(block))
        return block
