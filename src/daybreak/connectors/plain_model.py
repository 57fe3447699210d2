"""Models that are nothing but types and bounds: their records can be made without asking twice.

Where a check has seen that a row is good, its values follow from its texts alone, if no code of
a user's stands between: a validator, an `__init__`, a private attribute. Such code could also be
another by the time of the load, and must then be called again. So those models are left out here.
"""

from __future__ import annotations

import gc
import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal, DecimalException
from functools import lru_cache
from itertools import repeat
from operator import setitem
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

if TYPE_CHECKING:
    import pyarrow as pa

_Core: TypeAlias = Mapping[str, Any]
Make: TypeAlias = Callable[[Sequence[Sequence[Any]]], list[Any]]

_CONVERTERS: Final[Mapping[str, Callable[[str], Any] | None]] = {
    "int": int,
    "float": float,
    "decimal": Decimal,
    "bool": {"true": True, "false": False}.__getitem__,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "str": None,
}
"""What `csv_grammar` calls at the end; the text was seen to be one of the grammar before."""

_BOUNDS: Final = frozenset(
    {
        "strict",
        "gt",
        "ge",
        "lt",
        "le",
        "multiple_of",
        "allow_inf_nan",
        "max_digits",
        "decimal_places",
        "min_length",
        "max_length",
        "pattern",
        "regex_engine",
        "tz_constraint",
        "microseconds_precision",
        "now_op",
        "now_utc_offset",
    }
)
"""What a type may say that refuses values, and changes none."""

_CONFIG: Final = frozenset(
    {
        "title",
        "extra_fields_behavior",
        "strict",
        "frozen",
        "from_attributes",
        "loc_by_alias",
        "populate_by_name",
        "validate_by_name",
        "validate_by_alias",
        "allow_inf_nan",
        "hide_input_in_errors",
        "regex_engine",
        "str_min_length",
        "str_max_length",
    }
)
"""The same of a model's configuration."""


_SLOTS: Final = (
    "__dict__",
    "__pydantic_fields_set__",
    "__pydantic_extra__",
    "__pydantic_private__",
)
"""What pydantic's own validator sets of a record."""

_BODIES: Final = frozenset({"model-fields", "dataclass-args", "typed-dict"})


@dataclass(frozen=True, slots=True)
class PlainField:
    """One field, whose value is NULL or follows from a text."""

    name: str
    column: str
    convert: Callable[[str], Any] | None
    nullable: bool

    def values(self, texts: Sequence[str | None]) -> Sequence[Any] | None:
        """Return the values of a column; None if they do not follow from the texts."""
        return self._values(texts, has_null=None in texts)

    def _values(self, texts: Sequence[str | None], *, has_null: bool) -> Sequence[Any] | None:
        if has_null and not self.nullable:
            return None  # the default's, which is the model's to give
        convert = self.convert
        if convert is None:
            return texts
        try:
            if has_null:
                return [None if text is None else convert(text) for text in texts]
            return list(map(convert, cast("Sequence[str]", texts)))
        except (ValueError, KeyError, DecimalException):
            return None  # no check has seen this text

    def values_of(self, texts: pa.Array) -> Sequence[Any] | None:
        """Return the same of texts that Arrow holds and a check has found to be good.

        Whole numbers need not become texts of Python's first, unless they are long ones, or have
        a plus in front.
        """
        if self.convert is int and not texts.null_count:
            try:
                numbers: list[int] = texts.cast("int64").to_numpy().tolist()
            except ValueError:
                pass
            else:
                return numbers
        return self._values(texts.to_pylist(), has_null=bool(texts.null_count))


@dataclass(frozen=True, slots=True)
class PlainModel:
    """A model whose records follow from good texts."""

    fields: tuple[PlainField, ...]
    make: Make
    """Makes records of the values of all fields, in their order, without a look at them."""

    digest: str
    """Of all that decides which texts are good, and what they become."""

    def records(self, columns: Sequence[Sequence[str | None]]) -> list[Any] | None:
        """Return a record for every row.

        Args:
            columns: The texts of rows that were seen to be good, in the order of the fields.

        Returns:
            None if one of them does not follow from its texts.
        """
        values = self.values(columns)
        return None if values is None else self.made(values)

    def values(self, columns: Sequence[Sequence[str | None]]) -> list[Sequence[Any]] | None:
        """Return the values of all fields; as `records` does, None."""
        return _all_of(map(PlainField.values, self.fields, columns))

    def values_of(self, columns: Sequence[pa.Array]) -> list[Sequence[Any]] | None:
        """Return the same of good texts that Arrow holds."""
        return _all_of(map(PlainField.values_of, self.fields, columns))

    def made(self, values: Sequence[Sequence[Any]]) -> list[Any]:
        """Return a record for every row of the values of all fields."""
        with _no_collections():
            return self.make(values)


def _all_of(found: Iterable[Sequence[Any] | None]) -> list[Sequence[Any]] | None:
    """Return all columns; None if one of them is not there."""
    columns: list[Sequence[Any]] = []
    for column in found:
        if column is None:
            return None
        columns.append(column)
    return columns


@contextmanager
def _no_collections() -> Iterator[None]:
    """Have nobody look for garbage among records that are just being made: half of the time.

    It holds for all threads, as long as some thousand records take.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@lru_cache
def plain_model(model: type) -> PlainModel | None:
    """Return a model as types and bounds; None if it is more than that."""
    import pydantic  # noqa: PLC0415 - heavy

    core: _Core = pydantic.TypeAdapter(model).core_schema
    if _has_code(model, core):
        return None
    of = core["schema"].get("fields", ())
    named = of.items() if isinstance(of, Mapping) else [(field["name"], field) for field in of]
    found_fields: list[PlainField] = []
    facts = []
    for name, field in named:
        found = _field(name, field)
        if found is None:
            return None
        found_fields.append(found[0])
        facts.append(found[1])
    make = _maker(model, core, [field.name for field in found_fields])
    if make is None:
        return None
    said = json.dumps([pydantic.VERSION, facts, str(core.get("config"))], default=repr)
    digest = hashlib.blake2b(said.encode(), digest_size=16).hexdigest()
    return PlainModel(tuple(found_fields), make, digest)


@lru_cache
def plain_fields(model: type) -> Mapping[str, PlainField]:
    """Return, by column, the fields whose values follow from their texts, whatever the others do.

    That nothing is done with the record as a whole is for the caller to know.
    """
    import pydantic  # noqa: PLC0415 - heavy

    core: _Core = pydantic.TypeAdapter(model).core_schema
    while _is_plainly_set(core) and core["type"] not in _BODIES and "schema" in core:
        core = core["schema"]
    if not _is_plainly_set(core) or core["type"] not in _BODIES:
        return {}
    of = core["fields"]
    named = of.items() if isinstance(of, Mapping) else [(field["name"], field) for field in of]
    found = [_field(name, field) for name, field in named]
    return {one[0].column: one[0] for one in found if one is not None}


def _is_plainly_set(core: _Core) -> bool:
    return (core.get("config") or {}).keys() <= _CONFIG


def _field(name: str, field: _Core) -> tuple[PlainField, list[Any]] | None:
    column = field.get("validation_alias", name)
    core: _Core = field["schema"]
    nullable = False
    while core["type"] in {"default", "nullable"}:
        nullable = nullable or core["type"] == "nullable"
        core = core["schema"]
    bounds = {key: of for key, of in core.items() if key not in {"metadata", "serialization"}}
    kind = bounds.pop("type")
    is_plain = isinstance(column, str) and kind in _CONVERTERS and bounds.keys() <= _BOUNDS
    if not is_plain or field.get("init_only") or not field.get("init", True):
        return None
    facts = [name, column, kind, nullable, sorted((key, repr(of)) for key, of in bounds.items())]
    return PlainField(name, column, _CONVERTERS[kind], nullable), facts


def _has_code(model: type, core: _Core) -> bool:
    """Say whether there may be more to a record than the values of its fields."""
    config = core.get("config") or {}
    return bool(
        core.get("cls") is not model
        or core.get("custom_init")
        or core.get("post_init")
        or core.get("root_model")
        or model.__new__ is not object.__new__
        or not config.keys() <= _CONFIG
        or config.get("extra_fields_behavior") == "allow"
    )


def _maker(model: type, core: _Core, names: Sequence[str]) -> Make | None:
    """Return what makes records as pydantic does once it has looked at all values."""
    if not names:
        return None
    if core["type"] == "model" and core["schema"]["type"] == "model-fields":
        return _model_maker(model, names)
    if core["type"] == "dataclass" and core["schema"]["type"] == "dataclass-args":
        return _dataclass_maker(model, names)
    return None


def _model_maker(model: Any, names: Sequence[str]) -> Make | None:
    if model.__private_attributes__:
        return None
    from pydantic import BaseModel  # noqa: PLC0415 - heavy

    slots = {name: BaseModel.__dict__[name].__set__ for name in _SLOTS}
    new, empty = model.__new__, dict.fromkeys(names)
    given = set(names).copy()  # a copy has no more room than it needs, and is copied as it is

    def make(columns: Sequence[Sequence[Any]]) -> list[Any]:
        """Make all of them side by side, without a line of Python for each.

        A copy of what has the right size already is quicker than what grows.
        """
        count = len(columns[0])
        dicts = list(map(dict.copy, repeat(empty, count)))
        for name, column in zip(names, columns, strict=True):
            _for_each(setitem, dicts, repeat(name), column)
        records = list(map(new, repeat(model, count)))
        _for_each(slots["__dict__"], records, dicts)
        _for_each(slots["__pydantic_fields_set__"], records, map(set.copy, repeat(given, count)))
        _for_each(slots["__pydantic_extra__"], records, repeat(None))
        _for_each(slots["__pydantic_private__"], records, repeat(None))
        return records

    return make


def _for_each(act: Callable[..., object], *arguments: Iterable[Any]) -> None:
    deque(map(act, *arguments), maxlen=0)


def _dataclass_maker(model: Any, names: Sequence[str]) -> Make | None:
    """Return the class itself where its `__init__` is what `dataclass` has written."""
    is_written = model.__init__.__code__.co_filename == "<string>"
    takes = [field.name for field in fields(model) if field.init and not field.kw_only]
    is_pydantics = "__pydantic_validator__" in model.__dict__
    if not is_written or is_pydantics or takes != list(names):
        return None
    return lambda columns: list(map(model, *columns))
