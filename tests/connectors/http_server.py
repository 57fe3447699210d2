"""An HTTP server on loopback that does what a test tells it: cuts, lies, changes its files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

LONG_AGO: Final = 1_700_000_000
LOOK: Final = "bytes=0-0"


@dataclass
class Served:
    """One file, and how it is served."""

    content: bytes
    etag: str | None = '"1"'
    modified_at: int | None = LONG_AGO
    has_ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    """After how many bytes each of the next answers is cut, looks not counted."""

    statuses: list[int] = field(default_factory=list)
    """With what the next requests are answered instead."""

    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    """What it says its length is; None for the truth."""

    has_length: bool = True
    is_chunked: bool = False
    honours_if_range: bool = True
    skews: int = 0
    """By how much later than asked a range begins."""

    part_bytes_max: int | None = None
    """The longest part that it gives."""

    before_answer: Callable[[Served, int], None] = lambda _served, _number: None
    """Called with the number of the answer, from 1; it may change the file."""

    gate: threading.Event | None = None
    """Before a cut it waits for this, if it is given."""

    answers: int = 0


@dataclass
class HttpServer:
    """The server: its files by path, and what was asked for."""

    url: str
    files: dict[str, Served] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sent_bytes: int = 0

    def serve(self, path: str, content: bytes, **how: object) -> Served:
        """Serve a file, and return it to be changed."""
        self.files[path] = Served(content, **how)  # type: ignore[arg-type] # a test's own words
        return self.files[path]

    def ranges(self) -> list[str]:
        """Return the ranges that were asked for, looks left out."""
        found = (headers.get("range", "") for _, headers in self.asked)
        return [each for each in found if each and each != LOOK]


@contextmanager
def http_server() -> Iterator[HttpServer]:
    """Serve files while the block lasts."""
    with _Listening(("127.0.0.1", 0), _Handler) as listening:
        server = HttpServer(f"http://127.0.0.1:{listening.server_address[1]}")
        listening.told = server
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()


class _Listening(ThreadingHTTPServer):
    daemon_threads = True
    told: HttpServer

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients leave when they know enough."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10

    @property
    def _told(self) -> HttpServer:
        assert isinstance(self.server, _Listening)
        return self.server.told

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._told.asked.append((self.path, headers))
        self.close_connection = True
        served = self._told.files.get(self.path)
        if served is None:
            self._refuse(404)
        elif served.statuses:
            self._refuse(served.statuses.pop(0))
        else:
            self._answer(served, headers)

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        if status == 302:
            self.send_header("Location", self._told.files[self.path].headers["Location"])
        self.end_headers()

    def _answer(self, served: Served, headers: dict[str, str]) -> None:
        is_look = headers.get("range") == LOOK
        served.answers += not is_look
        served.before_answer(served, served.answers)
        start, end = self._range(served, headers)
        if start is not None and start >= len(served.content):
            self._refuse(416)
            return
        body = served.content[start or 0 : end]
        cut = served.cuts.pop(0) if served.cuts and not is_look else None
        self._send_headers(served, start, body)
        self._send(served, body, cut)

    def _range(self, served: Served, headers: dict[str, str]) -> tuple[int | None, int | None]:
        asked = headers.get("range", "")
        known = headers.get("if-range")
        is_same = known in (None, served.etag, self._modified(served))
        if not served.has_ranges or not asked:
            return None, None
        if not is_same and served.honours_if_range:
            return None, None
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start = int(first) + (served.skews if int(first) else 0)
        end = int(last) + 1 if last else len(served.content)
        if served.part_bytes_max:
            end = min(end, start + served.part_bytes_max)
        return start, end

    def _modified(self, served: Served) -> str | None:
        at = served.modified_at
        return None if at is None else formatdate(at, usegmt=True)

    def _send_headers(self, served: Served, start: int | None, body: bytes) -> None:
        self.send_response(200 if start is None else 206)
        if start is not None:
            total = len(served.content)
            self.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{total}")
        if served.etag:
            self.send_header("ETag", served.etag)
        if modified := self._modified(served):
            self.send_header("Last-Modified", modified)
        for name, value in served.headers.items():
            self.send_header(name, value)
        if served.is_chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif served.has_length:
            is_lie = served.length is not None and start is None
            self.send_header("Content-Length", str(served.length if is_lie else len(body)))
        self.end_headers()

    def _send(self, served: Served, body: bytes, cut: int | None) -> None:
        part = body if cut is None else body[:cut]
        if served.is_chunked:
            for at in range(0, len(part), 1000):
                chunk = part[at : at + 1000]
                self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            if cut is None:
                self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(part)
        self.wfile.flush()
        self._told.sent_bytes += len(part)
        if cut is not None and served.gate is not None:
            served.gate.wait(10)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
