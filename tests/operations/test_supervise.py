"""The supervisor starts a dead attempt again, hands requests on once, and dies with nobody left."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from daybreak.operations.supervise import STOPPING

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("supervised.py")
STOPPED = 4
PROCESS_S_MAX = 20


@contextmanager
def started(*words: str, **options: object) -> Iterator[subprocess.Popen[str]]:
    """Start the program in a process group of its own; nothing of it is left behind."""
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
        **options,  # type: ignore[call-overload]
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def ran(*words: str) -> tuple[int, str, str]:
    with started(*words) as process:
        out, err = process.communicate(timeout=PROCESS_S_MAX)
    return process.returncode, re.sub(r" is \d+", "", out), err


def heard(process: subprocess.Popen[str], text: str) -> str:
    """Wait for a line that holds a text."""
    assert process.stdout is not None
    return next(line for line in process.stdout if text in line)


def attempt_of(process: subprocess.Popen[str]) -> int:
    return int(heard(process, "attempt ").split()[3])


def has_ended(pidfd: int) -> bool:
    """Wait until a process has ended that is no child of ours."""
    with os.fdopen(pidfd) as file:
        return bool(select.select([file], [], [], PROCESS_S_MAX)[0])


@pytest.mark.parametrize("status", [0, 1, 2, 3, 4, 5])
def test_an_exit_status_passes_through(status: int) -> None:
    assert (status, "attempt 1\n", "") == ran("3", f"return={status}")


@pytest.mark.parametrize(
    ("thing", "how"),
    [
        ("exit=0", "exit status 0"),
        ("exit=3", "exit status 3"),
        ("signal=SIGKILL", "SIGKILL"),
        ("signal=SIGSEGV", "SIGSEGV"),
    ],
)
def test_an_attempt_that_does_not_tell_its_end_has_died(thing: str, how: str) -> None:
    """Whatever its exit status: a record may call `os._exit(0)`."""
    status, out, err = ran("3", thing, "return=0")

    assert (0, f"attempt 1\nattempt 2 after {how}\n") == (status, out)
    assert f"daybreak: attempt 1 died: {how}; it is started again\n" == err


def test_an_attempt_that_crashes_behind_its_end_has_ended() -> None:
    assert (3, "attempt 1\n", "") == ran("3", "crash-at-exit=3")


def test_after_three_deaths_in_a_row_the_last_attempt_only_gives_up() -> None:
    status, out, _ = ran("3", "exit=7", "exit=7", "exit=7", "return=1")

    assert 1 == status
    assert [
        "attempt 1",
        "attempt 2 after exit status 7",
        "attempt 3 after exit status 7, exit status 7",
        "attempt 4 after exit status 7, exit status 7, exit status 7 and gives up",
    ] == out.splitlines()


def test_it_ends_even_if_the_attempt_that_gives_up_dies() -> None:
    status, out, err = ran("2", "signal=SIGKILL")

    assert (1, 3) == (status, len(out.splitlines()))
    assert "gave up: attempt 3 died too: SIGKILL" in err


def test_deaths_are_counted_from_the_last_progress() -> None:
    status, out, _ = ran("2", "exit=7", "progress=7", "progress=7", "exit=7", "return=1")

    assert 1 == status
    assert ["gives up" in line for line in out.splitlines()] == [False] * 4 + [True]


# ---------------------------------------------------------------- requests to stop


@pytest.mark.parametrize("number", STOPPING)
def test_a_request_to_the_supervisor_reaches_the_attempt(number: signal.Signals) -> None:
    with started("3", "wait") as process:
        heard(process, "waiting")
        process.send_signal(number)

        assert f"asked {number.name}\n" == heard(process, "asked")
        assert STOPPED == process.wait(PROCESS_S_MAX)


@pytest.mark.parametrize("number", STOPPING)
def test_a_request_to_both_processes_is_one_request(number: signal.Signals) -> None:
    """As Ctrl-C sends it, or the end of a service; a second one ends at once."""
    with started("3", "wait=for ever") as process:
        heard(process, "waiting")
        os.killpg(process.pid, number)
        heard(process, "asked")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        os.killpg(process.pid, number)
        assert STOPPED == process.wait(PROCESS_S_MAX)
        _, err = process.communicate()

    assert f"ended at once by a second {number.name}" in err
    assert "started again" not in err


def test_a_request_to_the_attempt_itself_is_heard() -> None:
    with started("3", "wait") as process:
        attempt = attempt_of(process)
        heard(process, "waiting")
        os.kill(attempt, signal.SIGTERM)

        assert "asked SIGTERM\n" == heard(process, "asked")
        assert STOPPED == process.wait(PROCESS_S_MAX)


@pytest.mark.parametrize("is_to_the_attempt", [False, True])
def test_before_the_run_listens_a_request_just_ends_it(is_to_the_attempt: bool) -> None:  # noqa: FBT001 - a case
    with started("3", "deaf") as process:
        attempt = attempt_of(process)
        pidfd = os.pidfd_open(attempt)
        heard(process, "waiting")
        os.kill(attempt if is_to_the_attempt else process.pid, signal.SIGTERM)

        assert STOPPED == process.wait(PROCESS_S_MAX)
        assert has_ended(pidfd)


def test_no_attempt_follows_a_request_to_stop() -> None:
    with started("3", "wait=for ever", "return=0") as process:
        attempt = attempt_of(process)
        heard(process, "waiting")
        process.send_signal(signal.SIGTERM)
        heard(process, "asked")
        os.kill(attempt, signal.SIGKILL)

        assert STOPPED == process.wait(PROCESS_S_MAX)
        _, err = process.communicate()
    assert "daybreak: attempt 1 died while it was to stop: SIGKILL\n" == err


def test_a_run_under_nohup_survives_its_terminal() -> None:
    with started(
        "3", "wait", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ) as run:
        heard(run, "waiting")
        os.killpg(run.pid, signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            run.wait(0.3)
        run.send_signal(signal.SIGTERM)
        assert "asked SIGTERM\n" == heard(run, "asked")


# ---------------------------------------------------------------- processes


@pytest.mark.parametrize("thing", ["wait=for ever", "hold"])
def test_who_kills_the_supervisor_has_killed_the_attempt(thing: str) -> None:
    """Also one that cannot listen: a thread gets no turn while a C extension runs."""
    with started("3", thing) as process:
        attempt = attempt_of(process)
        pidfd = os.pidfd_open(attempt)
        heard(process, "waiting")
        process.kill()

        assert has_ended(pidfd)


def test_an_attempt_that_an_operator_kills_is_followed_by_another() -> None:
    with started("3", "wait=for ever", "return=0") as process:
        attempt = attempt_of(process)
        heard(process, "waiting")
        os.kill(attempt, signal.SIGKILL)

        assert "after SIGKILL" in heard(process, "attempt 2")
        assert 0 == process.wait(PROCESS_S_MAX)


def test_a_supervisor_whose_words_cannot_be_written_goes_on() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, str(PROGRAM), "3", "exit=3", "return=0"]
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, text=True, check=False)

    assert 0 == ended.returncode
    assert "after exit status 3" in ended.stdout


@pytest.mark.torture
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a process tree of its own")
def test_as_process_1_of_a_container_it_hears_and_reaps() -> None:
    command = ["unshare", "--fork", "--pid", "--kill-child", sys.executable, str(PROGRAM), "3"]
    ended = subprocess.run([*command, "orphan"], capture_output=True, text=True, check=False)
    assert (0, "attempt 1 is 2\n") == (ended.returncode, ended.stdout), ended.stderr

    with subprocess.Popen([*command, "wait"], stdout=subprocess.PIPE, text=True) as process:
        heard(process, "waiting")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        os.kill(int(children), signal.SIGTERM)
        assert "asked SIGTERM\n" == heard(process, "asked")
        assert STOPPED == process.wait(PROCESS_S_MAX)
