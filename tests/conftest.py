"""What every test may ask for: databases and seeds. See `pytest --fixtures tests` for the list.

One PostgreSQL is started per session, by the process that owns the session, and shared by all its
workers; a MariaDB, where one is installed, by each worker that needs it. Each test gets a database
of its own. One seed is drawn per session and printed;
`DAYBREAK_SEED=n` repeats it. At the end a session says which torture it left out.
"""

from __future__ import annotations

import gc
import os
import random
import signal
import tempfile
import zlib
from collections import Counter
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

import hypothesis
import psycopg
import pytest
from psycopg import sql

from tests import mariadb_server
from tests.kinds import TWO_KINDS, url_of_kind
from tests.postgres_server import place_in_memory, running_server

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from xdist.workermanage import WorkerController

    from tests.torture.nursery import Nursery

ENVIRONMENT_SEED = "DAYBREAK_SEED"
ENVIRONMENT_PROFILE = "DAYBREAK_PROFILE"
"""`quick`, which `make check` sets, tries few examples of each property."""

QUICK = "quick"
ENVIRONMENT_TEMPORARY = "TMPDIR"
"""Where the folders of tests are made, and those of the processes that they start: in memory.

What dies in tests is a process, never the machine: nothing has to wait for a disk.
"""

WORKER_SOCKET = "postgres_socket"

hypothesis.settings.register_profile("daybreak", deadline=None, print_blob=True)
hypothesis.settings.register_profile(QUICK, deadline=None, print_blob=True, max_examples=10)
hypothesis.settings.load_profile(os.environ.get(ENVIRONMENT_PROFILE, "daybreak"))

_session = pytest.StashKey[ExitStack]()
_socket = pytest.StashKey[Path]()
_database_numbers = count(1)
_left_out = pytest.StashKey[Counter[str]]()


# ---------------------------------------------------------------- chance


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Draw the session's seed, unless it was given; workers and child processes inherit it."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored under nohup, and so by all children
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # likewise in a shell's background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if (memory := place_in_memory()) is not None:
        os.environ.setdefault(ENVIRONMENT_TEMPORARY, str(memory))
        tempfile.tempdir = None  # to be asked for anew
    config.stash[_session] = ExitStack()
    config.stash[_left_out] = Counter()
    session_seed = os.environ.setdefault(
        ENVIRONMENT_SEED, str(random.SystemRandom().getrandbits(32))
    )
    if config.getoption("--hypothesis-seed") is None:
        config.option.hypothesisseed = session_seed


def pytest_report_header() -> str:
    """Say how to repeat this session's chance."""
    return f"seed: {ENVIRONMENT_SEED}={os.environ[ENVIRONMENT_SEED]}"


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """Give a seed of this test's own, drawn from the session's, and print it.

    The same `DAYBREAK_SEED` gives the same seeds, in whatever order or worker the tests run.
    """
    session_seed = os.environ[ENVIRONMENT_SEED]
    value = zlib.crc32(f"{session_seed}:{request.node.nodeid}".encode())
    print(f"seed: {value} ({ENVIRONMENT_SEED}={session_seed})")  # noqa: T201 - shown when it fails
    return value


# ---------------------------------------------------------------- the heap of a session


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among what tests and modules are made of: nearly all of it stays.

    A full look costs a quarter of a second, and what is collected is left out of all later ones.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


# ---------------------------------------------------------------- what does not run


FIXTURES_OF_KINDS: Final = {
    "postgresql": {"postgres_url", "postgres_socket"},
    "duckdb": {"duckdb_url"},
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Make slow what is slow on a kind of database and runs there, before it is left out."""
    for item in items:
        for kind in FIXTURES_OF_KINDS:
            if item.get_closest_marker(f"slow_on_{kind}") is not None and _runs_on(kind, item):
                item.add_marker(pytest.mark.slow)


def _runs_on(kind: str, item: pytest.Item) -> bool:
    """Say whether a test runs on a kind of database: by its fixtures, or by a parameter."""
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return kind in parameters or not FIXTURES_OF_KINDS[kind].isdisjoint(
        getattr(item, "fixturenames", ())
    )


WORKER_LEFT_OUT = "left_out"


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count the torture that was not asked for, by module."""
    for item in items:
        if item.get_closest_marker("torture") is not None:
            item.config.stash[_left_out][item.location[0]] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Have a worker tell its controller, which collects nothing itself."""
    workeroutput: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if workeroutput is not None:
        left_out = session.config.stash[_left_out]
        workeroutput[WORKER_LEFT_OUT] = dict(left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: WorkerController) -> None:
    """Take what a worker left out: all workers collect the same. One that crashed tells nothing."""
    told: Counter[str] = Counter(getattr(node, "workeroutput", {}).get(WORKER_LEFT_OUT, {}))
    node.config.stash[_left_out] = node.config.stash[_left_out] | told


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what was left out, so that nobody believes it ran."""
    left_out = config.stash[_left_out]
    if not left_out:
        return
    title = f"left out: {left_out.total()} tests marked torture; `make torture-tests` runs them"
    terminalreporter.section(title, sep="-")
    for module, tests in sorted(left_out.items()):
        terminalreporter.line(f"{module}: {tests}")


# ---------------------------------------------------------------- databases


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell a worker where the session's PostgreSQL listens; start it for the first one."""
    node.workerinput[WORKER_SOCKET] = str(_postgres_socket(node.config))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what the session started."""
    config.stash[_session].close()


def _postgres_socket(config: pytest.Config) -> Path:
    workerinput: dict[str, str] | None = getattr(config, "workerinput", None)
    if workerinput is not None:
        return Path(workerinput[WORKER_SOCKET])
    if _socket not in config.stash:
        config.stash[_socket] = config.stash[_session].enter_context(running_server())
    return config.stash[_socket]


@pytest.fixture(scope="session")
def postgres_socket(pytestconfig: pytest.Config) -> Path:
    """Give the folder of the socket on which the session's PostgreSQL 18 listens."""
    return _postgres_socket(pytestconfig)


@pytest.fixture(scope="session")
def postgres_admin(postgres_socket: Path) -> Iterator[psycopg.Connection]:
    """Give a connection that may create and drop databases; one per worker."""
    with psycopg.connect(
        host=str(postgres_socket), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        yield connection


@pytest.fixture
def postgres_url(postgres_admin: psycopg.Connection, postgres_socket: Path) -> Iterator[str]:
    """Give the URL of an empty PostgreSQL database of this test's own, dropped afterwards."""
    name = f"test_{os.getpid()}_{next(_database_numbers)}"
    database = sql.Identifier(name)
    postgres_admin.execute(sql.SQL("CREATE DATABASE {} STRATEGY file_copy").format(database))
    yield f"postgresql://postgres@/{name}?host={postgres_socket}"
    postgres_admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Give the URL of an SQLite file of this test's own, which does not exist yet."""
    return f"sqlite:///{tmp_path / 'x.db'}"


@pytest.fixture(scope="session")
def mariadb_socket(pytestconfig: pytest.Config) -> Path:
    """Give the socket on which this worker's MariaDB listens; skip where none is installed."""
    if mariadb_server.server_program() is None:
        pytest.skip("no MariaDB is installed: .ci/install-mariadb installs Debian's")
    return pytestconfig.stash[_session].enter_context(mariadb_server.running_server())


@pytest.fixture
def mysql_url(mariadb_socket: Path) -> Iterator[str]:
    """Give the URL of an empty MariaDB database of this test's own, dropped afterwards."""
    name = f"test_{os.getpid()}_{next(_database_numbers)}"
    with mariadb_server.database(mariadb_socket, name) as url:
        yield url


@pytest.fixture
def duckdb_url(tmp_path: Path) -> str:
    """Give the URL of a DuckDB file of this test's own, which does not exist yet."""
    return f"duckdb:///{tmp_path / 'x.duckdb'}"


@pytest.fixture(params=TWO_KINDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of an empty database of this test's own: the test runs once on each kind.

    A module that gives this name to a fixture of its own, `tests.kinds.every_kind`, runs on more.
    """
    return url_of_kind(request)


# ---------------------------------------------------------------- processes


@pytest.fixture(scope="session")
def nest() -> Iterator[Nursery]:
    """Give a process that forks real ones: a command costs a third of what a start of its own does.

    Who wants to see the start itself starts a process. What is killed, and how a command ends that
    was killed, is the same in both.
    """
    from tests.torture.nursery import nursery  # noqa: PLC0415 - most sessions have no need of it

    with nursery() as found:
        yield found
