"""`daybreak quarantine`: causes with samples, exports without loss."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Type

pytestmark = pytest.mark.slow


@pytest.fixture
def ran(shop: Path, type_in: Type) -> Path:
    """Give the folder of a job whose run 1 set five records aside."""
    assert 0 == type_in("run shop.py --bad-every 10").status
    return shop


@pytest.mark.usefixtures("ran")
def test_causes_are_shown_with_counts_and_samples(type_in: Type) -> None:
    ended = type_in("quarantine 1 --samples 2")

    lines = [line.strip() for line in ended.out.splitlines()]
    assert 0 == ended.status
    assert "step load: 5 records quarantined" == lines[0]
    assert "5  of a bad kind  in look" == lines[1]
    assert ["orders.csv:11  id=10", r"10,20\n", "orders.csv:21  id=20", r"20,40\n"] == lines[2:]


@pytest.mark.usefixtures("ran")
def test_causes_for_programs_are_json(type_in: Type) -> None:
    cause = json.loads(type_in("quarantine 1 --json").out)

    assert ("load", "of a bad kind", 5) == (cause["step"], cause["reason"], cause["records"])
    assert "10,20\n" == cause["samples"][0]["raw"]


def test_an_export_holds_every_record(ran: Path, type_in: Type) -> None:
    said = type_in("quarantine 1 --export bad.jsonl").out
    type_in("quarantine 1 --export bad.csv --step load")

    records = [json.loads(line) for line in (ran / "bad.jsonl").read_text().splitlines()]
    with (ran / "bad.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert "5 records written to bad.jsonl\n" == said
    assert [10, 20, 30, 40, 50] == [record["details"]["id"] for record in records]
    assert [f"{row['id']},{row['amount']}\n" for row in rows] == [r["raw"] for r in records]
    assert [record["daybreak_id"] for record in records] == [row["daybreak_id"] for row in rows]


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--export bad.txt", "cannot export to '.txt'"),
        ("--step laod", "did you mean 'load'?"),
        ("--replay --erase x", "--replay and --erase are two commands"),
        ("--reason x", "--reason says what to replay"),
        ("--repaired bad.csv", "--repaired says what to replay"),
        ("--replay --repaired none.csv", "cannot read 'none.csv'"),
        ("--replay --parameter month=2026-01-01", "'month' is no secret parameter of job shop"),
        ("--replay --step laod", "did you mean 'load'?"),
        ("--erase ''", "expected a key behind --erase"),
        ("--database x=sqlite:///shop.db", "run 1 has no database 'x'"),
        ("--database sqlite:///other.db", "run 1 used another database"),
    ],
)
def test_a_wrong_command_is_refused(words: str, message: str, type_in: Type) -> None:
    ended = type_in(f"quarantine 1 {words}")

    assert 2 == ended.status
    assert message in ended.err


def test_a_database_that_is_gone_is_not_made_again(ran: Path, type_in: Type) -> None:
    (ran / "shop.db").unlink()
    ended = type_in("quarantine 1")

    assert 1 == ended.status
    assert "there is no file" in ended.err
    assert not (ran / "shop.db").exists()


@pytest.mark.usefixtures("shop")
def test_a_run_without_bad_records_set_nothing_aside(type_in: Type) -> None:
    type_in("run shop.py")

    assert "run 1 set nothing aside\n" == type_in("quarantine 1").out


def test_credentials_that_the_ledger_does_not_keep_are_given_again(
    shop: Path, postgres_url: str, type_in: Type
) -> None:
    assert shop.exists()
    last = type_in(f"run shop.py --bad-every 10 --database '{postgres_url}'").out.splitlines()[-1]
    see = last.partition("(see: daybreak ")[2].removesuffix(")")

    assert "--database" in see
    assert "step load: 5 records quarantined" in type_in(see).out


# ---------------------------------------------------------------- replay and erase


@pytest.mark.usefixtures("ran")
def test_a_replay_says_what_became_of_the_records(type_in: Type) -> None:
    """The job still refuses them: all stay, and the run is done as before."""
    ended = type_in("quarantine 1 --replay --reason 'bad kind'")

    assert 0 == ended.status
    assert [
        "load: 5 records replayed: 0 passed, 0 filtered, 5 set aside again",
        "run 1 is done; 5 records quarantined",
    ] == ended.out.splitlines()


def test_a_repair_in_the_export_is_loaded(ran: Path, type_in: Type) -> None:
    type_in("quarantine 1 --export bad.csv")
    text = (ran / "bad.csv").read_text("utf-8-sig")
    (ran / "bad.csv").write_text(text.replace("10,20", "11000,20").replace("20,40", "21001,40"))
    first = type_in("quarantine 1 --replay --repaired bad.csv")
    second = type_in("quarantine 1 --replay --repaired bad.csv")

    assert "5 records replayed: 1 passed" in first.out
    assert "total was computed before 1 record of load was replayed" in first.out
    assert "1 record of the export left quarantine before: replayed already" in second.out
    assert "run 1 is done; 4 records quarantined" in second.out


def test_a_secret_parameter_is_given_again_and_shown_nowhere(ran: Path, type_in: Type) -> None:
    ended = type_in("quarantine 1 --replay --parameter api-key=s3cret --step laod")
    done = type_in("quarantine 1 --replay --parameter api-key=s3cret")

    assert (2, 0) == (ended.status, done.status)
    assert "s3cret" not in ended.text + done.text
    assert "s3cret" not in (ran / ".daybreak" / "runs" / "1" / "log.jsonl").read_text()


def test_a_person_is_erased(ran: Path, type_in: Type) -> None:
    said = type_in("quarantine 1 --erase id=20").out
    replayed = type_in("quarantine 1 --replay").out
    shown = type_in("quarantine 1 --export left.csv").out

    assert "1 record erased in the quarantine of run 1" in said
    assert "1 record cannot be replayed: erased" in replayed
    assert "5 records written to left.csv\n" != shown
    assert "20,40" not in (ran / "left.csv").read_text()
    assert (
        "0 records erased in the quarantine of run 1\n" == type_in("quarantine 1 --erase id=20").out
    )


@pytest.mark.usefixtures("ran")
def test_programs_are_told_in_json(type_in: Type) -> None:
    replayed = json.loads(type_in("quarantine 1 --replay --json").out)
    erased = json.loads(type_in("quarantine 1 --erase id=20 --json").out)

    assert ("done", 5) == (replayed["status"], replayed["quarantined"])
    assert {"erased": 1} == erased
    assert "(erased)" in type_in("quarantine 1").out


@pytest.mark.usefixtures("ran")
def test_a_key_is_not_shown_when_erasing_fails(type_in: Type) -> None:
    ended = type_in("quarantine 77 --erase taro@example.com")

    assert 1 == ended.status
    assert "taro" not in ended.text
