"""`daybreak tune` on a real job: few rehearsals, a table, a recommendation."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from daybreak.cli.tune import BUDGET_S
from daybreak.operations import tune as operation
from tests.cli.conftest import Type

pytestmark = pytest.mark.slow

JOB = """
from daybreak import Database, Job, Transaction, Work, source

db = Database("sqlite:///squares.db")
job = Job("squares", window="00:00-23:59 UTC")

@job.step(chunk=20, impact="Squares are missing.")
def squares(last: int = 400) -> Work:
    return source(range(last)).map(lambda n: {"n": n}).into(db.table("squares", key="n"))

@job.step(chunk=20, impact="Nothing is copied.")
def copied() -> Work:
    return db.rows("select n from squares", key="n").into(db.table("copies", key="n"))

@job.atomic(db, impact="Nobody knows.")
def total(tx: Transaction) -> int:
    return tx.one("select count(*) from squares", int)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "squares.py").write_text(JOB)
    with closing(sqlite3.connect(tmp_path / "squares.db")) as connection:
        for table in ("squares", "copies"):
            connection.execute(f"create table {table} (n integer primary key)")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_default_budget_is_that_of_the_operation() -> None:
    assert operation.BUDGET_S == BUDGET_S


def test_a_setting_is_recommended_by_few_measurements(folder: Path, type_in: Type) -> None:
    ended = type_in(
        "tune squares.py squares --budget-s 1 --parallel 1 --parallel 2 --chunk 5 --chunk 10"
        " --chunk 20 --records 100000 --json"
    )
    assert 0 == ended.status, ended.err
    found = json.loads(ended.out.splitlines()[-1])

    assert {"parallel": 1, "chunk": 20} == found["now"]
    assert 6 == len(found["settings"])
    measured = [(one["setting"]["parallel"], one["setting"]["chunk"]) for one in found["measured"]]
    assert {(1, 5), (1, 10), (1, 20)} < set(measured)
    assert 2 == measured[-1][0]
    assert found["is_in_time"], "a hundred thousand small rows in a day"
    assert 1 == found["recommended"]["parallel"], "no more workers than are needed"
    with closing(sqlite3.connect(folder / "squares.db")) as connection:
        assert [(0,)] == connection.execute("select count(*) from squares").fetchall()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("tune squares.py total", 2, "works as a whole: it has no knobs"),
        ("tune squares.py copied --budget-s 1", 1, "too few to measure with"),
    ],
)
def test_what_cannot_be_tuned_is_said(words: str, status: int, said: str, type_in: Type) -> None:
    ended = type_in(words)

    assert (status, True) == (ended.status, said in ended.err), ended.err
