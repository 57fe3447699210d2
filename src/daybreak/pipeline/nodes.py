"""What a pipeline is made of: its root, its stages and its ends, as plain data.

Nothing here moves a record. What a stage does to a block stands in `stages`; what the roots of
other rooms mean, and what the ends mean, is known to those who run them.
"""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar

from ..errors import DefinitionError, SpentSource

if TYPE_CHECKING:
    from ..databases import Database

T_contra = TypeVar("T_contra", contravariant=True)

WORKERS_MAX: Final = 1_000
"""Threads of one stage; more than this is a slip of the finger."""


# ---------------------------------------------------------------- roots


@dataclass(frozen=True)
class Root:
    """Where a pipeline begins. Every room defines its own, as frozen dataclasses of plain data."""

    def __str__(self) -> str:
        return type(self).__name__


@dataclass(frozen=True, eq=False)
class IterableRoot(Root):
    """Records of an iterable of this process, or of what a function returns at each opening."""

    items: Iterable[Any] | Callable[[], Iterable[Any]]
    claimed: Lock = field(default_factory=Lock, repr=False)
    """Taken for ever when an iterator, which can be read only once, is opened."""

    def claim(self) -> None:
        """Announce an opening.

        Raises:
            SpentSource: If it can be read only once, and was. Nothing was read.
        """
        if not isinstance(self.items, Iterator):
            return
        if _is_over(self.items) or not self.claimed.acquire(blocking=False):
            raise _spent(self.items)

    def read(self) -> Iterator[Any]:
        """Begin to read.

        Raises:
            SpentSource: If the function returned a generator that has ended already.
        """
        if isinstance(self.items, Iterable):
            return iter(self.items)
        items = self.items()
        if _is_over(items):
            raise _spent(items)
        return iter(items)

    def __str__(self) -> str:
        return f"source {label_of(self.items)}"


def _is_over(items: object) -> bool:
    return isinstance(items, Generator) and inspect.getgeneratorstate(items) == inspect.GEN_CLOSED


def _spent(items: object) -> SpentSource:
    return SpentSource(
        f"source {label_of(items)} can be read only once, and was",
        hint="give source() a function that returns a new iterator, such as a generator function",
    )


# ---------------------------------------------------------------- stages


@dataclass(frozen=True)
class Stage:
    """One function over records, and how many workers it has."""

    name: str
    """By which reports, failures, `replace` and `insert_after` mean it; unique in its pipeline."""

    fn: Callable[..., Any]
    workers: int = 1
    """Threads that call the function. Neighbours with one worker share one thread."""

    ordered: bool = True
    """Whether results leave in the order in which their records came."""

    def __post_init__(self) -> None:
        """Refuse what no engine could run."""
        if not callable(self.fn):
            raise DefinitionError(f"expected stage {self.name!r} to be a function, got {self.fn!r}")
        if inspect.iscoroutinefunction(self.fn) or inspect.isasyncgenfunction(self.fn):
            raise DefinitionError(
                f"expected stage {self.name!r} to be a plain function, got an async one",
                hint="wait inside a plain function, and give the stage workers",
            )
        if type(self.workers) is not int or not 1 <= self.workers <= WORKERS_MAX:
            raise DefinitionError(
                f"expected workers to be an integer from 1 to {WORKERS_MAX}, got {self.workers!r}",
                stage=self.name,
            )

    def __str__(self) -> str:
        verb = VERBS[type(self)]
        words = [verb] if self.name == verb else [verb, self.name]
        if self.workers > 1:
            words.append(f"({self.workers} workers{'' if self.ordered else ', unordered'})")
        return " ".join(words)


class Map(Stage):
    """One record to one record."""


class Filter(Stage):
    """A record goes on, or does not."""


class FlatMap(Stage):
    """One record to any number of records."""


class Tap(Stage):
    """An effect or a check on the way; the record goes on unchanged."""


VERBS: Final[dict[type[Stage], str]] = {
    Map: "map",
    Filter: "filter",
    FlatMap: "flat_map",
    Tap: "tap",
}

Node: TypeAlias = Root | Stage


def name_of(fn: object) -> str:
    """Return the name of a function as its author wrote it, or "" if it has none."""
    name = getattr(fn, "__name__", "")
    return "" if not isinstance(name, str) or name == "<lambda>" else name


def label_of(value: object) -> str:
    """Return what a person calls a function or a source: its name, or its repr cut short."""
    return name_of(value) or reprlib.repr(value)


@dataclass(frozen=True)
class Segment:
    """Stages that run in the same threads: neighbours with one worker, or one with several."""

    stages: tuple[Stage, ...]

    @property
    def workers(self) -> int:
        """How many threads it has."""
        return self.stages[0].workers

    @property
    def ordered(self) -> bool:
        """Whether its results leave in the order in which their records came."""
        return self.stages[0].ordered

    @property
    def name(self) -> str:
        """The names of its stages, for people."""
        return "+".join(stage.name for stage in self.stages)


def segments(stages: Sequence[Stage]) -> list[Segment]:
    """Join neighbouring stages that need no threads of their own."""
    joined: list[Segment] = []
    for stage in stages:
        if joined and stage.workers == 1 and joined[-1].workers == 1:
            joined[-1] = Segment((*joined[-1].stages, stage))
        else:
            joined.append(Segment((stage,)))
    return joined


# ---------------------------------------------------------------- ends


class Sink(Protocol[T_contra]):
    """Where the records of a step may go; for type checkers: who accepts which records."""

    def accepts(self, record: T_contra, /) -> None:
        """Say to type checkers which records fit; never called."""


@dataclass(frozen=True)
class Into:
    """The end `into(sink)`."""

    sink: Sink[Any]

    def __str__(self) -> str:
        return f"into {reprlib.repr(self.sink)}"


@dataclass(frozen=True)
class Each:
    """The end `each(fn)`: one call for a record, in the transaction of its chunk."""

    fn: Callable[[Any, Any], None]
    database: Database | None

    def __str__(self) -> str:
        return f"each {label_of(self.fn)}"


@dataclass(frozen=True)
class EachChunk:
    """The end `each_chunk(fn)`: one call for a chunk, in its transaction."""

    fn: Callable[[Any, Any], None]
    database: Database | None

    def __str__(self) -> str:
        return f"each_chunk {label_of(self.fn)}"


End: TypeAlias = Into | Each | EachChunk
