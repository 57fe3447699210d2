"""What a model asks of a file: its columns, their grammar, which may be NULL, and its validator.

Read from pydantic's core schema, which is one for models and dataclasses and shows what
annotations hide: defaults, aliases, constrained types, validators that want the text itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from ..errors import DefinitionError
from .csv_grammar import GRAMMARS, Convert

_Core: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a model, as a column of the file."""

    name: str
    """Its name in the header: the field's alias, if it has one."""

    convert: Convert | None
    """Its grammar; None hands the text as it stands to the model."""

    nullable: bool
    """Whether NULL becomes None."""

    has_default: bool
    """Whether the column may be missing; then NULL, where None is not allowed, is the default."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A model, taken apart."""

    columns: tuple[Column, ...]
    validate: Callable[[dict[str, Any]], Any]
    """Makes a record of the model; raises pydantic's `ValidationError`."""


@lru_cache
def schema_of(model: type) -> Schema:
    """Take a model apart.

    Args:
        model: A pydantic model or a dataclass.

    Raises:
        DefinitionError: If it is neither, or has a field that no column can be.
    """
    from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter  # noqa: PLC0415 - heavy

    try:
        adapter: TypeAdapter[Any] = TypeAdapter(model)
        core: _Core = {**adapter.core_schema}  # a copy: one that is not there yet raises here
    except (PydanticSchemaGenerationError, PydanticUserError, NameError) as exc:
        raise DefinitionError(
            f"{_name(model)} cannot be the model of a file: {_first_line(exc)}",
            hint="give a pydantic model or a dataclass whose annotations can be resolved",
        ) from exc
    shelf = {part["ref"]: part for part in core.get("definitions", ())}
    columns = tuple(_column(model, name, field, shelf) for name, field in _fields(model, core))
    return Schema(columns, adapter.validator.validate_python)


def _name(model: object) -> str:
    return getattr(model, "__qualname__", None) or repr(model)


def _first_line(exc: Exception) -> str:
    return str(exc).splitlines()[0].rstrip(".")


def _fields(model: type, core: _Core) -> Iterator[tuple[str, _Core]]:
    while core["type"] not in {"model-fields", "dataclass-args"}:
        if "schema" not in core or not isinstance(model, type):
            raise DefinitionError(
                f"{_name(model)} cannot be the model of a file",
                hint="give a pydantic model or a dataclass",
            )
        core = core["schema"]
    if core["type"] == "model-fields":
        yield from core["fields"].items()
    else:
        yield from ((field["name"], field) for field in core["fields"] if field.get("init", True))


def _column(model: type, name: str, field: _Core, shelf: Mapping[str, _Core]) -> Column:
    alias = field.get("validation_alias", name)
    if not isinstance(alias, str):
        raise DefinitionError(
            f"field {name!r} of {_name(model)} has an alias that no column can have: {alias!r}",
            hint="give it one name: Field(alias=...)",
        )
    core = field["schema"]
    has_default = False
    while core["type"] in {"default", "definition-ref"}:
        has_default = has_default or core["type"] == "default"
        core = _inside(core, shelf)
    return Column(alias, _grammar(core, shelf), _takes_none(core, shelf), has_default)


def _inside(core: _Core, shelf: Mapping[str, _Core]) -> _Core:
    found: _Core
    found = shelf[core["schema_ref"]] if core["type"] == "definition-ref" else core["schema"]
    return found


def _grammar(core: _Core, shelf: Mapping[str, _Core]) -> Convert | None:
    """Find the grammar of a type through what is wrapped around it.

    A validator that comes *before* the type wants the text: then there is no grammar.
    """
    match core["type"]:
        case "nullable" | "default" | "definition-ref" | "function-after":
            return _grammar(_inside(core, shelf), shelf)
        case "enum":
            return GRAMMARS.get(core.get("sub_type", ""))
        case "literal" if all(type(one) is int for one in core["expected"]):
            return GRAMMARS["int"]
        case kind:
            return GRAMMARS.get(kind)


def _takes_none(core: _Core, shelf: Mapping[str, _Core]) -> bool:
    match core["type"]:
        case "nullable" | "any" | "none" | "function-plain":
            return True
        case "default" | "definition-ref" | "function-after" | "function-before" | "function-wrap":
            return _takes_none(_inside(core, shelf), shelf)
        case _:
            return False
