"""Whatever rule a record breaks, it is set aside with the words that the database has for it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from daybreak import Database, faultpoints
from daybreak.abc import ChunkWriter, Sink, Transaction
from daybreak.connectors.functions import EachChunkSink, EachSink
from daybreak.connectors.table import TableSink
from daybreak.databases.nodes import Mode
from daybreak.errors import TooManyBadRecords, TransientError
from daybreak.execution.draft import Unit
from daybreak.execution.isolator import Isolator
from daybreak.faultpoints import Trace
from daybreak.model.chunk import Written
from daybreak.model.ranges import Range
from tests.execution.house import OF, House
from tests.execution.things import Loading, Thing, in_table, make_things

pytestmark = pytest.mark.slow

COUNT, MANY = 12, 100
PART = Range.of(0, COUNT)
GOOD = Thing(id=0, code=7, owner=1, sponsor=1, amount=1)


@pytest.fixture
def dialect(house: House) -> str:
    return make_things(house)


@pytest.fixture
def writer(house: House, dialect: str) -> Iterator[ChunkWriter]:
    ledger = house.owned()
    with house.target.writer(ledger.ownership) as found:
        yield found


@pytest.fixture
def attempts(tmp_path: Path) -> Iterator[Callable[[], int]]:
    """Tell how often something was tried inside a savepoint."""
    counting = tmp_path / "trace"
    faultpoints.trace(counting)
    yield lambda: Trace(counting).counts()["chunk.in_isolation"]
    faultpoints.trace(None)


def things(count: int = COUNT) -> list[Thing]:
    return [replace(GOOD, id=n, code=1000 + n) for n in range(1, count + 1)]


MODES: tuple[Mode, ...] = ("insert", "upsert", "append")
SQLITE_INTEGER = "Python int too large to convert to SQLite INTEGER"
SURROGATE = "utf-8 cannot hold the text: surrogates not allowed"
RULES: dict[str, tuple[dict[str, Any], str | None, str]] = {
    "not null": (
        {"name": None},
        "NOT NULL constraint failed: things.name",
        'null value in column "name" of relation "things" violates not-null constraint',
    ),
    "check": (
        {"amount": -1},
        "CHECK constraint failed: amount >= 0",
        'new row for relation "things" violates check constraint "things_amount_check"',
    ),
    "length": (
        {"name": "much too long"},
        "CHECK constraint failed: length(name) <= 5",
        "value too long for type character varying(5)",
    ),
    "numeric overflow": (
        {"amount": 2**70},
        SQLITE_INTEGER,
        "value is out of range for type integer",
    ),
    "unique, in the table": (
        {"code": -1},
        "UNIQUE constraint failed: things.code",
        'duplicate key value violates unique constraint "things_code_key"',
    ),
    "foreign key": (
        {"owner": 99},
        "FOREIGN KEY constraint failed",
        'insert or update on table "things" violates foreign key constraint "things_owner_fkey"',
    ),
    "deferred foreign key": (
        {"sponsor": 99},
        "FOREIGN KEY constraint failed",
        'insert or update on table "things" violates foreign key constraint "things_sponsor_fkey"',
    ),
    "missing parent": (
        {"parent": 99},
        "FOREIGN KEY constraint failed",
        'insert or update on table "things" violates foreign key constraint "things_parent_fkey"',
    ),
    "trigger before": ({"name": "early"}, "too early", "too early"),
    "trigger after": ({"name": "late"}, "too late", "too late"),
    "constraint trigger at COMMIT": ({"name": "last"}, None, "too last"),
    "NUL": ({"name": "\0"}, None, "PostgreSQL text fields cannot contain NUL (0x00) bytes"),
    "lone surrogate": ({"name": "\ud800"}, SURROGATE, SURROGATE),
    "no type of the database": (
        {"amount": "seven"},
        None,
        "invalid input syntax for type integer",
    ),
}
"""What is spoilt, and what SQLite and PostgreSQL say to it; None if it is good there."""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("rule", RULES)
def test_a_record_that_breaks_a_rule_is_set_aside_with_the_words_of_the_database(
    house: House, writer: ChunkWriter, dialect: str, rule: str, mode: Mode
) -> None:
    """One, then two in one chunk, wherever they stand."""
    spoilt, *words = RULES[rule]
    said = dict(zip(("sqlite", "postgresql"), words, strict=True))[dialect]
    known = replace(GOOD, id=-1, code=-1)
    Loading(house, writer, [known]).commit(Range.of(0, 1))
    for start, culprits in ((COUNT, [5]), (2 * COUNT, [0, COUNT - 1])):
        records = things(start + COUNT)
        for culprit in culprits:
            records[start + culprit] = replace(records[start + culprit], **spoilt)
        loading = Loading(house, writer, records, mode=mode)
        part = Range.of(start, start + COUNT)

        loading.commit(part)

        expected = [] if said is None else [(culprit, said) for culprit in culprits]
        assert expected == [(row.origin, row.reason) for row in loading.quarantine(part)]


@pytest.mark.parametrize("bad", ["late", "early", "good"])
def test_of_equal_keys_the_first_good_one_stays_whatever_stands_before_it(
    house: House, writer: ChunkWriter, dialect: str, bad: str
) -> None:
    """It was refused because of one that is bad itself; those behind it must not come in first."""
    records = [
        Thing(id=1, name=bad, code=1, amount=7),
        Thing(id=2, code=1),
        Thing(id=3, code=1),
        Thing(id=2, code=4),
        Thing(id=5, code=4),
    ]
    part = Range.of(0, len(records))
    loading = Loading(house, writer, records)

    loading.commit(part)

    expected = {"good": [1, 2, 4]}.get(bad, [0, 2, 3])
    assert expected == loading.set_aside(part)


def test_the_values_at_fault_are_kept_apart_from_the_cause(postgres_url: str) -> None:
    """So that records with one cause are one group, and a person still sees what was wrong."""
    house = House(postgres_url)
    make_things(house)
    records = things()
    records[3] = replace(records[3], amount="seven")  # type: ignore[arg-type]
    records[5] = replace(records[5], owner=98)
    records[8] = replace(records[8], owner=99)
    ledger = house.owned()
    with house.target.writer(ledger.ownership) as writer:
        loading = Loading(house, writer, records)

        committed = loading.commit(PART)

    assert [1, 2] == sorted(committed.causes.values())
    details = [json.loads(row.details) for row in loading.quarantine(PART)]
    assert 'invalid input syntax for type integer: "seven"' == details[0]["message"]
    assert 'Key (owner)=(98) is not present in table "owners".' == details[1]["detail"]
    assert ("things_owner_fkey", "23503") == (details[2]["constraint"], details[2]["sqlstate"])
    house.store.close()


def test_of_equal_keys_the_first_one_in_source_order_stays(
    house: House, writer: ChunkWriter
) -> None:
    records = things()
    records[7] = replace(records[7], id=records[2].id)
    records[9] = replace(records[9], code=records[4].code)
    records[10] = replace(records[10], code=records[4].code)
    loading = Loading(house, writer, records)

    loading.commit(PART)

    assert [7, 9, 10] == loading.set_aside(PART)


def test_a_key_is_free_again_if_its_first_record_is_bad(house: House, writer: ChunkWriter) -> None:
    """Whatever makes the first one bad, and however late that is found."""
    records = things()
    for first, second, bad in (
        (0, 4, {"name": None}),
        (1, 5, {"owner": 99}),
        (2, 6, {"name": "late"}),
    ):
        records[first] = replace(records[first], **bad)
        records[second] = replace(records[second], id=records[first].id)
    loading = Loading(house, writer, records)

    loading.commit(PART)

    assert [0, 1, 2] == loading.set_aside(PART)


def test_the_next_one_stays_if_the_first_of_three_equal_keys_is_bad(
    house: House, writer: ChunkWriter
) -> None:
    """Others with equal keys bring both under suspicion, before the first is: order decides."""
    records = things()
    for first, *later in ((0, 1, 2), (3, 6, 9)):
        for place in later:
            records[place] = replace(records[place], id=records[first].id)
    records[3] = replace(records[3], name=None)
    loading = Loading(house, writer, records)

    loading.commit(PART)

    assert [1, 2, 3, 9] == loading.set_aside(PART)


@pytest.mark.parametrize("spoilt", [{}, {"name": "late"}, {"owner": 99}], ids=str)
def test_five_generations_in_reverse_are_written(
    house: House, writer: ChunkWriter, spoilt: dict[str, Any]
) -> None:
    """With and without a bad record in their midst; children of a bad one are bad."""
    records = [replace(one, parent=one.id + 1) for one in things(5)]
    records[4] = replace(records[4], parent=None)
    records += [replace(records[4], id=6, code=6, **spoilt), replace(GOOD, id=7, parent=6)]
    loading = Loading(house, writer, records)

    loading.commit(Range.of(0, 7))

    assert ([5, 6] if spoilt else []) == loading.set_aside(Range.of(0, 7))


def test_records_that_refer_to_each_other_in_a_ring_are_good_on_postgresql(
    postgres_url: str,
) -> None:
    """No order would do: they are written by one statement, without those under suspicion."""
    house = House(postgres_url)
    make_things(house)
    records = things()
    records[3] = replace(records[3], parent=records[6].id)
    records[6] = replace(records[6], parent=records[3].id)
    records[8] = replace(records[8], owner=99)
    ledger = house.owned()
    with house.target.writer(ledger.ownership) as writer:
        loading = Loading(house, writer, records)

        loading.commit(PART)

    assert [8] == loading.set_aside(PART)
    house.store.close()


# ---------------------------------------------------------------- many


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoilt", [{"name": None}, {"amount": -1}, {"code": 1001}, {"owner": 99}], ids=str
)
def test_ten_bad_among_ten_thousand_cost_few_attempts(
    house: House,
    writer: ChunkWriter,
    seed: int,
    attempts: Callable[[], int],
    spoilt: dict[str, Any],
) -> None:
    culprits = sorted(random.Random(seed).sample(range(1, 10_000), 10))
    records = things(10_000)
    for culprit in culprits:
        records[culprit] = replace(records[culprit], **spoilt)
    loading = Loading(house, writer, records)
    part = Range.of(0, 10_000)

    committed = loading.commit(part)

    assert culprits == loading.set_aside(part)
    assert 9_990 == committed.marker.counts.written
    assert attempts() <= 80, "halving alone would need a hundred and more"


def test_a_chunk_behind_one_with_bad_records_is_asked_before_it_is_tried(
    house: House, writer: ChunkWriter, attempts: Callable[[], int]
) -> None:
    """So nothing is written twice, as long as records go on to be bad in the same way."""
    records = things(3 * MANY)
    for place in (5, 6, MANY + 7, MANY + 70):
        records[place] = replace(records[place], owner=99)
    loading = Loading(house, writer, records)
    parts = [Range.of(n * MANY, (n + 1) * MANY) for n in range(3)]

    spent = [0]
    for part in parts:
        loading.commit(part)
        spent.append(attempts())

    assert [[5, 6], [7, 70], []] == [loading.set_aside(part) for part in parts]
    assert [3, 1] == [after - before for before, after in pairwise(spent)][1:]


@pytest.mark.parametrize("spoilt", [{"name": None}, {"owner": 99}, {"name": "late"}], ids=str)
def test_a_chunk_of_bad_records_costs_a_few_attempts_each(
    house: House,
    writer: ChunkWriter,
    attempts: Callable[[], int],
    spoilt: dict[str, Any],
) -> None:
    """Three at most: the work grows with their number, not with its square."""
    records = [replace(one, **spoilt) for one in things(MANY)]
    loading = Loading(house, writer, records)

    committed = loading.commit(Range.of(0, MANY))

    assert MANY == committed.marker.counts.quarantined
    assert attempts() <= 3 * MANY


def test_a_broken_mapping_stops_the_step_before_each_record_was_tried(
    house: House, writer: ChunkWriter, attempts: Callable[[], int]
) -> None:
    records = [replace(one, name=None) for one in things(2_000)]
    loading = Loading(house, writer, records, max_bad="1%")

    with pytest.raises(TooManyBadRecords, match="32 of 2,000 records"):
        loading.commit(Range.of(0, 2_000))

    assert [] == in_table(house)
    assert attempts() <= 40


# ---------------------------------------------------------------- units, and what is no fault


class Each:
    """Every way to write things, by rules of a table and by functions."""

    @staticmethod
    def table(house: House) -> Sink:
        return TableSink(Database(house.url).table("things", Thing, key="id"))

    @staticmethod
    def function(_house: House) -> Sink:
        return EachSink(lambda thing, tx: _insert([thing], tx))

    @staticmethod
    def function_of_all(_house: House) -> Sink:
        return EachChunkSink(_insert)


def _insert(records: Sequence[Thing], tx: Transaction) -> None:
    tx.executemany(
        "insert into things (id, name, owner, sponsor) values (:id, :name, :owner, :sponsor)",
        [{n: getattr(one, n) for n in ("id", "name", "owner", "sponsor")} for one in records],
    )


@pytest.mark.parametrize("sink_of", [Each.table, Each.function, Each.function_of_all])
@pytest.mark.parametrize("spoilt", [{"name": None}, {"owner": 99}, {"sponsor": 99}], ids=str)
def test_the_outputs_of_one_record_stand_or_fall_together(
    house: House,
    writer: ChunkWriter,
    sink_of: Callable[[House], Sink],
    spoilt: dict[str, Any],
) -> None:
    records = things()
    units = [Unit(n, records[3 * n : 3 * n + 3]) for n in range(4)]
    for bad, place in ((1, 2), (3, 0)):
        values = list(units[bad].values)
        values[place] = replace(values[place], **spoilt)
        units[bad] = Unit(bad, values)
    writer.begin(OF, PART)

    admitted = Isolator(writer, sink_of(house)).admit(units)

    writer.transaction.connection.execute("commit")
    assert [1, 3] == [unit.origin for unit, _ in admitted.refused]
    assert (2, 6) == (admitted.passed, admitted.written)
    assert [1, 2, 3, 7, 8, 9] == [thing.id for thing in in_table(house)]


def test_a_transient_error_in_isolation_sets_nobody_aside(
    house: House, writer: ChunkWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write is repeated from its beginning, and isolates again."""
    records = things()
    records[4] = replace(records[4], owner=99)
    loading = Loading(house, writer, records)
    write, tried = TableSink.write, []

    def busy(sink: TableSink, tx: Transaction, values: Sequence[Any]) -> Written:
        tried.append(len(values))
        if len(tried) in (2, 4):
            raise TransientError("not now")
        return write(sink, tx, values)

    monkeypatch.setattr(TableSink, "write", busy)

    loading.commit(PART)

    assert [4] == loading.set_aside(PART)
    assert COUNT - 1 == len(in_table(house))
