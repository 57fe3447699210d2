"""What `daybreak restart` does once its options are read: the run says what it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..errors import ParameterError
from ..model.restart import Wish
from ..operations.attempt import Attempt
from ..operations.restart import (
    databases_of,
    job_of,
    parameters_of,
    read_again,
    run_to_restart,
)
from ..operations.settings import Settings
from ..reports.secrets import SHOWN, without_passwords
from .exits import Exit
from .job_options import read_knobs, split_database
from .running import Command, Typed, bounds_of, secrets_in, show_run

_PARAMETER: Final = "--parameter"


def restart_run(
    ledger: str,
    run_id: int,
    options: Mapping[str, Any],
    words: Sequence[str],
    attempt: Attempt,
) -> Exit:
    """Begin a run again, show it, and tell how it ended.

    Args:
        ledger: The ledger's URL.
        run_id: The run.
        options: The command's options as click read them.
        words: The command as typed, behind `daybreak restart`.
        attempt: Which attempt of the command this process is.
    """
    run = run_to_restart(ledger, run_id)
    loaded = job_of(run)
    again = _named(options["parameters"])
    shown = _without_values(words)
    typed = Typed(loaded, run.job_file, options["ledger"], shown, verb="restart")
    mask = secrets_in(loaded, again, words)

    def settings() -> Settings:
        given = parameters_of(run, loaded, read_again(loaded, again))
        return Settings(
            parameters=given,
            knobs=read_knobs(loaded.job, options["knobs"]),
            databases=databases_of(run, loaded, dict(map(split_database, options["databases"]))),
            force_start=options["force_start"],
            ledger=ledger,
            restart=Wish(
                options["step"],
                undone=frozenset(options["undone"]),
                is_once_more=options["is_once_more"],
            ),
            run=run_id,
            **bounds_of(options),
        )

    command = Command(typed, settings, mask, options["as_json"], options["traceback"], attempt)
    return show_run(loaded, command)


def _named(texts: Sequence[str]) -> dict[str, str]:
    """Read `NAME=VALUE`; `-` and `_` are the same in a name.

    Raises:
        ParameterError: If one is written otherwise.
    """
    named = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ParameterError(
                "expected --parameter NAME=VALUE, got no '='", hint="write for example api_key=…"
            )
        named[name.replace("-", "_")] = value
    return named


def _without_values(words: Sequence[str]) -> list[str]:
    """Return the words of the command with the values of secret parameters hidden."""
    shown: list[str] = []
    for word in words:
        is_value = bool(shown) and shown[-1] == _PARAMETER
        head, equals, rest = word.partition("=")
        if is_value:
            shown.append(f"{head}={SHOWN}")
        elif head == _PARAMETER and equals:
            shown.append(f"{head}={rest.partition('=')[0]}={SHOWN}")
        else:
            shown.append(without_passwords(word))
    return shown
