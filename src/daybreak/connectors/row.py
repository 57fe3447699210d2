"""Rows: records as they stand in a file, before anybody has looked at what is in them."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One record as it stands in the file, or a part of the file that is none."""

    line: int
    """The physical line on which it begins, from 1; of a file without lines the record's number."""

    offset: int
    """Where it begins: the byte, from 0; of a file without bytes of its own its place from 0."""

    size: int
    """Its bytes, its line end included."""

    raw: bytes
    """Its exact bytes; only the beginning of one that is too long to be held."""

    fault: str | None
    """Why it is no record, in stable words; None if it is one."""

    lines: int = 1
    """How many physical lines it takes."""

    fault_at: int = 0
    """Where in it the fault was seen: bytes from its beginning."""


class Malformed(Exception):  # noqa: N818 - a verdict on a row, raised and caught in this room
    """A row has no fields that could be trusted.

    Args:
        reason: The cause, in stable words.
        shown: What a finding shows of it; None for the row's beginning.
    """

    def __init__(self, reason: str, shown: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.shown = shown
