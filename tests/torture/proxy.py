"""A proxy before PostgreSQL that understands just enough of its protocol to cut a COMMIT off.

It listens on a socket file of its own, so that a URL with another folder leads through it. What it
does to the next COMMIT is set by the test: let it pass, cut the connection before it arrives, cut
it behind the server's answer, or swallow everything from then on (a black hole). Every connection
is served by two threads, which end with it.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

NAME = ".s.PGSQL.5432"
Harm = Literal["before", "behind", "swallow"]


class Proxy:
    """What a test sees of it."""

    def __init__(self, server: Path, folder: Path) -> None:
        self.folder = folder
        self._server = server / NAME
        self._harm: Harm | None = None
        self._spare = 0
        self._lock = threading.Lock()
        self.harmed = 0
        """How many COMMITs were cut off."""

    def cut(self, harm: Harm, *, spare: int = 0) -> None:
        """Do harm to one COMMIT, after so many more that pass."""
        with self._lock:
            self._harm, self._spare = harm, spare

    def spare(self) -> None:
        """Do no harm from now on."""
        with self._lock:
            self._harm = None

    def due(self) -> Harm | None:
        """Return what is to be done to the COMMIT at hand."""
        with self._lock:
            if self._harm is None:
                return None
            if self._spare:
                self._spare -= 1
                return None
            harm, self._harm = self._harm, None
            self.harmed += 1
            return harm

    def serve(self, door: socket.socket) -> None:
        """Accept connections until the door is closed."""
        while True:
            try:
                client, _ = door.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server))
            line = _Line(self, client, server)
            for work in (line.forward, line.backward):
                threading.Thread(target=work, daemon=True).start()


class _Line:
    """One connection, both ways."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._statements: dict[bytes, bytes] = {}
        self._is_cut_behind = False
        self._is_swallowed = False

    def forward(self) -> None:
        """Pass on what the client says, message by message."""
        with contextlib.suppress(OSError, EOFError):
            self._server.sendall(self._start())
            while True:
                kind = _exactly(self._client, 1)
                size = _exactly(self._client, 4)
                body = _exactly(self._client, struct.unpack("!I", size)[0] - 4)
                if self._is_commit(kind, body):
                    match self._proxy.due():
                        case "before":
                            break
                        case "behind":
                            self._is_cut_behind = True
                        case "swallow":
                            self._is_swallowed = True
                        case None:
                            pass
                if not self._is_swallowed:
                    self._server.sendall(kind + size + body)
        self._close()

    def backward(self) -> None:
        """Pass on what the server says; cut off where the answer to a COMMIT is due."""
        with contextlib.suppress(OSError):
            while piece := self._server.recv(65536):
                if self._is_cut_behind:
                    if b"COMMIT\x00" in piece:
                        break
                elif not self._is_swallowed:
                    self._client.sendall(piece)
        if not self._is_swallowed:
            self._close()

    def _start(self) -> bytes:
        size = _exactly(self._client, 4)
        return size + _exactly(self._client, struct.unpack("!I", size)[0] - 4)

    def _is_commit(self, kind: bytes, body: bytes) -> bool:
        if kind == b"P":  # Parse: a name, and the statement that it stands for
            name, statement = body.split(b"\0")[:2]
            self._statements[name] = statement
        if kind == b"Q":
            return body.strip(b"\0").lower() == b"commit"
        return kind == b"B" and self._statements.get(body.split(b"\0")[1], b"").lower() == b"commit"

    def _close(self) -> None:
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _exactly(end: socket.socket, size: int) -> bytes:
    text = b""
    while len(text) < size:
        piece = end.recv(size - len(text))
        if not piece:
            raise EOFError
        text += piece
    return text


@contextlib.contextmanager
def proxied(server: Path) -> Iterator[Proxy]:
    """Run a proxy before the server whose socket is in the folder given."""
    with tempfile.TemporaryDirectory(prefix="daybreak-proxy-") as folder:
        proxy = Proxy(server, Path(folder))
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(Path(folder) / NAME))
            door.listen()
            thread = threading.Thread(target=proxy.serve, args=(door,), daemon=True)
            thread.start()
            yield proxy
            door.shutdown(socket.SHUT_RDWR)
        thread.join()
