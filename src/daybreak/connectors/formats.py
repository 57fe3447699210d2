"""Every format by its kind, so that pipelines of files can be kept and found again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..errors import DefinitionError
from .csv_format import CsvFormat
from .excel_format import ExcelFormat
from .file_format import Format
from .fixed_format import FixedFormat
from .json_format import JsonFormat
from .jsonl_format import JsonLinesFormat
from .parquet_format import ParquetFormat
from .xml_format import XmlFormat

FORMATS: Final[dict[str, Callable[..., Format]]] = {
    CsvFormat.kind: CsvFormat.of,
    ExcelFormat.kind: ExcelFormat.of,
    FixedFormat.kind: FixedFormat.of,
    JsonFormat.kind: JsonFormat.of,
    JsonLinesFormat.kind: JsonLinesFormat.of,
    ParquetFormat.kind: ParquetFormat.of,
    XmlFormat.kind: XmlFormat.of,
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
