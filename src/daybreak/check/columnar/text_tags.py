"""Tags of keys (`check.key_tags`) straight from the texts of certainly good rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...connectors.csv_dialect import CsvDialect
from ...connectors.plain_model import PlainField
from .. import key_tags
from ..key_tags import TAG_BYTES, tags_of, tags_of_words
from .block_check import Verdict
from .numbers import whole_numbers
from .texts import Texts
from .words import Places, Words

Tags: TypeAlias = NDArray[np.uint64]

_SHORT_BYTES: Final = TAG_BYTES - 2
"""Of a text that is its own tag: a letter says that it is one, and a byte how long it is."""

_LETTER: Final = ord("s")
_MASKS: Final = np.array([2 ** (8 * count) - 1 for count in range(9)], np.uint64)
_BYTE: Final = np.uint64(8)
_LAST_BYTE: Final = np.uint64(56)


@dataclass(frozen=True, slots=True)
class TextColumn:
    """One column of a file, and what its texts become."""

    at: int
    """Its place among the file's columns."""

    field: PlainField
    """Whose values they are."""

    has_null: bool = True
    """Whether a text may mean NULL; without a model none does."""


class TextTags:
    """The tags of some columns of a file together. Several threads may use one.

    Args:
        columns: The columns.
        dialect: How the file is written.
    """

    def __init__(self, columns: Sequence[TextColumn], dialect: CsvDialect) -> None:
        self._columns = columns
        self._null = dialect.null.encode(dialect.codec, "surrogatepass")
        self._codec = dialect.codec
        self._quote = dialect.quote or ""

    def of(self, verdict: Verdict, numbers: Places) -> tuple[Places, Tags, Places]:
        """Look at rows that are certainly good.

        Args:
            verdict: What is known of a block.
            numbers: Of the rows, in order.

        Returns:
            The numbers of the rows without NULL, their tags, and the numbers of those that have
            to be read: their value is a default's.
        """
        null = np.zeros(len(numbers), np.bool_)
        unread = np.zeros(len(numbers), np.bool_)
        every = [verdict.texts(one.at, numbers) for one in self._columns]
        for one, texts in zip(self._columns, every, strict=True):
            if one.has_null:
                meant = null if one.field.nullable else unread
                meant |= texts.are(self._null)
        kept = ~(null | unread)
        if not kept.all():
            every = [texts.some(kept) for texts in every]
        return numbers[kept], self._tags(every), numbers[unread]

    def _tags(self, every: Sequence[Texts]) -> Tags:
        if len(every) == 1:
            (only,), (texts,) = self._columns, every
            if only.field.convert is int:
                return self._of_numbers(texts)
            if only.field.convert is None:
                return self._of_texts(texts)
            return tags_of(self._values(only, texts))
        return tags_of(list(zip(*map(self._values, self._columns, every), strict=True)))

    def _of_numbers(self, texts: Texts) -> Tags:
        values, certain = whole_numbers(texts)
        tags = tags_of_words(values)
        if not certain.all():
            tags[~certain] = tags_of(list(map(int, self._decoded(texts.some(~certain)))))
        return tags

    def _of_texts(self, texts: Texts) -> Tags:
        if self._codec != "utf-8" and not texts.buffer.is_ascii:
            return tags_of(self._decoded(texts))
        is_short = (texts.length <= _SHORT_BYTES) & texts.as_they_stand()
        tags = _of_short(texts)
        if not is_short.all():
            tags[~is_short] = self._of_long(texts.some(~is_short))
        return tags

    def _of_long(self, texts: Texts) -> Tags:
        raw, letter = texts.buffer.bytes, bytes([_LETTER])
        twice, quote = 2 * self._quote.encode(), self._quote.encode()
        parts = [
            bytes(raw[first:last])
            for first, last in zip(texts.first.tolist(), texts.last.tolist(), strict=True)
        ]
        if texts.may_be_doubled:
            parts = [part.replace(twice, quote) for part in parts]
        joined = b"".join([key_tags.tag_of_spelling(letter + part) for part in parts])
        return np.frombuffer(joined, "<u8").reshape(-1, 2)

    def _values(self, column: TextColumn, texts: Texts) -> Sequence[Any]:
        found = column.field.values(self._decoded(texts))
        assert found is not None, "they are certainly good, and none is NULL"
        return found

    def _decoded(self, texts: Texts) -> list[str]:
        raw, codec, quote = texts.buffer.bytes, self._codec, self._quote
        found = [
            raw[first:last].decode(codec)
            for first, last in zip(texts.first.tolist(), texts.last.tolist(), strict=True)
        ]
        if texts.may_be_doubled:
            return [text.replace(2 * quote, quote) for text in found]
        return found


def _of_short(texts: Texts) -> Tags:
    """Return the tags of texts of up to `_SHORT_BYTES`; those of longer ones are anything."""
    words: Words = texts.words(texts.first, 2)
    length = texts.length
    front = words[:, 0] & _MASKS[np.minimum(length, 8)]
    back = words[:, 1] & _MASKS[np.clip(length - 8, 0, _SHORT_BYTES - 8)]
    tags = np.empty((len(length), 2), np.uint64)
    tags[:, 0] = np.uint64(_LETTER) | (front << _BYTE)
    size = (np.minimum(length, _SHORT_BYTES) + 1).astype(np.uint64)
    tags[:, 1] = (front >> _LAST_BYTE) | (back << _BYTE) | (size << _LAST_BYTE)
    return tags
