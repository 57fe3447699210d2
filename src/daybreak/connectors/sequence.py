"""A sequence of this process as a step's source: `source(range(1_000))`, a list, a tuple.

It can be divided because it can be read anywhere; what can be read only once (a generator) cannot
be resumed, and is refused.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import DefinitionError
from ..model.chunk import ChunkInput, Finding, Kept, Refused
from ..model.cursor import decode
from ..model.ranges import Range, evenly_divided
from ..pipeline.nodes import IterableRoot


class SequenceSource:
    """`abc.Source` whose cursors are ordinals from 1; a record's bytes are its `repr`."""

    def __init__(self, root: IterableRoot) -> None:
        items = root.items
        if not isinstance(items, Sequence) or isinstance(items, (str, bytes)):
            raise DefinitionError(
                f"a step cannot resume in {items!r}: it can be read from its beginning only",
                hint="give source() a list, a range or a tuple, or read the records from a file",
            )
        self._items = items

    @property
    def name(self) -> str:
        return f"a {type(self._items).__name__}"

    def whole(self) -> Range:
        return Range.of(0, len(self._items))

    def total(self) -> int | None:
        return len(self._items)

    def fingerprint(self) -> Mapping[str, Any]:
        length = len(self._items)
        places = sorted({0, length // 2, max(length - 1, 0)}) if length else []
        return {
            "records": length,
            "samples": {str(place + 1): repr(self._items[place]) for place in places},
        }

    def ranges(self, gap: Range, chunk_records: int) -> Iterator[Range]:
        after, upto = _ordinals(gap)
        for start in range(after, upto, chunk_records):
            yield Range.of(start, min(start + chunk_records, upto))

    def stretches(self, gap: Range, count: int) -> Sequence[Range]:
        return evenly_divided(*_ordinals(gap), count)

    def read(self, part: Range) -> ChunkInput:
        after, upto = _ordinals(part)
        values = list(self._items[after:upto])
        return ChunkInput(
            values=values,
            origins=range(len(values)),
            read=len(values),
            bytes_read=0,
            digest=_digest(values),
            raw=lambda origin: repr(values[origin]).encode(),
            cursor=lambda origin: str(after + origin + 1),
        )

    def again(self, records: Sequence[Kept]) -> ChunkInput:
        """Take items by their place again; a repaired one is read as a literal of Python."""
        values, origins, refused = [], [], []
        for place, one in enumerate(records):
            item = self._items[_ordinals(one.part)[0] + one.origin]
            value = item if one.repaired is None else _literal(one.repaired)
            if type(value) is type(item):
                values.append(value)
                origins.append(place)
            else:
                refused.append(Refused(place, [_unlike(item, one)]))
        return ChunkInput(
            values=values,
            origins=origins,
            read=len(records),
            bytes_read=0,
            digest="",
            raw=lambda place: records[place].raw,
            cursor=lambda place: records[place].cursor,
            refused=refused,
        )

    def in_order(self, texts: Sequence[str]) -> Sequence[str]:
        return sorted(texts, key=lambda text: int(str(decode(text))))

    def digest(self, part: Range) -> str:
        after, upto = _ordinals(part)
        return _digest(self._items[after:upto])


def _literal(text: bytes) -> Any:
    try:
        return ast.literal_eval(text.decode().strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _unlike(item: Any, one: Kept) -> Finding:
    said = one.content.decode("utf-8", "backslashreplace")
    return Finding(one.cursor, 1, None, said, f"no {type(item).__name__} as Python writes it")


def _ordinals(part: Range) -> tuple[int, int]:
    after, upto = part.after_cursor, part.upto_cursor
    assert isinstance(after, int)
    assert isinstance(upto, int)
    return after, upto


def _digest(values: Sequence[Any]) -> str:
    hashed = hashlib.blake2b(digest_size=16)
    for value in values:
        hashed.update(repr(value).encode())
        hashed.update(b"\n")
    return hashed.hexdigest()
