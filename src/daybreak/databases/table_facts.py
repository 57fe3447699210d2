"""What a database's catalogue says of one table, whatever the database: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .families import Family


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What the catalogue says of one column."""

    type: str
    """In the database's own words."""

    family: Family
    length_max: int | None = None
    """How many characters a text may have, if that is bounded."""

    scale: int | None = None
    """How many decimal places a number keeps, if that is bounded."""

    is_computed: bool = False
    """Whether the database computes it, and takes no value."""

    is_always_numbered: bool = False
    """Whether it is `generated always as identity`."""


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What the catalogue says of one table."""

    columns: tuple[str, ...]
    required: tuple[str, ...]
    """NOT NULL columns without a default."""

    not_null: frozenset[str]
    generated: frozenset[str]
    """Columns that the database computes, and nobody may write."""

    unique: tuple[frozenset[str], ...]
    """The primary key and every unique constraint or index over whole columns."""

    details: Mapping[str, ColumnFacts] = field(default_factory=dict)
    is_view: bool = False

    def is_key(self, key: tuple[str, ...]) -> bool:
        """Whether `key` is unique and NOT NULL by the catalogue's word."""
        return frozenset(key) in self.unique and self.not_null.issuperset(key)
