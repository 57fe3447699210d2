"""`daybreak status`: how the last runs stand, or one of them with its steps."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from .help import DaybreakCommand
from .options import FILE, HELP, JSON, LEDGER, TRACEBACK, ledger_to_read

RUNS_SHOWN: Final = 20


@click.command(
    "status",
    cls=DaybreakCommand,
    short_help="Show how the last runs stand, or one run with its steps.",
    examples=[
        ("daybreak status", "the last runs of the ledger in the current folder"),
        ("daybreak status --file examples/flights.py", "those of the ledger beside a job's file"),
        ("daybreak status 7", "run 7: its steps, their fates, what failed, how to resume"),
        ("daybreak status 7 --json", "the same for programs"),
    ],
)
@click.argument("run", type=click.IntRange(min=1), required=False)
@LEDGER
@FILE
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    default=RUNS_SHOWN,
    help=f"How many runs to show, the newest first.  [default: {RUNS_SHOWN}]",
)
@JSON
@TRACEBACK
@HELP
def status(
    *,
    run: int | None,
    ledger: str | None,
    file: Path | None,
    limit: int,
    as_json: bool,
    traceback: bool,
) -> None:
    """Show how the last runs stand, or RUN with its steps.

    A run that is at work by the ledger, but whose owner is not alive, is shown as "owner gone":
    the command that started it resumes it.
    """
    del traceback  # `program` looks at it when something fails
    url = ledger_to_read(ledger, file)
    if run is None:
        _show_runs(url, limit, as_json=as_json)
    else:
        _show_run(url, run, as_json=as_json)


def _show_runs(url: str, limit: int, *, as_json: bool) -> None:
    from ..operations.inspect import runs  # noqa: PLC0415 - not for `--help`
    from ..reports.look import console_on  # noqa: PLC0415 - not for `--help`
    from ..reports.runs import runs_table  # noqa: PLC0415 - not for `--help`

    lines = runs(url, limit)
    if as_json:
        _write_json(lines)
    elif lines:
        console_on().print(runs_table(lines, sys.stdout))
    else:
        click.echo("no run yet")


def _show_run(url: str, run: int, *, as_json: bool) -> None:
    from ..operations.inspect import run_report  # noqa: PLC0415 - not for `--help`
    from ..reports.failure import commands_text  # noqa: PLC0415 - not for `--help`
    from ..reports.look import console_on  # noqa: PLC0415 - not for `--help`
    from ..reports.runs import report_parts  # noqa: PLC0415 - not for `--help`
    from .typed import resuming  # noqa: PLC0415 - not for `--help`

    report = run_report(url, run)
    if as_json:
        _write_json([report])
        return
    console = console_on()
    for part in report_parts(report, sys.stdout):
        console.print(part)
    if report.line.is_resumable:
        console.print()
        console.print(commands_text([("resume", resuming(report))]), soft_wrap=True)


def _write_json(values: object) -> None:
    from ..reports.jsonlog import as_line  # noqa: PLC0415 - not for `--help`
    from ..reports.payload import plain  # noqa: PLC0415 - not for `--help`
    from ..reports.secrets import Mask  # noqa: PLC0415 - not for `--help`

    for value in plain(values, Mask()):
        click.echo(as_line(value))
