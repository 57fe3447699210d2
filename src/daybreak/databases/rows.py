"""The way of a query's rows into a user's model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import SourceError
from ..model.row import Row

if TYPE_CHECKING:
    from pydantic import TypeAdapter

M = TypeVar("M")


@cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # noqa: PLC0415 - heavy

    return TypeAdapter(model)


def read_as(model: type[M], rows: Sequence[Row]) -> list[M]:
    """Return rows as values of `model`: a class with fields, or the type of the only column.

    Raises:
        SourceError: If a row does not fit the model.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - heavy

    kind: Any = model  # a class can be hashed, even where its instances cannot: mypy mixes them up
    adapter = _adapter(kind)
    has_fields = any(hasattr(model, name) for name in _FIELD_MARKS)
    try:
        return [adapter.validate_python(dict(row) if has_fields else _only(row)) for row in rows]
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "value"
        raise SourceError(
            f"a row does not fit {model.__name__}: {place}: {first['msg']}",
            hint="make the query's columns and the model's fields agree",
        ) from None


_FIELD_MARKS = ("__dataclass_fields__", "model_fields", "_fields")


def _only(row: Row) -> Any:
    if len(row) != 1:
        raise SourceError(
            f"expected one column, got {len(row)}: {', '.join(row)}",
            hint="select one column, or give a model with a field for each",
        )
    return next(iter(row.values()))
