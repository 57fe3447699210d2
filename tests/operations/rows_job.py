"""The job over the rows of a database: accounts are closed, copied and reported."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial

from daybreak import Database, Job, Quarantine, Transaction, Work

db = Database("sqlite:///shop.db", name="shop")
job = Job("month-end")

OPEN = """
    select user_id, opening from accounts a
    where not exists (select 1 from balances b where b.user_id = a.user_id and b.month = :month)
"""


@dataclass(frozen=True)
class Account:
    user_id: int
    opening: Decimal


@dataclass(frozen=True)
class Total:
    user_id: int
    bookings: int


def close_account(account: Account, tx: Transaction, month: date) -> None:
    booked = tx.one(
        "select coalesce(sum(amount), 0) from bookings where user_id = :user",
        Decimal,
        user=account.user_id,
    )
    if account.opening + booked < 0:
        raise Quarantine("balance below zero", opening=account.opening, booked=booked)
    tx.execute(
        "insert into balances (user_id, month, closing) values (:user, :month, :closing)",
        user=account.user_id,
        month=month,
        closing=account.opening + booked,
    )


@job.step(chunk=10, parallel=2, max_bad="50%", impact="The user keeps last month's balance.")
def close(month: date) -> Work:
    return db.rows(OPEN, Account, key="user_id", month=month).each(
        partial(close_account, month=month)
    )


@job.step(chunk=7, impact="The copy is old.")
def copy() -> Work:
    accounts = db.table("accounts", Account, key="user_id")
    return accounts.into(db.table("copies", Account, key="user_id", mode="replace", create=True))


@job.step(chunk=4, after=close, impact="Nobody knows who books.")
def report() -> Work:
    booked = """
        select a.user_id, count(*) as bookings from accounts a join bookings b
        on b.user_id = a.user_id group by a.user_id
    """
    totals = db.table("totals", Total, key="user_id", mode="replace", create=True)
    return db.rows(booked, Total, key="user_id").into(totals)
