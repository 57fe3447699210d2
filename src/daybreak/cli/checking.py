"""What `daybreak check` does once its options are read: check, show what was found, end."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ..abc import Publish
from ..check.summary import SAMPLES_MAX, CheckSummary
from ..errors import ParameterError
from ..model.limits import BadLimit
from ..operations.check_files import Checked, CheckWish, check_files
from ..operations.schema import load_schema
from ..reports.check_progress import CheckDisplay
from ..reports.failure import commands_text
from ..reports.findings import SAMPLES_SHOWN, findings_parts, verdict_parts
from ..reports.look import console_on
from ..reports.secrets import Mask
from ..reports.wording import records
from .check_formats import files_of
from .exits import Exit
from .typed import PROGRAM, command_line


def check_and_show(paths: Sequence[Path], options: Mapping[str, Any]) -> Exit:
    """Check files, and show what was found.

    Args:
        paths: The files.
        options: The command's, as click read them.

    Raises:
        DaybreakError: If the check could not be done.
    """
    if options["quick"]:
        raise ParameterError("--quick says how to infer a schema", hint="give --infer too")
    if options["schema"] is None:
        raise ParameterError(
            "which schema?",
            hint="give --schema file.py:Model; or have one proposed: --infer",
        )
    model = load_schema(options["schema"])
    sources = files_of(paths, model, options)
    wish = _wish(paths, options)
    with _display(paths, as_json=options["as_json"]) as publish:
        checked = check_files(sources, wish, publish)
    if options["as_json"]:
        click.echo(
            json.dumps(payload_of(checked, with_values=wish.with_values), ensure_ascii=False)
        )
    else:
        _show(checked, paths, options)
    return Exit.CHECK if checked.summary.failed else Exit.DONE


def _wish(paths: Sequence[Path], options: Mapping[str, Any]) -> CheckWish:
    samples = options["samples"]
    return CheckWish(
        max_bad=_limit(options["max_bad"]),
        samples_max=SAMPLES_MAX if samples is None else samples,
        html=options["html"],
        export=_export(paths, options["export_to"]),
        schema=options["schema"],
        with_values=not options["no_values"],
    )


def _limit(text: str) -> BadLimit:
    return BadLimit.parse(int(text) if text.isascii() and text.isdecimal() else text)


def _export(paths: Sequence[Path], to: Path | None) -> Callable[[Path], Path] | None:
    if to is None:
        return None
    if to.is_dir():
        return lambda path: to / path.name
    if len(paths) > 1:
        raise ParameterError(
            f"the faulty records of {len(paths)} files cannot be one file",
            hint=f"name a folder that exists: mkdir {to}",
        )
    return lambda _path: to


@contextmanager
def _display(paths: Sequence[Path], *, as_json: bool) -> Iterator[Publish]:
    """Show how far the check is; programs read the end only."""
    if as_json:
        yield lambda _event: None
        return
    sizes = {str(path): path.stat().st_size for path in paths if path.is_file()}
    with CheckDisplay(sizes, sys.stdout) as display:
        yield display.hear


# ---------------------------------------------------------------- what was found


def _show(checked: Checked, paths: Sequence[Path], options: Mapping[str, Any]) -> None:
    stream, console = sys.stdout, console_on()
    samples = options["samples"]
    parts = findings_parts(
        checked.summary,
        stream,
        Mask(),
        samples=SAMPLES_SHOWN if samples is None else samples,
        with_values=not options["no_values"],
    )
    for part in parts:
        console.print(part)
    console.print()
    for part in verdict_parts(checked.summary, checked.duration_s, stream):
        console.print(part)
    for line in _written(checked):
        console.print(line, soft_wrap=True)
    if commands := _next(checked, paths, options):
        console.print()
        console.print(commands_text(commands), soft_wrap=True)


def _written(checked: Checked) -> list[str]:
    lines = [f"{records(number)} written to {path}" for path, number in checked.exports.items()]
    return [*lines, *([f"report written to {checked.html}"] if checked.html else [])]


def _next(
    checked: Checked, paths: Sequence[Path], options: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Return what to type next: what makes something to hand on, if there is something to say."""
    if not checked.summary.findings or (checked.html and checked.exports):
        return []
    words = [PROGRAM, "check", *map(str, paths), "--schema", options["schema"]]
    for name in ("form", "delimiter", "encoding", "null", "key"):
        if options[name] is not None:
            words += [f"--{'format' if name == 'form' else name}", options[name]]
    for text in options["options"]:
        words += ["--option", text]
    if options["max_bad"] != "0":
        words += ["--max-bad", options["max_bad"]]
    if options["no_values"]:
        words.append("--no-values")
    if checked.html is None:
        words += ["--html", "report.html"]
    if not checked.exports and not any(file.refused for file in checked.summary.files):
        words += ["--export", _export_name(paths)]
    return [("for whoever sent it", command_line(words))]


def _export_name(paths: Sequence[Path]) -> str:
    """Return a name for the faulty records that is none of the files'."""
    suffix = paths[0].suffix if len(paths) == 1 else ""
    name = f"faulty{suffix}"
    return f"faulty-records{suffix}" if Path(name).resolve() in map(Path.resolve, paths) else name


def payload_of(checked: Checked, *, with_values: bool) -> dict[str, Any]:
    """Return what was found as JSON data."""
    found = json.loads(_shown(checked.summary, with_values=with_values).as_json())
    for file in found["files"]:
        del file["findings_file"]  # it is gone already
    return {
        **found,
        "rows": checked.summary.rows,
        "faulty_rows": checked.summary.faulty_rows,
        "duration_s": round(checked.duration_s, 3),
        "html": None if checked.html is None else str(checked.html),
        "exports": {str(path): number for path, number in checked.exports.items()},
    }


def _shown(summary: CheckSummary, *, with_values: bool) -> CheckSummary:
    if not with_values:
        for file in summary.files:
            for cause in file.causes.values():
                cause.samples[:] = [dataclasses.replace(one, value=None) for one in cause.samples]
    return summary
