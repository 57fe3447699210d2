"""What a check found, for the terminal: by file and cause, and what the gate says of it.

The summary is `check.summary.CheckSummary`; it comes with `CheckFailed` too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, TextIO

from .look import can_write
from .secrets import Mask
from .wording import rate, records, size, span, visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from ..check.summary import Cause, CheckSummary, FileSummary

CAUSES_SHOWN_MAX: Final = 30
"""Causes of one file."""

SAMPLES_SHOWN: Final = 3
VALUE_SHOWN_MAX: Final = 60
_PERCENT_SHOWN_MIN: Final = 0.01
_COUNT_WIDTH: Final = 11
_SHARE_WIDTH: Final = 7


def findings_parts(
    summary: CheckSummary,
    stream: TextIO,
    mask: Mask,
    *,
    samples: int = SAMPLES_SHOWN,
    with_values: bool = True,
) -> list[RenderableType]:
    """Return what was found as parts to print one below the other: files, each with its causes.

    Args:
        summary: What the check found.
        stream: Where it will be shown; decides which letters can be used.
        mask: Hides secrets.
        samples: How many places to show of each cause.
        with_values: Whether to show what stands there, which may be personal data.
    """
    parts: list[RenderableType] = []
    for file in summary.files:
        parts.append(_head(file, stream, mask))
        causes = file.by_frequency
        parts += [
            _cause(cause, file, mask, samples=samples, with_values=with_values)
            for cause in causes[:CAUSES_SHOWN_MAX]
        ]
        if (more := len(causes) - CAUSES_SHOWN_MAX) > 0:
            parts.append(_text(f"  … and {more:,} more causes", "bright_black"))
        if file.ignored_columns:
            names = visible(", ".join(file.ignored_columns))
            parts.append(_text(f"  not in the schema, not looked at: {names}", "bright_black"))
    return parts


def verdict_parts(summary: CheckSummary, duration_s: float, stream: TextIO) -> list[RenderableType]:
    """Return the last lines of a check: totals, and what the gate says.

    Args:
        summary: What the check found.
        duration_s: How long it took.
        stream: Where it will be shown.
    """
    files = "" if len(summary.files) == 1 else f" in {len(summary.files)} files"
    speed = f", {rate(summary.rows / duration_s)}" if summary.rows and duration_s > 0 else ""
    totals = f"{records(summary.rows)}{files}, {summary.faulty_rows:,} faulty"
    verdict, style = _verdict(summary)
    return [
        _text(f"{totals}; {span(duration_s)}{speed}", ""),
        _text(f"{_sign(summary.failed, summary.findings, stream)} {verdict}", f"bold {style}"),
    ]


def _verdict(summary: CheckSummary) -> tuple[str, str]:
    refused = sum(file.failed for file in summary.files)
    of = f"{refused} of {len(summary.files)} files " if len(summary.files) > 1 else ""
    if any(file.too_many for file in summary.files):
        return f"{of}refused: more faulty records than max_bad {summary.max_bad}", "red"
    if any(file.refused for file in summary.files):
        return f"{of}refused: cannot be read as records", "red"
    if refused:
        return f"{of}refused: not what was expected of it as a whole", "red"
    if summary.faulty_rows:
        return f"accepted: the faulty records are within max_bad {summary.max_bad}", "yellow"
    return "clean: every record keeps the schema", "green"


def _sign(failed: bool, findings: int, stream: TextIO) -> str:  # noqa: FBT001 - one of two facts
    fine, plain = ("✗", "x") if failed else ("!", "!") if findings else ("✓", "+")
    return fine if can_write(stream, fine) else plain


def _head(file: FileSummary, stream: TextIO, mask: Mask) -> Text:
    style = "red" if file.failed else "yellow" if file.findings else "green"
    text = _text(f"{_sign(file.failed, file.findings, stream)} ", style)
    text.append(mask.hide(visible(file.file)), "bold")
    if file.refused:
        return text.append(" cannot be read as records", style)
    share = f" ({_share(file.faulty_rows, file.rows)})" if file.faulty_rows else ""
    text.append(f": {file.faulty_rows:,} of {records(file.rows)} faulty{share}", style)
    if file.size_bytes:
        text.append(f"  {size(file.size_bytes)}", "bright_black")
    return text


def _cause(
    cause: Cause, file: FileSummary, mask: Mask, *, samples: int, with_values: bool
) -> Table:
    """Return one cause as a row whose text is wrapped below itself where the terminal is narrow."""
    from rich.table import Table  # noqa: PLC0415 - heavy

    text = _text("", "")
    if cause.column:
        text.append(visible(cause.column), "bold cyan").append(": ")
    text.append(mask.hide(visible(cause.reason)), "bold")
    for line in _samples(cause, samples, mask, with_values=with_values):
        text.append("\n").append_text(line)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", width=_COUNT_WIDTH)
    table.add_column(justify="right", width=_SHARE_WIDTH)
    table.add_column(overflow="fold")
    share = "" if file.refused else _share(cause.count, file.rows)
    table.add_row(_text(f"{cause.count:,}", "yellow"), _text(share, "yellow"), text)
    return table


def _samples(cause: Cause, samples: int, mask: Mask, *, with_values: bool) -> Iterator[Text]:
    shown = cause.samples[:samples]
    if not with_values:
        if shown:
            lines = ", ".join(f"{one.line:,}" for one in shown)
            yield _text(f"line {lines}", "bright_black")
        return
    width = max((len(f"{one.line:,}") for one in shown), default=0)
    for one in shown:
        text = _text(f"line {one.line:>{width},}  ", "bright_black")
        if cause.column is None and one.column:
            text.append(f"{visible(one.column)}: ")
        if one.value is None:
            yield text.append("(nothing)", "bright_black")
        elif not one.value:
            yield text.append("(empty)", "bright_black")
        else:
            yield text.append(mask.hide(visible(one.value, VALUE_SHOWN_MAX)))


def _share(count: int, of: int) -> str:
    if not of:
        return ""
    percent = 100 * count / of
    return "<0.01%" if 0 < percent < _PERCENT_SHOWN_MIN else f"{percent:.2f}%"


def _text(text: str, style: str) -> Text:
    from rich.text import Text  # noqa: PLC0415 - heavy

    return Text(text, style=style)


def padded(parts: Sequence[RenderableType]) -> list[RenderableType]:
    """Return parts below a failure, moved in as its other lines are."""
    from rich.padding import Padding  # noqa: PLC0415 - heavy

    return [Padding(part, (0, 0, 0, 2), expand=False) for part in parts]
