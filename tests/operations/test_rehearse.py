"""A rehearsal in place: it sees what the run would do, and nothing of it is left."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from daybreak import faultpoints
from daybreak.databases.session import connect, opened
from daybreak.errors import (
    DefinitionError,
    PreflightError,
    RunOwned,
    TooManyBadRecords,
    TransactionEnded,
)
from daybreak.model.fate import Counts
from daybreak.model.status import RunStatus, StepStatus
from daybreak.operations.dangers import DangerKind
from daybreak.operations.rehearsal import RehearsedStep
from daybreak.operations.rehearse import rehearse
from daybreak.operations.start import start
from daybreak.telemetry import ChunkCommitted, Event, Said, StepEnded, Telemetry
from tests.operations.rehearsed import Rehearsed

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the folders of this test's rehearsals in a place of its own."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Rehearsed:
    return Rehearsed(tmp_path / "job", database_url)


@pytest.fixture
def on_server(tmp_path: Path, postgres_url: str) -> Rehearsed:
    return Rehearsed(tmp_path / "job", postgres_url)


@pytest.fixture
def on_file(tmp_path: Path, sqlite_url: str) -> Rehearsed:
    return Rehearsed(tmp_path / "job", sqlite_url)


@pytest.fixture
def arm() -> Iterator[Callable[[str], None]]:
    yield faultpoints.arm
    faultpoints.arm(None)


def only(house: Rehearsed, step: str, **settings: Any) -> RehearsedStep:
    """Rehearse one step, and see that nothing is left of it, whatever became of it."""
    before = house.left()
    (rehearsed,) = house.rehearse(step, **settings).steps

    assert before == house.left()
    return rehearsed


def run_counts(house: Rehearsed, **settings: Any) -> dict[str, Counts]:
    """Run the job, and return the fates of its steps."""
    telemetry = Telemetry()
    events: list[Event] = []
    telemetry.subscribe(events.append)
    start(house.job, house.settings(**settings), telemetry)
    return {event.step: event.counts for event in events if isinstance(event, StepEnded)}


# ---------------------------------------------------------------- what is left, what is seen


def test_nothing_is_left_of_a_step_with_bad_records_and_they_are_told(house: Rehearsed) -> None:
    step = only(house, "numbers")

    assert StepStatus.DONE == step.status
    assert Counts(read=60, passed=48, quarantined=12, written=48) == step.counts
    by_reason = {cause.reason: cause for cause in step.causes}
    assert 6 == by_reason["ends in five"].records
    assert {"n": 5} == by_reason["ends in five"].samples[0].details
    assert {6} == {cause.records for cause in step.causes}


def test_a_rehearsal_sees_what_the_run_then_does(house: Rehearsed) -> None:
    numbers, children = only(house, "numbers"), only(house, "children")
    seen = only(house, "seen")
    counts = run_counts(house)

    assert counts["numbers"] == numbers.counts
    assert counts["children"] == children.counts
    assert counts["seen"] == seen.counts


def test_a_step_rehearsed_on_what_a_run_has_done_sees_what_that_run_did(house: Rehearsed) -> None:
    """The check is of the run, so are its index and its files; the table is emptied and filled."""
    counts = run_counts(house)
    step = only(house, "load")

    assert counts["load"] == step.counts
    assert 3 == step.counts.quarantined


def test_stages_read_what_the_chunks_before_them_wrote(house: Rehearsed) -> None:
    """In a run those would be committed; a query of its own would not see them in a rehearsal."""
    assert 30 == only(house, "seen").counts.passed


def test_every_chunk_is_measured_and_added_up(house: Rehearsed) -> None:
    step = only(house, "numbers")

    assert [10, 20, 30, 40, 50, 60] == [chunk.records_upto for chunk in step.chunks]
    assert "(0, 10]" == step.chunks[0].part
    total_s = sum(chunk.duration_s for chunk in step.chunks)
    assert total_s == pytest.approx(step.chunks[-1].duration_upto_s)
    assert 60 == step.source_records


def test_at_most_so_many_records_are_read(house: Rehearsed) -> None:
    rehearsal = house.rehearse("numbers", records=25)

    assert [10, 10, 5] == [chunk.counts.read for chunk in rehearsal.steps[0].chunks]
    assert 60 == rehearsal.steps[0].source_records
    assert "these were the first 25 of 60 records" in rehearsal.caveats


def test_a_sample_is_spread_over_the_source(house: Rehearsed) -> None:
    rehearsal = house.rehearse("numbers", records=30, is_spread=True)
    (step,) = rehearsal.steps

    assert ["(0, 20]", "(20, 40]", "(40, 60]"] == [chunk.part for chunk in step.chunks]
    assert [10, 10, 10] == [chunk.counts.read for chunk in step.chunks]
    assert "these were 30 of 60 records, spread over the source (18 places)" in rehearsal.caveats


def test_a_step_that_fails_leaves_nothing_and_says_why(house: Rehearsed) -> None:
    step = only(house, "numbers", parameters={"last": 9}, knobs={"numbers": {"chunk": 3}})
    assert StepStatus.DONE == step.status

    with opened(house.url) as session:
        session.execute("insert into numbers (n) select id from parents")
    failed = only(house, "numbers")

    assert StepStatus.FAILED == failed.status
    assert isinstance(failed.error, TooManyBadRecords)


def test_what_commit_would_refuse_is_found(house: Rehearsed) -> None:
    """The foreign key of children is deferred: nothing but COMMIT would check it."""
    step = only(house, "children", parameters={"loose": 1})

    assert StepStatus.FAILED == step.status
    assert "foreign key constraint" in str(step.error).lower()
    assert step.error is not None
    assert type(step.error) is type(_error_of_run(house, "children", loose=1))


def _error_of_run(house: Rehearsed, step: str, **parameters: Any) -> Exception | None:
    outcome = house.start(parameters=parameters)
    assert step == outcome.step
    return outcome.error


def test_an_atomic_step_is_undone_and_its_value_is_told(house: Rehearsed) -> None:
    step = only(house, "count")

    assert StepStatus.DONE == step.status
    assert "2" == step.value


def test_a_function_is_told_that_it_is_a_rehearsal(on_file: Rehearsed) -> None:
    assert '"told: True"' == only(on_file, "told").value

    on_file.start()
    with opened(on_file.url) as session:
        assert session.query("select what from notes where what = 'told: False'")


def test_a_task_works_in_a_folder_that_is_removed(house: Rehearsed) -> None:
    step = only(house, "check")

    assert StepStatus.DONE == step.status
    assert step.value is not None
    assert str(house.folder / "orders.csv") in json.loads(step.value)["files"]


def test_the_price_of_a_commit_is_measured_apart(house: Rehearsed) -> None:
    commit = house.rehearse("numbers").commit

    assert commit is not None
    assert 0 < commit.median_s <= commit.slowest_s


def test_it_says_first_what_it_will_do_and_what_it_costs(house: Rehearsed) -> None:
    house.rehearse("numbers", records=25)
    first = next(n for n, event in enumerate(house.events) if not isinstance(event, Said))
    said = " ".join(event.message for event in house.events[:first] if isinstance(event, Said))

    assert "at most 25 records" in said
    assert "rolled back" in said
    costs = {"sqlite": "locked for other writers", "postgresql": "sequences that it draws from"}
    assert costs[house.url.split(":")[0]] in said


# ---------------------------------------------------------------- what it meets


def test_a_sort_that_spills_is_a_danger(house: Rehearsed) -> None:
    is_file = house.url.startswith("sqlite")
    first = "pragma cache_size = 20" if is_file else "set local work_mem = '64kB'"
    rehearsal = house.rehearse("sorting", parameters={"first": first})
    (danger,) = rehearsal.dangers

    assert StepStatus.DONE == rehearsal.status
    assert DangerKind.SPILL == danger.kind
    assert ("temporary files of SQLite" if is_file else "database database") == danger.what
    assert danger.amount > 100_000


def test_the_tables_that_it_touched_are_sized(house: Rehearsed) -> None:
    (sizes,) = house.rehearse("numbers").sizes
    touched = {"the file"} if house.url.startswith("sqlite") else {"numbers"}

    assert touched == {one.name for one in sizes.tables}
    assert sizes.bytes > 0


def test_a_wait_for_a_lock_is_a_danger_with_who_held_it(on_server: Rehearsed) -> None:
    with (
        psycopg.connect(on_server.url, application_name="night clerk") as other,
        psycopg.connect(on_server.url, autocommit=True) as looking,
    ):
        other.execute("update numbers set n = n where n = 1000000")

        def let_go() -> None:
            """Give up the row once a rehearsal was seen to wait for it, and a moment later."""
            waiting = "select count(*) from pg_locks where not granted"
            while looking.execute(waiting).fetchone() == (0,):
                looking.execute("select pg_sleep(0.01)")
            looking.execute("select pg_sleep(0.3)")
            other.rollback()

        helper = threading.Thread(target=let_go)
        helper.start()
        rehearsal = on_server.rehearse("sorting", lease_s=20)
        helper.join()

    waits = [one for one in rehearsal.dangers if one.kind is DangerKind.LOCK_WAIT]
    assert ["a row of numbers, held by night clerk"] == [one.what for one in waits]


# ---------------------------------------------------------------- the input of a step


def test_a_step_whose_input_was_never_made_is_named_as_not_rehearsable(house: Rehearsed) -> None:
    with pytest.raises(PreflightError, match=r"it asks for run\[check\], which no run has done"):
        house.rehearse("load")


def test_steps_before_it_whose_effects_are_not_there_are_named(house: Rehearsed) -> None:
    caveats = house.rehearse("count").caveats

    assert "steps before it are not done, and their effects are not there: check, load" in caveats


def test_what_a_run_did_of_the_step_already_is_said(on_file: Rehearsed) -> None:
    run_counts(on_file)
    caveats = " ".join(on_file.rehearse("numbers").caveats)

    assert "run 1 has done 60 records of this step already" in caveats


def test_the_run_that_is_built_on_can_be_named(on_file: Rehearsed) -> None:
    run_counts(on_file)
    parameters = {"orders": "others.csv"}  # no run of these

    with pytest.raises(PreflightError, match="which no run has done"):
        on_file.rehearse("load", parameters=parameters)
    named = on_file.rehearse("load", parameters=parameters, run_id=1)
    assert StepStatus.DONE == named.status


def test_a_run_of_another_job_cannot_be_built_on(on_file: Rehearsed) -> None:
    on_file.start()
    loaded = on_file.job
    object.__setattr__(loaded.job, "name", "other")

    with pytest.raises(DefinitionError, match="run 1 is of job shop, not of other"):
        rehearse(loaded, "load", on_file.settings(), Telemetry(), run_id=1)


# ---------------------------------------------------------------- whoever ends the transaction


@pytest.mark.parametrize("how", ["commit", "rollback", "commit; begin"])
def test_a_function_that_ends_the_transaction_leaves_nothing(
    on_server: Rehearsed, how: str
) -> None:
    """PostgreSQL cannot refuse COMMIT to one user of a session: it is bound to fail."""
    step = only(on_server, "committing", parameters={"how": how})

    assert StepStatus.FAILED == step.status
    assert isinstance(step.error, TransactionEnded)


def test_it_is_said_when_the_transaction_could_not_be_sealed(on_server: Rehearsed) -> None:
    name = on_server.url.split("/")[3].split("?")[0]
    with psycopg.connect(on_server.url) as own:
        own.execute(f"revoke temporary on database {name} from public")
        own.execute("drop role if exists nobody_special")
        own.execute("create role nobody_special login")
        own.execute(f"grant create on database {name} to nobody_special")
        own.execute("grant all on all tables in schema public to nobody_special")
    on_server.url = on_server.url.replace("//postgres@", "//nobody_special@")
    try:
        rehearsal = on_server.rehearse("numbers")
    finally:
        on_server.url = on_server.url.replace("//nobody_special@", "//postgres@")
        with opened(on_server.url) as session:
            session.execute("drop owned by nobody_special")
            session.execute("drop role nobody_special")

    assert StepStatus.DONE == rehearsal.status
    assert any("was not sealed" in caveat for caveat in rehearsal.caveats)


@pytest.mark.parametrize(
    ("step", "point", "chunks"),
    [("numbers", "chunk.after_write:2:term", 2), ("count", "atomic.after_body:1:term", 0)],
)
def test_a_signal_ends_it_and_leaves_nothing(
    house: Rehearsed, arm: Callable[[str], None], step: str, point: str, chunks: int
) -> None:
    arm(point)
    rehearsed = only(house, step)

    assert StepStatus.STOPPED == rehearsed.status
    assert chunks <= len(rehearsed.chunks) < 6
    assert rehearsed.value is None


# ---------------------------------------------------------------- beside others


@pytest.mark.slow
def test_beside_a_run_of_the_same_job_neither_disturbs_the_other(on_server: Rehearsed) -> None:
    """It fences nobody off; rows that both write make it give way, or the run's win."""
    rehearsed: list[RehearsedStep] = []
    events: list[Event] = []
    once = threading.Lock()

    def rehearse_once(event: Event) -> None:
        """Called by the threads of several steps."""
        events.append(event)
        if isinstance(event, ChunkCommitted) and once.acquire(blocking=False):
            beside = on_server.rehearse("numbers", job=other, parameters=parameters)
            rehearsed.append(beside.steps[0])

    parameters = {"last": 300}
    other = on_server.beside
    telemetry = Telemetry()
    telemetry.subscribe(rehearse_once)
    start(on_server.job, on_server.settings(parameters=parameters, lease_s=20), telemetry)
    ends = {event.step: event for event in events if isinstance(event, StepEnded)}

    assert rehearsed
    assert StepStatus.DONE == ends["numbers"].status, ends["numbers"].error
    assert Counts(read=300, passed=240, quarantined=60, written=240) == ends["numbers"].counts


def test_two_rehearsals_in_one_process_take_turns(on_server: Rehearsed) -> None:
    """They share what the job's file declares: one must not end what the other is inside."""
    before = on_server.left()
    job = on_server.job
    threads = [
        threading.Thread(target=on_server.rehearse, args=["numbers"], kwargs={"job": job})
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert before == on_server.left()


def test_it_gives_way_to_whoever_waits_for_its_locks(on_server: Rehearsed) -> None:
    waiting: list[threading.Thread] = []

    def write_the_same() -> None:
        with opened(on_server.url) as session:
            session.execute("insert into numbers (n) values (1)")

    def wait_for_it(event: Event) -> None:
        if isinstance(event, ChunkCommitted) and not waiting:
            waiting.append(threading.Thread(target=write_the_same))
            waiting[0].start()
            with opened(on_server.url) as session:
                while not session.query("select 1 from pg_locks where not granted"):
                    pass

    telemetry = Telemetry()
    telemetry.subscribe(wait_for_it)
    settings = on_server.settings(parameters={"last": 20_000}, lease_s=20)
    rehearsal = rehearse(on_server.job, "numbers", settings, telemetry)
    waiting[0].join()

    assert StepStatus.STOPPED == rehearsal.status
    assert any("gave" in one or "ended early" in one for one in rehearsal.caveats)
    with opened(on_server.url) as session:
        assert 1 == session.query("select count(*) as n from numbers where n = 1")[0].n


def test_readers_of_a_sqlite_file_are_not_held_up(on_file: Rehearsed) -> None:
    """Although more is written than SQLite keeps in memory unless it is told to."""
    read: list[int] = []

    def look(event: Event) -> None:
        if isinstance(event, ChunkCommitted):
            with closing(connect(on_file.url, lock_wait_s=0)) as session:
                read.append(session.query("select count(*) as n from notes")[0].n)

    telemetry = Telemetry()
    telemetry.subscribe(look)
    rehearsal = rehearse(on_file.job, "wide", on_file.settings(), telemetry)

    assert StepStatus.DONE == rehearsal.status
    assert [1, 1] == read


def test_a_file_to_which_somebody_else_writes_is_refused_after_a_while(on_file: Rehearsed) -> None:
    with closing(connect(on_file.url)) as other:
        other.begin()
        step = only(on_file, "numbers", lease_s=0.1)

    assert StepStatus.FAILED == step.status
    assert isinstance(step.error, PreflightError)
    assert "locked" in str(step.error)


def test_a_sqlite_file_in_which_a_run_is_at_work_is_refused(on_file: Rehearsed) -> None:
    refused: list[BaseException] = []
    once = threading.Lock()

    def rehearse_once(event: Event) -> None:
        if isinstance(event, ChunkCommitted) and once.acquire(blocking=False):
            with pytest.raises(RunOwned, match="run 1 is at work in the same SQLite file") as told:
                on_file.rehearse("children", job=other)
            refused.append(told.value)

    other = on_file.beside
    telemetry = Telemetry()
    telemetry.subscribe(rehearse_once)
    outcome = start(on_file.job, on_file.settings(), telemetry)

    assert refused
    assert RunStatus.DONE == outcome.status, outcome.error


def test_a_sqlite_file_that_is_not_there_is_not_made(on_file: Rehearsed) -> None:
    on_file.url = on_file.url.replace("x.db", "y.db")

    with pytest.raises(PreflightError, match="makes none"):
        on_file.rehearse("numbers")
    assert not list(on_file.folder.parent.glob("y.db*"))
