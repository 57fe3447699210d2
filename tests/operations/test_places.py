"""Where the ledger and the folders of runs are."""

from __future__ import annotations

from pathlib import Path

import pytest

from daybreak.errors import DefinitionError
from daybreak.operations.places import (
    database_url,
    is_missing_file,
    ledger_url,
    runs_folder,
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAYBREAK_LEDGER", raising=False)


def test_the_ledger_is_beside_the_jobs_file(tmp_path: Path) -> None:
    job_file = tmp_path / "jobs" / "shop.py"

    assert f"sqlite:///{tmp_path}/jobs/.daybreak/ledger.db" == ledger_url(None, job_file)
    assert f"sqlite:///{tmp_path}/jobs/.daybreak/ledger.db" == ledger_url(None, Path("jobs/x.py"))
    assert f"sqlite:///{tmp_path}/.daybreak/ledger.db" == ledger_url(None, None)


def test_a_ledger_that_is_named_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAYBREAK_LEDGER", "postgresql://h/ledgers")

    assert "postgresql://h/ledgers" == ledger_url(None, tmp_path / "shop.py")
    assert f"sqlite:///{tmp_path}/l.db" == ledger_url("sqlite:///l.db", tmp_path / "x" / "shop.py")
    with pytest.raises(DefinitionError):
        ledger_url("l.db", None)


def test_two_ledgers_never_share_a_runs_folder(tmp_path: Path) -> None:
    job_file = tmp_path / "shop.py"
    folders = [
        runs_folder(ledger_url(given, job_file), job_file)
        for given in (None, "sqlite:///other.db", "postgresql://h/ledgers")
    ]

    assert tmp_path / ".daybreak" / "runs" == folders[0]
    assert 3 == len(set(folders))
    assert {tmp_path / ".daybreak"} == {folder.parent for folder in folders}


def test_the_password_of_a_ledger_does_not_change_the_folder(tmp_path: Path) -> None:
    job_file = tmp_path / "shop.py"

    assert runs_folder("postgresql://a:b@h/l", job_file) == runs_folder(
        "postgresql://h/l", job_file
    )


def test_a_database_is_what_was_said_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job_file = tmp_path / "jobs" / "shop.py"
    stored = "sqlite:////somewhere/x.db"

    assert stored == database_url("shop", None, job_file, stored)
    monkeypatch.setenv("DAYBREAK_DATABASE_SHOP", "postgresql://me:pw@h/x")
    assert "postgresql://me:pw@h/x" == database_url("shop", None, job_file, stored)
    assert f"sqlite:///{tmp_path}/jobs/y.db" == database_url(
        "shop", "sqlite:///y.db", job_file, stored
    )


def test_only_files_can_be_missing(tmp_path: Path) -> None:
    assert is_missing_file(f"sqlite:///{tmp_path}/none.db")
    assert not is_missing_file("sqlite:///:memory:")
    assert not is_missing_file("postgresql://h/none")
