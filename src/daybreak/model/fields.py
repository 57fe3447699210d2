"""The fields of a user's model: names, bare types, and whether they may be empty."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass
from typing import Any

from ..errors import DefinitionError


@dataclass(frozen=True, slots=True)
class ModelField:
    """One field of a model."""

    name: str
    annotation: Any
    """As written, with `Annotated` metadata."""

    bare: Any
    """Its type without `Annotated` and without `None`."""

    is_optional: bool
    """Whether None is allowed."""


def fields_of(model: type[Any]) -> tuple[ModelField, ...]:
    """Return the fields of a pydantic model, a dataclass or a NamedTuple, in their order.

    Raises:
        DefinitionError: If the class has no fields we know how to find.
    """
    names = _names_of(model)
    if names is None:
        raise DefinitionError(
            f"{model!r} is no model: it has no fields",
            hint="use a pydantic model, a dataclass or a NamedTuple",
        )
    hints = typing.get_type_hints(model, include_extras=True)
    return tuple(_field(name, hints[name]) for name in names)


def has_fields(model: type[Any]) -> bool:
    """Say whether a class is a model, and no type of a single value."""
    return _names_of(model) is not None


def _names_of(model: type[Any]) -> list[str] | None:
    if hasattr(model, "model_fields"):
        return list(model.model_fields)
    if dataclasses.is_dataclass(model):
        return [field.name for field in dataclasses.fields(model)]
    if hasattr(model, "_fields"):
        return list(model._fields)
    return None


def _field(name: str, annotation: Any) -> ModelField:
    bare, is_optional = _bare(annotation)
    return ModelField(name, annotation, bare, is_optional)


def _bare(annotation: Any) -> tuple[Any, bool]:
    if typing.get_origin(annotation) is typing.Annotated:
        return _bare(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        parts = typing.get_args(annotation)
        others = [part for part in parts if part is not type(None)]
        if len(others) == 1:
            return _bare(others[0])[0], len(others) < len(parts)
        return annotation, len(others) < len(parts)
    return annotation, False
