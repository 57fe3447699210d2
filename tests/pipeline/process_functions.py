"""What the tests of worker processes have done there: functions that both sides can import."""

from __future__ import annotations

import faulthandler
import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from daybreak.errors import Quarantine
from daybreak.pipeline import Scope, current_scope

LONG_S = 60.0
made = 0


@dataclass
class Flight:
    number: int
    carrier: str


def double(number: int) -> int:
    return number * 2


def double_but_seven(number: int) -> int:
    if number % 10 == 7:
        raise ValueError(f"seven: {number}")
    return number * 2


def is_even_but_seven(number: int) -> bool:
    return double_but_seven(number) % 4 == 0


def as_many(number: int) -> Iterator[int]:
    for each in range(number % 5):
        if number == 7:
            raise ValueError("seven")
        yield each


def check_but_seven(number: int) -> None:
    double_but_seven(number)


def forever(_record: object) -> Iterator[int]:
    global made  # noqa: PLW0603 - one process, one count
    try:
        for made in itertools.count():  # noqa: UP028 - `made` is looked at
            yield made
    finally:
        made = -1


def forever_or_made(record: str) -> Iterator[int]:
    return iter([made]) if record == "made" else forever(record)


def process_id(_record: object) -> int:
    return os.getpid()


def moment(_record: object) -> float:
    return time.monotonic()


def loaded(names: list[str]) -> list[str]:
    return [name for name in names if name in sys.modules]


def later(flight: Flight) -> Flight:
    return Flight(flight.number + 1, flight.carrier)


def plus_one(array: Any) -> Any:
    array += 1
    return array


def length(sized: Any) -> int:
    return len(sized)


def as_it_is(record: object) -> object:
    return record


def is_large(array: Any) -> bool:
    return bool(array[0] > 0)


def lock_for_odd(number: int) -> object:
    return threading.Lock() if number % 2 else number


def locks_for_odd(number: int) -> Iterator[object]:
    yield number
    yield lock_for_odd(number)


def say(text: str) -> None:
    print(text)  # noqa: T201 - this is what is tested


# ---------------------------------------------------------------- records of bad manners


class OnlyHere:
    """Can be read only in the process that is named."""

    def __init__(self, process: int, number: int) -> None:
        self.process = process
        self.number = number

    def __reduce__(self) -> Any:
        return only_here, (self.process, self.number)


def only_here(process: int, number: int) -> OnlyHere:
    if number % 2 and os.getpid() != process:
        raise LookupError(f"not here: {number}")
    return OnlyHere(process, number)


def belong_here(number: int) -> OnlyHere:
    return OnlyHere(os.getpid(), number)


def number_of(record: OnlyHere) -> int:
    return record.number


# ---------------------------------------------------------------- errors


class WithLockError(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.lock = threading.Lock()


class TwoArgumentsError(Exception):
    def __init__(self, one: str, other: str) -> None:
        super().__init__(one + other)


def raise_plain(_record: object) -> NoReturn:
    raise LookupError("plain")


def raise_with_lock(_record: object) -> NoReturn:
    raise WithLockError("with a lock")


def raise_of_two(_record: object) -> NoReturn:
    raise TwoArgumentsError("of ", "two")


# ---------------------------------------------------------------- ends


def end_by(how: str) -> str:
    match how:
        case "sys.exit":
            sys.exit(3)
        case "os._exit":
            os._exit(4)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "segfault":
            faulthandler.disable()
            faulthandler._sigsegv()  # type: ignore[attr-defined]
        case "memory":
            raise MemoryError
        case "interrupt":
            raise KeyboardInterrupt
        case "thread":
            threading.Thread(target=time.sleep, args=(LONG_S,)).start()
            sys.exit(6)
    return how


def fork_and_die(file: str) -> NoReturn:
    child = os.fork()
    if child == 0:
        time.sleep(LONG_S)
        os._exit(0)
    Path(file).write_text(str(child))
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def say_where(file: str) -> None:
    """Write this process's number into a file, in one step."""
    temporary = Path(f"{file}.part")
    temporary.write_text(str(os.getpid()))
    temporary.rename(file)


def sleep_in(folder: str) -> None:
    try:
        say_where(f"{folder}/began")
        time.sleep(LONG_S)
    finally:
        Path(folder, "unwound").touch()


def wait_in(folder: str) -> None:
    say_where(f"{folder}/began")
    was_cancelled = current_scope().wait(LONG_S)
    assert was_cancelled == current_scope().cancelled
    Path(folder, f"returned {was_cancelled}").touch()


def wait_then_sleep_in(folder: str) -> None:
    wait_in(folder)
    sleep_in(folder)


def hold_out_in(folder: str) -> None:
    say_where(f"{folder}/began")
    with suppress(BaseException):
        time.sleep(LONG_S)
    time.sleep(LONG_S)


def hang_in(folder: str) -> None:
    """Hold the interpreter's lock for half a minute: no signal handler of Python runs."""
    say_where(f"{folder}/began")
    sum(itertools.repeat(1, 3_000_000_000))


def hang_at_seven(number: int) -> int:
    if number == 7:
        sum(itertools.repeat(1, 3_000_000_000))
    return os.getpid()


def interrupt_itself(_record: object) -> str:
    os.kill(os.getpid(), signal.SIGINT)
    return "went on"


def squares_by_scope(count: int) -> list[int]:
    def squares() -> Iterator[int]:
        for each in range(count):
            yield each * each

    with Scope() as scope:
        return list(scope.go(squares))


# ---------------------------------------------------------------- resources


@contextmanager
def noted(folder: str) -> Iterator[str]:
    number = sum(1 for _ in Path(folder).glob("opened *"))
    Path(folder, f"opened {number}").touch()
    yield f"resource {number}"
    Path(folder, f"closed {number}").touch()


@contextmanager
def closed_whatever(folder: str) -> Iterator[None]:
    try:
        yield
    finally:
        Path(folder, "closed").touch()


@contextmanager
def refusing() -> Iterator[None]:
    raise ConnectionError("nobody answers")
    yield


@contextmanager
def exiting() -> Iterator[None]:
    sys.exit(9)
    yield


@contextmanager
def failing_to_close() -> Iterator[None]:
    yield
    raise ConnectionError("cannot log out")


@contextmanager
def never_closing() -> Iterator[None]:
    yield
    time.sleep(LONG_S)


def with_resource(record: object, resource: object) -> tuple[object, object]:
    return record, resource


def refuse_seven_with(number: int, _resource: object) -> int:
    if number == 7:
        raise ValueError("seven")
    return number


def forever_with(folder: str, resource: object) -> Iterator[object]:
    """Go on until it is left, and note whether the resource was still open then."""
    try:
        while True:
            yield resource
    finally:
        if not Path(folder, "closed").exists():
            Path(folder, "left first").touch()


def sleep_with(folder: str, _resource: object) -> None:
    sleep_in(folder)


# ---------------------------------------------------------------- attempts


def counted_in(folder: str, value: int) -> int:
    """Count a call for a value, across processes; return how many there were before."""
    calls = len(list(Path(folder).glob(f"call {value} *")))
    Path(folder, f"call {value} {calls}").touch()
    return calls


def fail_at_first(record: tuple[str, int]) -> int:
    folder, value = record
    if counted_in(folder, value) == 0 and value % 2:
        raise ConnectionError(value)
    return value


def fail_always(record: tuple[str, int]) -> int:
    folder, value = record
    counted_in(folder, value)
    raise ConnectionError(value)


def quarantine(record: tuple[str, int]) -> int:
    folder, value = record
    counted_in(folder, value)
    raise Quarantine("no such value", value=value)


def outputs_fail_at_first(record: tuple[str, int]) -> Iterator[int]:
    folder, value = record
    calls = counted_in(folder, value)
    yield value
    if calls == 0:
        raise ConnectionError(value)
    yield value


def sleep_if_odd(value: int) -> int:
    if value % 2:
        time.sleep(LONG_S)
    return value


def die_at_seven(value: int) -> int:
    if value == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return value
