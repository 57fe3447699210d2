"""From what was typed to files of a format: `files.csv(...)`, `files.json(...)`, by their names.

The formats are looked up in the door `daybreak.files`, and what they can be told in their own
signatures: a format that is added there is known here.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from .. import files
from ..connectors.file_root import File
from ..connectors.file_rules import Rules
from ..errors import DefinitionError, ParameterError

SUFFIXES: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".xml": "xml",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "excel",
}
_PACKED: Final = {
    ".gz": "gunzip --keep",
    ".zst": "unzstd",
    ".zip": "unzip",
    ".bz2": "bunzip2 --keep",
    ".xz": "unxz --keep",
    ".tar": "tar -xf",
    ".tgz": "tar -xzf",
}
"""How each is unpacked."""

_OTHER_SHEETS: Final = (".xls", ".xlsb", ".ods", ".numbers")
_TRUTHS: Final = {"true": True, "false": False}
_KINDS: Final = {bool: "true or false", int: "a whole number"}
"""What an option must be whose default is of a type."""


def files_of(paths: Sequence[Path], model: type | None, options: Mapping[str, Any]) -> File[Any]:
    """Return a pipeline of files, as a job would write it.

    Args:
        paths: The files.
        model: What a record is.
        options: The command's, as click read them.

    Raises:
        DefinitionError: If the format is not known, or cannot be told what was asked for.
    """
    kind = options["form"] or format_of(paths)
    make = _maker(kind)
    told = _told(kind, paths, options)
    _refuse_unknown(make, kind, told)
    arguments = [paths if len(paths) > 1 else paths[0], *([] if model is None else [model])]
    try:
        found: File[Any] = make(*arguments, **told)
    except (TypeError, AttributeError) as error:  # an option is missing, or of another kind
        raise DefinitionError(
            f"files.{kind} cannot be made of this: {error}",
            hint="say what is missing with --option NAME=VALUE; what has parts is JSON in brackets",
        ) from error
    return found


def format_of(paths: Sequence[Path]) -> str:
    """Guess a format by suffixes.

    Raises:
        ParameterError: If a suffix says nothing, or they differ.
    """
    kinds = {}
    for path in paths:
        suffix = path.suffix.lower()
        if suffix in _PACKED:
            raise ParameterError(
                f"{path.name} is packed", hint=f"unpack it first: {_PACKED[suffix]} {path}"
            )
        if suffix in _OTHER_SHEETS:
            raise ParameterError(
                f"{path.name} is a spreadsheet of another kind than .xlsx",
                hint="open it in its program, and save it as .xlsx",
            )
        if suffix not in SUFFIXES:
            raise ParameterError(
                f"cannot tell the format of {path.name!r} by its suffix",
                hint="say it with --format",
            )
        kinds[SUFFIXES[suffix]] = path.name
    if len(kinds) > 1:
        raise ParameterError(
            f"the files have several formats: {', '.join(kinds.values())}",
            hint="check those of one format at a time, or say it with --format",
        )
    return next(iter(kinds))


def _maker(kind: str) -> Callable[..., File[Any]]:
    make: Callable[..., File[Any]] | None = getattr(files, kind, None)
    if make is None:
        raise DefinitionError(
            f"this version of Daybreak cannot read {kind} files",
            hint=f"convert the file; it reads: {', '.join(known_formats())}",
        )
    return make


def known_formats() -> list[str]:
    """Return the formats that files can have in this version."""
    return [name for name in files.__all__ if not isinstance(getattr(files, name), type)]


def _told(kind: str, paths: Sequence[Path], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the format is told: only what was typed, so that its own defaults hold."""
    told = {
        name: options[name]
        for name in ("delimiter", "encoding", "null")
        if options[name] is not None
    }
    if "delimiter" in told:
        told["delimiter"] = told["delimiter"].replace("\\t", "\t")
    elif kind == "csv" and all(path.suffix.lower() == ".tsv" for path in paths):
        told["delimiter"] = "\t"
    if options["key"] is not None:
        names = [name.strip() for name in options["key"].split(",")]
        told["key"] = names[0] if len(names) == 1 else tuple(names)
    for text in options["options"]:
        name, equals, value = text.partition("=")
        if not equals:
            raise ParameterError(f"expected --option NAME=VALUE, got {text!r}")
        told[name.replace("-", "_")] = _value(value)
    if "trailer" in told:
        told["trailer"] = _trailer(told["trailer"])
    return told


def _trailer(given: Any) -> files.Trailer:
    """Return a trailer by its mark, or by all that it says."""
    facts = given if isinstance(given, dict) else {"mark": given}
    try:
        return files.Trailer(**facts)
    except TypeError as error:
        raise ParameterError(
            f"expected a trailer, got {given!r}: {error}",
            hint='write --option trailer=T, or \'trailer={"mark": "T", "totals": {"amount": 3}}\'',
        ) from error


def _value(text: str) -> Any:
    """Read the value of an option: true, false, a whole number, JSON in brackets, else text."""
    if text in _TRUTHS:
        return _TRUTHS[text]
    if text[:1] in ("{", "["):
        try:
            return _tuples(json.loads(text))
        except ValueError as error:
            raise ParameterError(f"expected JSON in brackets, got {text!r}: {error}") from error
    return int(text) if text.isascii() and text.isdecimal() else text


def _tuples(value: Any) -> Any:
    """Return JSON data with tuples in place of lists, as one writes them in Python."""
    if isinstance(value, dict):
        return {name: _tuples(one) for name, one in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _refuse_unknown(make: Callable[..., Any], kind: str, told: Mapping[str, Any]) -> None:
    parameters = inspect.signature(make).parameters
    known = {name for name, one in parameters.items() if one.kind is inspect.Parameter.KEYWORD_ONLY}
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values()):
        known |= set(Rules.__annotations__)
    for name in told:
        if name not in known:
            raise ParameterError(
                f"{kind} files have no {name!r} in this version of Daybreak",
                hint=f"they can be told: {', '.join(sorted(known)) or 'nothing'}",
            )
        default = parameters[name].default if name in parameters else None
        wanted = _KINDS.get(type(default))
        if wanted is not None and type(told[name]) is not type(default):
            raise ParameterError(f"expected {name} to be {wanted}, got {told[name]!r}")
