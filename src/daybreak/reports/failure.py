"""How a failure is told: the step and its impact, the cause, where, what to do, what to type.

✗ step flights failed: The year is missing from every report.
  TooManyBadRecords: 84,120 of 336,776 records are bad; max_bad allows 20%
  where: run 1, step flights
  hint: see what they have in common: daybreak quarantine 1

  resume:  daybreak run examples/flights.py
"""

from __future__ import annotations

import sys
import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TextIO

from ..errors import CheckFailed, DaybreakError, StepFailed
from .findings import findings_parts, padded
from .look import can_write, console_on
from .secrets import Mask
from .wording import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_OURS: Final = Path(__file__).parents[1]
_MESSAGE_MAX: Final = 2000


@dataclass(frozen=True)
class Failure:
    """What is to be told of a failure."""

    error: BaseException
    commands: Sequence[tuple[str, str]]
    """What to type next, without secrets, each behind what it does: `resume`, `look`, `help`."""

    step: str | None = None
    """The step that failed; None if nothing was started."""

    impact: str = ""
    title: str = "nothing was started"
    """The first line, where no step failed."""

    run: str = ""
    """The run, if one had begun."""

    @property
    def where(self) -> dict[str, object]:
        """Where it happened: run and step, then what the error knows."""
        known = getattr(self.error, "where", {})
        outer = {"run": self.run, "step": self.step}
        return {**{name: value for name, value in outer.items() if value}, **known}


def tell(failure: Failure, stream: TextIO, mask: Mask, *, with_traceback: bool = False) -> None:
    """Write a failure.

    Args:
        failure: What happened.
        stream: Where; standard error.
        mask: Hides secrets.
        with_traceback: Whether to show Python's traceback above it.
    """
    from rich.text import Text  # noqa: PLC0415 - heavy

    console = console_on(stream, soft_wrap=True)
    if with_traceback:
        console.print(mask.hide("".join(traceback.format_exception(failure.error))), end="")
    sign = "✗" if can_write(stream, "✗") else "x"
    head, impact = first_line(failure)
    line = Text(f"{sign} {head}", style="bold red")
    line.append(mask.hide(impact), "bold")
    console.print(line)
    for text, style in cause_lines(failure):
        console.print(Text(_indented(mask.hide(text)), style=style))
    _tell_findings(failure.error, console, stream, mask)
    if failure.commands:
        console.print()
        console.print(commands_text(failure.commands))


def first_line(failure: Failure) -> tuple[str, str]:
    """Return what failed, and what breaks by it."""
    if failure.step is None:
        return failure.title, ""
    impact = f": {failure.impact}" if failure.impact else ""
    return f"step {failure.step} failed", impact


def commands_text(commands: Sequence[tuple[str, str]]) -> Text:
    """Return commands to type, one a line, each behind what it does."""
    from rich.text import Text  # noqa: PLC0415 - heavy

    width = max(len(label) for label, _command in commands) + 1
    lines = [
        Text().append(f"  {label + ':':<{width}}  ", "bright_black").append(command, "bold")
        for label, command in commands
    ]
    return Text("\n").join(lines)


def cause_lines(failure: Failure) -> Iterator[tuple[str, str]]:
    """Yield the lines between the first and the last, each with its style."""
    error = failure.error
    yield f"{type(error).__name__}: {_message(error)}", ""
    cause = error.__cause__
    if cause is not None and not _repeats(error, cause):
        yield f"caused by {type(cause).__name__}: {_message(cause)}", ""
    if (place := user_place(error)) is not None:
        yield f"at: {place}", "bright_black"
    if failure.where:
        where = ", ".join(f"{name} {visible(str(value))}" for name, value in failure.where.items())
        yield f"where: {where}", "bright_black"
    if isinstance(error, DaybreakError) and error.hint:
        yield f"hint: {error.hint}", "cyan"


def _message(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    shown = (visible(line.expandtabs(2), _MESSAGE_MAX) for line in lines)
    return "\n".join(shown) or "(it says nothing)"


def _repeats(error: BaseException, cause: BaseException) -> bool:
    said = " ".join(str(cause).split())
    return bool(said) and said in " ".join(str(error).split())


def _indented(text: str) -> str:
    return "\n".join("  " + line for line in text.splitlines())


def _tell_findings(error: BaseException, console: Console, stream: TextIO, mask: Mask) -> None:
    summary = getattr(error, "summary", None) if isinstance(error, CheckFailed) else None
    if summary is None:
        return
    console.print()
    for part in padded(findings_parts(summary, stream, mask)):
        console.print(part)


# ---------------------------------------------------------------- where in the user's code


def user_place(error: BaseException) -> str | None:
    """Name the innermost frame of a user's own code: `flights.py:42 in normalise`.

    None if a function of the user had no part in it.
    """
    chain = list(_chain(error))
    if isinstance(error, DaybreakError) and not isinstance(error, StepFailed) and len(chain) == 1:
        return None
    for one in reversed(chain):
        frames = [frame for frame in _frames(one.__traceback__) if _is_users(frame[0])]
        if frames:
            file, line, function = frames[-1]
            return f"{_short(file)}:{line} in {function}"
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__


def _frames(tb: TracebackType | None) -> Iterator[tuple[str, int, str]]:
    for frame, line in traceback.walk_tb(tb):
        yield frame.f_code.co_filename, line, frame.f_code.co_name


def _is_users(file: str) -> bool:
    if file.startswith("<"):
        return False
    path = Path(file)
    return not any(path.is_relative_to(place) for place in _not_users())


def _not_users() -> list[Path]:
    paths = sysconfig.get_paths()
    named = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return [_OURS, *(Path(name) for name in named), Path(sys.argv[0])]


def _short(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def as_payload(failure: Failure, mask: Mask, *, status: int) -> dict[str, Any]:
    """Return a failure as JSON data, with its traceback, for logs and programs."""
    error = failure.error
    trace = "".join(traceback.format_exception(error))
    return {
        "event": "failure",
        "exit_status": status,
        "error": type(error).__name__,
        "message": mask.hide(str(error)),
        "step": failure.step,
        "impact": mask.hide(failure.impact),
        "where": {name: mask.hide(str(value)) for name, value in failure.where.items()},
        "hint": mask.hide(getattr(error, "hint", "")),
        "commands": dict(failure.commands),
        "traceback": mask.hide(trace),
    }
