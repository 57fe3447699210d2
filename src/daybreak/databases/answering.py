"""A PostgreSQL connection that need not wait for ever for an answer.

A network that drops packets is noticed by keepalives and the TCP user timeout. A box in between
that takes packets and hands on none is not: its connection looks alive. So statements that are
known to be short are given a time in which they must be answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from psycopg.abc import RV, PQGen


class AnsweringConnection(psycopg.Connection[Any]):
    """A connection with a time for answers, where one is set."""

    answer_s: float | None = None
    """How long an answer may take, in seconds; None for as long as it takes."""

    @contextmanager
    def answering(self, answer_s: float) -> Iterator[None]:
        """Let no answer take longer inside the block.

        One that does ends the connection, and raises `OperationalError`: whether the server did
        what it was asked is unknown.
        """
        before, self.answer_s = self.answer_s, answer_s
        try:
            yield
        finally:
            self.answer_s = before

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for what the driver does, no longer than an answer may take."""
        bound = self.answer_s if timeout is None else timeout
        try:
            return super().wait(gen, interval, bound)
        except psycopg.errors._WaitTimeout as error:  # noqa: SLF001 - it has no public name
            if timeout is not None:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError(
                f"the server did not answer in {bound:g} s; the connection was given up"
            ) from error
