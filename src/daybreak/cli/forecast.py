"""`daybreak forecast FILE STEP --records N`: how long a step will take, and how sure that is.

What happens then is `forecasting`.
"""

from __future__ import annotations

from typing import Any, Final

import click

from .options import DATABASES, HELP, LEDGER, NIGHT, TRACEBACK, WAIT
from .pages import PagePath
from .run import LOADED, RunCommand

BUDGET_S: Final = 120.0
"""As `operations.forecast.BUDGET_S`, which is too heavy for `--help`; a test compares them."""


@click.command(
    "forecast",
    cls=RunCommand,
    short_help="Say how long a step will take with more records, and how sure that is.",
    examples=[
        ("daybreak forecast shop.py load --records 10000000", "from samples, rolled back"),
        ("daybreak forecast shop.py load --budget-s 600", "larger samples, a firmer answer"),
        ("daybreak forecast shop.py load --basis runs", "from what its runs took, at no cost"),
        ("daybreak forecast shop.py load --html load.html", "with the curve, to send around"),
        ("daybreak forecast shop.py --accuracy", "how good its forecasts were"),
    ],
)
@click.argument("file", metavar="FILE")
@click.argument("step", metavar="[STEP]", required=False)
@click.option(
    "--records",
    type=click.IntRange(min=1),
    metavar="N",
    help="For how many records.  [default: as many as its source holds]",
)
@click.option(
    "--basis",
    type=click.Choice(["rehearsals", "runs", "both"]),
    default="both",
    help="What to learn from.  [default: both]",
)
@click.option(
    "--scratch",
    is_flag=True,
    help="Rehearse in databases made for it, not in place.",
)
@click.option(
    "--budget-s",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    default=BUDGET_S,
    help="What all rehearsals may take together; two are made in any case."
    f"  [default: {BUDGET_S:g}]",
)
@click.option(
    "--sample",
    type=click.IntRange(min=2),
    metavar="N",
    help="Take no larger sample.  [default: as large as the budget allows]",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    metavar="N",
    help="Of the order of the samples.  [default: 0]",
)
@click.option(
    "--set",
    "knobs",
    metavar="STEP.KNOB=N",
    multiple=True,
    help="Turn a knob of a step: STEP.chunk=N records a chunk; STEP.parallel=N for runs.",
)
@DATABASES
@LEDGER
@NIGHT
@WAIT
@click.option(
    "--accuracy",
    is_flag=True,
    help="Measure nothing: show how good the forecasts before the past runs were.",
)
@click.option(
    "--html",
    type=PagePath(),
    metavar="FILE",
    help="Write the forecast as a page, with its curve.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Write one JSON object a line: what is said meanwhile, last of all the forecast.",
)
@TRACEBACK
@HELP
@click.pass_context
def forecast(ctx: click.Context, /, file: str, step: str | None, **options: Any) -> int:
    """Say how long STEP of the job in FILE will take for N records.

    The step is rehearsed on samples of growing size, each rolled back at its end; what its runs
    took counts too. Shown are the law of its growth, the likely time, a bound that is hardly
    passed, a grade of how firm that is, and where the window or the memory ends.
    """
    from .forecasting import OWN, forecast_job, show_accuracy, words_of  # noqa: PLC0415 - not for `--help`

    loaded = ctx.meta[LOADED]
    if options["accuracy"]:
        return int(show_accuracy(loaded, step, options))
    return int(forecast_job(loaded, file, step, options, words_of(ctx, OWN)))
