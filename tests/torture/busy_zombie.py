"""A former owner that is still at work: `python -m tests.torture.busy_zombie URL OWNERSHIP`.

Eight workers commit one chunk after the other until each is refused. Says `busy` in the
midst of a chunk, and last when each chunk began, by `time.monotonic()`.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime

from daybreak.abc import ChunkWriter
from daybreak.databases.target import DatabaseTarget
from daybreak.errors import LeaseLost, TransientError
from daybreak.ledger.clock import SystemClock
from daybreak.model.chunk import Marker
from daybreak.model.fate import Counts
from daybreak.model.ownership import Ownership, Pass
from daybreak.model.ranges import Range

WORKERS = 8
CHUNK_S = 0.02
"""How long a chunk's transaction lasts; nothing waits for it."""

BUSY_AT = 3 * WORKERS
OF = Pass("load")


def work(target: DatabaseTarget, ownership: Ownership) -> list[float]:
    """Commit chunks side by side until every worker was refused; return when each began."""
    numbers = itertools.count()
    began: list[float] = []

    def commit_chunks() -> None:
        with target.writer(ownership) as writer, suppress(LeaseLost):
            while True:
                with suppress(TransientError):
                    commit_chunk(writer)

    def commit_chunk(writer: ChunkWriter) -> None:
        number = next(numbers)
        part = Range.of(number, number + 1)
        try:
            writer.begin(OF, part)
            began.append(time.monotonic())
            if len(began) == BUSY_AT:
                print("busy", flush=True)  # noqa: T201 - the answer
            time.sleep(CHUNK_S)
            now = datetime.now(UTC)
            writer.commit(OF, Marker(part, ownership.epoch, Counts(1, 1), 0, "", CHUNK_S, now))
        finally:
            writer.rollback()

    threads = [threading.Thread(target=commit_chunks) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return began


if __name__ == "__main__":
    url, owns = sys.argv[1:]
    clock = SystemClock()
    began = work(DatabaseTarget(url, "shop", clock), Ownership(**json.loads(owns)))
    print(json.dumps(began))  # noqa: T201 - the answer
