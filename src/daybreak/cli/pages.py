"""Pages that a command writes, and the option that says where."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from ..errors import PreflightError
from ..reports.look import console_on


class PagePath(click.Path):
    """Where a page is to be written: known to be possible before anything long begins."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False, writable=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse a file whose folder is not there, or may not be written to."""
        path: Any = super().convert(value, param, ctx)
        if not path.parent.is_dir():
            self.fail(f"there is no folder {str(path.parent)!r}", param, ctx)
        if not path.exists() and not os.access(path.parent, os.W_OK):
            self.fail(f"folder {str(path.parent)!r} may not be written to", param, ctx)
        return path


def write_page(path: Path, text: str, *, is_told: bool) -> None:
    """Write a page.

    Args:
        path: Where to.
        text: The page.
        is_told: Whether people read the output: they are told where it is.

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
    if is_told:
        console_on(sys.stdout).print(f"the page is in {path}", markup=False)
