"""The program `daybreak`: the group of its commands, and how every command ends.

Only click is imported here: `daybreak --help` answers at once. Each command imports what it needs
when it is called.
"""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from ..operations.attempt import Attempt
from ..operations.supervise import end_with_parent, stopping_signals, supervised
from .attempts import attempts_in
from .check import check
from .exits import Exit, exit_of_error
from .forecast import forecast
from .help import DaybreakGroup, color_of_environment
from .limits import limits
from .plan import plan
from .quarantine import quarantine
from .quarantine_acts import SECRET_OPTIONS
from .rehearse import rehearse
from .restart import restart
from .run import run
from .status import status
from .target import target
from .tune import tune
from .typed import PROGRAM

if TYPE_CHECKING:
    from ..reports.failure import Failure


_AT_WORK: Final = (["run"], ["restart"], ["rehearse"])
_REHEARSING: Final = (["forecast"], ["tune"])
_CLICKS_WORDS: Final = (
    ("valid integer range", "valid integer"),
    ("valid float range", "valid number"),
)
"""Where a type with bounds calls itself one."""


def _is_at_work(words: Sequence[str]) -> bool:
    """Say whether a command calls a job's functions."""
    return words[:1] in _AT_WORK or (words[:1] == ["quarantine"] and "--replay" in words)


def _has_endings(words: Sequence[str]) -> bool:
    """Say whether a command has something to remove or to undo, however it is ended."""
    return _is_at_work(words) or words[:1] == ["check"] or words[:1] in _REHEARSING


def _show_version(ctx: click.Context, _option: click.Parameter, is_given: bool) -> None:  # noqa: FBT001 - click calls it
    if not is_given or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow to import

    try:
        number = version("daybreak")
    except PackageNotFoundError:
        number = "(not installed)"
    click.echo(f"{PROGRAM} {number}")
    ctx.exit()


@click.group(
    cls=DaybreakGroup,
    examples=[
        ("daybreak run examples/flights.py", "start a job, or resume it"),
        ("daybreak rehearse examples/flights.py --scratch", "try it without leaving anything"),
        ("daybreak check orders.csv --schema shop.py:Order", "all faults of a file, by cause"),
        ("daybreak status", "how the last runs stand"),
        ("daybreak quarantine 1", "what run 1 set aside, and why"),
    ],
)
@click.help_option("-h", "--help", help="Show this and exit.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def daybreak() -> None:
    """Batch jobs that are done before daybreak: restartable, checked, proven."""


daybreak.add_command(run)
daybreak.add_command(restart)
daybreak.add_command(rehearse)
daybreak.add_command(forecast)
daybreak.add_command(tune)
daybreak.add_command(plan)
daybreak.add_command(status)
daybreak.add_command(quarantine)
daybreak.add_command(check)
daybreak.add_command(target)
daybreak.add_command(limits)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the program and exit with its status: 0 done, 1 failed, 2 wrong usage, 3 check, 4, 5.

    Args:
        words: What was typed behind `daybreak`; None for the process's own arguments.
    """
    _write_nowhere_where_closed()
    _never_fail_on_letters()
    _let_arrow_keep_memory()
    typed = sys.argv[1:] if words is None else list(words)

    def attempted(attempt: Attempt) -> int:
        status_ = execute(typed, attempt)
        _flush()
        gc.freeze()  # what is left ends with the process: to look through it would take 0.1 s
        return int(status_)

    attempts = attempts_in(typed)
    if attempts > 1:
        sys.exit(supervised(attempted, attempts))
    if _has_endings(typed):
        for number in stopping_signals():  # until the run itself listens, each is a Ctrl-C
            signal.signal(number, signal.default_int_handler)
    end_with_parent()
    sys.exit(attempted(Attempt()))


def _let_arrow_keep_memory() -> None:
    """Have Arrow take its memory where Python does, unless the environment says otherwise.

    Its own allocator gives the memory of every block back to the system, which has to clear it for
    the next one: a tenth of the time of a load.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def execute(words: Sequence[str], attempt: Attempt | None = None) -> Exit | int:
    """Run one command; whatever happens is told, and comes back as an exit status.

    Args:
        words: What was typed behind `daybreak`.
        attempt: Which attempt of a supervised command it is.
    """
    try:
        result: Any = daybreak.main(
            args=list(words),
            prog_name=PROGRAM,
            standalone_mode=False,
            color=color_of_environment(),
            obj=attempt or Attempt(),
        )
    except click.UsageError as error:
        return _wrong_usage(error)
    except (KeyboardInterrupt, click.Abort):
        click.echo("\ninterrupted", err=True)
        is_stopped = _is_at_work(words) or words[:1] in _REHEARSING
        return Exit.STOPPED if is_stopped else Exit.FAILED
    except BrokenPipeError:
        return Exit.FAILED  # whoever read the output is gone
    except Exception as error:  # noqa: BLE001 - the last door: nobody gets a bare traceback
        return _tell(error, words)
    return result if isinstance(result, int) else Exit.DONE


def _wrong_usage(error: click.UsageError) -> Exit:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return Exit.USAGE
    from ..errors import ParameterError  # noqa: PLC0415 - not for `--help`
    from ..reports.failure import Failure  # noqa: PLC0415 - not for `--help`

    close = getattr(error, "possibilities", None) or []
    message = (error.message if close else error.format_message()).strip().rstrip(".")
    for theirs, ours in _CLICKS_WORDS:
        message = message.replace(theirs, ours)
    hint = f"did you mean {' or '.join(close)}?" if close else ""
    path = error.ctx.command_path if error.ctx else PROGRAM
    file = error.ctx.params.get("file") if error.ctx else None
    command = f"{path} {file} --help" if file else f"{path} --help"
    wrong = ParameterError(message[:1].lower() + message[1:], hint=hint)
    return _told(Failure(wrong, [("help", command)]), Exit.USAGE)


def _tell(error: Exception, words: Sequence[str]) -> Exit:
    from ..errors import DaybreakError, DefinitionError  # noqa: PLC0415 - not for `--help`
    from ..reports.failure import Failure  # noqa: PLC0415 - not for `--help`
    from .typed import command_line, without_secrets  # noqa: PLC0415 - not for `--help`

    command = command_line([PROGRAM, *without_secrets(words, SECRET_OPTIONS)])
    if isinstance(error, DaybreakError):
        is_run = _is_at_work(words)
        title = "nothing was started" if is_run else f"{words[0]} failed"
        # A job's file is corrected and the command typed again; another command is typed otherwise.
        is_mistyped = isinstance(error, DefinitionError) and not is_run
        next_ = ("help", f"{PROGRAM} {words[0]} --help") if is_mistyped else ("again", command)
        failure = Failure(error, [next_], title=title)
    else:
        trace = [("trace", f"{command} --traceback")]
        failure = Failure(error, trace, title="this is a fault of Daybreak itself")
    return _told(failure, exit_of_error(error), with_traceback="--traceback" in words)


def _told(failure: Failure, exit_: Exit, *, with_traceback: bool = False) -> Exit:
    from ..reports.failure import tell  # noqa: PLC0415 - not for `--help`
    from ..reports.secrets import Mask  # noqa: PLC0415 - not for `--help`

    with suppress(OSError, ValueError):  # who cannot be told has the exit status
        tell(failure, sys.stderr, Mask(), with_traceback=with_traceback)
    return exit_


def _write_nowhere_where_closed() -> None:
    """Take a stream that was closed (`2>&-`) for one that nobody reads: Python has none then."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - to the end


def _never_fail_on_letters() -> None:
    """Have letters that a stream cannot write replaced: a run must not fail by its own output."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _flush() -> None:
    """Hand on what is still buffered; what cannot be written is dropped without a word.

    Else the interpreter would try once more, and end with a status of its own.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except ValueError:  # it was closed
            pass
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
