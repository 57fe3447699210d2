"""What an attempt has in hand, in a small file that survives its death; read by the next attempt.

One line a chunk before it begins, one behind its commit; nothing is forced to disk: it is a dead
process that leaves the file, not a lost machine. An attempt that ends by its own decision removes
it: who starts anew after that starts without suspicion. A folder that cannot be written costs the
notes, never the run.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from ..faultpoints import hit
from ..model.deaths import Death, Happened, Named, Survived, Suspect, Trial, Work, suspects_of
from ..model.ownership import Pass
from ..model.ranges import Range

BYTES_MAX: Final = 1_000_000
"""The file is written anew, with what is in hand only, before it grows beyond this."""

STACK_LINES_SHOWN: Final = 6

STATUS_DIED: Final = 1
"""The exit status of a process that ends itself for the next attempt to know of it."""


class InFlight:
    """The notes of one attempt, and what those of the attempts before say.

    Args:
        folder: The run's own; None keeps no notes.
        host: Whose file it is: machines that share a folder do not share their notes.
        how: How the attempt before this one died, if somebody saw it.
        is_supervised: Whether a dead process is followed by another.
        follows_a_death: Whether the attempt before this one belonged to the same command.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        host: str = "",
        how: str = "",
        is_supervised: bool = False,
        follows_a_death: bool = False,
    ) -> None:
        self.is_supervised = is_supervised
        self.follows_a_death = follows_a_death
        self._path = None if folder is None else folder / f"in_flight.{host}"
        self._record_path = Path(f"{self._path}.record")
        self._stacks_path = Path(f"{self._path}.stacks")
        self._lock = threading.Lock()
        self._file: int | None = None
        self._stacks: int | None = None
        self._written = 0
        self._begun: dict[Work, bytes] = {}
        self._happened: list[Happened] = []
        self.died: Death | None = None
        """How the attempt before this one died; None if it ended by its own decision."""

        with suppress(OSError):
            self._read(how)
            self._rewrite()

    # ------------------------------------------------------------ what others note

    @contextmanager
    def noted(self, work: Work) -> Iterator[None]:
        """Note that something is in hand as long as the block lasts."""
        line = _line("begin", *_work_as_json(work))
        with self._lock:
            self._begun[work] = line
            self._append(line)
        try:
            yield
        except MemoryError:
            if work.part is not None and self.is_supervised:
                self.die("MemoryError")  # who asked for too much is found like any that kills
            raise
        finally:
            with self._lock:
                del self._begun[work]
                self._append(_line("end", *_work_as_json(work)))

    def suspects(self, of: Pass) -> list[Suspect]:
        """Return the ranges of a pass that are to be tried alone."""
        return suspects_of(self._happened, of)

    def suspects_step(self, step: str) -> bool:
        """Say whether a step has ranges that are to be tried alone."""
        passes = {
            work.of
            for one in self._happened
            for work in ([one.work] if isinstance(one, Survived) else one.in_flight)
            if work.of.step == step
        }
        return any(self.suspects(of) for of in passes)

    def survived(self, work: Work) -> None:
        """Note that what was suspected killed nobody when it was tried record by record."""
        with self._lock:
            self._happened.append(Survived(work))
            self._append(_line("survived", *_work_as_json(work)))

    def tried(self, work: Work, trial: Trial) -> None:
        """Note how the only range in hand is done from now on."""
        with self._lock:
            self._append(_line("trial", *_work_as_json(work), trial.value))

    def die_late(self, work: Work, named: Named, how: str, stack: str) -> None:
        """Note a record that takes too long, and end this process at once."""
        origin, place = named.origin, named.place
        with self._lock:
            self._append(_line("late", *_work_as_json(work), origin, place, how, stack))
        innermost = "\n".join(stack.splitlines()[-STACK_LINES_SHOWN:])
        self._die(f"record {named} of {work} {how}; the log shows the whole stack\n{innermost}")

    def die(self, how: str) -> None:
        """Note why nothing can go on in this process, and end it at once."""
        with self._lock:
            self._append(_line("cause", how))
        self._die(how)

    def _die(self, text: str) -> None:
        with suppress(OSError):  # whether or not it can be told
            os.write(2, f"\ndaybreak: {text}\n".encode(errors="replace"))
        os._exit(STATUS_DIED)

    @contextmanager
    def record_file(self) -> Iterator[int | None]:
        """Open the file in which the record at hand is noted; None if it cannot be written."""
        file = None
        if self._path is not None:
            with suppress(OSError):
                file = os.open(self._record_path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            yield file
        finally:
            if file is not None:
                os.close(file)

    def stacks_file(self) -> int:
        """Return the file for stacks that are written when nothing else can be any more."""
        with self._lock:
            if self._stacks is None and self._path is not None:
                with suppress(OSError):
                    self._stacks = os.open(
                        self._stacks_path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644
                    )
            return sys.stderr.fileno() if self._stacks is None else self._stacks

    # ------------------------------------------------------------ the end

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Forget everything: this attempt ends by its own decision."""
        with self._lock:
            for file in (self._file, self._stacks):
                if file is not None:
                    os.close(file)
            self._file = self._stacks = None
            for path in (self._path, self._record_path, self._stacks_path):
                if self._path is not None and path is not None:
                    with suppress(OSError):
                        path.unlink(missing_ok=True)

    # ------------------------------------------------------------ the file

    def _append(self, line: bytes) -> None:
        """Write a line; with the lock held."""
        if self._file is None:
            return
        with suppress(OSError):  # a full disk costs the notes, not the run
            self._written += os.write(self._file, line)
            if self._written > BYTES_MAX:
                self._rewrite()

    def _rewrite(self) -> None:
        """Write the file anew: what happened before, and what is in hand now."""
        if self._path is None:
            return
        content = b"".join([*map(_line_of, self._happened), *self._begun.values()])
        draft = Path(f"{self._path}.new")
        draft.write_bytes(content)
        hit("notes.before_rename")
        draft.replace(self._path)
        hit("notes.after_rename")
        if self._file is not None:
            os.close(self._file)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._written = 0

    def _read(self, how: str) -> None:
        """Find out what the attempts before this one left."""
        if self._path is None or not self._path.exists():
            return
        notes = _Notes()
        for line in self._path.read_bytes().splitlines():
            with suppress(ValueError, TypeError, IndexError, KeyError):  # torn by a lost machine
                notes.take(*json.loads(line))
        named = _named(_taken(self._record_path))
        stacks = _taken(self._stacks_path).decode(errors="replace")
        self.died = notes.death("took too long, and held the interpreter" if stacks else how, named)
        self.died = replace(self.died, stack=self.died.stack or stacks)
        self._happened = [*notes.happened, self.died]


class _Notes:
    """The lines of a file, taken in one after the other."""

    def __init__(self) -> None:
        self.happened: list[Happened] = []
        self._begun: dict[Work, None] = {}
        self._trial = Trial.TOGETHER
        self._late: Death | None = None
        self._cause = ""

    def take(self, what: str, *fields: Any) -> None:
        match what:
            case "begin":
                self._begun[_work_of(fields)] = None
            case "end":
                self._begun.pop(_work_of(fields), None)
                self._trial = Trial.TOGETHER
            case "trial":
                self._trial = Trial(fields[4])
            case "survived":
                self.happened.append(Survived(_work_of(fields)))
            case "late":
                work, (origin, place, how, stack) = _work_of(fields), fields[4:]
                self._late = Death(
                    how, named=Named(origin, place), named_in=work, is_late=True, stack=stack
                )
            case "cause":
                self._cause = fields[0]
            case "death":
                self.happened.append(_death_of(fields[0]))

    def death(self, how: str, named: Named | None) -> Death:
        """Return what the lines say about the attempt that wrote them."""
        works = tuple(self._begun)
        if self._late is not None:
            return replace(self._late, in_flight=works, trial=self._trial)
        is_alone = self._trial is not Trial.TOGETHER and len(works) == 1
        return Death(
            self._cause or how,
            works,
            self._trial,
            named=named if is_alone else None,
            named_in=works[0] if is_alone and named else None,
        )


def _taken(path: Path) -> bytes:
    """Return what is in a file, and remove it."""
    if not path.exists():
        return b""
    content = path.read_bytes()
    path.unlink()
    return content


def _line(what: str, *fields: Any) -> bytes:
    return json.dumps([what, *fields]).encode() + b"\n"


def _work_as_json(work: Work) -> list[Any]:
    part = work.part
    return [work.of.step, work.of.number, part and part.after, part and part.upto]


def _work_of(fields: Sequence[Any]) -> Work:
    step, number, after, upto = fields[:4]
    return Work(Pass(step, number), None if after is None else Range(after, upto))


def _line_of(happened: Happened) -> bytes:
    if isinstance(happened, Survived):
        return _line("survived", *_work_as_json(happened.work))
    named = happened.named
    return _line(
        "death",
        {
            "how": happened.how,
            "in_flight": [_work_as_json(work) for work in happened.in_flight],
            "trial": happened.trial.value,
            "named": named and [named.origin, named.place, named.count],
            "named_in": happened.named_in and _work_as_json(happened.named_in),
            "is_late": happened.is_late,
        },
    )


def _death_of(fields: dict[str, Any]) -> Death:
    named, named_in = fields["named"], fields["named_in"]
    return Death(
        how=fields["how"],
        in_flight=tuple(map(_work_of, fields["in_flight"])),
        trial=Trial(fields["trial"]),
        named=named and Named(*named),
        named_in=named_in and _work_of(named_in),
        is_late=fields["is_late"],
    )


def noted_record(origin: int, place: str, count: int = 1) -> bytes:
    """Return the note of what is at hand; a longer one before it is cut by its line's end."""
    return f"{origin} {count} {place}\n".encode()


NO_RECORD: Final = b"\n"
"""The note that no record is at hand."""


def _named(note: bytes) -> Named | None:
    line, end, _ = note.partition(b"\n")
    origin, _, rest = line.decode(errors="replace").partition(" ")
    count, _, place = rest.partition(" ")
    is_whole = end and origin.isdecimal() and count.isdecimal()
    return Named(int(origin), place, int(count)) if is_whole else None
