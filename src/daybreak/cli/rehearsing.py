"""What `daybreak rehearse` does once its options are read: listen, show what was found, end."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any, Final, TextIO

from ..errors import ParameterError
from ..model.status import StepStatus
from ..operations.load import LoadedJob
from ..operations.rehearsal import Rehearsal
from ..operations.rehearse import rehearse
from ..operations.rehearse_scratch import rehearse_in_scratch
from ..operations.settings import Settings
from ..reports.failure import Failure, tell
from ..reports.jsonlog import JsonLines
from ..reports.lines import Lines
from ..reports.look import console_on
from ..reports.progress import Progress
from ..reports.rehearsal import rehearsal_parts, rehearsal_payload
from ..reports.secrets import Mask
from ..telemetry import Said, Telemetry
from .exits import Exit, exit_of_error
from .job_options import given_text
from .options import DISK_FREE_MB, PATIENCE_S
from .running import secrets_in, settings_of
from .typed import PROGRAM, command_line, without_secrets

_OF_RUNS: Final[Mapping[str, Any]] = {
    "again": False,
    "only": None,
    "from_step": None,
    "undone": (),
    "accept_changes": False,
    "patience_s": PATIENCE_S,
    "kill_owner": False,
    "disk_free_mb": DISK_FREE_MB,
}
"""What `run` has options for, and a rehearsal has none."""


def rehearse_job(
    loaded: LoadedJob,
    file: str,
    step: str | None,
    options: Mapping[str, Any],
    words: Sequence[str],
) -> Exit:
    """Rehearse what a command means, and show what was found out.

    Args:
        loaded: The job.
        file: Its file as typed.
        step: The step as typed, if any.
        options: The command's options as click read them.
        words: The command as typed, behind `daybreak rehearse`.

    Raises:
        DaybreakError: If nothing was begun.
    """
    _refuse_nonsense(loaded, file, step, options)
    given = {name: given_text(name, options) for name in loaded.parameters}
    mask = secrets_in(loaded, given, words)
    settings = settings_of_rehearsal(loaded, options)
    stdout = sys.stdout
    with _listeners(loaded, mask, as_json=options["as_json"]) as telemetry:
        if options["scratch"]:
            rehearsal = rehearse_in_scratch(
                loaded,
                step,
                settings,
                telemetry,
                records=options["records"],
                is_spread=options["spread"],
            )
        else:
            assert step is not None
            rehearsal = rehearse(
                loaded,
                step,
                settings,
                telemetry,
                records=options["records"],
                run_id=options["run_id"],
                is_spread=options["spread"],
            )
    _show(rehearsal, stdout, mask, as_json=options["as_json"])
    secrets = [f"--{one.name}" for one in loaded.parameters.values() if one.is_secret]
    again = command_line([PROGRAM, "rehearse", *without_secrets(words, secrets)])
    return _ended(rehearsal, again, mask, with_traceback=options["traceback"])


def settings_of_rehearsal(loaded: LoadedJob, options: Mapping[str, Any]) -> Settings:
    """Return what the options of a command that rehearses say, as a run's settings.

    Raises:
        DefinitionError: If one of them is wrong for this job.
    """
    waiting = {"lease_s": options["wait_s"], "takeover_s": options["wait_s"]}
    return settings_of(loaded, {"knobs": (), **options, **_OF_RUNS, **waiting})


def _refuse_nonsense(
    loaded: LoadedJob, file: str, step: str | None, options: Mapping[str, Any]
) -> None:
    if step is None and not options["scratch"]:
        names = ", ".join(one.name for one in loaded.job.steps)
        raise ParameterError(
            f"which step? job {loaded.job.name} has: {names}",
            hint=f"name one: {PROGRAM} rehearse {file} STEP; or rehearse the whole job: --scratch",
        )
    if options["run_id"] is not None and options["scratch"]:
        raise ParameterError(
            "--scratch builds on no run: it does all steps itself", hint="leave --run out"
        )


@contextmanager
def _listeners(loaded: LoadedJob, mask: Mask, *, as_json: bool) -> Iterator[Telemetry]:
    telemetry = Telemetry()
    if as_json:
        written = JsonLines(sys.stdout, mask)
        telemetry.subscribe(lambda event: written.hear(event) if isinstance(event, Said) else None)
        with redirect_stdout(sys.stderr):  # what user code prints is no JSON
            yield telemetry
        return
    kinds = {step.name: step.kind for step in loaded.job.steps}
    progress = Progress(time.monotonic, kinds)
    telemetry.subscribe(progress.hear)
    telemetry.subscribe(Lines(progress, sys.stdout, mask).hear)
    yield telemetry


def _show(rehearsal: Rehearsal, stdout: TextIO, mask: Mask, *, as_json: bool) -> None:
    if as_json:
        JsonLines(stdout, mask).write(rehearsal_payload(rehearsal, mask))
        return
    console = console_on(stdout)
    console.print()
    for part in rehearsal_parts(rehearsal, stdout, mask):
        console.print(part)


def _ended(rehearsal: Rehearsal, again: str, mask: Mask, *, with_traceback: bool) -> Exit:
    failed = rehearsal.failed
    if failed is not None and failed.error is not None:
        failure = Failure(failed.error, [("again", again)], failed.step, failed.impact)
        tell(failure, sys.stderr, mask, with_traceback=with_traceback)
        status = exit_of_error(failed.error)
        return Exit.FAILED if status is Exit.USAGE else status
    return Exit.STOPPED if rehearsal.status is StepStatus.STOPPED else Exit.DONE
