"""What PostgreSQL reads from the bytes of a file exactly as it reads the values made of them.

COPY in its CSV format cuts RFC 4180 as we do, as far as `are_read_equally` goes. What it makes of a
field is up to the column's type. A pair of kind and type is in `_EQUAL` only if every text that the
grammar of the kind allows (`connectors/csv_grammar.py`) is read as the value's own text is, or is
refused; `tests/databases/test_raw_reading.py` tries it on a real server. Left out on purpose:

- `float` into `numeric` (`0.10` would keep its last digit, the value does not), into `real` (it is
  rounded once from the text, twice from the value);
- numbers and dates into text (`007`, `+1`, `Z`: the value has one spelling, the file has several);
- domains, whose type is not looked through.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..model.raw import RawShape

_WHOLE: Final = frozenset({"smallint", "integer", "bigint", "numeric"})
_INSTANTS: Final = frozenset({"timestamp with time zone", "timestamp without time zone"})
_EQUAL: Final[Mapping[str, frozenset[str]]] = {
    "int": _WHOLE,
    "decimal": frozenset({"numeric"}),
    "float": frozenset({"double precision"}),
    "bool": frozenset({"boolean"}),
    "date": frozenset({"date"}),
    "datetime": _INSTANTS,
}
"""By the kind of a field the types that read its text as its value; `str` is read so by all."""

_FIELDS_MIN: Final = 2
"""A record of one field may be an empty line, or one that COPY takes for the end of all data."""


def are_read_equally(shape: RawShape, types: Mapping[str, str]) -> bool:
    """Say whether records as bytes are read as their values are.

    Args:
        shape: How they are written.
        types: Of each column of the table its type.
    """
    return _is_cut_equally(shape) and all(
        field.kind == "str" or types.get(field.name) in _EQUAL.get(field.kind, ())
        for field in shape.fields
    )


def _is_cut_equally(shape: RawShape) -> bool:
    """Say whether COPY may be told how the records are written, and cuts them as we do."""
    marks = (shape.delimiter, shape.quote, "\r", "\n")
    return len(shape.fields) >= _FIELDS_MIN and not any(mark in shape.null for mark in marks)
