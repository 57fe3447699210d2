"""The first signal asks to stop, the second ends the process at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

JOB = """
import threading
from daybreak import Job, Run

job = Job("waiting")

@job.task(impact="Somebody waits.")
def wait(run: Run) -> None:
    print("ready", flush=True)
    threading.Event().wait()
"""


@pytest.mark.parametrize("attempts", [(), ("--attempts", "1")], ids=["supervised", "alone"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_second_signal_ends_at_once_what_cannot_be_stopped(
    tmp_path: Path, number: signal.Signals, attempts: tuple[str, ...]
) -> None:
    (tmp_path / "waiting.py").write_text(JOB)
    command = [sys.executable, "-m", "daybreak", "run", "waiting.py", *attempts]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            assert any(line == "ready\n" for line in process.stdout)
            process.send_signal(number)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.5)
            process.send_signal(number)
            status = process.wait(10)
            said = process.stderr.read()
        finally:
            process.kill()

    assert 4 == status
    assert f"ended at once by a second {number.name}" in said
