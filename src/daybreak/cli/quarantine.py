"""`daybreak quarantine`: what a run set aside: to look at, as a file, to replay or to erase."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .help import DaybreakCommand
from .options import ATTEMPTS, FILE, HELP, JSON, LEDGER, TRACEBACK, ledger_to_read
from .quarantine_acts import erase_records, refuse_mixed, replay_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..operations.quarantine import QuarantineCause

SAMPLES: Final = 3


@click.command(
    "quarantine",
    cls=DaybreakCommand,
    short_help="Show, export, replay or erase what a run set aside.",
    examples=[
        ("daybreak quarantine 7", "the causes in run 7, with samples"),
        ("daybreak quarantine 7 --step load --samples 10", "more of one step"),
        ("daybreak quarantine 7 --export bad.csv", "every record, as a file to be repaired"),
        ("daybreak quarantine 7 --replay --step load", "process what `load` set aside again"),
        ("daybreak quarantine 7 --replay --repaired bad.csv", "… as it was repaired in the export"),
        ("daybreak quarantine 7 --erase email=taro@example.com", "erase a person's records"),
    ],
)
@click.argument("run", type=click.IntRange(min=1))
@click.option("--step", metavar="STEP", help="Only what this step set aside.")
@click.option(
    "--replay",
    is_flag=True,
    help="Process records again, by the job as it is now: each leaves quarantine, or stays in it"
    " with its new cause. Fates and proof stay true.",
)
@click.option("--reason", metavar="TEXT", help="Replay only those whose reason holds this text.")
@click.option(
    "--repaired",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Replay only the records in this edited export, as they stand there.",
)
@click.option(
    "--parameter",
    "parameters",
    metavar="NAME=VALUE",
    multiple=True,
    help="Of a replay: a secret parameter of the job; the ledger keeps all others.",
)
@click.option(
    "--erase",
    "erase_key",
    metavar="[FIELD=]KEY",
    help="Erase all records with this key: bytes and details go, counts and fates stay.",
)
@click.option(
    "--erase-older-than",
    "erase_days",
    type=click.IntRange(min=0),
    metavar="DAYS",
    help="Erase all records that were set aside more than so many days ago.",
)
@click.option(
    "--export",
    "export_to",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write every record to a file: .csv to repair it there, in the columns of its own file,"
    " or .jsonl with its exact bytes.",
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
@ATTEMPTS
@LEDGER
@FILE
@JSON
@TRACEBACK
@HELP
@click.pass_context
def quarantine(
    ctx: click.Context,
    /,
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
    **acts: Any,
) -> int | None:
    """Show which records RUN set aside, by step and cause, with samples.

    Each record is kept with its reason and its bytes as they stand in the source. It can be
    exported and repaired, replayed, and erased.
    """
    del traceback  # `program` looks at it when something fails
    refuse_mixed(acts, is_export=export_to is not None)
    url = ledger_to_read(ledger, file)
    given = _urls(databases)
    said = {**acts, "step": step, "file": file, "as_json": as_json}
    if acts["replay"]:
        return int(replay_records(url, run, given, said, ctx.obj))
    if acts["erase_key"] is not None or acts["erase_days"] is not None:
        erase_records(url, run, given, said)
        return None
    if export_to is not None:
        _export(url, run, given, step, export_to)
        return None
    from ..operations.quarantine import quarantine_causes  # noqa: PLC0415 - not for `--help`

    causes = quarantine_causes(url, run, given, step=step, samples=samples)
    _show(causes, run, as_json=as_json)
    return None


def _urls(databases: Sequence[str]) -> dict[str, str]:
    from .job_options import split_database  # noqa: PLC0415 - not for `--help`

    return dict(split_database(text) for text in databases)


def _export(url: str, run: int, given: dict[str, str], step: str | None, path: Path) -> None:
    from ..operations.quarantine import kept_rows, quarantine_records  # noqa: PLC0415 - not for `--help`
    from ..reports.export import export, writer_for  # noqa: PLC0415 - not for `--help`
    from ..reports.wording import records  # noqa: PLC0415 - not for `--help`

    writer_for(path)  # before the work, and before a database is asked
    number = export(quarantine_records(url, run, given, step), path, kept_rows(url, run))
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
