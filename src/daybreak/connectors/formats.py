"""Every format by its kind, so that pipelines of files can be kept and found again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from ..errors import DefinitionError
from .file_format import Format


def _of(module: str, name: str) -> Callable[..., Format]:
    """Return what makes a format of its facts, whose module is imported when that is wanted."""

    def of(**facts: Any) -> Format:
        made: Format = getattr(import_module(f".{module}", __package__), name).of(**facts)
        return made

    return of


FORMATS: Final[dict[str, Callable[..., Format]]] = {
    "csv": _of("csv_format", "CsvFormat"),
    "excel": _of("excel_format", "ExcelFormat"),
    "fixed": _of("fixed_format", "FixedFormat"),
    "json": _of("json_format", "JsonFormat"),
    "jsonl": _of("jsonl_format", "JsonLinesFormat"),
    "parquet": _of("parquet_format", "ParquetFormat"),
    "xml": _of("xml_format", "XmlFormat"),
}
"""From the kind to what makes a format of its facts."""


def add_format(kind: str, of: Callable[..., Format]) -> None:
    """Make a format of one's own known, so that its pipelines can be kept between two steps.

    Call it where the class is defined: an attempt that resumes needs it too.

    Args:
        kind: The class's `kind`.
        of: The class's `of`, which makes a format of its facts.

    Raises:
        DefinitionError: If another format has this kind.
    """
    if FORMATS.setdefault(kind, of) != of:
        raise DefinitionError(
            f"there is a format of kind {kind!r} already", hint="give it another kind"
        )


def format_from_data(data: Mapping[str, Any]) -> Format:
    """Return the format again.

    Raises:
        KeyError, TypeError: If the data are none of a format that is known.
    """
    facts = dict(data)
    return FORMATS[facts.pop("kind")](**facts)
