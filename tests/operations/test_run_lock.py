"""One process of a machine owns a run; the kernel, and nobody else, says when it is gone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from daybreak.ledger.rows import Owner
from daybreak.ledger.store import LedgerStore
from daybreak.operations.run_lock import (
    ENVIRONMENT_HOST,
    RunLock,
    host_name,
    is_given_up,
    is_held,
)
from tests.ledger.manual import identity

HOLD = """
import sys
from pathlib import Path
from daybreak.operations.run_lock import RunLock
lock = RunLock(Path(sys.argv[1]))
print(lock.acquire(), flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Have another process hold a run's lock."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert "True\n" == process.stdout.readline()
            yield process
        finally:
            process.kill()


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[Callable[[], RunLock]]:
    """Give a function that makes locks of one run; they are released afterwards."""
    with ExitStack() as stack:

        def make() -> RunLock:
            made = RunLock(tmp_path)
            stack.callback(made.release)
            return made

        yield make


def test_a_run_that_another_process_holds_cannot_be_locked(
    tmp_path: Path, lock: Callable[[], RunLock]
) -> None:
    with holder(tmp_path):
        assert not lock().acquire()
        assert is_held(tmp_path, host_name())


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path, lock: Callable[[], RunLock]) -> None:
    with holder(tmp_path) as process:
        process.kill()
        process.wait()

        assert not is_held(tmp_path, host_name())
        assert lock().acquire()


def test_a_lock_that_was_released_is_free(lock: Callable[[], RunLock]) -> None:
    first, second = lock(), lock()
    assert first.acquire()
    assert not second.acquire()
    first.release()

    assert second.acquire()
    assert first.lock_id == second.lock_id


def test_another_machine_has_a_lock_of_its_own(
    lock: Callable[[], RunLock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between machines the lease decides, not a lock that a shared folder may not hold."""
    here = lock()
    assert here.acquire()
    known = here.lock_id
    monkeypatch.setenv(ENVIRONMENT_HOST, "another-machine")
    there = lock()

    assert there.acquire()
    assert known != there.lock_id


def test_the_kernel_says_only_of_its_own_machines_locks_that_their_owner_is_dead(
    tmp_path: Path, lock: Callable[[], RunLock], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LedgerStore.open("sqlite://")
    entered = store.start(identity(), parameters={}, job_file="", runs_folder=tmp_path, who="")
    mine = RunLock(Path(entered.folder))

    def taken(lock_id: str, host: str) -> bool:
        store.take(entered.id, Owner(host, 1, lock_id), is_locked=True, patience_s=None)
        return is_given_up(store.run(entered.id))

    assert mine.acquire()
    assert not taken(mine.lock_id, host_name())
    mine.release()
    assert is_given_up(store.run(entered.id))
    monkeypatch.setenv(ENVIRONMENT_HOST, "another-machine")
    assert not is_given_up(store.run(entered.id))
    store.close()


def test_somebody_who_only_looks_keeps_nobody_out(
    tmp_path: Path, lock: Callable[[], RunLock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks has the lock for an instant; who wants it tries more than once."""
    looking, wanting = lock(), lock()
    assert looking.acquire()
    monkeypatch.setattr("time.sleep", lambda s: looking.release() if s else None)

    assert wanting.acquire()
