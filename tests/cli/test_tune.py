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

@job.step(chunk=20, order="source", impact="Nothing is in order.")
def ordered(last: int = 400) -> Work:
    return source(range(last)).map(lambda n: {"n": n}).into(db.table("squares", key="n"))

@job.step(parallel="auto", impact="Nothing is found out.")
def adapts(last: int = 400) -> Work:
    return source(range(last)).map(lambda n: {"n": n}).into(db.table("squares", key="n"))

@job.step(impact="Hardly anything is missing.")
def few() -> Work:
    return source(range(5)).map(lambda n: {"n": n}).into(db.table("squares", key="n"))

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
    assert (1, 10) == measured[0], "the middle one of the chunks"
    assert 5 >= len(set(measured)) == len(measured) > 1, "each is another one"
    assert all(one["transaction_s_max"] > 0 for one in found["measured"])
    assert found["is_in_time"], "a hundred thousand small rows in a day"
    assert 1 == found["recommended"]["parallel"], "no more workers than are needed"
    with closing(sqlite3.connect(folder / "squares.db")) as connection:
        assert [(0,)] == connection.execute("select count(*) from squares").fetchall()


def test_the_chunk_of_a_step_that_reads_a_table_is_found_in_place(
    folder: Path, type_in: Type
) -> None:
    with closing(sqlite3.connect(folder / "squares.db")) as connection, connection:
        connection.executemany("insert into squares values (?)", [(n,) for n in range(400)])
    ended = type_in("tune squares.py copied --in-place --chunk 10 --chunk 40 --json --parallel 4")
    assert 0 == ended.status, ended.err
    found = json.loads(ended.out.splitlines()[-1])

    assert {(1, 10), (1, 40)} == {(one["parallel"], one["chunk"]) for one in found["settings"]}
    assert "there is room for one worker in a transaction" in " ".join(found["caveats"])
    with closing(sqlite3.connect(folder / "squares.db")) as connection:
        assert [(0,)] == connection.execute("select count(*) from copies").fetchall()


@pytest.mark.usefixtures("folder")
def test_a_table_that_is_empty_in_scratch_is_told_of_with_the_way_out(type_in: Type) -> None:
    ended = type_in("tune squares.py copied --budget-s 1")

    assert 1 == ended.status
    assert "--in-place finds its chunk size" in ended.err


@pytest.mark.usefixtures("folder")
def test_chunks_in_the_order_of_the_source_are_tuned_one_by_one(type_in: Type) -> None:
    ended = type_in("tune squares.py ordered --budget-s 1 --chunk 5 --chunk 10 --json")
    assert 0 == ended.status, ended.err
    found = json.loads(ended.out.splitlines()[-1])

    assert {1} == {one["parallel"] for one in found["settings"]}
    assert any("the whole window is counted on for this step" in one for one in found["caveats"])


@pytest.mark.usefixtures("folder")
def test_a_step_that_adapts_is_tuned_around_what_is_measured(type_in: Type) -> None:
    """Chunks of ten thousand are too many for four hundred records: forty are in the middle."""
    ended = type_in("tune squares.py adapts --budget-s 1 --parallel 1 --json")
    assert 0 == ended.status, ended.err
    found = json.loads(ended.out.splitlines()[-1])

    assert {"parallel": "auto", "chunk": "auto"} == found["now"]
    assert len(found["settings"]) > 3


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("ordered --parallel 1 --parallel 4", "in the order of the source cannot be 4 in flight"),
        ("squares --parallel 65", "whole number from 1 to 64, got 65"),
        ("squares --chunk 10000001", "whole number from 1 to 10,000,000"),
        ("total", "works as a whole: it has no knobs"),
        ("square", "did you mean 'squares'"),
    ],
)
def test_what_a_step_cannot_have_is_refused_before_anything_is_measured(
    type_in: Type, words: str, says: str
) -> None:
    ended = type_in(f"tune squares.py {words}")

    assert 2 == ended.status
    assert says in ended.err
    assert "rehearsed" not in ended.err


@pytest.mark.usefixtures("folder")
def test_too_few_records_are_not_taken_for_an_empty_table(type_in: Type) -> None:
    ended = type_in("tune squares.py few --budget-s 1")

    assert 1 == ended.status
    assert "step few read 5 records: too few to measure with" in ended.err
    assert "finds it empty" not in ended.err
