"""What rules across records compare, taken from blocks of rows: by columns, where that is possible.

A row that is certainly good is never made a record: its tags follow from its texts. One that was
read, for the columns were not sure of it, gives them as a record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..connectors.csv_dialect import CsvDialect
from ..connectors.file_format import Header, RowReader
from ..connectors.plain_model import PlainField, plain_fields
from .across import Across, Keyed, hash_of
from .by_columns import ReadRow
from .columnar import BlockRows, TextColumn, TextTags, Verdict
from .tag_spill import Places


class CannotTag(Exception):  # noqa: N818 - a verdict on rules, raised and caught in this room
    """Keys do not follow from texts; the message says why."""


class KeyedBlocks:
    """Takes keys and references from blocks. Several threads may use one.

    Args:
        across: Whose columns they are.
        model: What records are; None for dicts of texts.
        header: The file's columns.
        dialect: How it is written.

    Raises:
        CannotTag: If a column's values do not follow from its texts.
    """

    def __init__(
        self, across: Across, model: type | None, header: Header, dialect: CsvDialect
    ) -> None:
        if across.needs_values:
            raise CannotTag("totals are added up record by record")
        self._columns = across.columns
        self._has_key = across.has_key
        self._tags = [
            TextTags(_texts_of(column.columns, model, header), dialect) for column in self._columns
        ]

    def of(
        self,
        verdict: Verdict,
        read: Mapping[int, ReadRow],
        faulty: Sequence[int],
        reader: RowReader,
    ) -> Keyed:
        """Return what is compared of a block.

        Args:
            verdict: What is known of it.
            read: The good ones among the rows that had to be read, by number.
            faulty: The numbers of the faulty rows.
            reader: Reads rows whose values do not follow from their texts.
        """
        rows, certain = verdict.rows, verdict.certain()
        good = np.delete(np.arange(rows.count), np.array(faulty, np.intp))
        records = dict(read)

        def record_of(number: int) -> Any:
            if number not in records:
                row = verdict.row(number)
                records[number] = ReadRow(row, reader.read(row)[0])
            return records[number].record

        taken = []
        for column, tags in zip(self._columns, self._tags, strict=True):
            numbers, found, unread = tags.of(verdict, certain)
            others = sorted([*read, *unread.tolist()])
            if others:
                kept, more = column.tags([record_of(number) for number in others])
                numbers = np.concatenate([numbers, np.array(others, np.intp)[kept]])
                order = np.argsort(numbers)
                numbers, found = numbers[order], np.concatenate([found, more])[order]
            taken.append((np.searchsorted(good, numbers), found))
        begins, lines = rows.places(range(rows.count))
        hashes = _hashes(rows, begins, read)[good] if self._has_key else good
        bad = np.array(faulty, np.intp)
        return Keyed(rows.count, bad, good, np.array(lines, np.int64)[good], hashes, taken)


def _hashes(rows: BlockRows, begins: Sequence[int], read: Mapping[int, ReadRow]) -> Places:
    """Return the hash of every row; those of rows that cannot be held are anything."""
    exact = bytes(rows.raw(rows.begin, rows.end))
    parts = exact.removesuffix(b"\n").split(b"\n")  # which are the rows, as a rule
    if len(parts) != rows.count or b"\r" in exact:
        ends, shift = [*begins[1:], rows.end], rows.begin
        pairs = zip(begins, ends, strict=True)
        parts = [exact[begin - shift : end - shift].rstrip(b"\r\n") for begin, end in pairs]
    hashes = np.array(list(map(hash, parts)), np.int64)
    for number, one in read.items():  # behind a row that cannot be held, places are others
        hashes[number] = hash_of(one.row.raw)
    return hashes


def _texts_of(names: Sequence[str], model: type | None, header: Header) -> list[TextColumn]:
    fields = None if model is None else plain_fields(model)
    found = []
    for name in names:
        field = PlainField(name, name, None, nullable=True) if fields is None else fields.get(name)
        if field is None or name not in header.names:
            raise CannotTag(f"the values of {name} do not follow from its texts alone")
        found.append(TextColumn(header.names.index(name), field, has_null=fields is not None))
    return found
