"""Commands as people type them: quoted for a shell, without secrets."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ..operations.inspect import RunReport

PROGRAM: Final = "daybreak"


def command_line(words: Iterable[str]) -> str:
    """Return words as a shell reads them."""
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    # `***` needs no quotes where it stands alone: it is to be replaced anyway.
    return word if word == "***" else shlex.quote(word)


def without_secrets(words: Sequence[str], secret_options: Iterable[str]) -> list[str]:
    """Return the words of a command with the values of secret options, and passwords, hidden.

    Args:
        words: As typed, without the program's name.
        secret_options: Names of options, with their dashes, as in `--api-key`.
    """
    from ..reports.secrets import SHOWN, without_passwords  # noqa: PLC0415 - not for `--help`

    names = {name.replace("_", "-") for name in secret_options}
    shown: list[str] = []
    is_value = False
    for word in words:
        name, equals, _value = word.partition("=")
        if is_value:
            shown.append(SHOWN)
            is_value = False
        elif name.replace("_", "-") in names:
            shown.append(f"{name}={SHOWN}" if equals else name)
            is_value = not equals
        else:
            shown.append(without_passwords(word))
    return shown


def looking(
    command: str,
    run: str,
    *,
    file: str | None,
    ledger: str | None,
    databases: Sequence[str] = (),
) -> str:
    """Return the command that looks at a run, so that it finds the ledger from here.

    Args:
        command: `status` or `quarantine`.
        run: The run's number.
        file: The job's file as typed, if its ledger is not the one that is found without it.
        ledger: What `--ledger` said, if anything.
        databases: What `--database` said.
    """
    words = [PROGRAM, command, run]
    if ledger is not None:
        words += ["--ledger", ledger]
    elif file is not None:
        words += ["--file", file]
    for database in databases:
        words += ["--database", database]
    return command_line(without_secrets(words, ()))


def resuming(report: RunReport) -> str:
    """Return a command that means a run in the ledger again, as far as the ledger knows it."""
    words = [PROGRAM, "run", _near(report.job_file)]
    for name, value in report.parameters.items():
        words += _option(name, value)
    for name, url in report.databases.items():
        words += ["--database", f"{name}={url}"]
    if report.line.night is not None:
        words += ["--night", str(report.line.night)]
    return command_line(words)


def _near(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def _option(name: str, value: Any) -> list[str]:
    option = "--" + name.replace("_", "-")
    match value:
        case None:
            words = []
        case bool():
            words = [option if value else "--no-" + option[2:]]
        case list():
            words = [word for part in value for word in _option(name, part)]
        case _:
            words = [option, str(value)]
    return words
