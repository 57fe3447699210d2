"""Runs as people look at them: the table of all, and one with its steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from ..model.eta import Estimate
from ..model.status import StepStatus
from ..operations.inspect import KnobLine, RunLine, RunReport, StepLine
from .look import colour, glyph
from .tables import plain_table
from .wording import between, instant, rate, span, visible, waiting

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table


def runs_table(lines: Sequence[RunLine], stream: TextIO) -> Table:
    """Return runs as a table, in the order given."""
    from rich.text import Text  # noqa: PLC0415 - heavy

    table = plain_table()
    has_nights = any(line.night for line in lines)
    for name in ("run", "job", *(["night"] if has_nights else []), "status", "started", "took"):
        table.add_column(name, justify="right" if name in ("run", "took") else "left")
    table.add_column("records", justify="right")
    table.add_column("quarantined", justify="right")
    for line in lines:
        state = Text(f"{glyph(line.state, stream)} {line.state}", style=colour(line.state))
        table.add_row(
            str(line.run),
            visible(line.job) + (f" (again, {line.number})" if line.number > 1 else ""),
            *([str(line.night or "")] if has_nights else []),
            state,
            instant(line.started_at),
            _took(line.started_at, line.ended_at),
            f"{line.records:,}",
            Text(f"{line.quarantined:,}", style="yellow" if line.quarantined else ""),
        )
    return table


def _took(began: datetime | None, ended: datetime | None) -> str:
    return span((ended - began).total_seconds()) if began and ended else ""


def report_parts(report: RunReport, stream: TextIO) -> list[RenderableType]:
    """Return one run as parts to print one below the other: head, facts, steps, failures."""
    from rich.text import Text  # noqa: PLC0415 - heavy

    line = report.line
    head = Text(f"run {line.run} of job {visible(line.job)}: ", style="bold")
    head.append(f"{glyph(line.state, stream)} {line.state}", colour(line.state))
    parts: list[RenderableType] = [head, facts_table(report), steps_table(report.steps, stream)]
    parts += [_waiting(step) for step in report.steps if step.waits_for]
    parts += [
        Text(f"step {visible(step.step)}: {estimate_text(step.estimate)}", "cyan")
        for step in report.steps
        if step.estimate is not None
    ]
    parts += [
        Text(f"step {visible(step.step)}: {knobs_text(step.knobs)}", "bright_black")
        for step in report.steps
        if step.knobs is not None
    ]
    parts += [
        Text(
            f"{visible(step.step)} was made from the former {', '.join(step.outdated_by)}", "yellow"
        )
        for step in report.steps
        if step.outdated_by and step.status is not StepStatus.WAITING
    ]
    parts += [
        Text(f"{instant(note.at)} {visible(note.text, 1000)}", "bright_black")
        for note in report.notes
    ]
    parts += [_failed(step) for step in report.steps if step.status is StepStatus.FAILED]
    if report.error and not any(step.error for step in report.steps):
        parts.append(Text(f"  {visible(report.error, 1000)}", style="red"))
    return parts


def estimate_text(estimate: Estimate) -> str:
    """Say how long the rest of a step takes, how sure that is, and by which law."""
    interval = between(estimate.low_s, estimate.high_s)
    roughly = "about " if estimate.is_about else ""
    return f"{roughly}{span(estimate.remaining_s)} left {interval}, by {visible(estimate.law)}"


def knobs_text(knobs: KnobLine) -> str:
    """Say how the knobs of a step stand that turns them itself, and why."""
    chunks = "chunk" if knobs.parallel == 1 else "chunks"
    return (
        f"{knobs.chunk:,} records a chunk, {knobs.parallel} {chunks} in flight"
        f" (last turned at {instant(knobs.at)}, {visible(knobs.reason, 300)})"
    )


def _waiting(step: StepLine) -> RenderableType:
    from rich.text import Text  # noqa: PLC0415 - heavy

    return Text(f"step {step.step} is {waiting(step.waits_for or '')}", style="yellow")


def _failed(step: StepLine) -> RenderableType:
    from rich.text import Text  # noqa: PLC0415 - heavy

    text = Text(f"step {step.step} failed", style="bold red")
    text.append(f": {step.impact}" if step.impact else "", "bold")
    text.append(f"\n  {visible(step.error or '', 1000)}", "")
    return text


def facts_table(report: RunReport) -> Table:
    """Return what identifies a run and where it is."""
    from rich.table import Table  # noqa: PLC0415 - heavy

    line = report.line
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bright_black")
    table.add_column(overflow="fold")
    facts = {
        "night": str(line.night or ""),
        "started": instant(line.started_at),
        "ended": instant(line.ended_at),
        "owner": report.owner + (f" (the {report.owners}. one)" if report.owners > 1 else ""),
        "job file": report.job_file,
        "folder": report.folder,
        **{f"database {name}": url for name, url in report.databases.items()},
        **{name: str(value) for name, value in report.parameters.items()},
    }
    for name, value in facts.items():
        if value:
            table.add_row(f"  {visible(name)}", visible(value))
    return table


def steps_table(steps: Sequence[StepLine], stream: TextIO) -> Table:
    """Return the steps of a run with their fates."""
    from rich.text import Text  # noqa: PLC0415 - heavy

    table = plain_table()
    table.add_column("")
    table.add_column("step")
    table.add_column("status")
    for name in ("read", "passed", "filtered", "quarantined", "superseded", "written", "rate"):
        table.add_column(name, justify="right")
    for step in steps:
        counts = step.counts
        has_records = counts.read > 0 or step.total is not None
        figures = (
            _of_total(step),
            f"{counts.passed:,}",
            f"{counts.filtered:,}",
            f"{counts.quarantined:,}",
            f"{counts.superseded:,}",
            f"{counts.written:,}",
        )
        table.add_row(
            Text(glyph(step.status, stream), style=colour(step.status)),
            visible(step.step) + (f" (pass {step.pass_number})" if step.pass_number > 1 else ""),
            Text(str(step.status), style=colour(step.status)),
            *(figures if has_records else [""] * len(figures)),
            rate(step.per_s) if step.per_s else "",
        )
    return table


def _of_total(step: StepLine) -> str:
    read = f"{step.counts.read:,}"
    is_partial = step.total is not None and step.counts.read < step.total
    return f"{read} / {step.total:,}" if is_partial else read
