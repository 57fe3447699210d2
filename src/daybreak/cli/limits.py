"""`daybreak limits`: what the runs of a ledger share; show it, set it, remove it."""

from __future__ import annotations

from pathlib import Path

import click

from .help import DaybreakCommand
from .options import FILE, HELP, JSON, LEDGER, TRACEBACK, ledger_to_read


@click.command(
    "limits",
    cls=DaybreakCommand,
    short_help="Show the limits that runs share, or set one.",
    examples=[
        ("daybreak limits", "the limits, who has what of them, and who waits"),
        ("daybreak limits db 4", 'steps that say uses={"db": …} have 4 of it at most, in all runs'),
        ("daybreak limits db --remove", "there is no such limit any more"),
    ],
)
@click.argument("name", required=False)
@click.argument("units", type=click.IntRange(min=1), required=False)
@click.option("--remove", is_flag=True, help="Remove the limit NAME.")
@LEDGER
@FILE
@JSON
@TRACEBACK
@HELP
def limits(
    *,
    name: str | None,
    units: int | None,
    remove: bool,
    ledger: str | None,
    file: Path | None,
    as_json: bool,
    traceback: bool,
) -> None:
    """Show the limits that all runs of the ledger share, or set the limit NAME to UNITS.

    A step begins only when all that it uses is to be had at once; whoever came first is served
    first. A limit that is set holds at once, also for runs at work: what they have they keep until
    their step ends.
    """
    del traceback  # `program` looks at it when something fails
    _refuse_nonsense(name, units, remove=remove)
    if name is None:
        _show(ledger_to_read(ledger, file), as_json=as_json)
    elif remove:
        _remove(ledger_to_read(ledger, file), name)
    else:
        assert units is not None
        _set(_ledger_to_write(ledger, file), name, units)


def _refuse_nonsense(name: str | None, units: int | None, *, remove: bool) -> None:
    if remove and name is None:
        raise click.UsageError("--remove does not say which limit: daybreak limits NAME --remove")
    if remove and units is not None:
        raise click.UsageError("a limit is either set or removed: leave --remove or UNITS out")
    if name is not None and units is None and not remove:
        raise click.UsageError(f"how many units of {name}? Say: daybreak limits {name} UNITS")


def _ledger_to_write(ledger: str | None, file: Path | None) -> str:
    """Return the URL of the ledger; one that is named may be made, for a limit comes first."""
    from ..operations.places import ledger_url  # noqa: PLC0415 - not for `--help`

    is_named = ledger is not None or file is not None
    return ledger_url(ledger, file) if is_named else ledger_to_read(ledger, file)


def _show(url: str, *, as_json: bool) -> None:
    from ..operations.limits import limits as standing  # noqa: PLC0415 - not for `--help`
    from ..reports.jsonlog import as_line  # noqa: PLC0415 - not for `--help`
    from ..reports.limits import limits_table  # noqa: PLC0415 - not for `--help`
    from ..reports.look import console_on  # noqa: PLC0415 - not for `--help`
    from ..reports.payload import plain  # noqa: PLC0415 - not for `--help`
    from ..reports.secrets import Mask  # noqa: PLC0415 - not for `--help`

    lines = standing(url)
    if as_json:
        for line in lines:
            click.echo(as_line(plain(line, Mask())))
    elif lines:
        console_on().print(limits_table(lines))
    else:
        click.echo("no limit is set: daybreak limits NAME UNITS sets one")


def _set(url: str, name: str, units: int) -> None:
    from ..operations.limits import set_limit  # noqa: PLC0415 - not for `--help`

    set_limit(url, name, units)
    click.echo(f"all runs of the ledger share {units} of {name} from now on")


def _remove(url: str, name: str) -> None:
    from ..operations.limits import remove_limit  # noqa: PLC0415 - not for `--help`

    remove_limit(url, name)
    click.echo(f"{name} has no limit in the ledger any more")
