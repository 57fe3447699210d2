"""Types of columns as JSON data, and back, so that a pipeline of files without a class can be kept.

Plain types stand by their name, classes by that of an import, constraints by what they were given.
Whether the way back leads to the same is not guessed: what pydantic makes of both is compared.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

from ..connectors.column_types import model_of

_PLAIN: Final[Mapping[str, Any]] = {
    one.__name__: one
    for one in (bool, int, float, str, bytes, Decimal, date, datetime, time, timedelta, UUID)
}
_DEMANDS: Final = frozenset(
    {
        *("gt", "ge", "lt", "le", "multiple_of", "strict", "allow_inf_nan"),
        *("min_length", "max_length", "pattern", "max_digits", "decimal_places"),
    }
)
"""What pydantic's `Field` takes and hands on to the type."""

_NONE: Final = "None"
_ANY: Final = "Any"

NameOf = Callable[[type], str]
Named = Callable[[str], type]


def columns_as_data(columns: Mapping[str, Any], name_of: NameOf, named: Named) -> dict[str, Any]:
    """Return the types of columns as JSON data.

    Args:
        columns: The types by column.
        name_of: Gives the name by which a class can be imported; raises ValueError if there is
            none.
        named: Imports it.

    Raises:
        ValueError: If a type would not come back as it is.
    """
    data = {}
    for column, kind in columns.items():
        try:
            data[column] = _as_data(kind, name_of)
            is_same = _core({column: _from_data(data[column], named)}) == _core({column: kind})
        except (TypeError, ValueError) as exc:
            raise ValueError(f"the type of column {column!r} cannot be kept: {exc}") from exc
        if not is_same:
            raise ValueError(
                f"the type of column {column!r}, {kind!r}, cannot be kept;"
                " write the columns as a class in a module beside the job's file"
            )
    return data


def columns_from_data(data: Mapping[str, Any], named: Named) -> dict[str, Any]:
    """Return the types of columns again.

    Raises:
        ValueError, KeyError, TypeError: If the data are none of types, or a class is gone.
    """
    return {column: _from_data(kind, named) for column, kind in data.items()}


def _core(columns: Mapping[str, Any]) -> Any:
    """Return what pydantic makes of columns, without what names the class or describes it."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - heavy

    model: Any = model_of(columns)
    core: Any = TypeAdapter(model).core_schema
    return _bare(core.get("schema", core)["fields"]), _bare(core.get("definitions"))


def _bare(core: Any) -> Any:
    if isinstance(core, dict):
        return {name: _bare(part) for name, part in core.items() if name != "metadata"}
    return [_bare(part) for part in core] if isinstance(core, list) else core


def _as_data(kind: Any, name_of: NameOf) -> Any:
    if kind in (None, type(None)):
        return _NONE
    if kind is Any:
        return _ANY
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return {"type": _as_data(args[0], name_of), "where": list(map(_constraints, args[1:]))}
    if origin in (Union, types.UnionType):
        return {"any": [_as_data(one, name_of) for one in args]}
    if origin is Literal:
        return {"one": list(map(_plain, args))}
    return _class_as_data(kind, name_of)


def _class_as_data(kind: Any, name_of: NameOf) -> Any:
    if not isinstance(kind, type) or get_origin(kind) is not None:
        raise ValueError(f"{kind!r} is no plain type")
    name = kind.__name__
    return name if _PLAIN.get(name) is kind else {"class": name_of(kind)}


def _constraints(given: Any) -> dict[str, Any]:
    """Return what an annotation demands, by pydantic's names of it."""
    parts = getattr(given, "metadata", None)
    if isinstance(parts, list):  # pydantic's Field(...)
        return {name: value for part in parts for name, value in _constraints(part).items()}
    names = getattr(type(given), "__dataclass_fields__", None) or vars(given)
    found = {name: getattr(given, name) for name in names}
    demanded = {name: _bound(value) for name, value in found.items() if value is not None}
    if unknown := sorted(demanded.keys() - _DEMANDS):
        raise ValueError(f"{', '.join(unknown)} of {given!r} is no plain constraint")
    return demanded


def _bound(value: Any) -> Any:
    return {"Decimal": str(value)} if isinstance(value, Decimal) else _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"{value!r} is no plain value")


def _from_data(data: Any, named: Named) -> Any:
    found: Any
    match data:
        case str():
            found = {_NONE: None, _ANY: Any, **_PLAIN}[data]
        case {"class": name}:
            found = named(name)
        case {"one": values}:
            found = Literal[tuple(values)]
        case {"any": kinds}:
            found = Union[tuple(_from_data(one, named) for one in kinds)]  # noqa: UP007 - by data
        case {"type": inner, "where": extra}:
            found = _annotated(_from_data(inner, named), extra)
        case _:
            raise ValueError(f"{data!r} is no type")
    return found


def _annotated(kind: Any, extra: list[dict[str, Any]]) -> Any:
    from pydantic import Field  # noqa: PLC0415 - heavy

    for constraints in extra:
        given = {name: _unbound(value) for name, value in constraints.items()}
        kind = Annotated[kind, Field(**given)]
    return kind


def _unbound(value: Any) -> Any:
    return Decimal(value["Decimal"]) if isinstance(value, dict) else value
