"""Beginning again: which steps, what is replaced, what is refused before anything is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from daybreak import faultpoints
from daybreak.errors import (
    DefinitionError,
    InvalidTransition,
    PreflightError,
    RestartRefused,
    RunOwned,
)
from daybreak.model.restart import Wish
from daybreak.model.status import RunStatus, StepStatus
from daybreak.operations.restarting import Restarting
from daybreak.telemetry import ChunkCommitted, Event
from tests.operations.rerun_house import RECORDS, RerunHouse, armed

pytestmark = pytest.mark.slow

AT_THIRD = "chunk.before_marker:3:raise"
"""Two chunks are committed, and the step fails."""


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> RerunHouse:
    return RerunHouse(tmp_path, database_url)


@pytest.fixture
def sqlite_house(tmp_path: Path, sqlite_url: str) -> RerunHouse:
    return RerunHouse(tmp_path, sqlite_url)


def refused(act: Callable[[], object], house: RerunHouse) -> RestartRefused:
    """Return the refusal; nothing at all was written."""
    before = house.everything()
    with pytest.raises(RestartRefused) as caught:
        act()

    assert before == house.everything()
    return caught.value


# ---------------------------------------------------------------- from a step, and the whole run


def test_a_step_and_those_behind_it_begin_again(house: RerunHouse) -> None:
    first = house.start()
    house.write_orders(RECORDS - 1, "repaired")
    again = house.again("fetch", "notes")

    assert (first.run, RunStatus.DONE) == (again.run, again.status)
    assert {"fetch", "load", "notes", "publish"} == house.began
    assert {"fetch": 2, "load": 2, "notes": 2, "publish": 2} == house.passes()
    assert [f"repaired {n}" for n in range(1, RECORDS)] == house.orders()
    assert 1 == house.published()


def test_steps_that_are_not_behind_it_stay_done(sqlite_house: RerunHouse) -> None:
    sqlite_house.start()
    sqlite_house.again("load")

    assert {"load", "publish"} == sqlite_house.began
    assert {"fetch", "notes"} == sqlite_house.were_done
    assert {"fetch": 1, "load": 2, "notes": 1, "publish": 2} == sqlite_house.passes()
    assert 30 == sqlite_house.notes()
    assert 1 == sqlite_house.published()


def test_the_markers_of_the_former_pass_are_kept_as_history(house: RerunHouse) -> None:
    house.start()
    house.again("load")
    table = "daybreak.markers" if "postgresql" in house.url else "daybreak_markers"
    rows = house._query(
        f"select pass, count(*) as n from {table} where step = 'load'"  # noqa: S608 - ours
        " and range_after <> 'prepared' group by pass order by pass"
    )

    assert [(1, 5), (2, 5)] == [(row["pass"], row.n) for row in rows]


def test_who_began_what_again_stands_in_the_audit(sqlite_house: RerunHouse) -> None:
    sqlite_house.start()
    sqlite_house.again("load")
    (line,) = sqlite_house.audit("begun again")

    assert {"load": 2, "publish": 2} == line.details["steps"]
    assert "@" in line.details["by"]
    assert "begun again: load (pass 2), publish (pass 2)" in sqlite_house.said


def test_a_run_that_is_being_done_is_not_begun_again(sqlite_house: RerunHouse) -> None:
    told: list[RunOwned] = []

    def second(event: Event) -> None:
        if isinstance(event, ChunkCommitted) and not told:
            other = RerunHouse.__new__(RerunHouse)
            other.folder, other.url = sqlite_house.folder, sqlite_house.url
            with pytest.raises(RunOwned) as caught:
                other.again("load")
            told.append(caught.value)

    outcome = sqlite_house.start(second)

    assert RunStatus.DONE == outcome.status
    assert {"load": 1, "publish": 1}.items() <= sqlite_house.passes().items()
    assert told


def test_a_run_that_is_done_is_not_taken_by_whoever_only_resumes(sqlite_house: RerunHouse) -> None:
    sqlite_house.start()
    resumed = sqlite_house.start()

    assert resumed.was_done
    with sqlite_house.ledger() as store:
        assert 1 == store.run(1).epoch


# ---------------------------------------------------------------- what cannot be replaced


def test_rows_that_were_inserted_must_be_undone_first(sqlite_house: RerunHouse) -> None:
    sqlite_house.write_job(', mode="replace", create=True', ", create=True")
    sqlite_house.start()
    error = refused(lambda: sqlite_house.again("load"), sqlite_house)

    assert "step load inserts into orders: 50 rows of this run are there" in str(error)
    assert "--undone load" in error.hint
    assert RECORDS == len(sqlite_house.orders())


def test_all_that_must_be_undone_is_named_at_once(sqlite_house: RerunHouse) -> None:
    sqlite_house.write_job(', mode="replace", create=True', ", create=True")
    sqlite_house.start()
    error = refused(sqlite_house.again, sqlite_house)

    assert "step load inserts into orders: 50 rows" in str(error)
    assert "step notes has given 30 records of this run to note: 30 rows were touched" in str(error)
    assert "--undone load --undone notes" in error.hint


def test_what_a_person_has_undone_begins_again(house: RerunHouse) -> None:
    house.write_job(', mode="replace", create=True', ", create=True")
    house.start()
    house.spoil("delete from orders")
    again = house.again("load", "load")

    assert RunStatus.DONE == again.status
    assert RECORDS == len(house.orders())
    assert ["load"] == house.audit("begun again")[0].details["undone"]


def test_an_atomic_step_without_undo_stays_done(sqlite_house: RerunHouse) -> None:
    sqlite_house.write_job(", undo=take_back", "")
    sqlite_house.start()
    error = refused(lambda: sqlite_house.again("load"), sqlite_house)

    assert "step publish has committed, and has no undo=" in str(error)
    assert 1 == sqlite_house.published()


def test_a_pass_that_committed_nothing_may_always_begin_again(house: RerunHouse) -> None:
    """A function that raises before its first statement has left nothing to be undone."""
    house.write_job('    tx.execute("insert into notes (n) values (:n)", n=number)', "    1 / 0")
    failed = house.start()
    house.write_job()
    again = house.again("notes")

    assert RunStatus.FAILED == failed.status
    assert RunStatus.DONE == again.status
    assert 30 == house.notes()
    assert 2 == house.passes()["notes"]


def test_what_an_owner_commits_after_the_first_look_is_seen(
    house: RerunHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of another machine, thought dead: only once its epoch is closed can it commit no more."""
    house.write_job(', mode="replace", create=True', ", create=True")
    house.start()
    monkeypatch.setattr(Restarting, "look", lambda *_: None)
    with pytest.raises(RestartRefused, match="50 rows of this run are there"):
        house.again("load")

    assert {"load": 1, "publish": 1}.items() <= house.passes().items()
    assert house.start().was_done


def test_a_new_pass_that_would_write_elsewhere_is_refused(sqlite_house: RerunHouse) -> None:
    sqlite_house.start()
    sqlite_house.write_job('db.table("orders", ', 'db.table("orders_new", ')
    outcome = sqlite_house.again("load")

    assert isinstance(outcome.error, RestartRefused)
    assert "has filled orders in its pass 1, and would now write into orders_new" in str(
        outcome.error
    )


def test_an_undo_that_was_taken_away_meanwhile_is_missed(house: RerunHouse) -> None:
    house.start()
    house.write_job('    tx.execute("update totals set value = value + 1000")', "    1 / 0")
    failed = house.again("publish")
    house.write_job(", undo=take_back", "")
    refused_now = house.start()
    house.write_job()
    done = house.start()

    assert RunStatus.FAILED == failed.status
    assert isinstance(refused_now.error, RestartRefused)
    assert RunStatus.DONE == done.status
    assert 1 == house.published()


# ---------------------------------------------------------------- a restart that did not end


def test_the_same_restart_goes_on_where_it_stopped(house: RerunHouse) -> None:
    house.start()
    with armed(AT_THIRD):
        failed = house.again("load")
    done = house.again("load")

    assert RunStatus.FAILED == failed.status
    assert RunStatus.DONE == done.status
    assert 2 == house.passes()["load"]
    assert 3 == len(house.chunks)


def test_a_restart_may_be_begun_once_more(sqlite_house: RerunHouse) -> None:
    sqlite_house.start()
    with armed(AT_THIRD):
        sqlite_house.again("load")
    wish = Wish("load", is_once_more=True)
    sqlite_house.start(restart=wish, run=1)

    assert 3 == sqlite_house.passes()["load"]
    assert 5 == len(sqlite_house.chunks)


def test_what_an_attempt_has_begun_again_the_next_does_not_though_all_is_done(
    sqlite_house: RerunHouse,
) -> None:
    """It died when it had ended the run, and before it could say so."""
    sqlite_house.start()
    sqlite_house.again("fetch", "notes")
    passes, notes = sqlite_house.passes(), sqlite_house.notes()
    wish = Wish("fetch", undone=frozenset({"notes"}), has_begun=True)
    outcome = sqlite_house.start(restart=wish, run=1)

    assert RunStatus.DONE is outcome.status
    assert passes == sqlite_house.passes()
    assert notes == sqlite_house.notes()


def test_a_restart_of_other_steps_is_another(sqlite_house: RerunHouse) -> None:
    sqlite_house.start()
    sqlite_house.again("publish")
    with armed(AT_THIRD):
        sqlite_house.again("load")
    sqlite_house.again("publish", "publish")

    assert {"load": 2, "publish": 3}.items() <= sqlite_house.passes().items()
    assert 1 == sqlite_house.published()


def test_the_resume_of_a_restart_is_the_resume_of_the_run(sqlite_house: RerunHouse) -> None:
    sqlite_house.start()
    with armed(AT_THIRD):
        sqlite_house.again("load")
    done = sqlite_house.start()

    assert RunStatus.DONE == done.status
    assert {"load": 2, "publish": 2}.items() <= sqlite_house.passes().items()
    assert 1 == sqlite_house.published()


@pytest.mark.parametrize("point", ["restart.before_begin_again", "restart.after_begin_again"])
def test_dying_around_the_new_passes_leaves_all_of_them_or_none(
    house: RerunHouse, point: str
) -> None:
    house.start()
    with armed(f"{point}:1:raise"), pytest.raises(faultpoints.InjectedFault):
        house.again("load")
    passes = house.passes()
    done = house.again("load")

    assert (1 if "before" in point else 2) == passes["load"] == passes["publish"]
    assert RunStatus.DONE == done.status
    assert {"load": 2, "publish": 2}.items() <= house.passes().items()
    assert 1 == house.published()


# ---------------------------------------------------------------- one step alone


def test_a_step_that_is_not_done_is_resumed_alone(sqlite_house: RerunHouse) -> None:
    sqlite_house.only("fetch")
    with armed(AT_THIRD):
        sqlite_house.only("load")
    outcome = sqlite_house.only("load")

    assert {"load"} == sqlite_house.began
    assert 3 == len(sqlite_house.chunks)
    assert 1 == sqlite_house.passes()["load"]
    assert RECORDS == len(sqlite_house.orders())
    assert ("load", RunStatus.STOPPED) == (outcome.done_alone, outcome.status)


def test_a_step_that_is_done_begins_again_alone_and_those_behind_it_are_named(
    sqlite_house: RerunHouse,
) -> None:
    sqlite_house.start()
    outcome = sqlite_house.only("load")

    assert RunStatus.DONE == outcome.status
    assert {"load"} == sqlite_house.began
    assert {"load": 2, "publish": 1}.items() <= sqlite_house.passes().items()
    assert "publish was made from the former load" in sqlite_house.said
    assert ["load"] == sqlite_house.rows()["publish"].outdated_by(sqlite_house.rows())


def test_a_step_behind_what_is_missing_is_refused(sqlite_house: RerunHouse) -> None:
    with pytest.raises(PreflightError) as caught:
        sqlite_house.only("publish")

    assert "fetch, load are not done before it" in str(caught.value)
    assert "--only fetch" in caught.value.hint
    with sqlite_house.ledger() as store:
        assert [] == store.runs()


def test_steps_can_be_done_one_by_one(sqlite_house: RerunHouse) -> None:
    ends = [sqlite_house.only(step) for step in ("fetch", "notes", "load", "publish")]

    assert ["fetch", "notes", "load", None] == [end.done_alone for end in ends]
    assert RunStatus.DONE == ends[-1].status
    assert {"1"} == {end.run for end in ends}


def test_a_step_that_began_from_the_former_one_does_not_go_on(sqlite_house: RerunHouse) -> None:
    """Half of it would be made from one value, half from another."""
    sqlite_house.write_job(
        "    orders = files.csv(run[fetch], Order)",
        "    orders = source([Order(id=n, name=run[fetch].name) for n in range(1, 51)])",
    )
    sqlite_house.only("fetch")
    with armed(AT_THIRD):
        sqlite_house.only("load")
    sqlite_house.only("fetch")
    refused_now = sqlite_house.only("load")
    accepted = sqlite_house.only("load", accepts_changes=True)

    assert "the upstream of step load changed since the run began: fetch was 1, is 2" in str(
        refused_now.error
    )
    assert "load" == accepted.done_alone
    assert RECORDS == len(sqlite_house.orders())


def test_a_fetched_file_is_fetched_anew_and_only_then(sqlite_house: RerunHouse) -> None:
    sqlite_house.start()
    sqlite_house.write_orders(3, "new")
    sqlite_house.again("load")
    before = sqlite_house.orders()
    sqlite_house.again("fetch", "notes")

    assert RECORDS == len(before)
    assert ["new 1", "new 2", "new 3"] == sqlite_house.orders()


def test_a_step_that_there_is_not_is_named(sqlite_house: RerunHouse) -> None:
    sqlite_house.start()

    with pytest.raises(DefinitionError, match="has no step 'lad'"):
        sqlite_house.again("lad")
    with pytest.raises(DefinitionError, match="--undone names 'fetch', which does not begin again"):
        sqlite_house.again("load", "fetch")


def test_a_run_that_was_given_up_is_final(sqlite_house: RerunHouse) -> None:
    sqlite_house.start()
    with closing(sqlite3.connect(sqlite_house.folder / ".daybreak" / "ledger.db")) as ledger:
        ledger.execute("update runs set status = 'cancelled'")
        ledger.commit()

    with pytest.raises(InvalidTransition, match="a cancelled run cannot become running"):
        sqlite_house.again("load")

    assert StepStatus.DONE == sqlite_house.rows()["load"].status
