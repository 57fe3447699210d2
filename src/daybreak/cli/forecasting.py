"""What `daybreak forecast` does once its options are read: measure, show what was found, end."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import redirect_stdout
from typing import Any, Final

import click
from click.core import ParameterSource

from ..errors import ParameterError
from ..model.job import StepKind
from ..operations.accuracy import track_record
from ..operations.forecast import StepForecast, forecast_step
from ..operations.load import LoadedJob
from ..reports.accuracy import accuracy_parts, accuracy_payload
from ..reports.forecast import forecast_parts, forecast_payload
from ..reports.forecast_page import page_of
from ..reports.jsonlog import JsonLines
from ..reports.look import console_on
from ..reports.secrets import Mask
from ..telemetry import Event, Said, Telemetry
from .exits import Exit
from .job_options import given_text
from .options import ledger_to_read
from .pages import write_page
from .rehearsing import settings_of_rehearsal
from .running import secrets_in
from .typed import PROGRAM

OWN: Final = frozenset(
    {"records", "basis", "budget_s", "sample", "seed", "accuracy", "html", "as_json", "traceback"}
)
"""Options that are not those of a rehearsal."""


def words_of(ctx: click.Context, own: Collection[str]) -> list[str]:
    """Return what a rehearsal of the same step is called with, behind `daybreak rehearse`.

    Args:
        ctx: The command that needs rehearsals.
        own: Names of its options that are not those of a rehearsal.
    """
    words = [ctx.params["file"], ctx.params["step"] or ""]
    for parameter in ctx.command.get_params(ctx):
        name = parameter.name or ""
        is_typed = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if isinstance(parameter, click.Option) and is_typed and name not in own:
            words += _words(parameter, ctx.params[name])
    return words


def _words(option: click.Option, value: Any) -> list[str]:
    if option.is_flag:
        return [option.opts[0] if value else option.secondary_opts[0]]
    values = value if option.multiple else [value]
    return [f"{option.opts[0]}={each}" for each in values]


def forecast_job(
    loaded: LoadedJob,
    file: str,
    step: str | None,
    options: Mapping[str, Any],
    words: Sequence[str],
) -> Exit:
    """Forecast what a command means, and show it.

    Args:
        loaded: The job.
        file: Its file as typed.
        step: The step as typed.
        options: The command's options as click read them.
        words: What a rehearsal of it is called with.

    Raises:
        DaybreakError: If there is nothing to learn from, or a rehearsal failed.
    """
    if step is None:
        names = ", ".join(one.name for one in loaded.job.steps if one.kind is StepKind.STEP)
        raise ParameterError(
            f"which step? job {loaded.job.name} has: {names or 'none in chunks'}",
            hint=f"name one: {PROGRAM} forecast {file} STEP",
        )
    given = {name: given_text(name, options) for name in loaded.parameters}
    mask = secrets_in(loaded, given, words)
    settings = settings_of_rehearsal(loaded, options)
    stdout = sys.stdout
    telemetry = Telemetry()
    told = JsonLines(stdout, mask) if options["as_json"] else None
    telemetry.subscribe(told.hear if told else say_on_stderr)
    with redirect_stdout(sys.stderr):
        found = forecast_step(
            loaded,
            step,
            settings,
            words,
            telemetry,
            records=options["records"],
            basis=options["basis"],
            is_scratch=options["scratch"],
            budget_s=options["budget_s"],
            sample_most=options["sample"],
            seed=options["seed"],
        )
    if told:
        told.write(forecast_payload(found, mask))
    else:
        _show(found)
    if options["html"] is not None:
        write_page(options["html"], page_of(found, mask), is_told=told is None)
    return Exit.DONE


def show_accuracy(loaded: LoadedJob, step: str | None, options: Mapping[str, Any]) -> Exit:
    """Show how good the forecasts of a job were.

    Raises:
        PreflightError: If there is no ledger, or it cannot be read.
    """
    if step is not None:
        loaded.job.step_named(step)
    record = track_record(loaded.job.name, ledger_to_read(options["ledger"], loaded.path), step)
    if options["as_json"]:
        JsonLines(sys.stdout, Mask()).write(accuracy_payload(record))
        return Exit.DONE
    console = console_on(sys.stdout)
    for part in accuracy_parts(record, console.width):
        console.print(part)
    return Exit.DONE


def say_on_stderr(event: Event) -> None:
    """Write what is said meanwhile."""
    if isinstance(event, Said):
        click.echo(event.message, err=True)


def _show(found: StepForecast) -> None:
    console = console_on(sys.stdout)
    console.print()
    for part in forecast_parts(found, sys.stdout):
        console.print(part)
