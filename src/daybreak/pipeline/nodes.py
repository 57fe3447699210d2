"""What a pipeline is made of: its root, its stages and its ends, as plain data.

Nothing here moves a record. What a stage does to a block stands in `stages`; what the roots of
other rooms mean, and what the ends mean, is known to those who run them.
"""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, TypeVar

from ..errors import DefinitionError, SpentSource
from ..model.retry import Retry
from .options import (
    SECONDS_EXPECTED,
    Collect,
    Lane,
    Workers,
    answers_at_once,
    is_seconds,
    lane_of,
    refuse_nonsense,
)
from .rate import Rate

if TYPE_CHECKING:
    from ..databases import Database

T_contra = TypeVar("T_contra", contravariant=True)

AnyIterable: TypeAlias = Iterable[Any] | AsyncIterable[Any]


# ---------------------------------------------------------------- roots


@dataclass(frozen=True)
class Root:
    """Where a pipeline begins. Every room defines its own, as frozen dataclasses of plain data."""

    def __str__(self) -> str:
        return type(self).__name__


@dataclass(frozen=True, eq=False)
class IterableRoot(Root):
    """Records of an iterable of this process, or of what a function returns at each opening."""

    items: AnyIterable | Callable[[], AnyIterable]
    claimed: Lock = field(default_factory=Lock, repr=False)
    """Taken for ever when an iterator, which can be read only once, is opened."""

    def claim(self) -> None:
        """Announce an opening.

        Raises:
            SpentSource: If it can be read only once, and was. Nothing was read.
        """
        if not isinstance(self.items, Iterator | AsyncIterator):
            return
        if _is_over(self.items) or not self.claimed.acquire(blocking=False):
            raise _spent(self.items)

    def unclaim(self) -> None:
        """Take back an opening in which nothing was read."""
        if self.claimed.locked():
            self.claimed.release()

    def read(self) -> Iterator[Any] | AsyncIterator[Any]:
        """Begin to read.

        Raises:
            SpentSource: If the function returned a generator that has ended already.
        """
        items = self.items
        if not isinstance(items, Iterable | AsyncIterable):
            items = items()
            if _is_over(items):
                raise _spent(items)
        return aiter(items) if isinstance(items, AsyncIterable) else iter(items)

    def __str__(self) -> str:
        return f"source {label_of(self.items)}"


@dataclass(frozen=True)
class Branch(Root):
    """Where a way of a split begins, while it is being written."""

    name: str

    def __str__(self) -> str:
        return f"split {self.name}"


def _is_over(items: object) -> bool:
    if isinstance(items, AsyncGenerator):
        return getattr(items, "ag_frame", items) is None
    return isinstance(items, Generator) and inspect.getgeneratorstate(items) == inspect.GEN_CLOSED


def _spent(items: object) -> SpentSource:
    return SpentSource(
        f"source {label_of(items)} can be read only once, and was",
        hint="give source() a function that returns a new iterator, such as a generator function",
    )


# ---------------------------------------------------------------- stages


@dataclass(frozen=True)
class Stage:
    """One function over records, who calls it, and what happens when it fails.

    Raises:
        DefinitionError: If an option makes no sense.
    """

    name: str
    """By which reports, failures, `replace` and `insert_after` mean it; unique in its chain."""

    fn: Callable[..., Any]
    workers: Workers = 1
    """How many call the function at once. Neighbours with one worker may share one thread."""

    ordered: bool = True
    """Whether results leave in the order in which their records came."""

    on: Literal["thread", "process"] | None = None
    using: Callable[[], Any] | None = None
    """Opens what each worker has for itself, as a context manager."""

    rate: Rate | None = None
    retry: Retry | None = None
    timeout_s: float | None = None
    block: int | None = None
    """The most records that travel together; as many as are worth it unless said."""

    linger_s: float | None = None
    """How long a record may be kept waiting for others to travel with; not at all unless said."""

    errors: Collect | None = None
    """Whether failures are set aside; the first ends everything unless said."""

    def __post_init__(self) -> None:
        """Refuse what no engine could run."""
        refuse_nonsense(self.name, self.fn, self)

    @cached_property
    def lane(self) -> Lane:
        """Where the function runs."""
        return lane_of(self.fn, self.on)

    @property
    def is_plain(self) -> bool:
        """Whether it needs no threads, no loop and no processes of its own."""
        own = (self.using, self.rate, self.retry, self.block, self.linger_s)
        return self.lane == "thread" and self.workers == 1 and own == (None,) * len(own)

    def __str__(self) -> str:
        verb = VERBS[type(self)]
        words = [verb] if self.name == verb else [verb, self.name]
        if told := ", ".join(self._told()):
            words.append(f"({told})")
        return " ".join(words)

    def _told(self) -> Iterator[str]:
        if self.workers == "auto":
            yield "workers chosen while it runs"
        elif self.workers > 1:
            yield f"{self.workers} workers"
        if self.lane != "thread":
            yield {"async": "on the event loop", "process": "in processes"}[self.lane]
        if self.rate is not None:
            yield str(self.rate)
        if self.retry is not None:
            yield f"{self.retry.attempts} attempts"
        if self.timeout_s is not None:
            yield f"at most {self.timeout_s:g} s"
        if self.errors is not None:
            yield "collects errors"
        if not self.ordered:
            yield "unordered"


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


@dataclass(frozen=True)
class Group:
    """Records to lists of records."""

    name: str
    records: int
    """How many records a list has; the last may have fewer."""

    within_s: float | None = None
    """How long the first record of a list waits for the others; as long as it takes unless said."""

    def __post_init__(self) -> None:
        """Refuse sizes and times that make no sense."""
        if type(self.records) is not int or not 1 <= self.records <= GROUP_RECORDS_MAX:
            raise DefinitionError(
                f"expected group to have from 1 to {GROUP_RECORDS_MAX:,} records,"
                f" got {self.records!r}"
            )
        if self.within_s is not None and not is_seconds(self.within_s):
            raise DefinitionError(
                f"expected within_s to be {SECONDS_EXPECTED}, got {self.within_s!r}"
            )

    def __str__(self) -> str:
        within = "" if self.within_s is None else f" within {self.within_s:g} s"
        return f"group {self.records:,}{within}"


@dataclass(frozen=True)
class Merge:
    """The records of other pipelines come in between, as they come."""

    name: str
    others: tuple[tuple[Node, ...], ...]
    """Each a root with its stages."""

    def __str__(self) -> str:
        return "\n".join(["merge", *(indented(drawn(other), "| ") for other in self.others)])


@dataclass(frozen=True)
class Split:
    """Records go one of two ways, and come together again."""

    name: str
    predicate: Callable[[Any], bool]
    then: tuple[Inner, ...]
    """For which the predicate says yes."""

    otherwise: tuple[Inner, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot say yes or no at once."""
        if not answers_at_once(self.predicate):
            raise DefinitionError(
                f"expected the predicate of a split to be a plain function, got {self.predicate!r}",
                hint="let a map before it find out what the predicate asks for; that may be async",
            )

    def __str__(self) -> str:
        then = indented(drawn(self.then) or "unchanged", "| ")
        otherwise = indented(drawn(self.otherwise) or "unchanged", "| ")
        return f"split {self.name}\n  yes\n{then}\n  no\n{otherwise}"


GROUP_RECORDS_MAX: Final = 1_000_000

Inner: TypeAlias = Stage | Group | Merge | Split
"""What follows a root."""

Node: TypeAlias = Root | Inner


def drawn(nodes: Iterable[Node]) -> str:
    """Draw nodes for people, one a line."""
    return "\n".join(str(node) for node in nodes)


def indented(text: str, mark: str) -> str:
    """Set a drawing in, behind a mark."""
    return "\n".join(f"  {mark}{line}" for line in text.splitlines())


def chains_in(node: Node) -> tuple[tuple[Node, ...], ...]:
    """Return the chains of nodes inside a node."""
    if isinstance(node, Split):
        return (node.then, node.otherwise)
    return node.others if isinstance(node, Merge) else ()


def roots_in(nodes: Iterable[Node]) -> Iterator[Root]:
    """Find every root, also inside."""
    for node in nodes:
        if isinstance(node, Root):
            yield node
        for chain in chains_in(node):
            yield from roots_in(chain)


def names_in(nodes: Iterable[Node]) -> Iterator[str]:
    """Find the name of every node that is no root, also inside."""
    for node in nodes:
        if not isinstance(node, Root):
            yield node.name
        for chain in chains_in(node):
            yield from names_in(chain)


def name_of(fn: object) -> str:
    """Return the name of a function as its author wrote it, or "" if it has none."""
    name = getattr(fn, "__name__", "")
    return "" if not isinstance(name, str) or name == "<lambda>" else name


def label_of(value: object) -> str:
    """Return what a person calls a function or a source: its name, or its repr cut short."""
    return name_of(value) or reprlib.repr(value)


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
