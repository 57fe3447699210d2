"""Options that several commands share, and the ledger that they mean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from .attempts import ATTEMPTS as ATTEMPTS_DEFAULT
from .attempts import OPTION as ATTEMPTS_OPTION

Command = TypeVar("Command", bound=Callable[..., Any])

LEDGER: Final = click.option(
    "--ledger",
    metavar="URL",
    help="The ledger: sqlite:///FILE or postgresql://…  [default: $DAYBREAK_LEDGER, else"
    " .daybreak/ledger.db beside the job's file]",
)
DATABASES: Final = click.option(
    "--database",
    "databases",
    metavar="[NAME=]URL",
    multiple=True,
    help="Where a database of the job is.  [default: $DAYBREAK_DATABASE_NAME, else the job's file]",
)
FILE: Final = click.option(
    "--file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The job's file, beside which the ledger is.  [default: look in the current folder]",
)
TRACEBACK: Final = click.option(
    "--traceback", is_flag=True, help="On a failure show Python's traceback too."
)
JSON: Final = click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
HELP: Final = click.help_option("-h", "--help", help="Show this and exit.")
_SUGGESTED_MAX: Final = 3

# ---------------------------------------------------------------- of commands that bring a run on

LEASE_S: Final = 30.0
"""As `model.limits.LEASE_S`, which is too heavy for `--help`; a test compares them."""

TAKEOVER_S: Final = 30.0
"""As `model.limits.TAKEOVER_S`, for the same reason."""

PATIENCE_S: Final = 60.0
"""As `model.limits.PATIENCE_S`, for the same reason."""

DISK_FREE_MB: Final = 100
"""As `model.limits.DISK_FREE_BYTES_MIN`, in millions."""

LEASE_S_MIN: Final = 1.0
KNOBS: Final = click.option(
    "--set",
    "knobs",
    metavar="STEP.KNOB=N",
    multiple=True,
    help="Turn a knob of a step: STEP.parallel=N chunks in flight, STEP.chunk=N records a chunk;"
    " auto finds it out.",
)
UNDONE: Final = click.option(
    "--undone",
    metavar="STEP",
    multiple=True,
    help="Say that what this step had committed was taken back by hand: then it may begin again.",
)
FORCE_START: Final = click.option(
    "--force-start",
    metavar="REASON",
    help="Start a critical job although its plan does not say surely enough that it ends in its"
    " window; the reason is kept in the audit.",
)
ATTEMPTS: Final = click.option(
    ATTEMPTS_OPTION,
    type=click.IntRange(min=1),
    metavar="N",
    default=ATTEMPTS_DEFAULT,
    help="How often in a row the run's process may die without getting on before the run fails;"
    f" 1: it is not started again.  [default: {ATTEMPTS_DEFAULT}]",
)
LEASE: Final = click.option(
    "--lease-s",
    type=click.FloatRange(min=LEASE_S_MIN),
    metavar="SECONDS",
    default=LEASE_S,
    help="How long other machines wait for a sign of life before they take the run over."
    f"  [default: {LEASE_S:g}]",
)
TAKEOVER: Final = click.option(
    "--takeover-s",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    default=TAKEOVER_S,
    help="How long the chunks in flight of an earlier owner are waited for before they are ended."
    f"  [default: {TAKEOVER_S:g}]",
)
PATIENCE: Final = click.option(
    "--patience-s",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    default=PATIENCE_S,
    help="How long a database or ledger that does not answer is waited for, before the run fails."
    f"  [default: {PATIENCE_S:g}]",
)
KILL_OWNER: Final = click.option(
    "--kill-owner",
    is_flag=True,
    help="Kill the process of this machine that owns the run, and take it over: for one that was"
    " stopped, or hangs. What it committed stays.",
)
DISK_FREE: Final = click.option(
    "--disk-free-mb",
    type=click.IntRange(min=0),
    metavar="N",
    default=DISK_FREE_MB,
    help="How many megabytes must be free where the run writes: ledger, runs, SQLite databases."
    f"  [default: {DISK_FREE_MB}]",
)
EVENTS: Final = click.option(
    "--json", "as_json", is_flag=True, help="Write one JSON object a line for each event."
)
_BRINGING_ON: Final = (
    ATTEMPTS,
    LEASE,
    TAKEOVER,
    PATIENCE,
    KILL_OWNER,
    DISK_FREE,
    EVENTS,
    TRACEBACK,
    HELP,
)


def read_night(_ctx: click.Context, _option: click.Parameter, text: str | None) -> date | None:
    """Read `--night`."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"expected a date like 2026-01-31, got {text!r}") from None


NIGHT: Final = click.option(
    "--night",
    callback=read_night,
    metavar="DATE",
    help="The business date, for jobs with a window.  [default: the present one]",
)

WAIT_S: Final = 30.0
WAIT: Final = click.option(
    "--wait-s",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    default=WAIT_S,
    help=f"How long a rehearsal waits for locks of others.  [default: {WAIT_S:g}]",
)


def bringing_on(command: Command) -> Command:
    """Add the last options of every command that brings a run on, in their order."""
    for option in reversed(_BRINGING_ON):
        command = option(command)
    return command


def _hint_without_ledger(file: Path | None) -> str:
    if file is not None:
        return "run the job first, or name the ledger with --ledger or DAYBREAK_LEDGER"
    return (
        "name the job's file with --file, or the ledger with --ledger or DAYBREAK_LEDGER; or run a"
        " job first"
    )


def ledger_to_read(ledger: str | None, file: Path | None) -> str:
    """Return the URL of an existing ledger.

    Raises:
        PreflightError: If there is none; the hint says which there are nearby.
    """
    from ..errors import PreflightError  # noqa: PLC0415 - not for `--help`
    from ..operations.places import HOME, is_missing_file, ledger_url  # noqa: PLC0415 - heavy

    url = ledger_url(ledger, file)
    if is_missing_file(url):
        nearby = sorted(Path.cwd().glob(f"*/{HOME}/ledger.db"))[:_SUGGESTED_MAX]
        near = " or ".join(f"--ledger sqlite:///{path.relative_to(Path.cwd())}" for path in nearby)
        raise PreflightError(
            f"there is no ledger at {url}",
            hint=f"did you mean {near}?" if near else _hint_without_ledger(file),
        )
    return url
