"""One field of a model, asked for single values: what no rule over columns can say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...connectors.csv_grammar import Convert, Ungrammatical
from .rules import Core


class Field:
    """One field of a model, by itself.

    It is asked once for each distinct text, so a validator that remembers what it has seen is not
    asked for each record here; the row reader and the load do that.

    Args:
        core: The field's core schema.
        definitions: What it refers to.
        config: The model's.
        convert: The grammar of its type; None hands it texts.
    """

    def __init__(
        self, core: Core, definitions: Sequence[Core], config: Core, convert: Convert | None
    ) -> None:
        from pydantic_core import SchemaValidator  # noqa: PLC0415 - heavy

        schema: Mapping[str, Any] = core
        if definitions:
            schema = {"type": "definitions", "schema": core, "definitions": list(definitions)}
        self._validator = SchemaValidator(schema, config)  # type: ignore[arg-type]
        self._convert = convert

    def takes(self, text: str) -> bool:
        """Say whether a text is good."""
        try:
            self._validator.validate_python(text if self._convert is None else self._convert(text))
        except Ungrammatical:
            return False
        except Exception:  # noqa: BLE001 - a model's own code may raise whatever it likes
            return False
        return True

    def takes_none(self) -> bool:
        """Say whether None is good."""
        try:
            self._validator.validate_python(None)
        except Exception:  # noqa: BLE001 - a model's own code may raise whatever it likes
            return False
        return True

    def has_default(self) -> bool:
        """Say whether there is a default, and it is good."""
        try:
            return self._validator.get_default_value() is not None
        except Exception:  # noqa: BLE001 - a model's own code may raise whatever it likes
            return False
