"""`daybreak plan FILE`: will the night end in time, even with one failure at the worst moment?

What happens then is `planning`.
"""

from __future__ import annotations

from typing import Any, Final

import click

from .options import DATABASES, HELP, LEDGER, NIGHT, TRACEBACK
from .pages import PagePath
from .run import LOADED, RunCommand

NIGHTS: Final = 10_000
"""As `operations.plan.NIGHTS`, which is too heavy for `--help`; a test compares them."""

_NIGHTS_LEAST: Final = 100
_NIGHTS_MOST: Final = 100_000


@click.command(
    "plan",
    cls=RunCommand,
    short_help="Say whether the night will end in its window, even if a step fails.",
    examples=[
        ("daybreak plan nightly.py", "this night, from what past nights took"),
        ("daybreak plan nightly.py --what-if records=2x", "with twice the records"),
        ("daybreak plan nightly.py --what-if start=01:30,workers=4,load=0.5x", "and so on"),
        ("daybreak plan nightly.py --html plan.html", "as a page with its timeline"),
    ],
)
@click.argument("file", metavar="FILE")
@click.option(
    "--what-if",
    "what_if",
    metavar="NAME=VALUE,…",
    default="",
    help="Suppose records=2x or records=N, workers=N steps side by side, start=HH:MM,"
    " restart=10m until a failed run goes on, LIMIT=N, STEP=0.5x of its time, STEP=20m of an"
    " unknown one.",
)
@DATABASES
@LEDGER
@NIGHT
@click.option(
    "--nights",
    type=click.IntRange(min=_NIGHTS_LEAST, max=_NIGHTS_MOST),
    metavar="N",
    default=NIGHTS,
    help=f"How many nights are drawn.  [default: {NIGHTS:,}]",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Of the draws: the same seed gives the same plan.  [default: 0]",
)
@click.option(
    "--html",
    type=PagePath(),
    metavar="FILE",
    help="Write the plan as a page, with its timeline.",
)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object.")
@TRACEBACK
@HELP
@click.pass_context
def plan(ctx: click.Context, /, file: str, **options: Any) -> int:
    """Say whether the job in FILE will end in its window this night, and what decides that.

    Nights are drawn from what the ledger knows of past ones, and go through the job's net with its
    limits: with nothing failing, with failures as often as they were, and with one failure of each
    step in turn at its worst moment. Nothing is started, and no database is reached.
    """
    from .planning import plan_job  # noqa: PLC0415 - not for `--help`

    return int(plan_job(ctx.meta[LOADED], file, options))
