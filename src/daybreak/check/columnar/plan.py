"""A model taken apart for the check by columns: a rule, an answer to NULL, and a field, by column.

What a model does with a record as a whole (a validator of its own, one that looks at other fields)
is no matter of columns: then there is no plan, and every row is read by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...connectors.csv_dialect import CsvDialect
from ...connectors.csv_schema import Column, schema_of
from .asking import Field
from .rules import Core, Rule, Surroundings, rule_of

_WRAPPERS: Final = frozenset({"default", "nullable", "definition-ref"})

_CONFIG_SILENT: Final = frozenset(
    {
        "cache_strings",
        "extra_fields_behavior",
        "from_attributes",
        "frozen",
        "hide_input_in_errors",
        "loc_by_alias",
        "populate_by_name",
        "revalidate_instances",
        "title",
        "validate_by_name",
        "validation_error_cause",
    }
)
"""Settings of a model that change nothing about which texts are good."""

_CONFIG_KNOWN: Final = _CONFIG_SILENT | {
    "allow_inf_nan",  # the grammar knows neither
    "coerce_numbers_to_str",  # a text is none
    "regex_engine",
    "str_max_length",
    "str_min_length",
    "str_strip_whitespace",
    "str_to_lower",
    "str_to_upper",
    "strict",
    "validate_default",
}

_MODEL_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "definitions": frozenset({"schema", "definitions"}),
    "model": frozenset(
        {"schema", "cls", "config", "custom_init", "post_init", "root_model", "frozen"}
        | {"generic_origin", "extra_behavior", "strict", "revalidate_instances"}
    ),
    "model-fields": frozenset({"fields", "model_name", "computed_fields", "extra_behavior"}),
    "dataclass": frozenset(
        {"schema", "cls", "cls_name", "config", "fields", "post_init", "slots", "frozen"}
        | {"generic_origin", "strict", "revalidate_instances"}
    ),
    "typed-dict": frozenset(
        {"fields", "cls", "cls_name", "config", "computed_fields", "extra_behavior", "strict"}
        | {"total"}
    ),
    "dataclass-args": frozenset(
        {"fields", "dataclass_name", "computed_fields", "collect_init_only", "extra_behavior"}
    ),
}
_FIELD_WORDS: Final = frozenset(
    {"schema", "required", "name", "kw_only", "init", "init_only", "frozen", "validation_alias"}
    | {"serialization_alias", "serialization_exclude", "serialization_exclude_if"}
)
_ALWAYS: Final = frozenset({"type", "metadata", "ref", "serialization"})


class ByRows(Exception):  # noqa: N818 - a verdict, raised and caught in this room
    """A model that has to be asked for whole records; the message says why."""


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """What is asked of one column."""

    name: str
    rule: Rule | None
    """Says which texts are certainly good; None if the field has to be asked for each."""

    field: Field
    null: str
    """What NULL becomes: `none`, the `default`, or a `fault`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of a file's columns."""

    columns: tuple[ColumnPlan, ...]
    """Those of the model, in its order, whether the file has them or not."""

    asked: tuple[str, ...]
    """Columns for which there is no rule, so that the model is asked for that field."""


def plan_for(model: type | None, dialect: CsvDialect) -> Plan:
    """Take a model apart.

    Args:
        model: What the records are; None asks nothing of any column.
        dialect: How the file is written.

    Raises:
        ByRows: If it cannot be checked by columns.
    """
    if model is None:
        return Plan((), ())
    from pydantic import TypeAdapter  # noqa: PLC0415 - heavy

    core: Core = TypeAdapter(model).core_schema
    fields, config = _fields(core)
    shelf = {part["ref"]: part for part in core.get("definitions", ())}
    marks = dialect.delimiter + (dialect.quote or "")
    of = Surroundings(config, dialect.codec, marks.encode())
    columns = tuple(
        _column(column, field["schema"], shelf, of)
        for column, field in zip(schema_of(model).columns, fields, strict=True)
    )
    return Plan(columns, tuple(column.name for column in columns if column.rule is None))


def _fields(core: Core) -> tuple[list[Core], Core]:
    """Return the fields of a model and its settings, if nothing else is done with a record."""
    config: Core = {}
    while core["type"] in _MODEL_WORDS:
        if unknown := core.keys() - _ALWAYS - _MODEL_WORDS[core["type"]]:
            raise ByRows(f"its schema has {', '.join(sorted(unknown))}")
        if core.get("custom_init") or core.get("root_model") or _has_own_ending(core):
            raise ByRows("its records are made by code of its own")
        config = {**config, **core.get("config", {})}
        if "fields" in core and "schema" not in core:
            break
        core = core["schema"]
    else:
        raise ByRows("it has a validator for whole records")
    if unknown := config.keys() - _CONFIG_KNOWN:
        raise ByRows(f"its settings have {', '.join(sorted(unknown))}")
    found = core["fields"]
    fields = list(found.values()) if isinstance(found, Mapping) else list(found)
    for field in fields:
        if unknown := field.keys() - _ALWAYS - _FIELD_WORDS:
            raise ByRows(f"a field has {', '.join(sorted(unknown))}")
    return [field for field in fields if field.get("init", True)], config


def _has_own_ending(core: Core) -> bool:
    """Say whether code of the user's runs when a record is made."""
    name = core.get("post_init")
    if not name:
        return False
    function = getattr(core["cls"], name, None) if isinstance(name, str) else None
    return not getattr(function, "__module__", "").startswith("pydantic.")


def _column(column: Column, core: Core, shelf: Mapping[str, Core], of: Surroundings) -> ColumnPlan:
    definitions = _definitions(core, shelf)
    if any(_looks_around(part) for part in (core, *definitions)):
        raise ByRows(f"a validator of {column.name} looks at other fields")
    bare = core
    while bare["type"] in _WRAPPERS:
        bare = shelf[bare["schema_ref"]] if bare["type"] == "definition-ref" else bare["schema"]
    null = "none" if column.nullable else "default" if column.has_default else "fault"
    field = Field(core, definitions, of.config, column.convert)
    return ColumnPlan(column.name, rule_of(bare, of), field, null)


def _definitions(core: Any, shelf: Mapping[str, Core]) -> Sequence[Core]:
    """Return every definition that a field refers to, directly or not."""
    found: dict[str, Core] = {}
    waiting = [core]
    while waiting:
        for part in _parts(waiting.pop()):
            ref = part.get("schema_ref") if part.get("type") == "definition-ref" else None
            if ref is not None and ref not in found:
                found[ref] = shelf[ref]
                waiting.append(shelf[ref])
    return tuple(found.values())


def _looks_around(core: Core) -> bool:
    return any(
        part.get("type") == "with-info" or part.get("default_factory_takes_data")
        for part in _parts(core)
    )


def _parts(core: Any) -> Iterator[Core]:
    """Yield every mapping inside a core schema, itself included."""
    if isinstance(core, Mapping):
        yield core
        for name, value in core.items():
            if name not in {"metadata", "default"}:
                yield from _parts(value)
    elif isinstance(core, list | tuple):
        for value in core:
            yield from _parts(value)
