"""One worker's session with a target: the transaction of one chunk at a time (PROTOCOL.md 3)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from ..abc import Clock
from ..errors import DatabaseBusy, LeaseLost, TransactionEnded, TransientError
from ..model.chunk import Marker, SetAside
from ..model.ownership import Ownership, Pass
from ..model.ranges import Range
from ..model.row import Row
from .markers import marker_of
from .session import Connect, Session, connect
from .statement import load
from .transaction import OpenTransaction, ended_by_another, refuse_ended
from .turns import turn_of

RESOLVE_PATIENCE_S: Final = 30.0
"""How long an in-doubt COMMIT waits for its old session to be gone."""


class Writer:
    """`abc.ChunkWriter`: begin with fence and marker, data, commit with the counts.

    A session that broke is opened anew by the next `begin`.
    """

    def __init__(
        self,
        url: str,
        ownership: Ownership,
        *,
        application: str,
        lock_wait_s: float,
        clock: Clock,
        opens: Connect = connect,
    ) -> None:
        self._url = url
        self._opens = opens
        self._ownership = ownership
        self._application = application
        self._lock_wait_s = lock_wait_s
        self._clock = clock
        self._session: Session | None = None
        self._transaction: OpenTransaction | None = None
        self._transaction_id = ""
        self._turn = turn_of(url)
        self._has_turn = False

    @property
    def transaction(self) -> OpenTransaction:
        assert self._transaction is not None, "begin() first"
        return self._transaction

    def begin(self, of: Pass, part: Range) -> bool:
        epoch = self._ownership.epoch
        return self.enter("mark", **self._key(of, part), range_upto=part.upto, epoch=epoch)

    def is_free(self, of: Pass, part: Range) -> bool:
        """Look, without a transaction, whether a range is not committed yet.

        Raises:
            LeaseLost: If the run has another owner.
        """
        self._refuse_stale(self._connected())
        return self.stored(of, part) is None

    def enter(self, door: str, **bind: object) -> bool:
        """Begin with the statement that fences, and writes the row which commits only once.

        Args:
            door: The statement's name.
            bind: Its binds.

        Returns:
            False if the row is committed already.

        Raises:
            LeaseLost: If the run has another owner. Nothing was written.
        """
        session = self._connected()
        self._turn.acquire()
        self._has_turn = True
        try:
            marked = session.begin_with(load(session.dialect, door), **bind)
            if not marked:
                self._refuse_stale(session)
        except DatabaseBusy as error:
            self._turn.has_waited_in_vain(error)
            self.rollback()
            raise
        except BaseException:
            self.rollback()
            raise
        self._transaction = OpenTransaction(session)
        self._transaction_id = marked[0].transaction_id if marked else ""
        return bool(marked)

    def _refuse_stale(self, session: Session) -> None:
        """Raise unless the epoch is mine and the highest: then the marker was there already."""
        found = session.query(
            load(session.dialect, "epoch_is_mine"),
            run_key=self._ownership.run_key,
            epoch=self._ownership.epoch,
        )
        if not found[0].epochs:
            raise fenced_off(self._ownership)

    def _connected(self) -> Session:
        if self._session is not None and not self._session.is_usable:
            self._session.close()
            self._session = None
        if self._session is None:
            self._session = self._opens(
                self._url, application=self._application, lock_wait_s=self._lock_wait_s
            )
        return self._session

    def stored(self, of: Pass, part: Range) -> Marker | None:
        """Return the marker of a range, if there is one that can be seen from here."""
        rows = self.ask("marker_one", **self._key(of, part))
        return marker_of(rows[0]) if rows else None

    def ask(self, name: str, **bind: object) -> list[Row]:
        """Run a query of ours in the session that is open, in the transaction if one is."""
        session = self._owned()
        return session.query(load(session.dialect, name), **bind)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Hand the transaction to somebody's function: it may not begin or end it."""
        with self._owned().guarded():
            yield

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        session = self._owned()
        refuse_ended(session)
        if session.savepoint() != self._transaction_id:
            raise ended_by_another()
        try:
            yield
        except (TransactionEnded, TransientError):
            raise
        except BaseException:
            refuse_ended(session)
            session.back_to_savepoint()
            raise
        session.release_savepoint()

    def force_constraints(self) -> None:
        self._owned().force_constraints()

    def quarantine(self, of: Pass, part: Range, records: Sequence[SetAside]) -> int:
        session = self._owned()
        common = {
            "run_key": self._ownership.run_key,
            "run_id": self._ownership.run_id,
            "step": of.step,
            "pass_": of.number,
            "range_after": part.after,
            "set_aside_at": self._clock.now().isoformat(),
        }
        return session.executemany(
            load(session.dialect, "quarantine_insert"),
            [
                {
                    **common,
                    "origin": record.origin,
                    "place": record.cursor,
                    "stage": record.stage,
                    "reason": _storable(record.reason),
                    "details": _storable(
                        json.dumps(record.details, default=str, ensure_ascii=False)
                    ),
                    "raw": record.raw,
                    "by_check": record.by_check,
                }
                for record in records
            ],
        )

    def commit(self, of: Pass, marker: Marker) -> None:
        self.leave(
            "marker_complete",
            lambda: self.stored(of, marker.part) is not None,
            **self._completed(of, marker),
        )

    def leave(self, door: str, is_committed: Callable[[], bool], **bind: object) -> None:
        """Complete the row that `enter` wrote, and commit.

        Args:
            door: The statement's name.
            is_committed: Asks, in a new session, for the row: the truth about a lost COMMIT.
            bind: Its binds; that of the transaction's number is added where there is one.

        Raises:
            TransientError: If it is certainly not committed.
            TransactionEnded: If the transaction is no longer the one that was begun.
        """
        session = self._owned()
        refuse_ended(session)
        if session.dialect == "postgresql":
            bind = {**bind, "transaction_id": self._transaction_id}
        try:
            is_same = session.commit_with(load(session.dialect, door), **bind)
        except TransientError as error:
            self._resolve(is_committed, error)
        else:
            if not is_same:
                raise ended_by_another()
        finally:
            self._let_go()

    def _completed(self, of: Pass, marker: Marker) -> dict[str, Any]:
        counts = marker.counts
        return {
            **self._key(of, marker.part),
            "epoch": self._ownership.epoch,
            "read": counts.read,
            "passed": counts.passed,
            "filtered": counts.filtered,
            "quarantined": counts.quarantined,
            "superseded": counts.superseded,
            "refused": marker.refused,
            "written": counts.written,
            "bytes_read": marker.bytes_read,
            "digest": marker.digest,
            "duration_s": marker.duration_s,
            "value": marker.value,
            "committed_at": marker.committed_at.isoformat(),
        }

    def _resolve(self, is_committed: Callable[[], bool], error: TransientError) -> None:
        """Find out whether a COMMIT without an answer happened: the marker is the truth."""
        session = self._owned()
        if session.is_never_in_doubt:
            session.rollback()
        else:
            pid = session.backend_pid  # type: ignore[attr-defined]
            session.close()
            self._session = None
            session = self._connected()
            self._outwait(session, pid)
        if not is_committed():
            raise error

    def _outwait(self, session: Session, pid: int) -> None:
        ends_at = time.monotonic() + RESOLVE_PATIENCE_S
        while session.query(load(session.dialect, "session_alive"), pid=pid)[0].sessions:
            session.query(load(session.dialect, "session_end"), pid=pid)
            if time.monotonic() > ends_at:
                # Its marker stands in the way of every other try until it has ended: no harm done.
                raise TransientError(
                    f"the outcome of a COMMIT is unknown: backend {pid} neither answers nor ends",
                    hint="end that backend, then run the same command again",
                )
            time.sleep(0.05)

    def rollback(self) -> None:
        if self._session is not None:
            self._session.rollback()
        self._let_go()

    def close(self) -> None:
        """End the session; an open transaction is rolled back."""
        self.rollback()
        if self._session is not None:
            self._session.close()
            self._session = None

    def _let_go(self) -> None:
        if self._transaction is not None:
            self._transaction.close()
            self._transaction = None
        if self._has_turn:
            self._has_turn = False
            self._turn.release()

    def _owned(self) -> Session:
        assert self._session is not None, "begin() first"
        return self._session

    def _key(self, of: Pass, part: Range) -> dict[str, Any]:
        return {
            "run_key": self._ownership.run_key,
            "step": of.step,
            "pass_": of.number,
            "range_after": part.after,
        }


def fenced_off(ownership: Ownership) -> LeaseLost:
    """Return the error of an owner whose epoch is closed, or no longer the highest."""
    return LeaseLost(
        f"run {ownership.run_id} has another owner by now; epoch {ownership.epoch} was fenced off",
        hint="nothing was written; see `daybreak status` for the owner",
    )


def _storable(text: str) -> str:
    """Return a text as every database can hold it: lone surrogates and NUL are spelled out."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\x00")
