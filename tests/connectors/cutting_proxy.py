"""A door before a server on loopback that cuts connections after so many bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class CuttingProxy:
    """The door: each answer that is longer than `cuts[0]` is cut there, and the cut is used up."""

    port: int
    cuts: list[int] = field(default_factory=list)


@contextmanager
def cutting_proxy(host: str, port: int) -> Iterator[CuttingProxy]:  # noqa: C901 - one thing
    """Stand before a server while the block lasts."""
    listening = socket.create_server(("127.0.0.1", 0))
    proxy = CuttingProxy(listening.getsockname()[1])
    opened: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(target: object, *arguments: object) -> None:
        threads.append(threading.Thread(target=target, args=arguments))  # type: ignore[arg-type]
        threads[-1].start()

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                server = socket.create_connection((host, port))
                opened.extend((client, server))
                start(pass_on, client, server, [])
                start(pass_on, server, client, proxy.cuts)

    def pass_on(giver: socket.socket, taker: socket.socket, cuts: list[int]) -> None:
        passed = 0
        with suppress(OSError):
            while block := giver.recv(2**14):
                passed += len(block)
                if cuts and passed > cuts[0]:
                    cuts.pop(0)
                    break
                taker.sendall(block)
        for each in (giver, taker):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    start(accept)
    try:
        yield proxy
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for each in opened:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)
        for each in opened:
            each.close()
