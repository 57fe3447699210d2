"""What type checkers must refuse: every ignored line is an error that is wanted.

Checked by `make types`, never executed. A refusal that stops being one is an error there, for an
ignore that nothing needs is one; each names the checkers' rules, so that no other error passes.
"""

from __future__ import annotations

import daybreak
from daybreak import (
    Collect,
    Job,
    Pipeline,
    Retry,
    Run,
    Scope,
    Step,
    Transaction,
    Work,
    files,
    source,
)
from tests.typing.inferred import (
    AsyncClient,
    Client,
    Order,
    User,
    check,
    db,
    fetch,
    get,
    get_later,
    is_small,
    job,
    label,
    letters,
    lines,
    load,
    numbers,
    slow_square,
    square,
    touch,
    urls,
    users,
)

# ------------------------------------------------------------------ names

daybreak.Jobs  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
files.cvs  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]

# ------------------------------------------------------------------ stages

numbers.map(len)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.map(square, wrokers=2)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
numbers.map(square, workers="two")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.filter(square)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.flat_map(square)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.tap(square)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
urls.map(square)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.map(str).map(square)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
source(3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.map(slow_square, on="process").group(3)  # type: ignore[attr-defined, deprecated]  # pyright: ignore[reportDeprecated, reportAttributeAccessIssue, reportUnknownMemberType]
numbers.map(slow_square).map(square)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.filter(is_small, on="thread")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.flat_map(lines)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.map(square, on="loop")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.map(square, rate=200)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.map(square, retry=3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.map(square, errors=10)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.map(square, timeout_s="1 s")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.map(square, ordered="no")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.map(square, name=3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
urls.map(get)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
urls.map(get_later, workers=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
urls.map(get_later, using=Client)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
urls.map(get, using=AsyncClient)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType, reportCallIssue]
urls.map(get, using=Client())  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.map(get, using=Client)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.group()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
numbers.group(10, 1.0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
numbers.group(10).map(square)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.merge([1, 2])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
numbers.merge(urls).map(square)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
numbers.split(lambda n: n > 3, lambda p: p.map(str))  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
numbers.split(lambda n: n > 3, lambda p: p.map(letters), lambda p: p)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue, reportUnknownLambdaType]
numbers.split(is_small, lambda p: p, lambda p: p)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
numbers.split(lambda n: n > 3, lambda p: p, lambda p: p.collect())  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]
Collect(max="1%")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Collect(max_rate=0.01)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
texts: Pipeline[str] = numbers  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

# ------------------------------------------------------------------ running without a job

next(numbers.open())  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
numbers.collect(deadline_s="10 s")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
numbers.stop()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]

# ------------------------------------------------------------------ files and databases

files.csv("users.csv", "User")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
files.csv("users.csv", User, ";")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
files.csv("users.csv", User, keys="id")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
files.csv("users.csv", User, references={"id": 7})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType, reportCallIssue]
files.csv("users.csv", User, totals={"id": 0.5})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType, reportCallIssue]
db.table("users", User)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
db.table("users", User, mode="upsert")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
db.table("users", User, key="id", mode="replce")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
db.rows("select id from users", User)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
db.rows("select id from users", "User", key="id")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
db.rows("select id from users", User, key="id").into(db.table("orders", Order, key="order_id"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


rows_of_orders = db.rows("select id from orders", Order, key="id")
rows_of_orders.into(db.update("users", key="id", set={"name": label}))  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
db.update("users", key="id", set={"name": 3})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
db.update("users", set={"name": label})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
db.update("users", key="id", set={"name": label}, set_chunk={"label": label})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]

db.table("users", User, key="id").into(db.table("orders", Order, key="order_id"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
db.query("select 1", {"id": 1})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]

# ------------------------------------------------------------------ ends


async def touch_async(user: User, tx: Transaction) -> None: ...


def forgets_the_transaction(user: User) -> None: ...


users.each(touch_async)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
users.each(forgets_the_transaction)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
users.each_chunk(touch)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
users.into(db.table("orders", Order, key="order_id"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
users.into(files.csv("orders.csv", Order))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
users.into("orders")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
users.into(db.table("users", User, key="id")).map(square)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


# ------------------------------------------------------------------ jobs

fetch()  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
job.task(chunk=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
job.step(chunk="large")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
job.step(parallel=None)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
job.step(record_timeout_s="5 s")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
job.step(max_bad=0.01)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
job.step(order="random")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
job.step(uses="db")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
job.step(retry=None)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
job.task(retry=3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
Job("proof", limits={"db": "4"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
Retry(on=ValueError)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
job.step(after="check")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
text_step: Step[str] = fetch  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]


@job.step(after=check)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
def forgot_return(run: Run) -> None:
    run[check].users.into(db.table("users", User, key="id"))


@job.step(after=check)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
def forgot_the_end(run: Run) -> Pipeline[User]:
    return run[check].users


@job.task(after=check)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
def wants_step(run: Run) -> Work:
    return users.each(touch)


@job.task  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
async def an_async_task(run: Run) -> str:
    return ""


@job.task  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
def gives_what_no_ledger_keeps(run: Run) -> object:
    return object()


@job.atomic(db)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
def no_transaction(run: Run) -> None: ...


@job.atomic  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
def no_database(tx: Transaction) -> None: ...


@job.atomic(db, after=load)
def ends_its_transaction(tx: Transaction, run: Run) -> None:
    run.night = None  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    run.log(run[load])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    tx.commit()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    tx.execute("delete from users where id = ?", 3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    run.show("a table")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# ------------------------------------------------------------------ Go's pattern

with Scope() as scope:
    scope.go(letters, 3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    scope.go(square, 3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    scope.split(letters("abc"), 2)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
