"""`daybreak quarantine`: what a run set aside, by step and cause; to look at, or as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from .help import DaybreakCommand
from .options import FILE, HELP, JSON, LEDGER, TRACEBACK, ledger_to_read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..operations.quarantine import QuarantineCause

SAMPLES: Final = 3


@click.command(
    "quarantine",
    cls=DaybreakCommand,
    short_help="Show what a run set aside, by step and cause.",
    examples=[
        ("daybreak quarantine 7", "the causes in run 7, with samples"),
        ("daybreak quarantine 7 --step load --samples 10", "more of one step"),
        ("daybreak quarantine 7 --export bad.csv", "every record with its bytes, as a file"),
    ],
)
@click.argument("run", type=click.IntRange(min=1))
@click.option("--step", metavar="STEP", help="Only what this step set aside.")
@click.option(
    "--export",
    "export_to",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write every record to a .csv or .jsonl file: place, stage, reason, details, raw bytes.",
)
@click.option(
    "--samples",
    type=click.IntRange(min=0),
    metavar="N",
    default=SAMPLES,
    help=f"How many records to show of each cause.  [default: {SAMPLES}]",
)
@click.option(
    "--database",
    "databases",
    metavar="[NAME=]URL",
    multiple=True,
    help="A database of the run, with what the ledger does not keep: its user and password.",
)
@LEDGER
@FILE
@JSON
@TRACEBACK
@HELP
def quarantine(
    *,
    run: int,
    step: str | None,
    export_to: Path | None,
    samples: int,
    databases: tuple[str, ...],
    ledger: str | None,
    file: Path | None,
    as_json: bool,
    traceback: bool,
) -> None:
    """Show which records RUN set aside, by step and cause, with samples.

    Each record is kept with its reason and its bytes as they stand in the source.
    """
    del traceback  # `program` looks at it when something fails
    url = ledger_to_read(ledger, file)
    given = _urls(databases)
    if export_to is not None:
        _export(url, run, given, step, export_to)
        return
    from ..operations.quarantine import quarantine_causes  # noqa: PLC0415 - not for `--help`

    causes = quarantine_causes(url, run, given, step=step, samples=samples)
    _show(causes, run, as_json=as_json)


def _urls(databases: Sequence[str]) -> dict[str, str]:
    from .job_options import split_database  # noqa: PLC0415 - not for `--help`

    return dict(split_database(text) for text in databases)


def _export(url: str, run: int, given: dict[str, str], step: str | None, path: Path) -> None:
    from ..operations.quarantine import quarantine_records  # noqa: PLC0415 - not for `--help`
    from ..reports.export import export, writer_for  # noqa: PLC0415 - not for `--help`
    from ..reports.wording import records  # noqa: PLC0415 - not for `--help`

    writer_for(path)  # before the work, and before a database is asked
    number = export(quarantine_records(url, run, given, step), path)
    click.echo(f"{records(number)} written to {path}")


def _show(causes: Sequence[QuarantineCause], run: int, *, as_json: bool) -> None:
    from ..reports.jsonlog import as_line  # noqa: PLC0415 - not for `--help`
    from ..reports.look import console_on  # noqa: PLC0415 - not for `--help`
    from ..reports.payload import plain  # noqa: PLC0415 - not for `--help`
    from ..reports.quarantine import quarantine_parts  # noqa: PLC0415 - not for `--help`
    from ..reports.secrets import Mask  # noqa: PLC0415 - not for `--help`

    if as_json:
        for cause in causes:
            click.echo(as_line(plain(cause, Mask())))
    elif causes:
        console = console_on()
        for part in quarantine_parts(causes):
            console.print(part)
    else:
        click.echo(f"run {run} set nothing aside")
