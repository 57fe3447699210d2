"""`daybreak limits`: set, shown, removed; and a run that is told what to type does what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from daybreak.ledger.rows import Owner, PlannedStep
from daybreak.ledger.store import LedgerStore
from tests.cli.conftest import Type
from tests.ledger.manual import identity

LEDGER = "sqlite:///shared.db"


def test_a_limit_is_set_shown_changed_and_removed(shop: Path, type_in: Type) -> None:
    assert 0 == type_in(f"limits db 4 --ledger {LEDGER}").status
    assert 0 == type_in(f"limits db 2 --ledger {LEDGER}").status
    shown = type_in(f"limits --ledger {LEDGER}")

    assert ["db", "2", "0"] == shown.out.splitlines()[2].split()[:3]
    assert 0 == type_in(f"limits db --remove --ledger {LEDGER}").status
    assert "no limit is set" in type_in(f"limits --ledger {LEDGER}").out
    assert (shop / "shared.db").exists()


@pytest.mark.usefixtures("shop")
def test_who_has_it_and_who_waits_is_shown_for_people_and_programs(type_in: Type) -> None:
    type_in(f"limits db 1 --ledger {LEDGER}")
    store = LedgerStore.open(LEDGER)
    for number in (1, 2):
        run = store.start(
            identity(job=f"job {number}"),
            parameters={},
            job_file="",
            runs_folder=Path("runs"),
            who="a test",
        )
        owner = Owner("elsewhere", number, f"lock {number}")
        mine = store.take(run.id, owner, is_locked=True)
        mine.plan([PlannedStep("load", "No orders.")])
        if (wait := mine.claim("load", {"db": 1})) is not None:
            mine.wait_step("load", str(wait))
    store.close()
    (line,) = map(json.loads, type_in(f"limits --json --ledger {LEDGER}").out.splitlines())

    assert ("db", 1, 1) == (line["name"], line["units"], line["in_use"])
    assert [["run 1 step load: 1"], ["run 2 step load: 1"]] == [line["holders"], line["waiting"]]
    assert "run 1 step load: 1" in type_in(f"limits --ledger {LEDGER}").out
    waits = "step load is waiting for db: 1 of 1 in use by run 1 step load"
    assert waits in type_in(f"status 2 --ledger {LEDGER}").out
    assert "waiting for" not in type_in(f"status 1 --ledger {LEDGER}").out


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("limits db", 2, "daybreak limits db UNITS"),
        ("limits db 0", 2, "0 is not in the range"),
        ("limits db 3 --remove", 2, "either set or removed"),
        ("limits --remove", 2, "does not say which limit"),
        ("limits", 1, "there is no ledger"),
        ("limits db 3", 1, "there is no ledger"),
        (f"limits ' ' 3 --ledger {LEDGER}", 2, "expected the name of a limit"),
    ],
)
def test_what_means_nothing_is_refused(type_in: Type, words: str, status: int, said: str) -> None:
    ended = type_in(words)

    assert (status, True) == (ended.status, said in ended.err), ended.err


@pytest.mark.usefixtures("shop")
def test_a_limit_that_is_not_there_cannot_be_removed(type_in: Type) -> None:
    type_in(f"limits db 4 --ledger {LEDGER}")
    ended = type_in(f"limits bd --remove --ledger {LEDGER}")

    assert 2 == ended.status
    assert "the ledger has no limit 'bd'" in ended.err
    assert "it has: db" in ended.err


def test_a_finding_of_the_preflight_says_what_to_type(shop: Path, type_in: Type) -> None:
    job = shop / "shop.py"
    job.write_text(job.read_text().replace("@job.step(", '@job.step(uses={"db": 2}, '))
    refused = type_in("run shop.py")
    shown = type_in("status 1")

    assert 1 == refused.status
    assert "step load uses 2 of 'db', which no limit is named" in refused.err
    assert "failed" in shown.out
    assert 0 == type_in("limits db 2").status
    assert 0 == type_in("run shop.py").status
