"""A plain mapping of column to type as a schema: it becomes a TypedDict; records are dicts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from ..errors import DefinitionError

_MARK: Final = "__daybreak_columns__"


def model_of(schema: type | Mapping[str, Any] | None) -> type | None:
    """Return the class that says what a record is; equal mappings give one class.

    Args:
        schema: A class, or the types by column, such as `{"id": int, "note": str | None}`; a type
            may be `Annotated` with pydantic's constraints.

    Raises:
        DefinitionError: If a mapping has no column, or a name that is no text.
    """
    if not isinstance(schema, Mapping):
        return _hashable(schema)
    names: list[object] = list(schema)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise DefinitionError(
            f"expected the types of columns by name, got {dict(schema)!r}",
            hint='{"id": int, "amount": Decimal, "note": str | None}',
        )
    columns = tuple(schema.items())
    try:
        return _model(columns)
    except TypeError:  # a type that cannot be hashed, such as one annotated with a list
        return _made(columns)


def _hashable(schema: type | None) -> type | None:
    try:
        hash(schema)
    except TypeError:
        raise DefinitionError(
            f"{schema!r} cannot be the model of a file",
            hint="give a class, or a mapping of column to type",
        ) from None
    return schema


def columns_of(model: type) -> Mapping[str, Any] | None:
    """Return the mapping of which a class was made; None if it was made by somebody else."""
    found: Mapping[str, Any] | None = vars(model).get(_MARK)
    return found


@lru_cache(maxsize=256)
def _model(columns: tuple[tuple[str, Any], ...]) -> type:
    return _made(columns)


def _made(columns: tuple[tuple[str, Any], ...]) -> type:
    from typing_extensions import TypedDict  # noqa: PLC0415 - only for those who have no class

    make: Any = TypedDict  # type checkers take only what is written out
    made = make("Columns", dict(columns))
    setattr(made, _MARK, dict(columns))
    found: type = made
    return found
