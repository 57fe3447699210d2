"""What `daybreak quarantine` changes: records are replayed, or erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .exits import Exit

if TYPE_CHECKING:
    from ..operations.attempt import Attempt
    from ..operations.load import LoadedJob
    from ..operations.replay import ReplayOutcome

ERASE: Final = "--erase"
SECRET_OPTIONS: Final = ("--parameter", ERASE)
"""Their values are hidden where a command is shown again."""


def refuse_mixed(acts: Mapping[str, Any], *, is_export: bool) -> None:
    """Raise if a command asks for two things at once, or says more of a replay that is none.

    Raises:
        ParameterError: It says which.
    """
    from ..errors import ParameterError  # noqa: PLC0415 - not for `--help`

    asked = [
        name
        for name, is_asked in (
            ("--export", is_export),
            ("--replay", acts["replay"]),
            (ERASE, acts["erase_key"] is not None),
            ("--erase-older-than", acts["erase_days"] is not None),
        )
        if is_asked
    ]
    if len(asked) > 1:
        raise ParameterError(
            f"{asked[0]} and {asked[1]} are two commands", hint="give one after the other"
        )
    if acts["erase_key"] == "":
        raise ParameterError("expected a key behind --erase, got an empty one")
    for name in ("reason", "repaired", "parameters"):
        if acts[name] and not acts["replay"]:
            raise ParameterError(
                f"--{name.removesuffix('s')} says what to replay", hint="give --replay too"
            )


def erase_records(url: str, run: int, given: Mapping[str, str], acts: Mapping[str, Any]) -> None:
    """Erase records, and tell how many."""
    from ..ledger.clock import SystemClock  # noqa: PLC0415 - not for `--help`
    from ..operations.erase import Age, Key, erase  # noqa: PLC0415 - not for `--help`
    from ..operations.settings import Settings  # noqa: PLC0415 - not for `--help`
    from ..reports.wording import records  # noqa: PLC0415 - not for `--help`

    key, days = acts["erase_key"], acts["erase_days"]
    what = Age(days, SystemClock().now()) if key is None else Key.of(key)
    number = erase(url, run, what, Settings(databases=given, ledger=url))
    if acts["as_json"]:
        import json  # noqa: PLC0415 - not for `--help`

        click.echo(json.dumps({"erased": number}))
        return
    kept = ": their counts and fates stay, they cannot be replayed" if number else ""
    click.echo(f"{records(number)} erased in the quarantine of run {run}{kept}")


def replay_records(
    url: str, run: int, given: Mapping[str, str], acts: Mapping[str, Any], attempt: Attempt
) -> Exit:
    """Replay records, and tell what became of them.

    If one of them kills the process, the next attempt leaves out those that did so before.

    Raises:
        ProcessDied: If that does not help. What was replayed stays so.
    """
    from ..operations.choice import Wanted  # noqa: PLC0415 - not for `--help`
    from ..operations.deaths import replay_died  # noqa: PLC0415 - not for `--help`
    from ..operations.inspect import run_report  # noqa: PLC0415 - not for `--help`
    from ..operations.load import load_job  # noqa: PLC0415 - not for `--help`
    from ..operations.replay import replay  # noqa: PLC0415 - not for `--help`
    from ..operations.settings import Settings  # noqa: PLC0415 - not for `--help`
    from ..reports.jsonlog import JsonLog  # noqa: PLC0415 - not for `--help`
    from ..reports.secrets import Mask  # noqa: PLC0415 - not for `--help`
    from ..telemetry import Telemetry  # noqa: PLC0415 - not for `--help`

    if attempt.gives_up:
        raise replay_died(attempt)
    loaded = load_job(acts["file"] or Path(run_report(url, run).job_file))
    settings = Settings(
        parameters=_read_parameters(loaded, acts["parameters"]), databases=given, ledger=url
    )
    secrets = {str.__str__(one) for one in settings.parameters.values() if isinstance(one, str)}
    log = JsonLog(Mask(secrets))
    telemetry = Telemetry()
    telemetry.subscribe(log.hear)
    try:
        wanted = Wanted(
            acts["step"],
            acts["reason"],
            acts["repaired"],
            without_killers=bool(attempt.deaths),
        )
        outcome = replay(loaded, run, wanted, settings, telemetry, attempt=attempt)
        return _told(outcome, as_json=acts["as_json"])
    finally:
        log.close()


def _told(outcome: ReplayOutcome, *, as_json: bool) -> Exit:
    from ..reports.jsonlog import as_line  # noqa: PLC0415 - not for `--help`
    from ..reports.payload import plain  # noqa: PLC0415 - not for `--help`
    from ..reports.replayed import replayed_lines  # noqa: PLC0415 - not for `--help`
    from ..reports.secrets import Mask  # noqa: PLC0415 - not for `--help`

    for line in [as_line(plain(outcome, Mask()))] if as_json else replayed_lines(outcome):
        click.echo(line)
    return Exit.STOPPED if any(step.left for step in outcome.steps) else Exit.DONE


def _read_parameters(loaded: LoadedJob, given: Sequence[str]) -> dict[str, Any]:
    """Read `--parameter NAME=VALUE`."""
    from ..errors import ParameterError  # noqa: PLC0415 - not for `--help`

    values: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.replace("-", "_")
        if not equals:
            raise ParameterError("expected --parameter NAME=VALUE, got no '='")
        known = loaded.parameters.get(name)
        values[name] = value if known is None else known.read(value)
    return values
