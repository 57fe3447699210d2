"""Portions of files that were looked at by columns, as what a source gives for one range."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from ..model.chunk import ChunkInput, Refused
from ..model.late import Late
from .portion import Portion
from .raw_rows import RawRows

DIGEST_BYTES: Final = 16


def input_of(portions: Sequence[Portion], exact: Any) -> ChunkInput:
    """Return portions as one input, whose values are made when somebody looks at them.

    Args:
        portions: In source order.
        exact: The hash of their bytes.
    """
    whole = _Joined(portions)
    raw = _as_bytes(portions)
    return ChunkInput(
        values=Late(raw.values if raw is not None else lambda: _values(portions)),
        origins=whole.origins(),
        read=whole.read,
        bytes_read=sum(one.end - one.begin.offset for one in portions),
        digest=exact.hexdigest(),
        raw=whole.raw,
        cursor=whole.cursor,
        refused=whole.refused,
        as_bytes=raw,
    )


def _values(portions: Sequence[Portion]) -> list[Any]:
    return list(chain.from_iterable(one.values for one in portions))


def _as_bytes(portions: Sequence[Portion]) -> RawRows | None:
    """Return the good rows as bytes, if a database reads all of them alike."""
    shapes = {one.file.shape for one in portions}
    shape = shapes.pop() if len(shapes) == 1 else None
    rows = [rows for one in portions for rows in one.good if rows.count]
    if shape is None or not all(one.is_readable for one in rows):
        return None
    return RawRows(shape, portions)


class _Joined:
    """Portions one behind the other; an origin counts through all of them."""

    def __init__(self, portions: Sequence[Portion]) -> None:
        self._portions = portions
        self.read = sum(one.count for one in portions)
        self.refused: list[Refused] = []
        before = 0
        for portion in portions:
            self.refused += [Refused(before + one.origin, one.findings) for one in portion.refused]
            before += portion.count

    def origins(self) -> Sequence[int]:
        """Return the origins of the good records."""
        if not self.refused:
            return range(self.read)
        bad = {one.origin for one in self.refused}
        return [origin for origin in range(self.read) if origin not in bad]

    def raw(self, origin: int) -> bytes:
        """Return the exact bytes of one record."""
        portion, within = self._at(origin)
        return portion.raw_of(within)

    def cursor(self, origin: int) -> str:
        """Return where one record stands."""
        portion, within = self._at(origin)
        return f"{portion.file.path.name}:{portion.line_of(within)}"

    def _at(self, origin: int) -> tuple[Portion, int]:
        for portion in self._portions:
            if origin < portion.count:
                return portion, origin
            origin -= portion.count
        raise IndexError(origin)
