"""What a rehearsal found out, as people and programs read it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, TextIO

from ..databases.commit_price import CommitPrice
from ..model.status import StepStatus
from ..operations.rehearsal import Rehearsal, RehearsedChunk, RehearsedStep
from .dangers import met_line
from .payload import plain
from .progress import StepProgress
from .quarantine import quarantine_parts
from .secrets import Mask
from .summary import summary_table
from .tables import hanging, plain_table, titled
from .wording import records, span, visible

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

CHUNKS_SHOWN_MAX: Final = 12
_VALUE_SHOWN_MAX: Final = 400


def rehearsal_payload(rehearsal: Rehearsal, mask: Mask) -> dict[str, Any]:
    """Return all of it as JSON data; an error becomes its name, its message and its hint."""
    fields = {field.name: getattr(rehearsal, field.name) for field in dataclasses.fields(rehearsal)}
    steps = [_step_payload(step, mask) for step in rehearsal.steps]
    shown = {name: plain(value, mask) for name, value in fields.items() if name != "steps"}
    return {"event": "rehearsal", "status": str(rehearsal.status), **shown, "steps": steps}


def _step_payload(step: RehearsedStep, mask: Mask) -> dict[str, Any]:
    payload: dict[str, Any] = plain(dataclasses.replace(step, error=None), mask)
    if step.error is not None:
        payload["error"] = {
            "error": type(step.error).__name__,
            "message": mask.hide(str(step.error)),
            "hint": mask.hide(step.error.hint),
        }
    return payload


def rehearsal_parts(rehearsal: Rehearsal, stream: TextIO, mask: Mask) -> list[RenderableType]:
    """Return it as parts to print one below the other."""
    from rich.text import Text  # noqa: PLC0415 - heavy

    parts: list[RenderableType] = [summary_table(map(_progress, rehearsal.steps), stream), ""]
    for step in rehearsal.steps:
        if step.chunks:
            parts += [_chunks_table(step), ""]
        if step.causes:
            parts += [*quarantine_parts(step.causes), ""]
        if step.value is not None:
            value = visible(mask.hide(step.value), _VALUE_SHOWN_MAX)
            parts += [Text(f"{step.step} gave {value}"), ""]
    parts += [hanging("beware:", met_line(one), "yellow") for one in rehearsal.dangers]
    parts += [hanging("note:", line, "bright_black") for line in _notes(rehearsal)]
    style = "green" if rehearsal.status is StepStatus.DONE else "yellow"
    return [*parts, Text(last_line(rehearsal), style=style)]


def _progress(step: RehearsedStep) -> StepProgress:
    return StepProgress(
        name=step.step,
        kind=step.kind,
        impact=step.impact,
        status=step.status,
        counts=step.counts,
        duration_s=step.duration_s,
    )


def _chunks_table(step: RehearsedStep) -> Group:
    table = plain_table()
    table.add_column("range")
    for name in ("records", "took", "in all", "took in all", "a record"):
        table.add_column(name, justify="right")
    for chunk in shown_chunks(step.chunks):
        read = chunk.counts.read
        table.add_row(
            chunk.part,
            f"{read:,}",
            f"{chunk.duration_s:.3f} s",
            f"{chunk.records_upto:,}",
            f"{chunk.duration_upto_s:.3f} s",
            f"{chunk.duration_s / read * 1e6:,.0f} µs" if read else "",
        )
    left_out = len(step.chunks) - min(len(step.chunks), CHUNKS_SHOWN_MAX)
    caption = f"… and {left_out:,} chunks in between (all of them: --json)" if left_out else ""
    return titled(f"chunks of {step.step}", table, caption)


def shown_chunks(chunks: Sequence[RehearsedChunk]) -> list[RehearsedChunk]:
    """Return at most `CHUNKS_SHOWN_MAX` chunks, evenly spread, the first and the last too."""
    if len(chunks) <= CHUNKS_SHOWN_MAX:
        return list(chunks)
    steps = CHUNKS_SHOWN_MAX - 1
    return [chunks[round(n * (len(chunks) - 1) / steps)] for n in range(CHUNKS_SHOWN_MAX)]


def _notes(rehearsal: Rehearsal) -> Iterator[str]:
    if rehearsal.commit is not None:
        yield _price(rehearsal.commit, sum(len(step.chunks) for step in rehearsal.steps))
    yield from rehearsal.caveats


def _price(price: CommitPrice, chunks: int) -> str:
    each = (
        f"a commit costs {price.median_s * 1000:.2f} ms here (median of {price.tries}: {price.how})"
    )
    if not chunks:
        return each
    return f"{each}; {chunks:,} of them, {price.median_s * chunks:.2f} s, are not in these times"


def last_line(rehearsal: Rehearsal) -> str:
    """Say how it ended, in one line."""
    aside = sum(step.counts.quarantined for step in rehearsal.steps)
    what = f"{records(aside)} would be quarantined" if aside else "nothing would be quarantined"
    took = span(sum(step.duration_s for step in rehearsal.steps))
    match rehearsal.status:
        case StepStatus.DONE:
            return f"rehearsed in {took}; {what}; nothing is left of it"
        case StepStatus.STOPPED:
            return f"stopped after {took}; nothing is left of it"
        case _:
            return f"failed after {took}, as a run would; nothing is left of it"
