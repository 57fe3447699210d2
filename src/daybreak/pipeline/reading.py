"""A source's thread: it reads blocks, as large as the source is fast and the stages take them.

A source that trickles holds nothing back: a block in the making may be taken in part.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import suppress
from time import perf_counter
from typing import Any, Final

from .block import BLOCK_BYTES, Block
from .buffers import Blocks, Filling
from .channel import Channel, Stopped
from .endings import forget, when_cancelled
from .grain import Grain
from .meter import Tally
from .nodes import IterableRoot
from .scope import Scope

WAITS: Final = 16
"""How many waits for room are averaged: twice as many as blocks fit in a channel."""


class Reader:
    """Reads one source.

    Args:
        scope: Whose cancellation ends the reading.
        root: The source.
        channel: Where its records go.
        buffer: What the channel holds them in.
        tally: What it did with its time.
    """

    def __init__(
        self,
        scope: Scope,
        root: IterableRoot,
        channel: Channel[Block[Any], Block[Any]],
        buffer: Blocks,
        tally: Tally,
    ) -> None:
        self._scope = scope
        self._root = root
        self._channel = channel
        self._buffer = buffer
        self._tally = tally
        self._lock = scope.waits.lock
        self._grain = Grain()
        self._filling: Filling | None = None
        self._pending: Block[Any] | None = None  # what was read and is not in the channel
        self._blocked_s = 0.0  # a block, on the average of the last ones

    def run(self) -> None:
        """Read to the end, or until nobody wants more of it."""
        when_cancelled(self._scope, self.cut)
        try:
            records = self._root.read()
            if isinstance(records, AsyncIterator):
                from .loop import run_until_done  # noqa: PLC0415 - asyncio is heavy

                run_until_done(self._scope, lambda: self._read_async(records))
            else:
                self._read(records)
        finally:
            forget(self._scope, self.cut)

    def cut(self) -> None:
        """End the reading with the record that was begun; with the lock held."""
        if self._filling is not None:
            self._filling.cut()

    def stop(self) -> None:
        """Read no more; what was read comes to its end, the record that was begun is dropped."""
        with self._lock:
            self.cut()
            read = self._pending if self._filling is None else self._filling.taken()
            self._pending = None
            if read is not None and len(read):
                self._channel.put(read)
            self._channel.stop()

    # ------------------------------------------------------------ plain iterators

    def _read(self, records: Iterator[Any]) -> None:
        try:
            while self._read_block(records):
                pass
        except Stopped:
            pass
        finally:
            if isinstance(records, Generator):
                records.close()

    def _read_block(self, records: Iterator[Any]) -> bool:
        """Read and hand on one block; return whether there may be more."""
        began = perf_counter()
        wanted = self._wanted()
        filling = self._begin(wanted)
        try:
            filling.extend(records)
        except BaseException:
            self._end(filling)
            with suppress(Stopped):
                self._send()  # what came before the error
            raise
        read_s = perf_counter() - began
        count = self._end(filling)
        self._learn(wanted, read_s, self._send())
        return count >= wanted

    def _wanted(self) -> int:
        return min(self._grain.records, max(1, BLOCK_BYTES // self._buffer.record_bytes))

    def _begin(self, wanted: int) -> Filling:
        filling = Filling(self._tally.records, wanted)
        with self._lock:
            self._scope.check()
            if self._channel.is_stopped:
                raise Stopped
            self._filling = filling
            if wanted > 1:
                self._buffer.fill(filling)
                self._channel.wake()
        return filling

    def _end(self, filling: Filling) -> int:
        """Count what was read; return how much it is."""
        with self._lock:
            self._buffer.fill(None)
            self._filling = None
            read = filling.taken()
            is_wanted = not self._channel.is_stopped
            self._pending = read if is_wanted else None
        records = filling.start if is_wanted else filling.start - len(read)
        count = records - self._tally.records
        self._tally.records = records
        return count

    def _send(self) -> float:
        """Hand on what was read; return the seconds waited."""
        with self._lock:
            waited_s = self._channel.await_room()
            self._put()
        return waited_s

    def _put(self) -> None:
        """Hand on what was read, unless that was done when the reading was stopped."""
        block, self._pending = self._pending, None
        if block is None:
            raise Stopped
        if self._channel.is_stopped:
            self._tally.records -= len(block)  # of which nobody will hear
            raise Stopped
        if len(block):
            self._channel.put(block)

    def _learn(self, records: int, read_s: float, blocked_s: float) -> None:
        """Read as many records at once as are read, and taken, in a moment.

        Room comes for several blocks at once, so that only the average of the waits says how fast
        they are taken.
        """
        self._tally.busy += read_s
        self._tally.blocked += blocked_s
        self._blocked_s += (blocked_s - self._blocked_s) / WAITS
        self._grain.took(records, read_s + self._blocked_s)

    # ------------------------------------------------------------ async iterators

    async def _read_async(self, records: AsyncIterator[Any]) -> None:
        try:
            while await self._read_block_async(records):
                pass
        except Stopped:
            pass
        finally:
            if isinstance(records, AsyncGenerator):
                await records.aclose()

    async def _read_block_async(self, records: AsyncIterator[Any]) -> bool:
        began = perf_counter()
        wanted = self._wanted()
        filling = self._begin(wanted)
        count = 0
        try:
            async for record in records:
                filling.values.append(record)
                count += 1
                if count == wanted or self._channel.is_stopped:
                    break
        except BaseException:
            self._end(filling)
            with suppress(Stopped):
                await self._send_async()  # what came before the error
            raise
        read_s = perf_counter() - began
        self._end(filling)
        self._learn(count, read_s, await self._send_async())
        return count == wanted

    async def _send_async(self) -> float:
        """Hand on what was read, letting the loop run while there is no room."""
        from .loop import until  # noqa: PLC0415 - asyncio is heavy

        started = perf_counter()
        await until(lambda: self._channel.has_room, self._channel.when_written, self._lock)
        with self._lock:
            self._put()
        return perf_counter() - started
