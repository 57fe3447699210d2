"""`daybreak tune FILE STEP`: how many workers and how large chunks a step needs.

What happens then is `tuning`.
"""

from __future__ import annotations

from typing import Any, Final

import click

from .options import DATABASES, HELP, LEDGER, NIGHT, TRACEBACK, WAIT
from .run import RunCommand

BUDGET_S: Final = 180.0
"""As `operations.tune.BUDGET_S`, which is too heavy for `--help`; a test compares them."""


@click.command(
    "tune",
    cls=RunCommand,
    short_help="Find how many workers and how large chunks a step needs.",
    examples=[
        ("daybreak tune shop.py load", "the smallest setting that ends in the window"),
        ("daybreak tune shop.py load --fastest", "whatever it costs"),
        ("daybreak tune shop.py close --in-place", "the chunk size of a step that reads a table"),
        ("daybreak tune shop.py load --records 5000000 --sure 0.99", "for more records, surer"),
        ("daybreak tune shop.py load --parallel 1 --parallel 2 --chunk 1000", "of these only"),
    ],
)
@click.argument("file", metavar="FILE")
@click.argument("step", metavar="STEP")
@click.option(
    "--records",
    type=click.IntRange(min=1),
    metavar="N",
    help="For how many records.  [default: as many as its source holds]",
)
@click.option(
    "--parallel",
    "parallels",
    type=click.IntRange(min=1),
    metavar="N",
    multiple=True,
    help="A number of workers to choose from; give several.  [default: 1, 2, 3, 4, 6, 8]",
)
@click.option(
    "--chunk",
    "chunks",
    type=click.IntRange(min=1),
    metavar="N",
    multiple=True,
    help="A chunk size to choose from; give several.  [default: a tenth to five times its own, or"
    " less where few records are measured]",
)
@click.option(
    "--sure",
    type=click.FloatRange(min=0.5, max=0.9999),
    metavar="SHARE",
    default=0.95,
    help="How likely it must end in its window.  [default: 0.95]",
)
@click.option("--fastest", is_flag=True, help="Recommend the fastest setting.")
@click.option(
    "--in-place",
    is_flag=True,
    help="Rehearse in the real databases, rolled back, with one worker: for the chunk size of a"
    " step that reads a table.",
)
@click.option(
    "--budget-s",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    default=BUDGET_S,
    help=f"What all rehearsals may take together.  [default: {BUDGET_S:g}]",
)
@DATABASES
@LEDGER
@NIGHT
@WAIT
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Write one JSON object a line: what is said meanwhile, last of all what was found.",
)
@TRACEBACK
@HELP
@click.pass_context
def tune(ctx: click.Context, /, step: str, **options: Any) -> int:
    """Find a setting for the two knobs of STEP of the job in FILE.

    The step is rehearsed a few times in scratch databases, with other numbers of workers and other
    chunk sizes; each measurement is chosen for what it decides. Recommended is the smallest setting
    that ends in the job's window: fast enough, then simple. Why more workers would not help is
    said, and whether others would suffer.
    """
    from .tuning import tune_job  # noqa: PLC0415 - not for `--help`

    return int(tune_job(ctx, step, options))
