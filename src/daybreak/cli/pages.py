"""Pages that a command writes. That their folder is there is seen when its options are read."""

from __future__ import annotations

from pathlib import Path

from ..errors import PreflightError


def write_page(path: Path, text: str) -> None:
    """Write a page.

    Raises:
        PreflightError: If it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PreflightError(
            f"cannot write {str(path)!r}: {error.strerror or error}",
            hint="write the page somewhere else",
        ) from error
