"""What references lead to: the keys of tables and of other files, as tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..connectors.csv_grammar import Convert, Ungrammatical
from ..connectors.csv_schema import schema_of
from ..connectors.file_root import FileRoot
from ..connectors.file_rules import NO_RULES, is_null, taking
from ..connectors.file_source import FileSource
from ..databases.keys_of_tables import KeysOfTable
from .key_tags import tags_of
from .tag_spill import TagSpill

READ_RECORDS: int = 10_000
"""Records of another file that are in memory together."""

TAG = np.dtype([("high", "<u8"), ("low", "<u8")])


def parents_in_table(
    table: KeysOfTable, columns: Sequence[str], model: type | None, place: Path
) -> TagSpill:
    """Return the tags of a table's keys.

    Args:
        table: The table.
        columns: Those that refer to it: a text in the table means what it means in the file, for
            some databases keep dates and decimals as texts.
        model: What records are.
        place: A file of its own, for what does not fit into memory.
    """
    spill = TagSpill(place, TAG)
    converts = _converts(columns, model)
    for rows in table.stream():
        _take(spill, [_converted(row, converts) for row in rows])
    return spill


def parents_in_files(root: FileRoot, columns: Sequence[str], place: Path) -> TagSpill:
    """Return the tags of the keys of other files: of all records that are good by themselves.

    The files are read as they are now. Their indexes are made beside `place`, for those of the run
    may belong to what was checked before.

    Raises:
        SourceError: If they cannot be read.
    """
    spill = TagSpill(place, TAG)
    plain = replace(root, rules=NO_RULES, refused_rows=None, indexes=())
    source = FileSource(plain, place.with_suffix(".files"))
    take = taking(root.model, columns)
    for part in source.ranges(source.whole(), READ_RECORDS):
        _take(spill, list(map(take, source.read(part).values)))
    return spill


def _take(spill: TagSpill, values: Sequence[Any]) -> None:
    kept = [value for value in values if not is_null(value)]
    tags = tags_of(kept)
    entries = np.zeros(len(kept), TAG)
    entries["high"], entries["low"] = tags[:, 0], tags[:, 1]
    spill.take(entries)


def _converts(columns: Sequence[str], model: type | None) -> list[Convert | None]:
    if model is None:
        return [None] * len(columns)
    by_name = {one.name: one.convert for one in schema_of(model).columns}
    return [by_name[name] for name in columns]


def _converted(row: Sequence[Any], converts: Sequence[Callable[[str], Any] | None]) -> Any:
    values = list(_each(row, converts))
    return values[0] if len(values) == 1 else tuple(values)


def _each(row: Sequence[Any], converts: Sequence[Callable[[str], Any] | None]) -> Iterator[Any]:
    for value, convert in zip(row, converts, strict=True):
        found = value
        if convert is not None and isinstance(value, str):
            with suppress(Ungrammatical):
                found = convert(value)
        yield found
