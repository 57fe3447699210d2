"""The end of a run for people: each step's fates in one table, and the last line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from ..model.job import StepKind
from ..model.status import RunStatus, StepStatus
from .look import colour, glyph
from .progress import Progress, StepProgress
from .tables import plain_table
from .wording import records, span

if TYPE_CHECKING:
    from rich.table import Table


def summary_table(steps: Iterable[StepProgress], stream: TextIO) -> Table:
    """Return the fates of every step: read = passed + filtered + quarantined + superseded.

    Args:
        steps: The steps in the job's order.
        stream: Where it will be shown; decides which letters can be used.
    """
    from rich.text import Text  # noqa: PLC0415 - heavy

    table = plain_table()
    table.add_column("")
    table.add_column("step")
    for name in ("read", "passed", "filtered", "quarantined", "superseded", "written", "took"):
        table.add_column(name, justify="right")
    for step in steps:
        style = colour(step.status)
        counts = step.counts
        table.add_row(
            Text(glyph(step.status, stream), style=style),
            Text(step.name),
            *_fates(step),
            Text(_number(counts.quarantined, step), style="yellow" if counts.quarantined else ""),
            _number(counts.superseded, step),
            _number(counts.written, step),
            Text(_took(step), style="bright_black"),
        )
    return table


def _fates(step: StepProgress) -> tuple[str, str, str]:
    counts = step.counts
    return (
        _number(counts.read, step),
        _number(counts.passed, step),
        _number(counts.filtered, step),
    )


def _number(number: int, step: StepProgress) -> str:
    """Write a count; nothing where a step has no records to count."""
    if step.kind is not StepKind.STEP or step.status is StepStatus.WAITING:
        return ""
    return f"{number:,}"


def _took(step: StepProgress) -> str:
    if step.was_done:
        return "done already"
    if step.status in (StepStatus.DONE, StepStatus.STOPPED, StepStatus.FAILED):
        return span(step.duration_s)
    return str(step.status)


def last_line(
    run: str,
    status: RunStatus,
    quarantined: int,
    duration_s: float,
    *,
    was_done: bool,
    see: str,
    again: str,
    done_alone: str | None = None,
) -> str:
    """Say how a run ended, in one line.

    Args:
        run: The run's number.
        status: How it ended.
        quarantined: How many records are set aside.
        duration_s: How long this attempt took.
        was_done: Whether it was done before this command.
        see: The command that shows what was set aside.
        again: The command that runs it once more.
        done_alone: The step that was asked for alone, and is done, if others are missing.
    """
    aside = f"; {records(quarantined)} quarantined (see: {see})" if quarantined else ""
    if was_done:
        return f"run {run} was done already{aside or '; nothing to do'}; once more: {again}"
    if status is RunStatus.DONE:
        return f"run {run} done in {span(duration_s)}{aside or '; nothing quarantined'}"
    if done_alone is not None:
        return (
            f"run {run}: {done_alone} is done, after {span(duration_s)}; other steps are still"
            f" to be done{aside}"
        )
    between = " between two chunks; what is committed stays" if status is RunStatus.STOPPED else ""
    return f"run {run} {status} after {span(duration_s)}{between}{aside}"


def quarantined_in(progress: Progress) -> int:
    """Return how many records are set aside in all steps, by what was heard."""
    return sum(step.counts.quarantined for step in progress.steps)
