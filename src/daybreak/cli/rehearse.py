"""`daybreak rehearse FILE STEP`: real work that is undone at its end.

What happens then is `rehearsing`.
"""

from __future__ import annotations

from typing import Any, Final

import click

from .options import DATABASES, HELP, LEDGER, NIGHT, TRACEBACK, WAIT
from .run import LOADED, WORDS, RunCommand

RECORDS: Final = 100_000
"""As `model.limits.REHEARSAL_RECORDS`, which is too heavy for `--help`; a test compares them."""


@click.command(
    "rehearse",
    cls=RunCommand,
    short_help="Do a step's work and undo it: what it would do, and how long it takes.",
    examples=[
        ("daybreak rehearse shop.py load", "one step, in one transaction that is rolled back"),
        ("daybreak rehearse shop.py load --records 1000000", "more of its records"),
        ("daybreak rehearse shop.py --scratch", "the whole job, in a database made for it"),
        ("daybreak rehearse shop.py load --scratch", "the job up to this step"),
    ],
)
@click.argument("file", metavar="FILE")
@click.argument("step", metavar="[STEP]", required=False)
@click.option(
    "--records",
    type=click.IntRange(min=1),
    metavar="N",
    default=RECORDS,
    help=f"Read at most the first N records of each step.  [default: {RECORDS:,}]",
)
@click.option(
    "--spread",
    is_flag=True,
    help="Read these records from everywhere in the source, not from its beginning.",
)
@click.option(
    "--scratch",
    is_flag=True,
    help="Rehearse the job, or its steps up to STEP, in databases made for it.",
)
@click.option(
    "--run",
    "run_id",
    type=click.IntRange(min=1),
    metavar="RUN",
    help="Build on what this run has done.  [default: the newest one of the same parameters]",
)
@click.option(
    "--set",
    "knobs",
    metavar="STEP.KNOB=N",
    multiple=True,
    help="Turn a knob of a step: STEP.chunk=N records a chunk; STEP.parallel=N with --scratch.",
)
@DATABASES
@LEDGER
@NIGHT
@WAIT
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Write one JSON object a line: what is said meanwhile, last of all what was found out.",
)
@TRACEBACK
@HELP
@click.pass_context
def rehearse(ctx: click.Context, /, file: str, step: str | None, **options: Any) -> int:
    """Do the work of STEP of the job in FILE in one transaction, and roll it back.

    Fates, bad records with their causes, and times are shown; no row, no file and no run is left.
    What it costs others is said first. Ctrl-C ends it; nothing is left then either.
    """
    from .rehearsing import rehearse_job  # noqa: PLC0415 - not for `--help`

    return int(rehearse_job(ctx.meta[LOADED], file, step, options, ctx.meta[WORDS]))
