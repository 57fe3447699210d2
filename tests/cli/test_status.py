"""`daybreak status`: all runs, one run, and where to look when there is none."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Type


@pytest.fixture
def failed(shop: Path, type_in: Type) -> Path:
    """Give the folder of a job whose run 1 is done and whose run 2 has failed."""
    type_in("run shop.py --bad-every 20")
    type_in("run shop.py --bad-every 2")
    return shop


@pytest.mark.slow
@pytest.mark.usefixtures("failed")
def test_status_lists_the_newest_run_first(type_in: Type) -> None:
    rows = [line.split() for line in type_in("status").out.splitlines()[2:]]

    assert [["2", "shop", "✗", "failed"], ["1", "shop", "✓", "done"]] == [row[:4] for row in rows]
    assert "2" == rows[1][-1]


@pytest.mark.usefixtures("failed")
def test_status_of_one_run_shows_what_failed_and_how_to_resume(type_in: Type) -> None:
    ended = type_in("status 2")

    assert 0 == ended.status
    assert "step load failed: The shop shows old orders." in ended.out
    resume = ended.out.splitlines()[-1].removeprefix("  resume:  ")
    assert resume.startswith("daybreak run shop.py ")
    again = type_in(" ".join(shlex.quote(word) for word in shlex.split(resume)[1:]))
    assert "run 2 of job shop resumed" in again.out


@pytest.mark.usefixtures("failed")
def test_status_for_programs_is_json(type_in: Type) -> None:
    runs = [json.loads(line) for line in type_in("status --json").out.splitlines()]
    report = json.loads(type_in("status 1 --json").out)

    assert [(2, "failed"), (1, "done")] == [(run["run"], run["state"]) for run in runs]
    assert 2 == report["line"]["quarantined"]
    assert ["check", "load", "total"] == [step["step"] for step in report["steps"]]


@pytest.mark.slow
@pytest.mark.usefixtures("failed")
def test_status_of_an_unknown_run_is_refused(type_in: Type) -> None:
    ended = type_in("status 9")

    assert 1 == ended.status
    assert "there is no run 9" in ended.err


@pytest.mark.slow
def test_a_missing_ledger_is_not_made_and_a_near_one_is_named(
    failed: Path, type_in: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(failed.parent)
    ended = type_in("status")
    found = type_in(f"status --file {failed.name}/shop.py")

    assert 1 == ended.status
    assert f"--ledger sqlite:///{failed.name}/.daybreak/ledger.db" in ended.err
    assert not (failed.parent / ".daybreak").exists()
    assert 0 == found.status


def test_the_end_of_a_run_names_a_command_that_works_from_here(
    shop: Path, type_in: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop.parent)
    last = type_in(f"run {shop.name}/shop.py --bad-every 20").out.splitlines()[-1]
    see = last.partition("(see: daybreak ")[2].removesuffix(")")

    assert f"quarantine 1 --file {shop.name}/shop.py" == see
    assert "2 records quarantined" in type_in(see).out
