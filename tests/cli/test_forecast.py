"""`daybreak forecast` on a real job: what it says before, what it shows, and what it is worth."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from daybreak.cli.forecast import BUDGET_S
from daybreak.operations import forecast as operation
from tests.cli.conftest import Type

pytestmark = pytest.mark.slow

JOB = """
from daybreak import Database, Job, Transaction, Work, source

db = Database("sqlite:///squares.db")
job = Job("squares", window="00:00-23:59 UTC")

@job.step(chunk=100, impact="Squares are missing.")
def squares(last: int = 4_000, broken: bool = False) -> Work:
    if broken:
        raise ValueError("the step is broken")
    def square(number: int) -> dict[str, int]:
        return {"n": number, "square": number * number}
    return source(range(1, last + 1)).map(square).into(
        db.table("squares", key="n", mode="replace")
    )

@job.atomic(db, after=squares, impact="Nobody knows.")
def total(tx: Transaction) -> int:
    return tx.one("select count(*) from squares", int)
"""
QUICK = "--budget-s 1 --sample 400"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "squares.py").write_text(JOB)
    with closing(sqlite3.connect(tmp_path / "squares.db")) as connection:
        connection.execute("create table squares (n integer primary key, square integer)")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_default_budget_is_that_of_the_operation() -> None:
    assert operation.BUDGET_S == BUDGET_S


def test_samples_are_taken_and_nothing_is_left_but_the_forecast(
    folder: Path, type_in: Type
) -> None:
    ended = type_in(f"forecast squares.py squares {QUICK} --records 20000 --json --html f.html")
    lines = [json.loads(line) for line in ended.out.splitlines()]

    assert 0 == ended.status, ended.err
    assert "undone" in lines[0]["message"], "what it costs is said first"
    found = lines[-1]
    assert "forecast" == found["event"]
    sizes = [sample["records"] for sample in found["samples"]]
    assert len(sizes) >= 2
    assert max(sizes) <= 400
    assert [20_000, 40_000, 80_000, 200_000] == [one["records"] for one in found["time"]["at"]]
    for quantity in (found["time"], found["memory"]):
        for at in quantity["at"]:
            assert at["interval"][0] <= at["likely"] <= at["interval"][1] <= at["safe_bound"]
    assert "<svg" in (folder / "f.html").read_text()
    with closing(sqlite3.connect(folder / "squares.db")) as connection:
        assert [(0,)] == connection.execute("select count(*) from squares").fetchall()


def test_runs_are_learnt_from_and_compared_with_the_forecast(folder: Path, type_in: Type) -> None:
    for last in (1_000, 2_000):
        assert 0 == type_in(f"run squares.py --last {last}").status
    ended = type_in("forecast squares.py squares --basis runs --records 4000 --json")
    assert 0 == ended.status, ended.err
    found = json.loads(ended.out.splitlines()[-1])
    assert [1, 2] == [run["run"] for run in found["runs"]]
    assert found["memory"] is None
    assert "C" == found["time"]["at"][0]["grade"], "two sizes are no ground"

    assert 0 == type_in("run squares.py --last 4000").status
    judged = json.loads(type_in("forecast squares.py --accuracy --json").out)
    assert [(3, 4_000)] == [(one["run"], one["records"]) for one in judged["judged"]]
    assert 2 == judged["unforecast"]
    assert "median error" in type_in("forecast squares.py --accuracy").out


@pytest.mark.usefixtures("folder")
def test_of_memory_that_is_not_forecast_nothing_is_said(type_in: Type) -> None:
    """A source of nothing is one sample, which tells nothing of growth; its runs are known."""
    for last in (200, 400):
        assert 0 == type_in(f"run squares.py --last {last}").status
    ended = type_in(f"forecast squares.py squares {QUICK} --last 0 --json")
    assert 0 == ended.status, ended.err
    found = json.loads(ended.out.splitlines()[-1])

    assert (400, None) == (found["records"], found["memory"])
    assert not [one for one in found["caveats"] if "memory was" in one]
    assert any("its source holds no records, or cannot" in one for one in found["caveats"])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("forecast squares.py", 2, "which step? job squares has: squares"),
        ("forecast squares.py total", 2, "works as a whole"),
        ("forecast squares.py squares --basis runs", 1, "measured at none in past runs"),
        ("forecast squares.py --accuracy", 1, "there is no ledger"),
        ("forecast squares.py --accuracy", 1, "run the job first"),
        ("forecast squares.py squares --html .", 2, "is a directory"),
        ("forecast squares.py squares --records 1e6", 2, "'1e6' is not a valid integer\n"),
        ("forecast squares.py squares --budget-s x", 2, "'x' is not a valid number\n"),
        (f"forecast squares.py squares {QUICK} --last 1", 1, "its source holds 1 record\n"),
        (f"forecast squares.py squares {QUICK} --last 0", 1, "its source holds 0 records\n"),
        (f"forecast squares.py squares {QUICK} --broken", 1, "the step is broken"),
        (f"forecast squares.py squares {QUICK} --broken --scratch", 1, "the step is broken"),
    ],
)
def test_what_cannot_be_forecast_is_said(words: str, status: int, said: str, type_in: Type) -> None:
    ended = type_in(words)

    assert (status, True) == (ended.status, said in ended.err), ended.err


@pytest.mark.usefixtures("folder")
def test_a_source_of_few_records_is_measured_as_far_as_it_goes(type_in: Type) -> None:
    ended = type_in("forecast squares.py squares --budget-s 1 --last 5 --html f.html")
    said = " ".join(ended.out.split())

    assert 0 == ended.status, ended.err
    assert "its source holds no more than 5 records: to know better, wait until it has" in said
    assert "● measured ◆ asked ── likely" in said
    assert "the page is in f.html" in said
