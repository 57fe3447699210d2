"""Messages between a process and its worker: pickles, with their large buffers beside them.

A socket pair carries them: an array of 1 MB goes from its own memory into the socket and from there
into its new memory, which moves 3 GB/s. Shared memory would have to copy as often, since a function
may keep its record; it would save half of the time, and had to be cleaned up after who is killed.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterable, Sequence
from socket import MSG_WAITALL, socket
from struct import Struct
from typing import Any, Final, NamedTuple, TypeAlias

PROTOCOL: Final = 5
"""Of pickle: the first that can leave large buffers out."""

BESIDE_BYTES_MIN: Final = 16 * 1024
"""Buffers from this size on travel beside the pickle: below it, a copy costs less than a call."""

AGAIN_BYTES_MIN: Final = 128 * 1024
"""Blocks of memory from this size on are used again: smaller ones never go back to the kernel."""

AGAIN_BYTES_MAX: Final = 32 * 1024 * 1024
"""Memory that one side of a wire keeps for the next messages, if there were that large ones."""

_JOIN_BYTES_MAX: Final = 64 * 1024  # small messages go out in one call
_HEAD: Final = Struct("=QI")  # bytes of the pickle, number of buffers beside it
_SIZE: Final = "Q"

Bytes: TypeAlias = bytes | bytearray | memoryview
Failures: TypeAlias = list[tuple[int, Exception]]
"""What went wrong with some values, by their positions."""


class Gone(Exception):  # noqa: N818 - it names a state
    """The other side has closed its end, or is dead."""


class Packed(NamedTuple):
    """A message as bytes."""

    pickled: Bytes
    beside: Sequence[Bytes]
    """Buffers that the pickle refers to, in their order."""


def packed(message: object) -> Packed:
    """Pickle a message; raises whatever its parts raise."""
    beside: list[Bytes] = []

    def keep(buffer: pickle.PickleBuffer) -> bool:
        """Say whether a buffer has to go into the pickle."""
        try:
            raw = buffer.raw()
        except BufferError:
            return True  # it has gaps
        if raw.nbytes < BESIDE_BYTES_MIN:
            return True
        beside.append(raw)
        return False

    return Packed(pickle.dumps(message, PROTOCOL, buffer_callback=keep), beside)


def unpacked(message: Packed) -> Any:
    """Make the message again; raises whatever its parts raise."""
    return pickle.loads(message.pickled, buffers=message.beside)  # noqa: S301 - from ourselves


class Singly(NamedTuple):
    """Values pickled one by one, because some of them cannot be pickled, or not be read."""

    pickles: list[bytes]

    @classmethod
    def of(cls, values: Iterable[Any]) -> tuple[Singly, Failures]:
        """Pickle what can be pickled; the others are left out."""
        pickles: list[bytes] = []
        failures: Failures = []
        for position, value in enumerate(values):
            try:
                pickles.append(pickle.dumps(value, PROTOCOL))
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever the value's own code raises
                failures.append((position, error))
        return cls(pickles), failures

    def values(self) -> tuple[list[Any], Failures]:
        """Read what can be read; the others are left out."""
        values: list[Any] = []
        failures: Failures = []
        for position, pickled in enumerate(self.pickles):
            try:
                values.append(pickle.loads(pickled))  # noqa: S301 - from ourselves
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever the value's own code raises
                failures.append((position, error))
        return values, failures


def without(items: Sequence[Any], failures: Failures) -> Sequence[Any]:
    """Leave out the items at the positions that failed."""
    if not failures:
        return items
    positions = {position for position, _ in failures}
    return [item for position, item in enumerate(items) if position not in positions]


class Wire:
    """One end of a socket pair; both sides speak in turn.

    Args:
        end: The socket, in blocking mode; the wire owns it.
    """

    def __init__(self, end: socket) -> None:
        self.end = end
        self._memory = _Memory()

    def send(self, message: Packed) -> None:
        """Send a message.

        Raises:
            Gone: If nobody will read it.
        """
        pickled, beside = message
        sizes = [len(each) for each in beside]
        head = _HEAD.pack(len(pickled), len(sizes)) + _sizes(len(sizes)).pack(*sizes)
        try:
            if len(pickled) <= _JOIN_BYTES_MAX:
                self.end.sendall(head + pickled)
            else:
                self.end.sendall(head)
                self.end.sendall(pickled)
            for each in beside:
                self.end.sendall(each)
        except (BrokenPipeError, ConnectionResetError):
            raise Gone from None

    def receive(self) -> Packed:
        """Wait for a message.

        Raises:
            Gone: If none will come.
        """
        size, count = _HEAD.unpack(self._take(_HEAD.size))
        sizes = _sizes(count)
        beside = sizes.unpack(self._take(sizes.size)) if count else ()
        return Packed(self._take(size), [self._take(each) for each in beside])

    def close(self) -> None:
        """Close this end."""
        self.end.close()

    def _take(self, size: int) -> memoryview:
        """Read so many bytes into memory that nobody else has; an array may keep it."""
        taken = self._memory.of(size)
        rest = taken
        try:
            while rest:
                count = self.end.recv_into(rest, len(rest), MSG_WAITALL)
                if not count:
                    raise Gone
                rest = rest[count:]
        except ConnectionResetError:
            raise Gone from None
        return taken


class _Memory:
    """Memory for what is received; large blocks are used again when nobody sees them any more.

    Copying a record into fresh memory costs ten times the copying: the kernel clears it page by
    page. Whoever made an array of a block holds an export of it, by which we know.
    """

    def __init__(self) -> None:
        self._blocks: deque[bytearray] = deque()  # the oldest first
        self._bytes = 0

    def of(self, size: int) -> memoryview:
        """Give so many bytes, whatever is in them."""
        if size < AGAIN_BYTES_MIN:
            return memoryview(bytearray(size))
        for _ in range(len(self._blocks)):
            block = self._blocks[0]
            self._blocks.rotate(-1)
            if size <= len(block) <= 2 * size and _is_unseen(block):
                return memoryview(block)[:size]
        block = bytearray(size + 1)
        block.pop()  # leaves room for `_is_unseen`
        self._blocks.append(block)
        self._bytes += size
        while self._bytes > AGAIN_BYTES_MAX:
            self._bytes -= len(self._blocks.popleft())
        return memoryview(block)


def _is_unseen(block: bytearray) -> bool:
    try:
        block.append(0)
    except BufferError:  # there is an export
        return False
    block.pop()
    return True


def _sizes(count: int) -> Struct:
    return Struct(f"={count}{_SIZE}")
