"""Pages that a command writes: that they can be is seen before anything is measured."""

from __future__ import annotations

from pathlib import Path

from ..errors import PreflightError


def refuse_no_folder(path: Path | None) -> None:
    """Refuse a page that nobody could write, before anything is measured.

    Raises:
        PreflightError: If its folder does not exist.
    """
    if path is not None and not path.absolute().parent.is_dir():
        raise PreflightError(
            f"cannot write {str(path)!r}: there is no such folder",
            hint="name a file in a folder that exists",
        )


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
