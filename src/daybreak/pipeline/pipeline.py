"""The public `Pipeline`: an immutable, typed chain of stages behind a source.

The verbs only add nodes; nothing runs before `open`, `collect` or `run`, and what has an end
(`into`, `each`, `each_chunk`) is run by a job.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeGuard, TypeVar, overload

from typing_extensions import TypeIs, Unpack

from ..errors import DefinitionError
from .engine import Results, opened
from .nodes import (
    VERBS,
    Each,
    EachChunk,
    Filter,
    FlatMap,
    Into,
    IterableRoot,
    Map,
    Node,
    Root,
    Sink,
    Stage,
    Tap,
    name_of,
)
from .work import Work

if TYPE_CHECKING:
    from ..abc import Transaction
    from ..databases import Database
    from .meter import Report

T = TypeVar("T")
U = TypeVar("U")
T_co = TypeVar("T_co", covariant=True)


class StageOptions(TypedDict, total=False):
    """What can be said of any stage."""

    workers: int
    """Threads that call the function; 1 unless said."""

    ordered: bool
    """Whether results keep the order of their records; they do unless said."""

    name: str | None
    """By which reports, failures, `replace` and `insert_after` mean it; else the function's."""


@dataclass(frozen=True)
class Pipeline(Generic[T_co]):
    """Records from a source, through stages; a value that can be shared, extended and opened.

    Other rooms subclass it for sources of their own; every verb returns a plain pipeline.
    """

    nodes: tuple[Node, ...]
    """The root, then the stages."""

    def __post_init__(self) -> None:
        """Refuse a chain without a beginning."""
        assert self.nodes, "a pipeline has a root"
        assert isinstance(self.nodes[0], Root), "the first node is the root"
        assert all(isinstance(node, Stage) for node in self.nodes[1:]), "the others are stages"

    @property
    def root(self) -> Root:
        """Where the records come from."""
        root = self.nodes[0]
        assert isinstance(root, Root)
        return root

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What happens to them, in order."""
        return tuple(node for node in self.nodes[1:] if isinstance(node, Stage))

    # ------------------------------------------------------------ stages

    def map(self, fn: Callable[[T_co], U], /, **options: Unpack[StageOptions]) -> Pipeline[U]:
        """Turn each record into another."""
        return self._then(Map, fn, options)

    @overload
    def filter(
        self, fn: Callable[[T_co], TypeIs[U]], /, **options: Unpack[StageOptions]
    ) -> Pipeline[U]: ...
    @overload
    def filter(
        self, fn: Callable[[T_co], TypeGuard[U]], /, **options: Unpack[StageOptions]
    ) -> Pipeline[U]: ...
    @overload
    def filter(
        self, fn: Callable[[T_co], bool], /, **options: Unpack[StageOptions]
    ) -> Pipeline[T_co]: ...
    def filter(
        self, fn: Callable[[T_co], Any], /, **options: Unpack[StageOptions]
    ) -> Pipeline[Any]:
        """Let only those records go on for which the function says yes."""
        return self._then(Filter, fn, options)

    def flat_map(
        self, fn: Callable[[T_co], Iterable[U]], /, **options: Unpack[StageOptions]
    ) -> Pipeline[U]:
        """Turn each record into any number of others."""
        return self._then(FlatMap, fn, options)

    def tap(self, fn: Callable[[T_co], None], /, **options: Unpack[StageOptions]) -> Pipeline[T_co]:
        """Do something at each record, which goes on unchanged."""
        return self._then(Tap, fn, options)

    def replace(self, stage: str, fn: Callable[..., Any], /) -> Pipeline[T_co]:
        """Exchange the function of one stage; its name and its options stay.

        Raises:
            DefinitionError: If there is no such stage.
        """
        index = self._index_of(stage)
        exchanged = replace(self.stages[index - 1], fn=fn)
        return Pipeline((*self.nodes[:index], exchanged, *self.nodes[index + 1 :]))

    def insert_after(self, stage: str, fn: Callable[..., Any], /) -> Pipeline[T_co]:
        """Turn each record into another right after one stage.

        Raises:
            DefinitionError: If there is no such stage.
        """
        index = self._index_of(stage) + 1
        added = Map(self._free_name(Map, fn), fn)
        return Pipeline((*self.nodes[:index], added, *self.nodes[index:]))

    # ------------------------------------------------------------ ends

    def into(self, sink: Sink[T_co], /) -> Work:
        """End in a sink: what a step returns."""
        return Work(self, Into(sink))

    def each(
        self, fn: Callable[[T_co, Transaction], None], /, *, database: Database | None = None
    ) -> Work:
        """End in a function that is given each record and the transaction of its chunk.

        Args:
            fn: Its effects go through the transaction only: it may be called again.
            database: Where the transaction is; by default the source's.
        """
        return Work(self, Each(fn, database))

    def each_chunk(
        self,
        fn: Callable[[Sequence[T_co], Transaction], None],
        /,
        *,
        database: Database | None = None,
    ) -> Work:
        """End in a function that is given the records of a chunk and its transaction.

        Args:
            fn: Its effects go through the transaction only: it may be called again.
            database: Where the transaction is; by default the source's.
        """
        return Work(self, EachChunk(fn, database))

    # ------------------------------------------------------------ running it without a job

    def open(self, *, deadline_s: float | None = None) -> AbstractContextManager[Results[T_co]]:
        """Run it while a `with` block lasts; leaving the block joins every thread.

        The first error of a function cancels everything and is raised from the results, or at
        leaving. A `break` cancels.

        Args:
            deadline_s: Seconds after which everything is cancelled; None for no deadline.

        Raises:
            DefinitionError: If only a job can read the source.
            SpentSource: If the source can be read only once, and was; at entering.
            DeadlinePassed: If the deadline has passed; from the results, or at leaving.
            StuckWorker: If a function did not return by the deadline; at leaving.
        """
        if not isinstance(self.root, IterableRoot):
            raise DefinitionError(
                f"a pipeline that begins with {self.root} cannot be opened without a job",
                hint="return it from a step, with an end such as .into(...)",
            )
        return opened(self.root, self.stages, deadline_s=deadline_s)

    def collect(self, *, deadline_s: float | None = None) -> list[T_co]:
        """Run it and return all results; raises what `open` raises."""
        with self.open(deadline_s=deadline_s) as results:
            return list(results)

    def run(self, *, deadline_s: float | None = None) -> Report:
        """Run it for its effects, dropping the results; raises what `open` raises."""
        with self.open(deadline_s=deadline_s) as results:
            for _ in results:
                pass
        return results.report

    def __str__(self) -> str:
        return "\n  ".join(str(node) for node in self.nodes)

    def __repr__(self) -> str:
        return f"<Pipeline {' -> '.join(str(node) for node in self.nodes)}>"

    # ------------------------------------------------------------ names

    def _then(
        self, kind: type[Stage], fn: Callable[..., Any], options: StageOptions
    ) -> Pipeline[Any]:
        if unknown := sorted(set(options) - StageOptions.__optional_keys__):
            raise DefinitionError(
                f"unknown option {unknown[0]!r}", hint="a stage takes workers, ordered and name"
            )
        name = options.get("name") or self._free_name(kind, fn)
        if any(name == stage.name for stage in self.stages):
            raise DefinitionError(
                f"two stages are named {name!r}", hint="give each stage a name of its own"
            )
        stage = kind(name, fn, options.get("workers", 1), options.get("ordered", True))
        return Pipeline((*self.nodes, stage))

    def _free_name(self, kind: type[Stage], fn: object) -> str:
        """Name a stage after its function, or its verb, and number it if that is taken."""
        wanted = name_of(fn) or VERBS[kind]
        taken = {stage.name for stage in self.stages}
        number, name = 1, wanted
        while name in taken:
            number += 1
            name = f"{wanted}-{number}"
        return name

    def _index_of(self, name: str) -> int:
        names = [stage.name for stage in self.stages]
        if name not in names:
            raise DefinitionError(
                f"there is no stage {name!r}", hint=f"it has: {', '.join(names) or 'no stages'}"
            )
        return names.index(name) + 1


@overload
def source(items: Iterable[T], /) -> Pipeline[T]: ...
@overload
def source(items: Callable[[], Iterable[T]], /) -> Pipeline[T]: ...
def source(items: Iterable[T] | Callable[[], Iterable[T]], /) -> Pipeline[T]:
    """Begin a pipeline with the records of an iterable.

    Args:
        items: An iterable, or a function that returns a new one at each opening (a generator
            function). An iterator can be opened once only.

    Raises:
        DefinitionError: If it is neither.
    """
    if not isinstance(items, Iterable) and not callable(items):
        raise DefinitionError(f"expected an iterable or a function that returns one, got {items!r}")
    return Pipeline((IterableRoot(items),))
