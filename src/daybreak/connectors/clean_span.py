"""Parts of a file whose every row a check has found good: read by columns, not looked at twice.

The bytes are the file's own, and their hash is compared with that of the bytes that the check saw.
Nothing else is staged: what a value is follows from the text, and the text is there already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from .file_format import Format, Header
from .plain_model import plain_model

if TYPE_CHECKING:
    import pyarrow as pa

HASH_BYTES: Final = 8
"""Of the hash of each stride's bytes; no shield against forgers, who could write the index too."""

NOT_CLEAN: Final = 0
"""Stands for the hash of rows that are not all good, or that nobody has looked at."""


@runtime_checkable
class ColumnarFormat(Protocol):
    """What a `Format` may be besides: one whose good rows can be had as texts by column."""

    def columns(
        self, raw: bytes, header: Header, names: Sequence[str], records: int
    ) -> list[list[str | None]] | None:
        """Return the texts of good rows by column, NULL as None.

        They are those that the format's reader would make values of, letter by letter. None if
        they cannot be had; then the rows are read one by one.
        """
        ...

    def arrays(
        self, raw: bytes, header: Header, names: Sequence[str], records: int
    ) -> list[pa.Array] | None:
        """Return the same, as Arrow holds it."""
        ...


def as_hash(exact: Any) -> int:
    """Return what a blake2b of `HASH_BYTES` has found; never `NOT_CLEAN`."""
    return int.from_bytes(exact.digest(), "little") or 1


def is_as_checked(raw: bytes, ends: Sequence[int], hashes: Sequence[int]) -> bool:
    """Say whether bytes are those that a check has seen.

    Args:
        raw: The bytes of several strides.
        ends: Where each of them ends.
        hashes: What was kept of each.
    """
    begin = 0
    for end, kept in zip(ends, hashes, strict=True):
        if as_hash(hashlib.blake2b(raw[begin:end], digest_size=HASH_BYTES)) != kept:
            return False
        begin = end
    return True


def checked_as(form: Format, model: type | None) -> str:
    """Return what an index says a file was checked as, so that its good rows can be had by column.

    Empty where they cannot: the format has no columns of texts, or the model has code of its own.
    """
    if model is None or not isinstance(form, ColumnarFormat):
        return ""
    plain = plain_model(model)
    return "" if plain is None else plain.digest
