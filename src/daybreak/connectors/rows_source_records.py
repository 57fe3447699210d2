"""From rows to records: as they are where the types fit, by pydantic where they do not."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, is_dataclass
from dataclasses import fields as dataclass_fields
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from ..model.chunk import Finding, Refused
from ..model.fields import fields_of, has_fields
from ..model.row import Row
from ..model.rows_by_column import RowsByColumn

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_EXACT: Final = frozenset(
    {bool, int, float, str, bytes, Decimal, date, datetime, time, timedelta, UUID}
)
"""Types that say all about their values."""


@dataclass(slots=True)
class Made:
    """Records, and what could become none."""

    values: list[Any] = field(default_factory=list)
    places: list[int] | None = None
    """Of each record the place of its row; None if every row has become one."""

    refused: list[Refused] = field(default_factory=list)


class RecordMaker:
    """Makes records of the rows of one query.

    Args:
        model: What a record is; None for the rows themselves.
        names: The query's columns.
    """

    def __init__(self, model: type[Any] | None, names: Sequence[str]) -> None:
        self._model = model
        self._names = tuple(names)
        self._fast = None if model is None else _fast(model, names)
        self._adapter: TypeAdapter[Any] | None = None
        self._has_fields = model is not None and has_fields(model)

    def make(self, rows: Sequence[Sequence[Any]], cursor: Callable[[int], str]) -> Made:
        """Make a record of every row; one that does not fit the model is refused.

        Args:
            rows: The values of rows of the query.
            cursor: Gives the place of a row for people.
        """
        if self._model is None or not rows:
            return Made([Row(self._names, row) for row in rows])
        if self._fast is not None:
            width = len(self._names)
            by_column = rows if isinstance(rows, RowsByColumn) else RowsByColumn.of(rows, width)
            records = self._fast(by_column)
            if records is not None:
                return Made(records)
        return self._validated(rows, cursor)

    def _validated(self, rows: Sequence[Sequence[Any]], cursor: Callable[[int], str]) -> Made:
        from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - heavy

        if self._adapter is None:
            kind: Any = self._model
            self._adapter = TypeAdapter(kind)
        made = Made(places=[])
        assert made.places is not None
        for place, row in enumerate(rows):
            given = dict(zip(self._names, row, strict=True))
            try:
                made.values.append(
                    self._adapter.validate_python(
                        given if self._has_fields else next(iter(given.values()))
                    )
                )
                made.places.append(place)
            except ValidationError as error:
                found = _findings(error, cursor(place))
                made.refused.append(Refused(place, list(found), by_check=False))
        return made


def _findings(error: Any, place: str) -> Iterable[Finding]:
    for one in error.errors(include_url=False):
        column = ".".join(str(part) for part in one["loc"]) or None
        yield Finding(place, 1, column, repr(one["input"])[:80], one["msg"])


_Columns = Sequence[Sequence[Any]]

_AT_ONCE: Final = 500
"""Records made at a time."""


def _fast(
    model: type[Any], names: Sequence[str]
) -> Callable[[RowsByColumn], list[Any] | None] | None:
    """Return what makes records of rows whose values have exactly the types of the fields.

    Only for classes without code or rules of their own: of any other pydantic makes the records.
    """
    make = _maker(model)
    if make is None:
        return None
    fields = fields_of(model)
    places = [names.index(one.name) for one in fields if one.name in names]
    if len(places) != len(fields) or any(one.bare not in _EXACT for one in fields):
        return None
    if any(_has_rules(one.annotation, one.bare) for one in fields):
        return None
    allowed = [
        frozenset({one.bare, type(None)} if one.is_optional else {one.bare}) for one in fields
    ]

    def records(rows: RowsByColumn) -> list[Any] | None:
        columns = [rows.columns[place] for place in places]
        for column, types in zip(columns, allowed, strict=True):
            if not types.issuperset(map(type, column)):
                return None
        return make(columns)

    return records


def _has_rules(annotation: Any, bare: Any) -> bool:
    """Say whether an annotation says more than a type, and that it may be None."""
    return annotation is not bare and annotation != (bare | None)


def _maker(model: type[Any]) -> Callable[[_Columns], list[Any]] | None:
    if is_dataclass(model):
        is_written = model.__init__.__code__.co_filename == "<string>"
        is_plain = is_written and not hasattr(model, "__post_init__")
        is_pydantics = "__pydantic_validator__" in model.__dict__
        taken = all(one.init and not one.kw_only for one in dataclass_fields(model))
        if not is_plain or not taken or is_pydantics:
            return None
        if _sets_field_by_field(model):
            return partial(_frozen, model)
        return lambda columns: list(map(model, *columns))
    if hasattr(model, "_fields") and model.__new__.__code__.co_filename.startswith("<"):
        return lambda columns: list(map(model, *columns))
    return None


def _sets_field_by_field(model: Any) -> bool:
    """Say whether a dataclass makes an object in no other way than setting its fields."""
    has_fields_only = model.__init__.__code__.co_argcount == 1 + len(dataclass_fields(model))
    is_made_plainly = model.__new__ is object.__new__ and type(model) is type
    return bool(model.__dataclass_params__.frozen) and has_fields_only and is_made_plainly


def _frozen(model: type[Any], columns: _Columns) -> list[Any]:
    """Make frozen records as their `__init__` does, which sets field by field, but all at once.

    That is half the time of a call for each; some hundred at a time, which a cache holds.
    """
    names = [one.name for one in dataclass_fields(model)]
    records: list[Any] = []
    for start in range(0, len(columns[0]), _AT_ONCE):
        block = list(map(object.__new__, repeat(model, min(_AT_ONCE, len(columns[0]) - start))))
        for name, column in zip(names, columns, strict=True):
            values = column[start : start + _AT_ONCE]
            deque(map(object.__setattr__, block, repeat(name), values), maxlen=0)
        records += block
    return records
