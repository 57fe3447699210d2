"""The program as a whole: quick help, exit statuses, clear words for wrong usage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from daybreak.cli.exits import Exit, exit_of_error, exit_of_outcome
from daybreak.cli.options import DISK_FREE_MB, LEASE_S, PATIENCE_S, TAKEOVER_S
from daybreak.errors import (
    CheckFailed,
    DatabaseUnreachable,
    DefinitionError,
    LeaseLost,
    LedgerError,
    ParameterError,
    RunOwned,
    StepFailed,
)
from daybreak.model import limits
from daybreak.model.status import RunStatus
from daybreak.operations.start import Outcome
from tests.cli.conftest import Type

HEAVY = ("pydantic", "psycopg", "rich", "numpy", "fsspec")

NOT_FOR_A_RUN = (
    *("psycopg", "pymysql", "duckdb", "rich", "numpy", "pyarrow", "fsspec", "scipy", "asyncio"),
    *(f"daybreak.check.{name}" for name in ("file", "keep", "sources", "summary")),
    *(f"daybreak.connectors.{name}_format" for name in ("excel", "json", "parquet", "xml")),
    *(f"daybreak.connectors.{name}" for name in ("file_sink", "files_target", "rows_source")),
    *(f"daybreak.pipeline.{name}" for name in ("async_crew", "loop", "process")),
    *("daybreak.forecast", "daybreak.connectors.update", "daybreak.operations.quarantine"),
)
"""What a run of a small CSV file into SQLite does not use."""

IMPORT = """
from dataclasses import dataclass
from daybreak import Database, Job, Work, files

db = Database("sqlite:///shop.db")
job = Job("import")

@dataclass
class Order:
    id: int
    amount: int

@job.step(impact="The shop shows old orders.")
def load() -> Work:
    return files.csv("orders.csv", Order).into(db.table("orders", Order, key="id", create=True))
"""


def test_help_and_version_import_nothing_heavy() -> None:
    assert set() == imported_by("--help", "--version", "run --help", "status -h").intersection(
        HEAVY
    )


@pytest.mark.slow
def test_a_run_imports_what_it_uses(shop: Path) -> None:
    """Each of these costs every start and every resume up to a fifth of a second."""
    (shop / "import.py").write_text(IMPORT)

    imported = imported_by("run import.py --json")

    assert {"sqlite3", "daybreak.connectors.csv_format"} <= imported
    assert [] == [name for name in NOT_FOR_A_RUN if name in imported]


@pytest.mark.slow
def test_nothing_needs_sqlalchemy(shop: Path) -> None:
    """It took a third of a second to import; now it is there for tests only."""
    imported = imported_by("run shop.py", "status", "status 1", "quarantine 1")

    assert "sqlalchemy" not in imported


def imported_by(*commands: str) -> set[str]:
    """Run commands in a process of their own, one behind another; return what it imported."""
    program = f"""
import sys
from daybreak.cli.program import execute
for command in {commands!r}:
    assert 0 == execute(command.split()), command
print(*sys.modules, file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout
    return set(done.stderr.split())


def test_the_module_is_the_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "daybreak", "--help"], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("Usage: daybreak [OPTIONS] COMMAND")
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("command", ["", "run", "status", "quarantine"])
def test_every_command_has_an_example_in_its_help(command: str, type_in: Type) -> None:
    ended = type_in(f"{command} --help")

    assert 0 == ended.status
    assert f"daybreak {command}".strip() in ended.out.partition("Examples")[2]


def test_help_says_what_the_exit_statuses_mean(type_in: Type) -> None:
    text = type_in("--help").out.partition("Exit status")[2]

    assert [str(int(one)) for one in Exit] == [line.split()[0] for line in text.splitlines()[1:]]


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        pytest.param("rn", "no such command 'rn'", "did you mean run?", id="command"),
        pytest.param("status --jsn", "no such option '--jsn'", "did you mean --json", id="option"),
        pytest.param("run", "missing argument 'FILE'", "", id="no file"),
        pytest.param("status x", "'x' is not a valid integer", "", id="no number"),
    ],
)
def test_wrong_usage_says_what_was_meant(
    words: str, message: str, hint: str, type_in: Type
) -> None:
    ended = type_in(words)

    assert Exit.USAGE == ended.status
    assert message in ended.err
    assert hint in ended.err
    assert ended.err.splitlines()[-1].startswith("  help:  daybreak")


def test_no_command_shows_the_help_and_is_wrong_usage(type_in: Type) -> None:
    ended = type_in("")

    assert Exit.USAGE == ended.status
    assert "Commands" in ended.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DefinitionError("x"), 2),
        (ParameterError("x"), 2),
        (CheckFailed("x"), 3),
        (RunOwned("x"), 5),
        (LeaseLost("x"), 5),
        (DatabaseUnreachable("x"), 1),
        (LedgerError("x"), 1),
        (StepFailed("x"), 1),
        (ValueError("x"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_has_an_exit_status(error: Exception, status: int) -> None:
    assert status == exit_of_error(error)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome("1", RunStatus.DONE), 0),
        (Outcome("1", RunStatus.DONE, was_done=True), 0),
        (Outcome("1", RunStatus.STOPPED), 4),
        (Outcome("1", RunStatus.CANCELLED, was_done=True), 1),
        (Outcome("1", RunStatus.FAILED, error=StepFailed("x")), 1),
        (Outcome("1", RunStatus.FAILED, error=CheckFailed("x")), 3),
        (Outcome("1", RunStatus.FAILED, error=LeaseLost("x")), 5),
        # Wrong usage is what is found before anything ran.
        (Outcome("1", RunStatus.FAILED, error=DefinitionError("x")), 1),
    ],
)
def test_the_end_of_a_run_has_an_exit_status(outcome: Outcome, status: int) -> None:
    assert status == exit_of_outcome(outcome)


def test_the_lease_and_the_free_room_are_those_of_the_model() -> None:
    assert (limits.LEASE_S, limits.TAKEOVER_S) == (LEASE_S, TAKEOVER_S)
    assert limits.PATIENCE_S == PATIENCE_S
    assert limits.DISK_FREE_BYTES_MIN == DISK_FREE_MB * 1_000_000


def test_a_reader_that_is_gone_is_no_traceback() -> None:
    program = "from daybreak.cli import main; main(['--help'])"
    command = f'{sys.executable} -c "{program}" | true'
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)  # noqa: S602 - a pipe is the point

    assert "" == done.stderr
