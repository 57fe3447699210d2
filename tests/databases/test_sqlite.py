"""SQLite files are written in a way that loses no acknowledged commit at power loss."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from daybreak.databases.session import opened

FULL = 2


@pytest.mark.parametrize(("found", "kept"), [("delete", "truncate"), ("wal", "wal")])
def test_commits_are_synced_and_a_file_in_wal_mode_stays_so(
    tmp_path: Path, found: str, kept: str
) -> None:
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f"pragma journal_mode = {found}")
        connection.execute("create table t (n integer)")
    connection.close()

    with opened(f"sqlite:///{path}") as session:
        connection = session.connection

        assert (kept,) == connection.execute("pragma journal_mode").fetchone()
        assert (FULL,) == connection.execute("pragma synchronous").fetchone()
