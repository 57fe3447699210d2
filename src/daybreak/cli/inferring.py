"""What `daybreak check --infer` does: a proposal to standard output, all else to standard error."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from ..check.infer.names import model_name
from ..errors import ParameterError
from ..operations.infer import Inferred, infer
from ..reports.check_progress import CheckDisplay
from ..reports.wording import records
from .check_formats import files_of
from .exits import Exit
from .typed import PROGRAM, command_line

_OF_CHECKS: Final = ("schema", "html", "export_to", "key", "samples", "as_json", "no_values")


def infer_schema(paths: Sequence[Path], options: Mapping[str, Any]) -> Exit:
    """Propose a schema for one file.

    Args:
        paths: The files; there must be one.
        options: The command's, as click read them.

    Raises:
        DaybreakError: If it cannot be done.
    """
    _refuse_nonsense(paths, options)
    source = files_of(paths, None, options)
    (path,) = paths
    with CheckDisplay({str(path): path.stat().st_size}, sys.stderr) as display:
        found = infer(
            source,
            records=options["records"],
            is_quick=options["quick"],
            command=_command(path, options),
            publish=display.hear,
        )
    click.echo(found.text, nl=False)
    click.echo(_how_true(found), err=True)
    return Exit.DONE


def _how_true(found: Inferred) -> str:
    """Say for what a proposal holds, in one line."""
    if found.total is None:
        return f"{found.model}: holds for a sample of {records(found.records)}"
    but = [
        f"{records(number)} {what}"
        for number, what in ((found.malformed, "malformed"), (found.refused, "refused"))
        if number
    ]
    return f"{found.model}: holds for all of {records(found.total)}" + (
        f" but {' and '.join(but)}" if but else ""
    )


def _refuse_nonsense(paths: Sequence[Path], options: Mapping[str, Any]) -> None:
    if len(paths) != 1:
        raise ParameterError(
            f"a schema is proposed for one file, got {len(paths)}", hint="name one of them"
        )
    for name in _OF_CHECKS:
        if options[name]:
            option = "--export" if name == "export_to" else f"--{name.removeprefix('as_')}"
            raise ParameterError(
                f"--infer proposes a schema, {option.replace('_', '-')} belongs to a check",
                hint="leave one of them out",
            )


def _command(path: Path, options: Mapping[str, Any]) -> str:
    """Return how to check the file by what is proposed, once that is kept in a file."""
    schema = f"{path.stem}_schema.py:{model_name(path.stem)}"
    words = [PROGRAM, "check", str(path), "--schema", schema]
    for name in ("form", "delimiter", "encoding", "null"):
        if options[name] is not None:
            words += [f"--{'format' if name == 'form' else name}", options[name]]
    for text in options["options"]:
        words += ["--option", text]
    return command_line(words)
