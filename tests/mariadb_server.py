"""A real MariaDB for tests, where one is installed; it cannot outlive the process that started it.

Run as a script it starts a server on a unix socket in a folder of its own, prints the socket, and
stops the server and removes the folder when its standard input ends: whoever holds the other end of
that pipe owns the server, however that ends. One server serves all test processes of a session;
each test gets a database of its own (see conftest.py).
"""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pymysql

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVERS: Final = ("mariadbd", "/usr/sbin/mariadbd")
INSTALLERS: Final = ("mariadb-install-db", "/usr/bin/mariadb-install-db")
START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 30.0
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
MEMORY_BYTES_MIN: Final = 2 * 10**9

# Nothing here must survive a power cut, only a killed client: so nothing is synced to disk.
OPTIONS: Final = (
    "--skip-networking",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=32M",
    "--max-connections=200",
    "--skip-log-bin",
    # What a careless administrator may have set: the session sets its own.
    "--sql-mode=",
    "--transaction-isolation=REPEATABLE-READ",
    "--character-set-server=latin1",
)


def server_program() -> str | None:
    """Return the server's program; None where it is not installed."""
    return next((found for name in SERVERS if (found := shutil.which(name))), None)


@contextmanager
def running_server() -> Iterator[Path]:
    """Run a server of one's own; give its socket.

    Raises:
        RuntimeError: If it did not start (its log stands on standard error), or was not ended.
    """
    with subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the owner; the server ends with its pipe
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        socket = process.stdout.readline().strip()
        if not socket:
            raise RuntimeError(f"MariaDB did not start: exit status {process.wait()}")
        try:
            yield Path(socket)
        finally:
            process.stdin.close()
            status = process.wait(STOP_TIMEOUT_S)
        if status:
            raise RuntimeError(f"who keeps MariaDB ended with status {status}: it may run on")


@contextmanager
def database(socket: Path, name: str) -> Iterator[str]:
    """Make an empty database, and drop it behind the block; give its URL."""
    with _connected(socket) as connection:
        connection.cursor().execute(f"create database `{name}`")
        try:
            yield f"mariadb://root@/{name}?unix_socket={socket}"
        finally:
            connection.cursor().execute(f"drop database `{name}`")


def _connected(socket: Path) -> pymysql.Connection[Any]:
    return pymysql.connect(unix_socket=str(socket), user="root", autocommit=True, ssl_disabled=True)


def serve() -> None:
    """Start a server, say where it listens, and stop it when standard input ends."""
    program = server_program()
    assert program is not None, "no MariaDB is installed"
    folder = Path(tempfile.mkdtemp(prefix="daybreak-mariadb-", dir=_place()))
    try:
        _serve_in(folder, program)
    finally:
        shutil.rmtree(folder)


def _serve_in(folder: Path, program: str) -> None:
    _install(folder)
    socket = folder / "socket"
    own = ["--no-defaults", f"--datadir={folder / 'data'}", f"--user={getpass.getuser()}"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [program, *own, f"--socket={socket}", f"--pid-file={folder / 'pid'}", *OPTIONS],
            stdout=log,
            stderr=log,
        )
    try:
        if _is_up(server, socket):
            print(socket, flush=True)  # noqa: T201 - the answer
            sys.stdin.read()
        else:
            sys.stderr.write((folder / "log").read_text(errors="replace"))
    finally:
        server.terminate()
        try:
            server.wait(STOP_TIMEOUT_S / 2)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _install(folder: Path) -> None:
    """Make the system tables."""
    program = next(found for name in INSTALLERS if (found := shutil.which(name)))
    subprocess.run(
        [
            program,
            "--no-defaults",
            f"--datadir={folder / 'data'}",
            f"--user={getpass.getuser()}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _is_up(server: subprocess.Popen[bytes], socket: Path) -> bool:
    """Wait until the server answers; say whether it does."""
    ends_at = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < ends_at and server.poll() is None:
        try:
            _connected(socket).close()
        except pymysql.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _place() -> Path | None:
    """Return where the server's folder is made; None for where temporary files go."""
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN else None


if __name__ == "__main__":
    serve()
