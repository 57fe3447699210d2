"""What a run set aside, as people look at it: by step and cause, with counts and samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from ..operations.quarantine import QuarantineCause, QuarantinedRecord
from .wording import records, visible, visible_bytes

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

RAW_SHOWN_MAX: Final = 120


def quarantine_parts(causes: Sequence[QuarantineCause]) -> list[RenderableType]:
    """Return causes as parts to print one below the other, grouped by step."""
    parts: list[RenderableType] = []
    for step, group in groupby(causes, key=lambda cause: cause.step):
        of_step = list(group)
        parts.append(_head(step, of_step))
        parts.extend(_cause(cause) for cause in of_step)
    return parts


def _head(step: str, causes: Sequence[QuarantineCause]) -> Text:
    from rich.text import Text  # noqa: PLC0415 - heavy

    total = sum(cause.records for cause in causes)
    text = Text(f"step {visible(step)}", style="bold")
    return text.append(f": {records(total)} quarantined", "yellow")


def _cause(cause: QuarantineCause) -> Text:
    from rich.text import Text  # noqa: PLC0415 - heavy

    text = Text(f"  {cause.records:>9,}  ", style="yellow")
    text.append(visible(cause.reason), "bold")
    where = "found by the check" if cause.by_check else f"in {visible(cause.stage)}"
    text.append(f"  {where}", "bright_black")
    for sample in cause.samples:
        _add_sample(text, sample)
    return text


def _add_sample(text: Text, sample: QuarantinedRecord) -> None:
    text.append(f"\n             {visible(sample.place)}", "cyan")
    text.append(details_of(sample.details), "")
    shown = visible_bytes(sample.raw, RAW_SHOWN_MAX) or "(no bytes)"
    if sample.is_erased:
        shown = "(erased)"
    text.append(f"\n               {shown}", "bright_black")


def details_of(details: Mapping[str, Any]) -> str:
    """Write details behind a place, as `  name=value name=value`; nothing for none."""
    return "".join(f"  {visible(str(name))}={visible(str(v), 80)}" for name, v in details.items())
