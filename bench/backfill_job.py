"""The back-fill that is measured: a new column of a table of users, by a Python function."""

from __future__ import annotations

from dataclasses import dataclass

from daybreak import Database, Job, Work

db = Database(name="shop")
job = Job("backfill-full-name")


@dataclass(frozen=True)
class User:
    """What the function reads of a row."""

    id: int
    first_name: str
    last_name: str


def full_name(user: User) -> str:
    """Join the two names."""
    return f"{user.first_name} {user.last_name}".strip()


@job.step(parallel=2, impact="Old users have no name on their invoices.")
def backfill() -> Work:
    """Fill users.full_name."""
    nameless = "select id, first_name, last_name from users where full_name is null"
    return db.rows(nameless, User, key="id").into(
        db.update("users", key="id", set={"full_name": full_name})
    )
