"""The parts of files, entered where the epochs of a run are: which are committed, and made known.

A part is a file that was written and synced before its row is. The row goes into the transaction
of the range's marker, so that a part without a row belongs to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..model.ownership import Ownership, Pass
from ..model.row import Row
from .session import Session, transaction
from .statement import load
from .transaction import OpenTransaction
from .writer import fenced_off

if TYPE_CHECKING:
    from .target import DatabaseTarget

PUBLISHED: Final = "published"


@dataclass(frozen=True, slots=True)
class Part:
    """One file that holds what a range, or a replay, became."""

    name: str
    """Of the file, within the folder of its pass."""

    range_after: str
    """Where its range begins; empty for a replay."""

    epoch: int
    number: int
    """Of the replay within its epoch; 0 for a range."""

    records: int
    bytes: int
    digest: str


@dataclass(frozen=True, slots=True)
class Publication:
    """How far the parts of a pass are made known."""

    epoch: int
    status: str
    """`publishing` or `published`."""

    place: str
    parts_digest: str
    """Of the list of parts."""

    bytes: int | None
    digest: str | None
    """Of the file, once it is published."""


class PartsRegister:
    """The parts and publications of runs, in the database that holds their epochs."""

    def __init__(self, target: DatabaseTarget) -> None:
        self._target = target

    def enter(self, tx: OpenTransaction, run_key: str, of: Pass, part: Part) -> None:
        """Enter a part in the open transaction of its marker, or of its replay."""
        tx.execute(
            load(tx.dialect, "part_insert"),
            run_key=run_key,
            step=of.step,
            pass_=of.number,
            range_after=part.range_after,
            epoch=part.epoch,
            number=part.number,
            name=part.name,
            records=part.records,
            bytes=part.bytes,
            digest=part.digest,
        )

    def parts(self, run_key: str, of: Pass) -> list[Part]:
        """Return the committed parts of a pass; replays behind each other, in their order."""
        with self._session() as session:
            rows = session.query(load(session.dialect, "part_list"), **_key(run_key, of))
        return [_part_of(row) for row in rows]

    def publication(self, run_key: str, of: Pass) -> Publication | None:
        """Return how far the publication of a pass has come; None if it has not begun."""
        with self._session() as session:
            rows = session.query(load(session.dialect, "publication_one"), **_key(run_key, of))
        return _publication_of(rows[0]) if rows else None

    def begin_publication(
        self, ownership: Ownership, of: Pass, *, place: str, parts_digest: str
    ) -> None:
        """Say that the parts are being made known.

        Raises:
            LeaseLost: If the run has another owner. Nothing was written.
        """
        with self._fenced(ownership) as session:
            session.execute(
                load(session.dialect, "publication_begin"),
                **_key(ownership.run_key, of),
                epoch=ownership.epoch,
                place=place,
                parts_digest=parts_digest,
                said_at=self._now(),
            )

    @contextmanager
    def ending_publication(
        self, ownership: Ownership, of: Pass, *, bytes_held: int, digest: str
    ) -> Iterator[None]:
        """Hold the run's epoch in share mode while the block makes the file known.

        Leaving says that it is published; an exception leaves that unsaid.

        Raises:
            LeaseLost: If the run has another owner. The block was not entered.
        """
        with self._fenced(ownership) as session:
            yield
            session.execute(
                load(session.dialect, "publication_end"),
                **_key(ownership.run_key, of),
                epoch=ownership.epoch,
                bytes=bytes_held,
                digest=digest,
                said_at=self._now(),
            )

    @contextmanager
    def _fenced(self, ownership: Ownership) -> Iterator[Session]:
        with self._session() as session, transaction(session):
            hold = load(session.dialect, "epoch_hold")
            if not session.query(hold, run_key=ownership.run_key, epoch=ownership.epoch):
                raise fenced_off(ownership)
            yield session

    @contextmanager
    def _session(self) -> Iterator[Session]:
        target = self._target
        session = target.opens(target.url, lock_wait_s=target.lock_wait_s)
        try:
            yield session
        finally:
            session.close()

    def _now(self) -> str:
        return self._target.clock.now().isoformat()


def _key(run_key: str, of: Pass) -> dict[str, str | int]:
    return {"run_key": run_key, "step": of.step, "pass_": of.number}


def _part_of(row: Row) -> Part:
    return Part(
        row.name,
        row.range_after,
        row.epoch,
        row.number,
        row.records_held,
        row.bytes_held,
        row.digest,
    )


def _publication_of(row: Row) -> Publication:
    return Publication(
        row.epoch, row.status, row.place, row.parts_digest, row.bytes_held, row.digest
    )
