"""Who goes first at a SQLite file is not passed by those who are only going on."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from pathlib import Path

import pytest

from daybreak.databases import precedence
from daybreak.databases.precedence import going_first, let_pass, sign_of
from daybreak.databases.session import opened

LONG_S = 30.0


@pytest.fixture
def database(tmp_path: Path) -> str:
    return str(tmp_path / "shop.db")


def passed(database: str) -> threading.Event:
    """Return what is set once another thread has let everybody pass."""
    done = threading.Event()

    def pass_by() -> None:
        let_pass(database)
        done.set()

    threading.Thread(target=pass_by, daemon=True).start()
    return done


def test_nobody_waits_for_nothing(database: str) -> None:
    assert passed(database).wait(LONG_S)
    assert not sign_of(database).exists()


def test_others_wait_until_the_first_has_begun(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precedence, "PASS_S_MAX", LONG_S)
    with going_first(database):
        done = passed(database)
        waits = not done.wait(0.1)

    assert waits
    assert done.wait(LONG_S)
    assert not sign_of(database).exists()


def test_a_first_one_that_stands_still_is_passed_in_the_end(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precedence, "PASS_S_MAX", 0.05)
    with going_first(database):
        assert passed(database).wait(LONG_S)


def test_a_sign_that_a_kill_has_left_stops_nobody(database: str) -> None:
    sign_of(database).touch()

    assert passed(database).wait(LONG_S)
    with going_first(database):
        assert sign_of(database).exists()
    assert not sign_of(database).exists()


def test_where_no_sign_can_be_made_it_goes_without(tmp_path: Path) -> None:
    with going_first(str(tmp_path / "no-such-folder" / "shop.db")):
        pass


def test_a_failure_inside_gives_precedence_up(database: str) -> None:
    with pytest.raises(ValueError, match="no"), going_first(database):
        raise ValueError("no")

    assert passed(database).wait(LONG_S)
    assert not sign_of(database).exists()


def test_who_has_waited_long_passes_who_comes_later(database: str) -> None:
    """The one who waits goes first after a while; the one who comes then waits behind him."""
    url = f"sqlite:///{database}"
    began: list[str] = []

    def write(name: str) -> None:
        with opened(url) as session:
            session.begin()
            began.append(name)
            session.rollback()

    with opened(url) as busy:
        busy.begin()
        waits = threading.Thread(target=write, args=["waits"])
        waits.start()
        ends_at_s = time.monotonic() + LONG_S
        while not sign_of(database).exists():
            assert time.monotonic() < ends_at_s
            time.sleep(0.001)
        later = threading.Thread(target=write, args=["later"])
        later.start()
        later.join(0.1)
        busy.rollback()
        waits.join(LONG_S)
        later.join(LONG_S)

    assert ["waits", "later"] == began


def test_who_goes_first_is_first_though_somebody_looks_at_the_sign_meanwhile(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look holds the sign for a moment; here until the first try has failed."""
    monkeypatch.setattr(precedence, "PASS_S_MAX", LONG_S)
    with sign_of(database).open("w") as sign:
        fcntl.flock(sign, fcntl.LOCK_SH)
        monkeypatch.setattr(time, "sleep", lambda _: fcntl.flock(sign, fcntl.LOCK_UN))
        with going_first(database):
            monkeypatch.undo()
            monkeypatch.setattr(precedence, "PASS_S_MAX", LONG_S)
            done = passed(database)
            waits = not done.wait(0.1)

    assert waits
    assert done.wait(LONG_S)
    assert not sign_of(database).exists()


def test_where_files_cannot_be_locked_everybody_goes_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_file: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuses)
    before = set(Path("/proc/self/fd").iterdir())
    with going_first(database):
        assert passed(database).wait(LONG_S)

    assert before == set(Path("/proc/self/fd").iterdir())
