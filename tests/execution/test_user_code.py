"""A function that misbehaves in a chunk's transaction is stopped, or can do no harm."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from daybreak.abc import Transaction
from daybreak.connectors.functions import EachSink
from daybreak.errors import DaybreakError, TransactionEnded
from tests.execution.house import House

pytestmark = pytest.mark.slow_on_postgresql

RECORDS = 20
SEVENTH = 7
ALL = list(range(RECORDS))


def write(number: int, tx: Transaction) -> None:
    tx.execute("insert into numbers (n) values (:n)", n=number)


def attempt(house: House, function: Callable[[int, Transaction], None]) -> Any:
    return house.attempt(house.plan(ALL, sink=EachSink(function)), chunk=10)


def seventh(act: Callable[[Transaction], object]) -> Callable[[int, Transaction], None]:
    """Write every number; do something besides at the seventh, and swallow what it raises."""

    def function(number: int, tx: Transaction) -> None:
        write(number, tx)
        if number == SEVENTH:
            with suppress(Exception):
                act(tx)

    return function


@pytest.mark.parametrize(
    "statement",
    ["commit", "  ROLLBACK", "-- done\n/* so */ end", "savepoint mine", "begin", "abort work"],
)
def test_a_statement_that_ends_the_transaction_is_refused_before_it_runs(
    house: House, statement: str
) -> None:
    def function(number: int, tx: Transaction) -> None:
        write(number, tx)
        tx.execute(statement)

    with pytest.raises(TransactionEnded, match=r"tried to begin, end or divide"):
        attempt(house, function)

    assert [] == house.numbers()


def test_a_word_that_only_begins_like_one_is_no_such_statement(house: House) -> None:
    """`endpoints` is a table, and `with` is no COMMIT."""
    house.spoil("insert into notes (what) values ('x')")

    def function(number: int, tx: Transaction) -> None:
        write(number, tx)
        tx.query("with endpoints as (select what from notes) select * from endpoints")

    assert attempt(house, function).passed == RECORDS


@pytest.mark.parametrize("method", ["commit", "rollback"])
def test_an_end_behind_our_back_stops_the_run(house: House, method: str) -> None:
    """On the driver's own connection: SQLite refuses it, a server is found out before COMMIT."""
    end = seventh(lambda tx: tx.connection.execute(method))

    if house.url.startswith("sqlite"):
        assert attempt(house, end).passed == RECORDS
        return
    with pytest.raises(TransactionEnded, match="not the one that was begun"):
        attempt(house, end)
    assert house.numbers() == ([] if method == "rollback" else list(range(SEVENTH + 1)))


def test_what_was_committed_behind_our_back_is_not_done_again(postgres_url: str) -> None:
    """Its marker has no counts: the next attempt says so instead of repeating the effects."""
    house = House(postgres_url)
    end = seventh(lambda tx: tx.connection.execute("commit"))
    with pytest.raises(TransactionEnded):
        attempt(house, end)

    with pytest.raises(TransactionEnded, match="without its counts"):
        attempt(house, seventh(lambda _tx: None))

    assert house.numbers() == list(range(SEVENTH + 1))
    house.store.close()


def test_a_table_that_a_chunk_makes_stays_or_goes_with_it(house: House) -> None:
    make = seventh(lambda tx: tx.execute("create table made (n integer)"))

    assert attempt(house, make).passed == RECORDS
    assert house.target.count("select count(*) from made") == 0


def test_a_database_error_that_is_swallowed_hides_nothing(house: House) -> None:
    """SQLite undoes the statement alone; PostgreSQL has ended the transaction, and so do we."""
    repeat = seventh(lambda tx: write(SEVENTH, tx))

    if house.url.startswith("sqlite"):
        assert attempt(house, repeat).passed == RECORDS
        assert house.numbers() == ALL
        return
    with pytest.raises(TransactionEnded, match="let database errors leave"):
        attempt(house, repeat)
    assert house.numbers() == []


def test_a_transaction_that_is_kept_is_of_no_use_in_the_next_chunk(house: House) -> None:
    kept: list[Transaction] = []

    def function(number: int, tx: Transaction) -> None:
        kept.append(tx)
        write(number, kept[0])

    with pytest.raises(TransactionEnded, match="has ended"):
        attempt(house, function)

    assert house.numbers() == list(range(10))


def test_a_thread_of_the_functions_own_cannot_write(house: House) -> None:
    raised: list[DaybreakError] = []

    def try_it(tx: Transaction) -> None:
        try:
            write(1000, tx)
        except DaybreakError as error:
            raised.append(error)

    def in_thread(tx: Transaction) -> None:
        thread = threading.Thread(target=try_it, args=[tx])
        thread.start()
        thread.join()

    assert attempt(house, seventh(in_thread)).passed == RECORDS
    assert house.numbers() == ALL
    assert "in another thread" in str(raised[0])
