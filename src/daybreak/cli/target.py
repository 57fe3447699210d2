"""`daybreak target init`: make Daybreak's own tables in a database, or show the statements."""

from __future__ import annotations

import click

from .help import DaybreakCommand
from .options import HELP, TRACEBACK


@click.command(
    "target",
    cls=DaybreakCommand,
    short_help="Make Daybreak's own tables in a database, or show the statements.",
    examples=[
        ("daybreak target init --database sqlite:///shop.db", "make them"),
        (
            "daybreak target init --database postgresql://shop --print",
            "show the statements, for those who may run them",
        ),
    ],
)
@click.argument("action", metavar="init", type=click.Choice(["init"]))
@click.option(
    "--database", metavar="URL", required=True, help="The database in which a job's data lives."
)
@click.option("--print", "is_printed", is_flag=True, help="Show the statements, and run nothing.")
@TRACEBACK
@HELP
def target(*, action: str, database: str, is_printed: bool, traceback: bool) -> None:
    """Make the tables for epochs, markers and quarantine where a job's data lives.

    A run makes them by itself if its user may create tables. Where it may not, somebody who may
    runs this once, or the statements that --print shows. What is there already is left alone.
    """
    del action, traceback  # there is one action; `program` looks at the other
    from ..operations.target import install, statements  # noqa: PLC0415 - not for `--help`

    if is_printed:
        click.echo(statements(database), nl=False)
    else:
        install(database)
        click.echo("Daybreak's tables are there")
