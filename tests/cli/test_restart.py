"""`daybreak restart`, and `daybreak run --only | --from | --accept-changes`, as they are typed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import JOB, Type

REPLACING = JOB.replace('key="id", create=True', 'key="id", mode="replace", create=True').replace(
    "@job.atomic(db, after=load", "@job.atomic(db, undo=lambda tx: None, after=load"
)


@pytest.fixture
def replacing(shop: Path) -> Path:
    """Give a folder whose job replaces its table."""
    (shop / "shop.py").write_text(REPLACING)
    return shop


def orders(shop: Path) -> int:
    with closing(sqlite3.connect(shop / "shop.db")) as database:
        return int(database.execute("select count(*) from orders").fetchone()[0])


def test_a_run_begins_again_with_its_parameters_and_databases(
    replacing: Path, type_in: Type
) -> None:
    type_in("run shop.py --bad-every 20 --month 2026-02-01 --tables a --tables b")
    ended = type_in("restart 1")
    status = type_in("status 1").out

    assert 0 == ended.status, ended.err
    assert "begun again: check (pass 2), load (pass 2), total (pass 2)" in ended.out
    assert "; 2 records quarantined (see: daybreak quarantine 1)" in ended.out.splitlines()[-1]
    assert "load (pass 2)" in status
    assert "begun again by " in status
    assert 48 == orders(replacing)
    assert 3 == len(type_in("status").out.splitlines())


@pytest.mark.slow
def test_one_step_and_those_behind_it_begin_again(replacing: Path, type_in: Type) -> None:
    type_in("run shop.py")
    ended = type_in("restart 1 load")

    assert 0 == ended.status
    assert "begun again: load (pass 2), total (pass 2)" in ended.out
    assert 50 == orders(replacing)


def test_it_heeds_what_is_said_of_room_as_a_run_does(replacing: Path, type_in: Type) -> None:
    type_in("run shop.py")
    refused = type_in(f"restart 1 --disk-free-mb {10**9}")

    assert 1 == refused.status
    assert "--disk-free-mb" in refused.err
    assert 50 == orders(replacing)


@pytest.mark.slow
def test_what_must_be_undone_is_said_with_the_number_of_rows(shop: Path, type_in: Type) -> None:
    type_in("run shop.py")
    refused = type_in("restart 1 load")
    lines = refused.err.splitlines()
    with closing(sqlite3.connect(shop / "shop.db")) as database:
        database.execute("delete from orders")
        database.commit()
    done = type_in("restart 1 load --undone load --undone total")

    assert 1 == refused.status
    assert "✗ nothing was started" == lines[0]
    assert (
        "  RestartRefused: what is committed must be undone first: step load inserts into orders:"
        " 50 rows of this run are there; step total has committed, and has no undo=" == lines[1]
    )
    assert any("--undone load --undone total" in line for line in lines)
    assert 0 == done.status, done.err
    assert 50 == orders(shop)
    assert "undone by hand: load, total" in type_in("status 1").out.replace("\n", " ")


@pytest.mark.slow
@pytest.mark.usefixtures("replacing")
def test_a_failed_restart_says_how_it_goes_on(replacing: Path, type_in: Type) -> None:
    type_in("run shop.py")
    broken = REPLACING.replace(
        "def look(order: Order) -> None:", "def look(order: Order) -> None:\n        1 / 0"
    )
    (replacing / "shop.py").write_text(broken)
    failed = type_in("restart 1 load --again --set load.chunk=7")
    (replacing / "shop.py").write_text(REPLACING)
    done = type_in("restart 1 load --set load.chunk=7")

    assert 1 == failed.status
    assert "  resume:  daybreak restart 1 load --set load.chunk=7" == failed.err.splitlines()[-1]
    assert 0 == done.status
    assert "begun again" not in done.out
    assert 50 == orders(replacing)


@pytest.mark.slow
def test_a_secret_is_given_again_and_shown_nowhere(replacing: Path, type_in: Type) -> None:
    job = REPLACING.replace('    api_key: Secret = Secret("default-key"),\n', "").replace(
        "    run: Run,\n    file: File", "    run: Run,\n    api_key: Secret,\n    file: File"
    )
    (replacing / "shop.py").write_text(job)
    type_in("run shop.py --api-key first-key")
    missing = type_in("restart 1")
    failed = type_in("restart 1 --parameter api-key=to-be-shown")
    log = (replacing / ".daybreak/runs/1/log.jsonl").read_text()
    done = type_in("restart 1 --parameter=api_key=other-key")

    assert 2 == missing.status
    assert "parameter api_key is secret, so the ledger does not keep it" in missing.err
    assert "hint: give it again: --parameter api_key=VALUE" in missing.err
    assert "refused with ***" in failed.err
    assert "  resume:  daybreak restart 1 --parameter 'api-key=***'" == failed.err.splitlines()[-1]
    assert "to-be-shown" not in failed.text + log
    assert 0 == done.status, done.err


WRONG = {
    "restart 2": "there is no run 2 in this ledger",
    "restart 1 lad": "job shop has no step 'lad'",
    "restart 1 --parameter month=2026-05-01": "parameter 'month' is not given again",
    "restart 1 --parameter mont=1": "unknown parameter 'mont'",
    "restart 1 --parameter month": "expected --parameter NAME=VALUE",
    "restart 1 --database sqlite:///other.db": "run 1 used another database",
    "run shop.py --only load --from load": "--only and --from exclude each other",
    "run shop.py --again --from load": "--again begins a new run",
    "run shop.py --undone load": "--undone without a step that begins again",
    "run shop.py --only total --month 2026-03-01": "check, load are not done before it",
}


@pytest.mark.slow
@pytest.mark.usefixtures("replacing")
def test_a_wrong_command_is_refused(type_in: Type) -> None:
    type_in("run shop.py")
    for words, message in WRONG.items():
        ended = type_in(words)

        assert ended.status in (1, 2), words
        assert message in ended.err, words
        assert "1" == type_in("status").out.splitlines()[-1].split()[0], words


def test_another_job_in_the_file_is_not_taken_for_the_runs(replacing: Path, type_in: Type) -> None:
    type_in("run shop.py")
    (replacing / "shop.py").write_text(REPLACING.replace('Job("shop")', 'Job("shops")'))

    assert "has the job 'shops' now; run 1 is one of 'shop'" in type_in("restart 1").err


@pytest.mark.slow
@pytest.mark.usefixtures("replacing")
def test_one_step_is_done_alone(type_in: Type) -> None:
    ended = type_in("run shop.py --only check")
    last = type_in("run shop.py --only load").out.splitlines()[-1]
    whole = type_in("run shop.py")
    again = type_in("run shop.py --only load")

    assert 0 == ended.status
    assert "run 1: check is done, after " in ended.out
    assert "run 1: load is done, after " in last
    assert 0 == whole.status
    assert "total was made from the former load" in again.out
    assert "total was made from the former load" in type_in("status 1").out


@pytest.mark.slow
def test_a_changed_source_is_accepted_and_stands_in_the_report(
    replacing: Path, type_in: Type
) -> None:
    command = "run shop.py --bad-every 2"
    type_in(command)
    (replacing / "shop.py").write_text(REPLACING.replace("if bad_every and", "if False and"))
    with (replacing / "orders.csv").open("a") as file:
        file.write("51,102\n")
    refused = type_in(command)
    done = type_in(f"{command} --accept-changes")

    assert 1 == refused.status
    assert "SourceChanged: " in refused.err
    assert "--accept-changes" in refused.err
    assert 0 == done.status, done.err
    assert "accepted: the source of step load changed" in done.out
    assert "accepted: the source of step load changed" in type_in("status 1").out.replace("\n", " ")
