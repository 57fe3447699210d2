"""The folders of rehearsals: removed at their end, or by the next rehearsal after a kill."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from daybreak.operations.rehearsal_folder import LOCK, PREFIX, owned_folder, rehearsal_folder


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def made(place: Path, name: str, *, is_locked_once: bool = True) -> Path:
    folder = place / f"{PREFIX}{name}"
    folder.mkdir()
    (folder / "something").write_text("left by a kill")
    if is_locked_once:
        (folder / LOCK).touch()
    return folder


def test_it_is_gone_at_the_end_with_all_that_is_in_it(place: Path) -> None:
    with rehearsal_folder() as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text("x")

    assert [] == list(place.iterdir())


def test_one_whose_owner_is_dead_is_removed_by_the_next(place: Path) -> None:
    orphan = made(place, "orphan")
    with rehearsal_folder():
        assert not orphan.exists()


def test_one_whose_owner_lives_stays(place: Path) -> None:
    del place
    alive, lock = owned_folder()
    with lock, rehearsal_folder():
        assert alive.exists()


def test_one_that_is_not_locked_yet_stays_while_it_is_young(place: Path) -> None:
    young = made(place, "young", is_locked_once=False)
    old = made(place, "old", is_locked_once=False)
    long_ago = time.time() - 86_400
    os.utime(old, (long_ago, long_ago))
    with rehearsal_folder():
        assert young.exists()
        assert not old.exists()
