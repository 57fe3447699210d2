"""`daybreak restart RUN [STEP]`: begin a run again, or one step and those behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import click

from .help import DaybreakCommand
from .options import (
    FILE,
    FORCE_START,
    KNOBS,
    LEDGER,
    UNDONE,
    bringing_on,
    ledger_to_read,
)

_WORDS: Final = "daybreak.words"


class RestartCommand(DaybreakCommand):
    """A command that remembers how it was typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words, then read them."""
        ctx.meta[_WORDS] = tuple(args)
        return super().parse_args(ctx, args)


@click.command(
    "restart",
    cls=RestartCommand,
    short_help="Begin a run again, or a step of it and those behind it.",
    examples=[
        ("daybreak restart 7", "run 7 from nothing, with its parameters and databases"),
        ("daybreak restart 7 load", "the step load and all steps behind it"),
        ("daybreak restart 7 load --undone load", "what it had inserted was taken back by hand"),
        ("daybreak restart 7 --parameter api_key=…", "a secret is given again"),
    ],
)
@click.argument("run", type=click.IntRange(min=1))
@click.argument("step", required=False)
@UNDONE
@click.option(
    "--again",
    "is_once_more",
    is_flag=True,
    help="Begin once more, although the last restart of the same steps is not done: without this it"
    " goes on.",
)
@click.option(
    "--parameter",
    "parameters",
    metavar="NAME=VALUE",
    multiple=True,
    help="A secret parameter of the job: the ledger keeps all others.",
)
@click.option(
    "--database",
    "databases",
    metavar="[NAME=]URL",
    multiple=True,
    help="A database of the run, with what the ledger does not keep: its user and password.",
)
@KNOBS
@LEDGER
@FILE
@FORCE_START
@bringing_on
@click.pass_context
def restart(ctx: click.Context, /, run: int, **options: Any) -> int:
    """Begin RUN again from nothing, or its step STEP and all steps behind it.

    Each step that begins again has a new pass; of the former one the markers are kept as history.
    That is refused, before anything is written, where what is committed cannot be replaced. A
    restart that was killed or has failed goes on when the same command is typed again.
    """
    from .restarting import restart_run  # noqa: PLC0415 - not for `--help`

    url = ledger_to_read(options["ledger"], options["file"])
    words: Sequence[str] = ctx.meta[_WORDS]
    return int(restart_run(url, run, options, words, ctx.obj))
