"""What type checkers must know of the public face. Checked by `make types`, never executed.

What they must refuse is in `refused`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, TypeGuard, assert_type

from pydantic import BaseModel
from typing_extensions import TypeIs

from daybreak import (
    Collect,
    Counts,
    CurrentScope,
    Database,
    Job,
    Pipeline,
    Quarantine,
    Receiver,
    Report,
    Results,
    Retry,
    Row,
    Run,
    Scope,
    Secret,
    Sink,
    StageOptions,
    StageReport,
    Step,
    Transaction,
    Work,
    current_scope,
    files,
    source,
)


@dataclass
class User:
    id: int
    name: str


class Admin(User):
    pass


class Order(BaseModel):
    order_id: int


class Columns(TypedDict):
    id: int
    name: str | None


class Checked(NamedTuple):
    users: Pipeline[User]
    orders: Pipeline[Order]


def square(number: int) -> int:
    return number * number


async def slow_square(number: int) -> float:
    return float(number)


async def is_small(number: int) -> bool:
    return number < 3


async def note(number: int) -> None: ...


def letters(text: str) -> Iterator[str]:
    yield from text


async def lines(url: str) -> AsyncIterator[bytes]:
    yield url.encode()


async def many(number: int) -> list[str]:
    return [str(number)]


class Client(AbstractContextManager["Client", None]):
    def __init__(self, timeout_s: float = 5) -> None: ...
    def __exit__(self, *error: object) -> None: ...


class AsyncClient(AbstractAsyncContextManager["AsyncClient", None]):
    def __init__(self, timeout_s: float = 5) -> None: ...
    async def __aexit__(self, *error: object) -> None: ...


def get(url: str, client: Client) -> bytes:
    return url.encode()


async def get_later(url: str, client: AsyncClient) -> bytes:
    return url.encode()


def maybe(number: int) -> str | None:
    return str(number) if number else None


def is_text(value: str | None) -> TypeIs[str]:
    return value is not None


def is_admin(user: User) -> TypeGuard[Admin]:
    return isinstance(user, Admin)


def refuse(user: User) -> None:
    raise Quarantine("nobody knows them", id=user.id)


# ------------------------------------------------------------------ pipelines: types flow on

numbers = source(range(10))
urls = source(["a", "b"])

assert_type(numbers, Pipeline[int])
assert_type(source(lambda: letters("abc")), Pipeline[str])
assert_type(source(letters("abc")), Pipeline[str])
assert_type(numbers.map(square, workers=2), Pipeline[int])
assert_type(numbers.map(square, workers=4, ordered=False, name="squares"), Pipeline[int])
assert_type(numbers.map(str), Pipeline[str])
assert_type(numbers.map(lambda n: n / 2), Pipeline[float])
assert_type(numbers.map(lambda n: (n, str(n))), Pipeline[tuple[int, str]])
assert_type(numbers.map(maybe), Pipeline[str | None])
assert_type(numbers.map(maybe).filter(is_text), Pipeline[str])
assert_type(numbers.filter(lambda n: n > 3), Pipeline[int])
assert_type(numbers.filter(lambda n: n > 3, workers=2), Pipeline[int])
assert_type(numbers.map(str).flat_map(letters), Pipeline[str])
assert_type(numbers.flat_map(lambda n: [n, n + 1]), Pipeline[int])
assert_type(numbers.tap(print), Pipeline[int])
assert_type(numbers.map(slow_square, workers=64, rate="200/s"), Pipeline[float])
assert_type(numbers.map(slow_square, timeout_s=3, retry=Retry(attempts=5)), Pipeline[float])
assert_type(numbers.map(square, workers=4, on="process", ordered=False), Pipeline[int])
assert_type(numbers.map(square, on="thread", workers="auto"), Pipeline[int])
assert_type(numbers.map(square, errors=Collect(max=10, max_rate="0.1%")), Pipeline[int])
assert_type(numbers.map(square, block=1, linger_s=0.1), Pipeline[int])
assert_type(numbers.filter(is_small, workers=3), Pipeline[int])
assert_type(numbers.filter(lambda n: n > 3, on="process"), Pipeline[int])
assert_type(numbers.map(maybe).filter(is_text, workers=2), Pipeline[str])
assert_type(numbers.map(str).flat_map(lines, workers=8), Pipeline[bytes])
assert_type(numbers.flat_map(many), Pipeline[str])
assert_type(numbers.flat_map(lambda n: range(n + 1), on="process"), Pipeline[int])
assert_type(numbers.tap(note, workers=3), Pipeline[int])
assert_type(numbers.tap(print, workers=3, on="thread"), Pipeline[int])
assert_type(numbers.map(str).replace("str", repr), Pipeline[str])
assert_type(numbers.insert_after("source", square), Pipeline[int])

assert_type(numbers.collect(deadline_s=1.0), list[int])
assert_type(numbers.run(), Report)
assert_type(numbers.run().bottleneck, str)
with numbers.map(str).open(deadline_s=60) as results:
    assert_type(results, Results[str])
    for result in results:
        assert_type(result, str)
    results.stop()
    assert_type(results.report, Report)

integers: Pipeline[float] = numbers  # whoever gives ints gives floats

# ------------------------------------------------------------------ what each worker has of its own

assert_type(urls.map(get, using=Client, workers=8), Pipeline[bytes])
assert_type(urls.map(get, using=Client, on="process"), Pipeline[bytes])
assert_type(urls.map(get, using=partial(Client, timeout_s=3)), Pipeline[bytes])
assert_type(urls.map(get_later, using=AsyncClient, workers=64, rate="200/s"), Pipeline[bytes])
assert_type(urls.map(get_later, using=partial(AsyncClient, timeout_s=3)), Pipeline[bytes])
assert_type(urls.map(lambda url, client: get(url + "/", client), using=Client), Pipeline[bytes])

# ------------------------------------------------------------------ groups, merges, splits

assert_type(numbers.group(100), Pipeline[list[int]])
assert_type(numbers.group(100, within_s=1.0).map(sum), Pipeline[int])
assert_type(numbers.merge(urls), Pipeline[int | str])
assert_type(numbers.merge(numbers.map(square), numbers), Pipeline[int])
assert_type(
    numbers.split(lambda n: n > 3, lambda p: p.map(str), lambda p: p.map(slow_square)),
    Pipeline[str | float],
)
assert_type(
    numbers.split(lambda n: n > 3, lambda p: p.group(2), lambda p: p), Pipeline[list[int] | int]
)

# ------------------------------------------------------------------ async sources, and the report

assert_type(source(lines("x")), Pipeline[bytes])
assert_type(source(lambda: lines("x")), Pipeline[bytes])
assert_type(numbers.run().stages, Sequence[StageReport])
assert_type(numbers.run().stages[0].busy, float)
assert_type(numbers.run().errors, Sequence[BaseException])

options: StageOptions = {"workers": 8, "rate": "10/s", "errors": Collect(max=3)}
assert_type(numbers.map(slow_square, **options), Pipeline[float])
around: CurrentScope = current_scope()
assert_type(around.cancelled, bool)


# ------------------------------------------------------------------ files and databases

users = files.csv("users.csv", User)
orders = files.csv([Path("a.csv"), Path("b.csv")], Order, delimiter=";", null="NA")
db = Database("sqlite:///x.db")

assert_type(users, files.File[User])
assert_type(orders.map(lambda order: order.order_id), Pipeline[int])
assert_type(files.csv(Path("users.csv")), files.File[dict[str, str]])
assert_type(files.csv("users.csv", {"id": int, "name": str | None}), files.File[dict[str, Any]])
assert_type(files.csv("users.csv", Columns, key="id"), files.File[Columns])
assert_type(
    files.csv(
        "orders.csv",
        Order,
        key=("order_id", "line"),
        references={
            "user_id": db.table("users", key="id"),
            ("country", "zone"): files.csv("zones.csv", key=("country", "zone")),
            "parent_id": "order_id",
        },
        records=(60_000, None),
        totals={"amount": Decimal("99.50"), "pieces": 7},
    ),
    files.File[Order],
)
assert_type(files.parquet("users.parquet", User), files.File[User])
assert_type(files.parquet("users.parquet"), files.File[dict[str, Any]])
assert_type(files.excel("users.xlsx", User, sheet="Users"), files.File[User])
assert_type(files.excel("users.xlsx"), files.File[dict[str, Any]])
assert_type(users.filter(is_admin), Pipeline[Admin])
assert_type(users.tap(refuse), Pipeline[User])

assert_type(db.url, str)
assert_type(db.query("select * from users"), list[Row])
assert_type(db.query("select name from users where id > :id", str, id=3), list[str])
assert_type(db.one("select count(*) as n from users"), Row)
assert_type(db.one("select * from users", User), User)
assert_type(db.one("select count(*) as n from users").n, Any)
assert_type(db.one("select count(*) as n from users")["n"], Any)

user_sink: Sink[User] = db.table("users", User, key="id", mode="replace", create=True)
admin_sink: Sink[Admin] = user_sink  # a table that takes any user takes admins
any_sink: Sink[Order] = db.table("rows", key=("a", "b"))
upserted: Sink[User] = db.table("users", User, key="id", mode="upsert")
appended: Sink[User] = db.table("users", User, mode="append")

nameless = "select id, name from users where full_name is null"
rows_of_users = db.rows(nameless, User, key="id")
assert_type(rows_of_users, Pipeline[User])
assert_type(db.rows(nameless, key="id"), Pipeline[Row])
assert_type(db.rows(nameless, key="id").map(lambda row: row.name), Pipeline[Any])
assert_type(db.rows("select id from users where id > :low", int, key="id", low=3), Pipeline[int])
assert_type(db.rows("select a, b from t", key=("a", "b")), Pipeline[Row])


def label(user: User) -> str:
    return user.name


def labels(of: Sequence[User]) -> list[str]:
    return [label(user) for user in of]


assert_type(rows_of_users.into(db.update("users", key="id", set={"name": label})), Work)
assert_type(rows_of_users.into(db.update("users", key="id", set_chunk={"name": labels})), Work)
rows_of_users.into(db.update("users", key="id", set={"name": label}, set_chunk={"label": labels}))
rows_of_users.into(db.update("users", key="id", set={"name": lambda user: user.name.strip()}))
rows_of_users.map(label).into(db.update("users", key="id", set={"name": str.upper}))
db.rows(nameless, key="id").into(db.update("users", key="id", set={"name": lambda row: row.name}))
some_sink: Sink[User] = db.update("users", key="id", set={"name": label})
user_table = db.table("users", User, key="id")
assert_type(user_table.map(lambda user: user.name), Pipeline[str])
as_pipeline: Pipeline[User] = user_table
assert_type(user_table.into(db.table("copies", User, key="id")), Work)
assert_type(db.table("users", key="id").into(db.table("copies", key="id")), Work)


# ------------------------------------------------------------------ ends


def touch(user: User, tx: Transaction) -> None:
    tx.execute("update users set name = :name where id = :id", name=user.name, id=user.id)


def touch_all(chunk: Sequence[User], tx: Transaction) -> None:
    tx.executemany("delete from users where id = :id", ({"id": user.id} for user in chunk))


assert_type(users.into(db.table("users", User, key="id")), Work)
assert_type(users.filter(is_admin).into(user_sink), Work)
assert_type(users.into(files.csv("again.csv", User, null="NA")), Work)
assert_type(users.into(files.jsonl("again.jsonl.gz", User)), Work)
assert_type(users.into(files.parquet(Path("again.parquet"), User)), Work)
assert_type(users.each(touch), Work)
assert_type(rows_of_users.each(touch), Work)
assert_type(rows_of_users.filter(is_admin).into(admin_sink), Work)
assert_type(users.filter(is_admin).each(touch, database=db), Work)
assert_type(users.each_chunk(touch_all), Work)


# ------------------------------------------------------------------ jobs

job = Job("proof", window="02:00-05:00 Asia/Tokyo", limits={"db": 4}, once=False)


@job.task
def fetch(run: Run, token: Secret, url: str = "https://example.org") -> Path:
    assert_type(token.upper(), str)
    assert_type(run.id, str)
    assert_type(run.folder, Path)
    assert_type(run.night, date | None)
    assert_type(run.started_at, datetime)
    assert_type(run.rehearsal, bool)
    assert_type(run.fetch(url), Path)
    assert_type(run.fetch(url, name="in", checksum="sidecar", options={"port": 22}), Path)
    return run.fetch(url, sha256=None, unpack=True, max_ratio=500, settle_s=0)


@job.task(
    after=fetch,
    impact="Nothing is loaded.",
    retry=Retry(attempts=5, on=(ConnectionError, TimeoutError), wait_s=1, wait_s_max=60),
    uses={"db": 1},
)
def check(run: Run) -> Checked:
    assert_type(run[fetch], Path)
    assert_type(run.check(files.csv(run[fetch], User), max_bad="0.1%"), files.File[User])
    found = run.check(Checked(users=users, orders=orders), max_bad=10)
    assert_type(found, Checked)
    return found


@job.step(
    after=check,
    chunk=10_000,
    parallel=2,
    max_bad="5%",
    order="any",
    uses={"db": 2},
    record_timeout_s=5,
    impact="Nobody can log in.",
)
def load(run: Run) -> Work:
    assert_type(run[check].users, Pipeline[User])
    return run[check].users.into(db.table("users", User, key="id"))


@job.step
def load_orders(run: Run, month: date) -> Work:
    return orders.into(db.table("orders", Order, key="order_id"))


@job.atomic(db, after=[fetch, load], uses={"db": 1})
def total(tx: Transaction, run: Run, month: date) -> Decimal:
    assert_type(run[load], Counts)
    assert_type(run[load].quarantined, int)
    assert_type(tx.execute("delete from totals"), int)
    assert_type(tx.copy("totals", [(1, 2)], columns=["a", "b"]), int)
    assert_type(tx.query("select * from users", User), list[User])
    rows = tx.query("select * from users where id = :id", id=3)
    assert_type(rows, list[Row])
    run.show(rows, title="Users")
    run.log("looked", users=len(rows))
    return tx.one("select sum(x) from users", Decimal)


@job.atomic(db)
def only_effects(tx: Transaction) -> None:
    tx.execute("delete from totals")


def take_back(tx: Transaction) -> None:
    tx.execute("delete from totals")


@job.atomic(db, undo=take_back)
def published(tx: Transaction) -> Decimal:
    return tx.one("select sum(x) from users", Decimal)


@job.task(after=[load])
def mapping() -> Mapping[str, int]:
    return {"a": 1}


assert_type(fetch, Step[Path])
assert_type(check, Step[Checked])
assert_type(load, Step[Counts])
assert_type(load_orders, Step[Counts])
assert_type(total, Step[Decimal])
assert_type(only_effects, Step[None])
assert_type(published, Step[Decimal])
assert_type(load.downstream, tuple[Step[Any], ...])
assert_type(mapping, Step[Mapping[str, int]])
assert_type(job.steps, tuple[Step[Any], ...])
assert_type(load.knobs.chunk, int)
some_step: Step[object] = fetch  # what gives a path gives an object


# ------------------------------------------------------------------ Go's pattern: generators send

with Scope(deadline_s=10) as scope:
    first = scope.go(letters, "abc")
    assert_type(first, Receiver[str])
    assert_type(scope.merge(first, scope.go(letters, text="d")), Receiver[str])
    assert_type(scope.split(first, 2), Sequence[Receiver[str]])
    assert_type(list(first), list[str])
    assert_type(current_scope().wait(0.1), bool)
