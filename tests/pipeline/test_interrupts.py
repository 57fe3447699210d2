"""Ctrl-C and SIGTERM while a pipeline is open: in a process of its own, as a person sends them."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = """\
import sys
import signal
from itertools import count
from daybreak.pipeline import current_scope, source

def waits(number):
    current_scope().wait(0.01)
    return number

def slowly(number):
    if number == 20:
        print("running", flush=True)
    return number

if sys.argv[1] == "handled":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
received = []
try:
    with source(count()).map(waits, workers=4, on=sys.argv[2], block=1).open() as results:
        for number in results:
            received.append(slowly(number))
            if sys.argv[3] == "stuck" and number > 20:
                while True:
                    pass
        print("not the end", flush=True)
finally:
    print(received == list(range(len(received))), len(received), results.report.sources[0].records)
"""


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    script = folder / "script.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(script), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert "running\n" == process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("on", ["thread", "process"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_first_signal_drains_what_was_read_and_is_raised_then(
    tmp_path: Path, number: signal.Signals, on: str
) -> None:
    with started(tmp_path, "default", on, "") as process:
        process.send_signal(number)
        output, told = process.communicate(timeout=30)
    is_in_order, received, read = output.split()

    assert "True" == is_in_order
    assert received == read
    assert "stopping" in told
    is_terminated = number == signal.SIGTERM
    assert ("KeyboardInterrupt" in told) != is_terminated
    assert (143 if is_terminated else -signal.SIGINT) == process.returncode


def test_a_second_signal_ends_at_once_whatever_the_consumer_does(tmp_path: Path) -> None:
    with started(tmp_path, "default", "thread", "stuck") as process:
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        assert "stopping" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)

    assert 143 == process.returncode


def test_a_program_that_handles_a_signal_itself_goes_on_doing_so(tmp_path: Path) -> None:
    with started(tmp_path, "handled", "thread", "") as process:
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)

    assert 7 == process.returncode
    assert "stopping" not in told
