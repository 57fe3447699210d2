"""A program that is supervised, small enough to start at once: tests say what each attempt does.

`python supervised.py ATTEMPTS DO...`: the n-th attempt does the n-th thing, the last one for ever.
It says `attempt N` first, and a request to stop as `asked NAME`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading

from daybreak.operations.attempt import Attempt
from daybreak.operations.signals import stopped_by_signals
from daybreak.operations.supervise import supervised


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def live(attempt: Attempt) -> int:
    deaths = f" after {', '.join(attempt.deaths)}" if attempt.deaths else ""
    last = " and gives up" if attempt.gives_up else ""
    say(f"attempt {attempt.number} is {os.getpid()}{deaths}{last}")
    things = sys.argv[2:]
    what, _, how = things[min(attempt.number, len(things)) - 1].partition("=")
    return THINGS[what](attempt, how)


def progress(attempt: Attempt, how: str) -> int:
    attempt.progressed()
    os._exit(int(how))


def exit_(_attempt: Attempt, how: str) -> int:
    os._exit(int(how))


def signal_(_attempt: Attempt, how: str) -> int:
    os.kill(os.getpid(), signal.Signals[how])
    return 0


def crash_at_exit(attempt: Attempt, how: str) -> int:
    attempt.told(int(how))
    os.kill(os.getpid(), signal.SIGSEGV)
    return 0


def orphan(_attempt: Attempt, _how: str) -> int:
    if os.fork() == 0:
        os.fork()
        os._exit(0)
    os.wait()
    return 0


def wait(attempt: Attempt, how: str) -> int:
    """Wait for requests to stop: the first is followed, or none is."""
    asked = threading.Event()

    def hear(name: str) -> None:
        say(f"asked {name}")
        if how != "for ever":
            asked.set()

    with stopped_by_signals(hear, attempt):
        say("waiting")
        asked.wait()
    return 4


def deaf(_attempt: Attempt, _how: str) -> int:
    say("waiting")
    threading.Event().wait()
    return 0


def hold(_attempt: Attempt, _how: str) -> int:
    """Wait in a call of C that lets no thread of Python in."""
    say("waiting")
    ctypes.PyDLL(None).sleep(1000)
    return 0


THINGS = {
    "return": lambda _attempt, how: int(how),
    "progress": progress,
    "exit": exit_,
    "signal": signal_,
    "crash-at-exit": crash_at_exit,
    "orphan": orphan,
    "wait": wait,
    "deaf": deaf,
    "hold": hold,
}

if __name__ == "__main__":
    sys.exit(supervised(live, int(sys.argv[1])))
