"""What `daybreak run` does once its options are read: listen to the run, show it, tell its end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from ..errors import DaybreakError, DefinitionError, OwnershipError, ParameterError
from ..model.restart import Wish
from ..model.status import RunStatus
from ..operations.attempt import Attempt
from ..operations.load import LoadedJob
from ..operations.places import (
    ENVIRONMENT_LEDGER,
    database_from_environment,
    home_of,
    ledger_url,
)
from ..operations.settings import Settings
from ..operations.start import Outcome, start
from ..reports.failure import Failure, as_payload, commands_text, tell
from ..reports.jsonlog import JsonLines, JsonLog
from ..reports.lines import Lines
from ..reports.live import LiveDisplay
from ..reports.look import console_on, is_live_terminal, say_lost
from ..reports.progress import Progress
from ..reports.secrets import Mask, passwords_in
from ..reports.summary import last_line, quarantined_in, summary_table
from ..telemetry import Telemetry, gets_on
from .exits import Exit, exit_of_error, exit_of_outcome
from .job_options import given_text, read_databases, read_given, read_knobs
from .typed import PROGRAM, command_line, looking, without_secrets


@dataclass(frozen=True)
class Typed:
    """The command as it was typed, for those who type it again."""

    loaded: LoadedJob
    file: str
    ledger: str | None
    words: Sequence[str]
    """Behind `daybreak run`, or what `verb` says; secrets hidden."""

    verb: str = "run"

    @property
    def again(self) -> str:
        """The same command once more."""
        return command_line([PROGRAM, self.verb, *self.words])

    @property
    def resume(self) -> str:
        """The command that goes on with the run: `--again` would begin another."""
        return command_line([PROGRAM, self.verb, *(w for w in self.words if w != "--again")])

    @property
    def anew(self) -> str:
        """The command that begins a new run."""
        return f"{self.resume} --again"

    @property
    def help(self) -> str:
        """What tells the job's options."""
        file = [self.file] if self.verb == "run" else []
        return command_line([PROGRAM, self.verb, *file, "--help"])

    def look(self, command: str, run: str) -> str:
        """Return the command that looks at a run, so that it works from the current folder."""
        is_found = home_of(Path(self.file)) == home_of(None) or ENVIRONMENT_LEDGER in os.environ
        return looking(
            command,
            run,
            file=None if is_found else self.file,
            ledger=self.ledger,
            databases=self._databases() if command == "quarantine" else (),
        )

    def _databases(self) -> list[str]:
        """Return what the ledger cannot know of the databases: their URLs with a user."""
        return [
            f"{database.name}={database.url}"
            for database in self.loaded.databases
            if "@" in database.url and database_from_environment(database.name) is None
        ]


@dataclass(frozen=True)
class Listening:
    """Those who listen to a run, and where they write."""

    progress: Progress
    log: JsonLog
    mask: Mask
    stdout: TextIO
    json: JsonLines | None
    """In place of everything for people, if programs read."""


def run_job(
    loaded: LoadedJob,
    file: str,
    options: Mapping[str, Any],
    words: Sequence[str],
    attempt: Attempt,
) -> Exit:
    """Start or resume the run that a command means, show it, and tell how it ended.

    Args:
        loaded: The job.
        file: Its file as typed.
        options: The command's options as click read them.
        words: The command as typed, behind `daybreak run`.
        attempt: Which attempt of the command this process is.
    """
    secrets = [p for p in loaded.parameters.values() if p.is_secret]
    shown = without_secrets(words, (f"--{parameter.name}" for parameter in secrets))
    typed = Typed(loaded, file, options["ledger"], shown)
    given = {name: given_text(name, options) for name in loaded.parameters}
    mask = secrets_in(loaded, given, words)

    def settings() -> Settings:
        return settings_of(loaded, options)

    command = Command(typed, settings, mask, options["as_json"], options["traceback"], attempt)
    return show_run(loaded, command)


@dataclass(frozen=True)
class Command:
    """A command that brings a run on, read as far as its words go."""

    typed: Typed
    settings: Callable[[], Settings]
    """Gives what it says about the run, or raises what is wrong with it."""

    mask: Mask
    as_json: bool
    with_traceback: bool
    attempt: Attempt
    """Which attempt of a supervised command this process is."""


def show_run(loaded: LoadedJob, command: Command) -> Exit:
    """Do what a command says, show it, and tell how the run ended."""
    typed, mask, with_traceback = command.typed, command.mask, command.with_traceback
    kinds = {step.name: step.kind for step in loaded.job.steps}
    listening = Listening(
        progress=Progress(time.monotonic, kinds),
        log=JsonLog(mask),
        mask=mask,
        stdout=sys.stdout,
        json=JsonLines(sys.stdout, mask) if command.as_json else None,
    )
    try:
        with _listeners(listening) as telemetry:
            attempt = command.attempt
            telemetry.subscribe(lambda event: attempt.progressed() if gets_on(event) else None)
            outcome = start(loaded, command.settings(), telemetry, attempt)
    except KeyboardInterrupt:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the end of a run is told
        return _tell_raised(error, typed, listening, with_traceback=with_traceback)
    else:
        return _tell_outcome(outcome, typed, listening, with_traceback=with_traceback)
    finally:
        listening.log.close()


def settings_of(loaded: LoadedJob, options: Mapping[str, Any]) -> Settings:
    """Return what the options say about the run.

    Raises:
        DefinitionError: If one of them is wrong for this job.
    """
    return Settings(
        parameters=read_given(loaded.parameters, options),
        knobs=read_knobs(loaded.job, options["knobs"]),
        databases=read_databases([one.name for one in loaded.databases], options["databases"]),
        ledger=options["ledger"],
        night=options["night"],
        again=options["again"],
        restart=wish_of(options),
        accepts_changes=options["accept_changes"],
        force_start=options.get("force_start"),
        **bounds_of(options),
    )


def bounds_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the options say of waiting, of a former owner and of room, as `Settings` do."""
    return {
        "lease_s": options["lease_s"],
        "takeover_s": options["takeover_s"],
        "patience_s": options["patience_s"],
        "kill_owner": options["kill_owner"],
        "disk_free_bytes_min": options["disk_free_mb"] * 1_000_000,
    }


def wish_of(options: Mapping[str, Any]) -> Wish | None:
    """Return which steps the command begins again, or does alone; None if it just goes on.

    Raises:
        ParameterError: If it says two things at once.
    """
    only, behind, again = options["only"], options["from_step"], options["again"]
    undone = frozenset(options["undone"])
    if only and behind:
        raise ParameterError(
            "--only and --from exclude each other",
            hint="--only does one step; --from begins a step and all behind it again",
        )
    if again and behind:
        raise ParameterError(
            "--again begins a new run, in which nothing can begin again --from a step",
            hint="leave one of them out",
        )
    if not only and not behind:
        if undone:
            raise ParameterError(
                "--undone without a step that begins again", hint="give --only STEP or --from STEP"
            )
        return None
    return Wish(only or behind, is_only=bool(only), undone=undone)


def secrets_in(loaded: LoadedJob, given: Mapping[str, Any], words: Sequence[str]) -> Mask:
    """Return what hides passwords in URLs, and the values of secret parameters.

    Args:
        loaded: The job.
        given: What the command gives for its parameters, by name.
        words: The command as typed.
    """
    urls = list(words)
    for database in loaded.databases:
        urls += [database_from_environment(database.name) or "", database.default_url or ""]
    values = {password for url in urls for password in passwords_in(url)}
    for name, parameter in loaded.parameters.items():
        if parameter.is_secret:
            for known in (given.get(name), parameter.default):
                parts = known if isinstance(known, list | tuple) else [known]
                values |= {str.__str__(part) for part in parts if isinstance(part, str)}
    return Mask(values)


@contextmanager
def _listeners(listening: Listening) -> Iterator[Telemetry]:
    """Have everybody listen; the log first, for it must hear what a display may break on."""
    telemetry = Telemetry()
    telemetry.subscribe(listening.log.hear)
    telemetry.subscribe(listening.progress.hear)
    with ExitStack() as stack:
        if listening.json is not None:
            telemetry.subscribe(listening.json.hear)
            stack.enter_context(redirect_stdout(sys.stderr))  # what user code prints is no JSON
        elif is_live_terminal(listening.stdout):
            display = LiveDisplay(listening.progress, listening.stdout, listening.mask)
            telemetry.subscribe(stack.enter_context(display).hear)
        else:
            lines = Lines(listening.progress, listening.stdout, listening.mask)
            telemetry.subscribe(lines.hear)
        yield telemetry


# ---------------------------------------------------------------- the end


def _tell_outcome(
    outcome: Outcome, typed: Typed, listening: Listening, *, with_traceback: bool
) -> Exit:
    exit_ = exit_of_outcome(outcome)
    quarantined = max(outcome.quarantined, quarantined_in(listening.progress))
    if outcome.was_done:
        quarantined = _quarantined_before(outcome.run, typed)
    if listening.json is None:
        with _anyhow():
            _show_summary(listening)
    if outcome.error is not None:
        commands = [("look", typed.look("quarantine", outcome.run))] if quarantined else []
        commands.append(("resume", typed.resume))
        failure = Failure(outcome.error, commands, outcome.step, outcome.impact, run=outcome.run)
        _tell_failure(failure, exit_, listening, with_traceback=with_traceback)
    elif listening.json is None:
        with _anyhow():
            _show_last_line(outcome, quarantined, typed, listening)
    return exit_


@contextmanager
def _anyhow() -> Iterator[None]:
    """Tell what can be told: how a run ended does not depend on who can be told of it."""
    try:
        yield
    except OSError as error:
        say_lost(error)


def _quarantined_before(run: str, typed: Typed) -> int:
    """Return what a run that was done before had set aside."""
    from ..operations.inspect import run_report  # noqa: PLC0415 - of a run that was done before

    report = run_report(ledger_url(typed.ledger, typed.loaded.path), int(run))
    return report.line.quarantined


def _show_summary(listening: Listening) -> None:
    steps = listening.progress.steps
    if listening.progress.run:
        console = console_on(listening.stdout)
        console.print()
        console.print(summary_table(steps, listening.stdout))
        console.print()


def _show_last_line(outcome: Outcome, quarantined: int, typed: Typed, listening: Listening) -> None:
    line = last_line(
        outcome.run,
        outcome.status,
        quarantined,
        listening.progress.duration_s,
        was_done=outcome.was_done,
        see=typed.look("quarantine", outcome.run),
        again=typed.anew,
        done_alone=outcome.done_alone,
    )
    console = console_on(listening.stdout, soft_wrap=True)
    is_done = outcome.status is RunStatus.DONE or outcome.done_alone is not None
    console.print(line, style="green" if is_done else "yellow")
    if not is_done and outcome.status is not RunStatus.CANCELLED:
        console.print()
        console.print(commands_text([("resume", typed.resume)]))


def _tell_raised(
    error: Exception, typed: Typed, listening: Listening, *, with_traceback: bool
) -> Exit:
    run = listening.progress.run
    failure = Failure(error, _commands_after(error, typed, run), title=_title(error, run), run=run)
    exit_ = exit_of_error(error)
    _tell_failure(failure, exit_, listening, with_traceback=with_traceback)
    return exit_


def _title(error: Exception, run: str) -> str:
    if not isinstance(error, DaybreakError):
        return "this is a fault of Daybreak itself" + (f"; run {run} stands still" if run else "")
    return f"run {run} ended early" if run else "nothing was started"


def _commands_after(error: Exception, typed: Typed, run: str) -> list[tuple[str, str]]:
    match error:
        case DefinitionError() if not run:
            return [("help", typed.help)]
        case OwnershipError() if run or "run" in error.where:
            return [("look", typed.look("status", run or str(error.where["run"])))]
        case _:
            return [("resume", typed.resume)] if run else [("again", typed.again)]


def _tell_failure(
    failure: Failure, exit_: Exit, listening: Listening, *, with_traceback: bool
) -> None:
    payload = as_payload(failure, listening.mask, status=int(exit_))
    listening.log.write(payload)
    if listening.json is not None:
        listening.json.write(payload)
    with _anyhow():
        tell(failure, sys.stderr, listening.mask, with_traceback=with_traceback)
