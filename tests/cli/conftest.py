"""A job on real files and a real database, and a way to type commands at it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from daybreak.cli.program import execute

JOB = '''
"""Load the orders of yesterday."""
from datetime import date
from typing import Annotated, Literal
from pydantic import BaseModel, Field
from daybreak import Database, Job, Quarantine, Run, Secret, Transaction, Work, files

File = Annotated[str, Field(description="Where the orders are.")]
db = Database("sqlite:///shop.db")
job = Job("shop")

class Order(BaseModel):
    id: int
    amount: Annotated[int, Field(ge=0)]

@job.task(impact="Nothing is loaded; ask the partner.")
def check(
    run: Run,
    file: File = "orders.csv",
    api_key: Secret = Secret("default-key"),
    mode: Literal["fast", "safe"] = "safe",
    strict: bool = False,
    tables: list[str] = [],
) -> None:
    if api_key == "to-be-shown":
        raise RuntimeError(f"refused with {api_key!s}")
    if strict:
        run.check(files.csv(run.folder / file, Order))

@job.step(after=check, chunk=10, max_bad=5, impact="The shop shows old orders.")
def load(
    run: Run, month: date = date(2026, 1, 1), bad_every: int = 0, file: File = "orders.csv"
) -> Work:
    def look(order: Order) -> None:
        if bad_every and order.id % bad_every == 0:
            raise Quarantine("of a bad kind", id=order.id)
    orders = files.csv(run.folder.parents[2] / file, Order).tap(look)
    return orders.into(db.table("orders", Order, key="id", create=True))

@job.atomic(db, after=load, impact="Nobody knows the total.")
def total(tx: Transaction, run: Run) -> int:
    rows = tx.query("select count(*) as orders from orders")
    run.show(rows, title="Totals")
    return int(rows[0].orders)
'''


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything that was to be seen."""
        return self.out + self.err


Type = Callable[[str], Ended]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with the job `shop.py` and fifty orders, and make it the current one."""
    folder = tmp_path / "jobs"
    folder.mkdir()
    (folder / "shop.py").write_text(JOB)
    lines = [f"{number},{number * 2}\n" for number in range(1, 51)]
    (folder / "orders.csv").write_text("id,amount\n" + "".join(lines))
    monkeypatch.chdir(folder)
    monkeypatch.delenv("DAYBREAK_LEDGER", raising=False)
    return folder


@pytest.fixture
def type_in(capsys: pytest.CaptureFixture[str]) -> Type:
    """Give a function that runs `daybreak …` in this process and returns how it ended."""

    def type_in(words: str) -> Ended:
        capsys.readouterr()
        status = execute(shlex.split(words))
        out, err = capsys.readouterr()
        return Ended(int(status), out, err)

    return type_in
