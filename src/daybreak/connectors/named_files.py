"""Files whose records name their columns, or have them at fixed places, as pipelines begin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from .file_root import File, Where, file_of
from .file_rules import Rules

if TYPE_CHECKING:
    from .fixed_layout import Span, Strip, Unit

M = TypeVar("M")


@overload
def jsonl(
    where: Where, /, *, encoding: str = "utf-8", **rules: Unpack[Rules]
) -> File[dict[str, Any]]: ...
@overload
def jsonl(
    where: Where, model: type[M], /, *, encoding: str = "utf-8", **rules: Unpack[Rules]
) -> File[M]: ...
def jsonl(
    where: Where, model: type | None = None, /, *, encoding: str = "utf-8", **rules: Unpack[Rules]
) -> File[Any]:
    """Begin a pipeline with the records of a JSON Lines file: one object a line.

    In `.into(files.jsonl(...))` it is written, in the order of the source, and published by one
    rename when the step is proven. A name that ends in `.gz` or `.zst` has it packed then.

    Args:
        where: The file, or several with the same kind of records.
        model: A pydantic model or a dataclass: the type of a record, and its checks. Names that
            it does not have are ignored. Without one a record is a dict; numbers with a point or
            an exponent are Decimal, so that nothing is rounded.
        encoding: How the file is encoded; a byte order mark is skipped.
        rules: What must hold across the records, as for `files.csv`: `key`, `references`,
            `records` and `totals`.

    Raises:
        DefinitionError: If there is no file, the model is none, or the file could not be divided.
            Nothing was read; whether the files exist is seen when they are checked or read.
    """
    from .jsonl_format import JsonLinesFormat  # noqa: PLC0415 - for who reads such files

    return file_of(where, model, JsonLinesFormat(encoding), rules)


@overload
def json(
    where: Where, /, *, at: str | Iterable[str] = (), **rules: Unpack[Rules]
) -> File[dict[str, Any]]: ...
@overload
def json(
    where: Where, model: type[M], /, *, at: str | Iterable[str] = (), **rules: Unpack[Rules]
) -> File[M]: ...
def json(
    where: Where,
    model: type | None = None,
    /,
    *,
    at: str | Iterable[str] = (),
    **rules: Unpack[Rules],
) -> File[Any]:
    """Begin a pipeline with the records of a JSON document: the elements of one of its arrays.

    The document is read as a stream, whatever its size. It is UTF-8.

    Args:
        where: The file, or several with the same kind of records.
        model: As for `jsonl`.
        at: The name under which the array is, or the names that lead to it from the outermost
            object on; none if the document is the array.
        rules: What must hold across the records, as for `files.csv`: `key`, `references`,
            `records` and `totals`.

    Raises:
        DefinitionError: If there is no file, the model is none, or a name is no text. Nothing was
            read; whether the files exist is seen when they are checked or read.
    """
    from .json_format import JsonFormat  # noqa: PLC0415 - for who reads such files

    return file_of(where, model, JsonFormat((at,) if isinstance(at, str) else tuple(at)), rules)


@overload
def xml(where: Where, /, *, record: str, **rules: Unpack[Rules]) -> File[dict[str, str | None]]: ...
@overload
def xml(where: Where, model: type[M], /, *, record: str, **rules: Unpack[Rules]) -> File[M]: ...
def xml(
    where: Where, model: type | None = None, /, *, record: str, **rules: Unpack[Rules]
) -> File[Any]:
    """Begin a pipeline with the records of an XML document: the elements of one name.

    The document is read as a stream, whatever its size. Attributes and children of a record are
    its columns. Documents with a type definition (DTD) are refused; nothing but the file is read.

    Args:
        where: The file, or several with the same kind of records.
        model: A pydantic model or a dataclass: the type of a record, and its checks. Columns that
            it does not name are ignored. Without one a record is a dict of texts.
        record: The name of a record without its prefix, `"order"`, or the names from the outermost
            element on, `"orders/order"`. All records are children of one element.
        rules: What must hold across the records, as for `files.csv`: `key`, `references`,
            `records` and `totals`.

    Raises:
        DefinitionError: If there is no file, the model is none, or the name is none. Nothing was
            read; whether the files exist is seen when they are checked or read.
    """
    from .xml_format import XmlFormat  # noqa: PLC0415 - for who reads such files

    return file_of(where, model, XmlFormat(record), rules)


@overload
def fixed(
    where: Where,
    /,
    *,
    columns: Mapping[str, Span],
    length: int | None = None,
    encoding: str = "utf-8",
    unit: Unit = "bytes",
    line_ends: bool = True,
    strip: Strip = "right",
    padding: str = " ",
    **rules: Unpack[Rules],
) -> File[dict[str, str | None]]: ...
@overload
def fixed(
    where: Where,
    model: type[M],
    /,
    *,
    columns: Mapping[str, Span],
    length: int | None = None,
    encoding: str = "utf-8",
    unit: Unit = "bytes",
    line_ends: bool = True,
    strip: Strip = "right",
    padding: str = " ",
    **rules: Unpack[Rules],
) -> File[M]: ...
def fixed(
    where: Where,
    model: type | None = None,
    /,
    *,
    columns: Mapping[str, Span],
    length: int | None = None,
    encoding: str = "utf-8",
    unit: Unit = "bytes",
    line_ends: bool = True,
    strip: Strip = "right",
    padding: str = " ",
    **rules: Unpack[Rules],
) -> File[Any]:
    """Begin a pipeline with the records of a file of fixed width.

    Args:
        where: The file, or several with the same kind of records.
        model: A pydantic model or a dataclass: the type of a record, and its checks. Columns that
            it does not name are ignored. Without one a record is a dict of texts.
        columns: Of each name its width, from where the column before ends, or its first place and
            the place behind it, from 0: `{"id": 6, "name": (6, 26)}`.
        length: Of a record, without its line end; where the last column ends, if None.
        encoding: How fields are encoded: `"cp932"`, `"cp037"` (EBCDIC); a UTF-8 byte order mark is
            skipped.
        unit: Whether widths, places and length count bytes or characters.
        line_ends: Whether each record is a line; otherwise records follow each other at once.
        strip: Where padding is taken off a text; off numbers and dates it is taken on both sides.
        padding: The character with which fields are filled up; one of nothing else is NULL.
        rules: What must hold across the records, as for `files.csv`: `key`, `references`,
            `records` and `totals`.

    Raises:
        DefinitionError: If there is no file, the model is none, or the layout could not be cut.
            Nothing was read; whether the files exist is seen when they are checked or read.
    """
    from .fixed_format import FixedFormat  # noqa: PLC0415 - for who reads such files
    from .fixed_layout import FixedLayout, spans_of  # noqa: PLC0415 - for who reads such files

    spans = spans_of(columns)
    whole = max((end for _, _, end in spans), default=0) if length is None else length
    layout = FixedLayout(spans, whole, encoding, unit, line_ends, strip, padding)
    return file_of(where, model, FixedFormat(layout), rules)
