"""What a task gave, as JSON text in the ledger, and back: `run[step]` answers the same afterwards.

The return annotation says how. Ordinary types are pydantic's. A path is kept relative to the run's
folder where it lies inside, with the facts by which its files are recognised; a pipeline is kept if
it is nothing but files with an importable model (`kept_pipeline`). Both may stand alone or inside
named tuples, dataclasses, lists, tuples and dicts.
"""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Protocol, Union, get_args, get_origin, get_type_hints

from ..connectors.fingerprint import fingerprint_of, verify
from ..errors import DefinitionError, SourceChanged
from ..pipeline import Pipeline
from .kept_pipeline import pipeline_as_data, pipeline_from_data

FOLDER_FILES_MAX: Final = 10_000
"""Files of a folder that a step may return: each is read at three places at every resume."""


def to_json(value: object, annotation: object, folder: Path) -> str:
    """Return a task's value as JSON text.

    Args:
        value: What the task returned.
        annotation: Its return annotation, resolved; `inspect.Parameter.empty` where it has none.
        folder: The run's.

    Raises:
        DefinitionError: If `from_json` could not give back an equal value. Nothing was kept.
    """
    try:
        data = _keeper(annotation).as_data(value, folder)
    except _Unkeepable as exc:
        raise DefinitionError(
            f"what the step returned cannot be kept as {_shown(annotation)}: {exc}",
            hint="return what its annotation says: JSON-like values, dates, paths, models, files",
        ) from exc
    return json.dumps(data, ensure_ascii=False)


def from_json(text: str, annotation: object, folder: Path) -> Any:
    """Return the value that `to_json` kept.

    Raises:
        SourceChanged: If a path is gone, or is not what it was when the step ended.
        DefinitionError: If the annotation is another one by now, so that the text does not fit.
    """
    try:
        return _keeper(annotation).from_data(json.loads(text), folder)
    except _Unkeepable as exc:
        raise DefinitionError(
            f"what the step returned in an earlier attempt is no {_shown(annotation)}: {exc}",
            hint="the annotation was changed meanwhile: undo that, or run the step again",
        ) from exc


def _shown(annotation: object) -> str:
    return inspect.formatannotation(annotation)


class _Unkeepable(Exception):  # noqa: N818 - a verdict, raised and caught here
    """A value does not survive; the message says why."""


class _Keeper(Protocol):
    """How values of one annotation are kept."""

    def as_data(self, value: Any, folder: Path) -> Any:
        """Return JSON data."""
        ...

    def from_data(self, data: Any, folder: Path) -> Any:
        """Return the value again."""
        ...


# ---------------------------------------------------------------- leaves


class _Plain:
    """Whatever pydantic writes as JSON and reads again as an equal value."""

    def __init__(self, annotation: Any) -> None:
        from pydantic import TypeAdapter  # noqa: PLC0415 - heavy

        try:
            self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        except Exception as exc:  # an annotation's own code may raise whatever it likes
            raise _Unkeepable(_first_line(exc)) from exc

    def as_data(self, value: Any, folder: Path) -> Any:
        try:
            data = json.loads(self._adapter.dump_json(value, warnings="error"))
        except Exception as exc:
            raise _Unkeepable(_first_line(exc)) from exc
        if (back := self.from_data(data, folder)) != value:
            raise _Unkeepable(f"{value!r} would come back as {back!r}")
        return data

    def from_data(self, data: Any, folder: Path) -> Any:  # noqa: ARG002 - one of several keepers
        try:
            return self._adapter.validate_json(json.dumps(data))
        except ValueError as exc:
            raise _Unkeepable(_first_line(exc)) from exc


class _PathKeeper:
    """A path, with the facts about its file, or about every file in its folder."""

    def as_data(self, value: Any, folder: Path) -> Any:
        if not isinstance(value, Path):
            raise _Unkeepable(f"{value!r} is no Path")
        return {"path": path_as_text(value, folder), "files": _facts_of(value)}

    def from_data(self, data: Any, folder: Path) -> Path:
        if not isinstance(data, dict) or "files" not in data:
            raise _Unkeepable(f"{data!r} is no path")
        path: Path = folder / data["path"]
        if not path.exists():
            raise SourceChanged(
                f"{path.name} is gone",
                hint="put it back, or begin a new run with --again",
                file=path,
            )
        for inner, facts in data["files"].items():
            verify(path / inner, facts)
        return path


def path_as_text(path: Path, folder: Path) -> str:
    """Return a path relative to the run's folder if it lies inside, else absolute."""
    path, folder = path.absolute(), folder.absolute()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _facts_of(path: Path) -> dict[str, Any]:
    if path.is_file():
        return {"": fingerprint_of(path)}
    if not path.is_dir():
        raise _Unkeepable(f"the path {str(path)!r} does not exist")
    files = [inner for inner in sorted(path.rglob("*")) if inner.is_file()]
    if len(files) > FOLDER_FILES_MAX:
        raise _Unkeepable(
            f"the folder {str(path)!r} holds {len(files):,} files, more than {FOLDER_FILES_MAX:,}"
        )
    return {inner.relative_to(path).as_posix(): fingerprint_of(inner) for inner in files}


class _PipelineKeeper:
    """A pipeline that is nothing but files."""

    def as_data(self, value: Any, folder: Path) -> Any:
        try:
            return pipeline_as_data(value, lambda path: path_as_text(path, folder))
        except ValueError as exc:
            raise _Unkeepable(str(exc)) from exc

    def from_data(self, data: Any, folder: Path) -> Any:
        try:
            return pipeline_from_data(data, folder)
        except (ValueError, KeyError, TypeError) as exc:
            raise _Unkeepable(str(exc)) from exc


# ---------------------------------------------------------------- structures


@dataclass(frozen=True)
class _Fields:
    """Named tuples and dataclasses."""

    cls: Callable[..., Any]
    of: Mapping[str, _Keeper]

    def as_data(self, value: Any, folder: Path) -> Any:
        if type(value) is not self.cls:
            raise _Unkeepable(f"{value!r} is no {_shown(self.cls)}")
        return {name: keep.as_data(getattr(value, name), folder) for name, keep in self.of.items()}

    def from_data(self, data: Any, folder: Path) -> Any:
        if not isinstance(data, dict) or data.keys() != self.of.keys():
            raise _Unkeepable("it has other fields")
        return self.cls(
            **{name: keep.from_data(data[name], folder) for name, keep in self.of.items()}
        )


@dataclass(frozen=True)
class _Items:
    """Lists and tuples of any length, their items all of one kind."""

    cls: Callable[[list[Any]], Any]
    of: _Keeper

    def as_data(self, value: Any, folder: Path) -> Any:
        if type(value) is not self.cls:
            raise _Unkeepable(f"{value!r} is no {_shown(self.cls)}")
        return [self.of.as_data(one, folder) for one in value]

    def from_data(self, data: Any, folder: Path) -> Any:
        if not isinstance(data, list):
            raise _Unkeepable("it is no list")
        return self.cls([self.of.from_data(one, folder) for one in data])


@dataclass(frozen=True)
class _Places:
    """Tuples of a fixed length, each place of its own kind."""

    of: Sequence[_Keeper]

    def as_data(self, value: Any, folder: Path) -> Any:
        if not isinstance(value, tuple) or len(value) != len(self.of):
            raise _Unkeepable(f"{value!r} is no tuple of {len(self.of)}")
        return [keep.as_data(one, folder) for keep, one in zip(self.of, value, strict=True)]

    def from_data(self, data: Any, folder: Path) -> Any:
        if not isinstance(data, list) or len(data) != len(self.of):
            raise _Unkeepable(f"it is no tuple of {len(self.of)}")
        return tuple(keep.from_data(one, folder) for keep, one in zip(self.of, data, strict=True))


@dataclass(frozen=True)
class _Values:
    """Dicts with text for keys."""

    of: _Keeper

    def as_data(self, value: Any, folder: Path) -> Any:
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            raise _Unkeepable(f"{value!r} is no dict with text for keys")
        return {name: self.of.as_data(one, folder) for name, one in value.items()}

    def from_data(self, data: Any, folder: Path) -> Any:
        if not isinstance(data, dict):
            raise _Unkeepable("it is no dict")
        return {name: self.of.from_data(one, folder) for name, one in data.items()}


@dataclass(frozen=True)
class _Maybe:
    """`X | None`."""

    of: _Keeper

    def as_data(self, value: Any, folder: Path) -> Any:
        return None if value is None else self.of.as_data(value, folder)

    def from_data(self, data: Any, folder: Path) -> Any:
        return None if data is None else self.of.from_data(data, folder)


# ---------------------------------------------------------------- from an annotation to its keeper


def _keeper(annotation: Any) -> _Keeper:
    """Return how values of an annotation are kept; structures without paths and files are plain."""
    if annotation is inspect.Parameter.empty:
        return _Plain(Any)
    kind = get_origin(annotation) or annotation
    if kind is Annotated:
        inner = _keeper(get_args(annotation)[0])
        return _Plain(annotation) if isinstance(inner, _Plain) else inner
    if isinstance(kind, type) and issubclass(kind, Pipeline):
        return _PipelineKeeper()
    if kind is Path:
        return _PathKeeper()
    return _structure(kind, annotation) or _Plain(annotation)


def _structure(kind: Any, annotation: Any) -> _Keeper | None:
    """Return the keeper of a structure that holds paths or files somewhere, else None."""
    args = get_args(annotation)
    keeper: _Keeper | None = None
    if kind in (Union, types.UnionType):
        keeper = _maybe(args)
    elif kind in (list, Sequence, tuple, dict, Mapping) and args:
        keeper = _collection(kind, args)
    elif isinstance(kind, type) and (is_dataclass(kind) or hasattr(kind, "_fields")):
        of = _fields_of(kind)
        keeper = _unless_plain(list(of.values()), _Fields(kind, of))
    return keeper


def _collection(kind: Any, args: tuple[Any, ...]) -> _Keeper | None:
    if kind is tuple and Ellipsis not in args:
        places = [_keeper(arg) for arg in args]
        return _unless_plain(places, _Places(places))
    if kind in (dict, Mapping):
        value = _keeper(args[1])
        return _unless_plain([value], _Values(value))
    item = _keeper(args[0])
    return _unless_plain([item], _Items(tuple if kind is tuple else list, item))


def _unless_plain(parts: Sequence[_Keeper], keeper: _Keeper) -> _Keeper | None:
    return None if all(isinstance(part, _Plain) for part in parts) else keeper


def _maybe(args: tuple[Any, ...]) -> _Keeper | None:
    keepers = [_keeper(arg) for arg in args if arg is not type(None)]
    if all(isinstance(keeper, _Plain) for keeper in keepers):
        return None
    if len(keepers) > 1:
        raise _Unkeepable("it may be of several types, and paths or files are among them")
    return _Maybe(keepers[0])


def _fields_of(kind: type) -> dict[str, _Keeper]:
    try:
        hints = get_type_hints(kind, include_extras=True)
    except NameError as exc:
        raise _Unkeepable(f"its annotations cannot be resolved: {exc}") from exc
    names = getattr(kind, "_fields", None)
    if names is None:
        names = [field.name for field in fields(kind) if field.init]
    return {name: _keeper(hints.get(name, Any)) for name in names}


def _first_line(exc: Exception) -> str:
    return " ".join(str(exc).split("\n")[:3])
