"""What `daybreak tune` does once its options are read: measure, show what was found, end."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any, Final

from ..operations.load import LoadedJob
from ..operations.tune import PARALLELS, Wishes, tune_step
from ..reports.jsonlog import JsonLines
from ..reports.look import console_on
from ..reports.tuning import tuning_parts, tuning_payload
from ..telemetry import Telemetry
from .exits import Exit
from .forecasting import say_on_stderr, words_of
from .job_options import given_text
from .rehearsing import settings_of_rehearsal
from .run import LOADED
from .running import secrets_in

if TYPE_CHECKING:
    import click

_OWN: Final = frozenset(
    {
        "records",
        "parallels",
        "chunks",
        "sure",
        "fastest",
        "in_place",
        "budget_s",
        "as_json",
        "traceback",
    }
)
"""Options that are not those of a rehearsal."""


def tune_job(ctx: click.Context, step: str, options: Mapping[str, Any]) -> Exit:
    """Tune the step that a command means, and show what was found.

    Args:
        ctx: The command, for the words of its rehearsals.
        step: The step as typed.
        options: The command's options as click read them.

    Raises:
        DaybreakError: If there is nothing to tune, or a rehearsal failed.
    """
    loaded: LoadedJob = ctx.meta[LOADED]
    words = words_of(ctx, _OWN)
    mask = secrets_in(loaded, {n: given_text(n, options) for n in loaded.parameters}, words)
    settings = settings_of_rehearsal(loaded, options)
    wishes = Wishes(
        records=options["records"],
        parallels=options["parallels"] or PARALLELS,
        chunks=options["chunks"] or None,
        budget_s=options["budget_s"],
        probability=options["sure"],
        is_fastest=options["fastest"],
        is_in_place=options["in_place"],
    )
    telemetry = Telemetry()
    stdout = sys.stdout
    told = JsonLines(stdout, mask) if options["as_json"] else None
    telemetry.subscribe(told.hear if told else say_on_stderr)
    with redirect_stdout(sys.stderr):
        found = tune_step(loaded, step, settings, words, telemetry, wishes=wishes)
    if told:
        told.write(tuning_payload(found, mask))
        return Exit.DONE
    console = console_on(sys.stdout)
    console.print()
    for part in tuning_parts(found):
        console.print(part)
    return Exit.DONE
