"""A model's columns in plain words: what each holds, and which rules its values keep.

Read from pydantic's core schema, as `connectors.csv_schema` does, for reports only: what is not
known here is named by its kind, and never fails a check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

_Core: TypeAlias = Mapping[str, Any]

_KINDS: Final = {
    "int": "whole number",
    "float": "number",
    "decimal": "decimal number",
    "bool": "true or false",
    "date": "date, as 2026-01-31",
    "datetime": "date and time, as 2026-01-31T23:59:59",
    "time": "time of day, as 23:59:59",
    "str": "text",
    "uuid": "UUID",
    "any": "anything",
}
_RULES: Final = {
    "gt": "greater than {}",
    "ge": "at least {}",
    "lt": "less than {}",
    "le": "at most {}",
    "multiple_of": "a multiple of {}",
    "max_digits": "at most {} digits",
    "decimal_places": "at most {} decimal places",
    "min_length": "at least {} characters",
    "max_length": "at most {} characters",
    "pattern": "of the form {}",
}
_ZONES: Final = {"aware": "with its offset from UTC", "naive": "without an offset"}
_WRAPPERS: Final = ("default", "nullable", "definition-ref")
_VALUES_MAX: Final = 20
"""Allowed values that are listed."""


@dataclass(frozen=True, slots=True)
class ColumnWords:
    """One column, as people read of it."""

    name: str
    kind: str
    rules: tuple[str, ...]
    may_be_empty: bool
    may_be_missing: bool


def columns_in_words(model: type | None) -> list[ColumnWords]:
    """Return a model's columns in its order; none without a model."""
    if model is None:
        return []
    from pydantic import TypeAdapter  # noqa: PLC0415 - heavy

    core: _Core = {**TypeAdapter(model).core_schema}
    shelf = {part["ref"]: part for part in core.get("definitions", ())}
    return [_column(name, field, shelf) for name, field in _fields(core)]


def _fields(core: _Core) -> Iterator[tuple[str, _Core]]:
    while core["type"] not in {"model-fields", "dataclass-args"}:
        if "schema" not in core:
            return
        core = core["schema"]
    if core["type"] == "model-fields":
        yield from core["fields"].items()
    else:
        yield from ((field["name"], field) for field in core["fields"] if field.get("init", True))


def _column(name: str, field: _Core, shelf: Mapping[str, _Core]) -> ColumnWords:
    alias = field.get("validation_alias", name)
    core: _Core = field["schema"]
    wrappers = set()
    while core["type"] in _WRAPPERS:
        wrappers.add(core["type"])
        core = _inside(core, shelf)
    kind, rules = _words(core, shelf)
    return ColumnWords(
        alias if isinstance(alias, str) else name,
        kind,
        tuple(rules),
        may_be_empty="nullable" in wrappers or "default" in wrappers,
        may_be_missing="default" in wrappers,
    )


def _inside(core: _Core, shelf: Mapping[str, _Core]) -> _Core:
    found: _Core
    found = shelf[core["schema_ref"]] if core["type"] == "definition-ref" else core["schema"]
    return found


def _words(core: _Core, shelf: Mapping[str, _Core]) -> tuple[str, list[str]]:
    """Return what a type is called, and its rules, through what is wrapped around it."""
    match core["type"]:
        case "function-after" | "function-before" | "function-wrap" | "nullable" | "definition-ref":
            kind, rules = _words(_inside(core, shelf), shelf)
            own = ["and a rule of the schema's own"] if core["type"].startswith("function") else []
            return kind, [*rules, *(rule for rule in own if rule not in rules)]
        case "literal":
            return "one of", _listed([str(value) for value in core["expected"]])
        case "enum":
            return "one of", _listed([str(member.value) for member in core["members"]])
        case kind:
            zone = _ZONES.get(core.get("tz_constraint", ""))
            rules = [words.format(core[name]) for name, words in _RULES.items() if name in core]
            return _KINDS.get(kind, str(kind)), [*([zone] if zone else []), *rules]


def _listed(values: list[str]) -> list[str]:
    more = len(values) - _VALUES_MAX
    return [*values[:_VALUES_MAX], *([f"and {more} more"] if more > 0 else [])]
