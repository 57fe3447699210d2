"""What a model asks of a file: its columns, their grammar, which may be NULL, and its validator.

Read from pydantic's core schema, which is one for models and dataclasses and shows what
annotations hide: defaults, aliases, constrained types, validators that want the text itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

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

    field: str
    """Its name in a record: the field's own."""
    kind: str | None = None
    """Its type by pydantic-core's name; None if it takes values of several, or has no say."""

    core: _Core = dataclasses.field(default_factory=dict, compare=False, repr=False)
    """Its type in pydantic-core's words, without what is wrapped around it: digits, zones."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A model, taken apart."""

    columns: tuple[Column, ...]
    validate: Callable[[dict[str, Any]], Any]
    """Makes a record of the model; raises pydantic's `ValidationError`."""

    gives_dicts: bool = False
    """Whether a record is a dict, by field; otherwise its fields are attributes."""


@lru_cache
def schema_of(model: type) -> Schema:
    """Take a model apart.

    Args:
        model: A pydantic model, a dataclass, a TypedDict or a NamedTuple.

    Raises:
        DefinitionError: If it is none of them, or has a field that no column can be.
    """
    from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter  # noqa: PLC0415 - heavy

    try:
        adapter: TypeAdapter[Any] = TypeAdapter(model)
        core: _Core = {**adapter.core_schema}  # a copy: one that is not there yet raises here
    except (PydanticSchemaGenerationError, PydanticUserError, NameError) as exc:
        raise DefinitionError(
            f"{_name(model)} cannot be the model of a file: {_first_line(exc)}",
            hint="its annotations must be types that pydantic knows, and be resolvable",
        ) from exc
    shelf = {part["ref"]: part for part in core.get("definitions", ())}
    body = _body(model, core)
    columns = tuple(_column(model, name, field, shelf) for name, field in _fields(body))
    gives_dicts = body["type"] == "typed-dict"
    return Schema(columns, adapter.validator.validate_python, gives_dicts)


def _name(model: object) -> str:
    return getattr(model, "__qualname__", None) or repr(model)


def _first_line(exc: Exception) -> str:
    return str(exc).splitlines()[0].rstrip(".")


_BODIES: Final = frozenset({"model-fields", "dataclass-args", "typed-dict", "named-tuple"})


def _body(model: type, core: _Core) -> _Core:
    """Return the part of a core schema that holds the fields."""
    while core["type"] not in _BODIES:
        if "schema" not in core or not isinstance(model, type):
            raise DefinitionError(
                f"{_name(model)} cannot be the model of a file",
                hint="give a pydantic model, a dataclass, a TypedDict, a NamedTuple, or a mapping"
                " of column to type",
            )
        core = core["schema"]
    return core


def _fields(body: _Core) -> Iterator[tuple[str, _Core]]:
    if body["type"] in {"model-fields", "typed-dict"}:
        yield from body["fields"].items()
    else:
        yield from ((field["name"], field) for field in body["fields"] if field.get("init", True))


def _column(model: type, name: str, of: _Core, shelf: Mapping[str, _Core]) -> Column:
    alias = of.get("validation_alias", name)
    if not isinstance(alias, str):
        raise DefinitionError(
            f"field {name!r} of {_name(model)} has an alias that no column can have: {alias!r}",
            hint="give it one name: Field(alias=...)",
        )
    core = of["schema"]
    has_default = not of.get("required", True)  # of a TypedDict
    while core["type"] in {"default", "definition-ref"}:
        has_default = has_default or core["type"] == "default"
        core = _inside(core, shelf)
    kind = _kind(core, shelf)
    convert = GRAMMARS.get(kind or "")
    plain = _plain(core, shelf)
    return Column(alias, convert, _takes_none(core, shelf), has_default, name, kind, plain)


def _inside(core: _Core, shelf: Mapping[str, _Core]) -> _Core:
    found: _Core
    found = shelf[core["schema_ref"]] if core["type"] == "definition-ref" else core["schema"]
    return found


def _plain(core: _Core, shelf: Mapping[str, _Core]) -> _Core:
    while core["type"] in {"nullable", "default", "definition-ref", "function-after"}:
        core = _inside(core, shelf)
    return core


def _kind(core: _Core, shelf: Mapping[str, _Core]) -> str | None:
    """Find a type through what is wrapped around it; its grammar goes by that.

    A validator that comes *before* the type wants the value as it stands: then there is none.
    """
    match core["type"]:
        case "nullable" | "default" | "definition-ref" | "function-after":
            return _kind(_inside(core, shelf), shelf)
        case "function-before" | "function-wrap" | "function-plain" | "any" | "union":
            return None
        case "enum":
            return core.get("sub_type")
        case "literal":
            kinds = {type(one).__name__ for one in core["expected"]}
            return kinds.pop() if kinds in ({"int"}, {"str"}) else None
        case kind:
            return str(kind)


def _takes_none(core: _Core, shelf: Mapping[str, _Core]) -> bool:
    match core["type"]:
        case "nullable" | "any" | "none" | "function-plain":
            return True
        case "default" | "definition-ref" | "function-after" | "function-before" | "function-wrap":
            return _takes_none(_inside(core, shelf), shelf)
        case _:
            return False
