"""The report of a check for whoever sent the files: what is said in it; `report_page` is its HTML.

It lives beside the check, not with the other reports, because a run's check writes it by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ..connectors.file_format import Format
from ..connectors.file_root import FileRoot
from ..connectors.publishing import publishing
from .report_page import page_of
from .report_parts import FileReport, Report
from .schema_words import columns_in_words
from .summary import CheckSummary

_BLOCK_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class ReportWish:
    """What a report says besides what was found."""

    schema: str = ""
    """By which name its reader knows the schema; empty for the model's own."""

    with_values: bool = True
    """Whether values are shown, which may be personal data."""


def report_of(
    summary: CheckSummary,
    roots: Sequence[FileRoot],
    wish: ReportWish | None = None,
    *,
    at: datetime | None = None,
) -> Report:
    """Put together what a report says; a file is read once more if its checksum is not known yet.

    Args:
        summary: What the check found.
        roots: What was checked, in the same order.
        wish: What else it says, and what it does not.
        at: When it was checked; None for now.
    """
    wish = wish or ReportWish()
    places = [(path, root) for root in roots for path in root.paths]
    files = [
        FileReport(
            found=found,
            sha256=found.sha256 or sha256_of(path),
            form=_in_words(root.format),
            schema=wish.schema or _name(root.model),
            columns=columns_in_words(root.model),
            key=_key(root.format),
        )
        for found, (path, root) in zip(summary.files, places, strict=True)
    ]
    return Report(files, summary, at or datetime.now(UTC), with_values=wish.with_values)


def write_report(report: Report, path: Path) -> None:
    """Write a report as one HTML file, readable by this user only; whole when this returns.

    Raises:
        SourceError: If it cannot be written; what was there before is there still.
    """
    with publishing(path, is_private=True) as stream:
        stream.write(page_of(report).encode("utf-8", "backslashreplace"))


def sha256_of(path: Path) -> str:
    """Return a file's checksum; empty if it cannot be read."""
    exact = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                exact.update(block)
    except OSError:
        return ""
    return exact.hexdigest()


def _in_words(form: Format) -> str:
    facts = [f"{name} {value!r}" for name, value in form.facts().items() if value not in ("", None)]
    return ", ".join([form.kind, *facts])


def _key(form: Format) -> tuple[str, ...]:
    key = form.facts().get("key") or ()
    return (key,) if isinstance(key, str) else tuple(key)


def _name(model: type | None) -> str:
    if model is None:
        return ""
    return f"{model.__module__}:{model.__qualname__}"
