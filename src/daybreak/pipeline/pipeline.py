"""The public `Pipeline`: an immutable, typed chain of stages behind a source.

The verbs only add nodes; nothing runs before `open`, `collect` or `run`, and what has an end
(`into`, `each`, `each_chunk`) is run by a job.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterable, Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    TypeGuard,
    TypeVar,
    overload,
)

from typing_extensions import TypeIs, Unpack, deprecated

from ..errors import DefinitionError
from .editing import added, edited, nodes_of, with_function
from .engine import Results, opened
from .nodes import (
    VERBS,
    Branch,
    Each,
    EachChunk,
    Filter,
    FlatMap,
    Group,
    Inner,
    Into,
    IterableRoot,
    Map,
    Merge,
    Node,
    Root,
    Sink,
    Split,
    Stage,
    Tap,
    name_of,
    names_in,
    roots_in,
)
from .rate import Rate
from .stage_options import PlainOptions, StageOptions, refuse_unknown
from .work import Work

if TYPE_CHECKING:
    from ..abc import Transaction
    from ..databases import Database
    from .report import Report

T = TypeVar("T")
U = TypeVar("U")
V = TypeVar("V")
R = TypeVar("R")
T_co = TypeVar("T_co", covariant=True)


class _Refused:
    """What a type checker sees of a chain that makes no sense: it has no verbs."""


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
        assert not any(isinstance(node, Root) for node in self.nodes[1:]), "it has one root"

    @property
    def root(self) -> Root:
        """Where the records come from."""
        root = self.nodes[0]
        assert isinstance(root, Root)
        return root

    @property
    def inner(self) -> tuple[Inner, ...]:
        """What happens to them, in order."""
        return tuple(node for node in self.nodes[1:] if not isinstance(node, Root))

    # ------------------------------------------------------------ stages

    @overload
    @deprecated("an async function runs on the event loop; drop on=, or give a plain function")
    def map(  # type: ignore[overload-overlap]
        self,
        fn: Callable[[T_co], Coroutine[Any, Any, U]],
        /,
        *,
        on: Literal["thread", "process"],
        **options: Unpack[StageOptions],
    ) -> _Refused: ...
    @overload
    def map(
        self, fn: Callable[[T_co], Coroutine[Any, Any, U]], /, **options: Unpack[StageOptions]
    ) -> Pipeline[U]: ...
    @overload
    def map(
        self,
        fn: Callable[[T_co, R], Coroutine[Any, Any, U]],
        /,
        *,
        using: Callable[[], AbstractAsyncContextManager[R]],
        **options: Unpack[StageOptions],
    ) -> Pipeline[U]: ...
    @overload
    def map(  # pyright: ignore[reportOverlappingOverload]
        self, fn: Callable[[T_co], U], /, **options: Unpack[PlainOptions]
    ) -> Pipeline[U]: ...
    @overload
    def map(
        self,
        fn: Callable[[T_co, R], U],
        /,
        *,
        using: Callable[[], AbstractContextManager[R]],
        **options: Unpack[PlainOptions],
    ) -> Pipeline[U]: ...
    def map(self, fn: Callable[..., Any], /, **options: Any) -> Any:
        """Turn each record into another.

        An `async def` runs on the event loop, a plain function in threads, or in processes with
        `on="process"`. With `using`, each worker has something of its own, opened before its first
        record and closed behind its last, which the function is given as its second argument.

        Args:
            fn: The function.
            options: See `StageOptions`; further `on` and `using`.

        Raises:
            DefinitionError: If an option makes no sense.
        """
        return self._then(Map, fn, options)

    @overload
    def filter(
        self, fn: Callable[[T_co], TypeIs[U]], /, **options: Unpack[PlainOptions]
    ) -> Pipeline[U]: ...
    @overload
    def filter(
        self, fn: Callable[[T_co], TypeGuard[U]], /, **options: Unpack[PlainOptions]
    ) -> Pipeline[U]: ...
    @overload
    def filter(
        self, fn: Callable[[T_co], Coroutine[Any, Any, bool]], /, **options: Unpack[StageOptions]
    ) -> Pipeline[T_co]: ...
    @overload
    def filter(
        self, fn: Callable[[T_co], bool], /, **options: Unpack[PlainOptions]
    ) -> Pipeline[T_co]: ...
    def filter(self, fn: Callable[..., Any], /, **options: Any) -> Any:
        """Let only those records go on for which the function says yes; options as for `map`."""
        return self._then(Filter, fn, options)

    @overload
    def flat_map(
        self, fn: Callable[[T_co], AsyncIterable[U]], /, **options: Unpack[StageOptions]
    ) -> Pipeline[U]: ...
    @overload
    def flat_map(
        self,
        fn: Callable[[T_co], Coroutine[Any, Any, Iterable[U]]],
        /,
        **options: Unpack[StageOptions],
    ) -> Pipeline[U]: ...
    @overload
    def flat_map(
        self, fn: Callable[[T_co], Iterable[U]], /, **options: Unpack[PlainOptions]
    ) -> Pipeline[U]: ...
    def flat_map(self, fn: Callable[..., Any], /, **options: Any) -> Any:
        """Turn each record into any number of others; options as for `map`.

        With `retry`, all that one call makes is kept until it has ended.
        """
        return self._then(FlatMap, fn, options)

    @overload
    def tap(
        self, fn: Callable[[T_co], Coroutine[Any, Any, None]], /, **options: Unpack[StageOptions]
    ) -> Pipeline[T_co]: ...
    @overload
    def tap(
        self, fn: Callable[[T_co], None], /, **options: Unpack[PlainOptions]
    ) -> Pipeline[T_co]: ...
    def tap(self, fn: Callable[..., Any], /, **options: Any) -> Any:
        """Do something at each record, which goes on unchanged; options as for `map`."""
        return self._then(Tap, fn, options)

    def group(self, records: int, /, *, within_s: float | None = None) -> Pipeline[list[T_co]]:
        """Put records together in lists.

        Args:
            records: How many a list has; the last may have fewer.
            within_s: After how many seconds a list goes on although it has fewer; None for never.

        Raises:
            DefinitionError: If one of them is not positive.
        """
        return self._with(Group(self._free_name("group"), records, within_s))

    def merge(self, *others: Pipeline[U]) -> Pipeline[T_co | U]:
        """Let the records of other pipelines come in between, each as it comes.

        Raises:
            DefinitionError: If one of them is no pipeline.
        """
        return self._with(Merge(self._free_name("merge"), tuple(map(nodes_of, others))))

    def split(
        self,
        predicate: Callable[[T_co], bool],
        then: Callable[[Pipeline[T_co]], Pipeline[U]],
        otherwise: Callable[[Pipeline[T_co]], Pipeline[V]],
        /,
    ) -> Pipeline[U | V]:
        """Send records one of two ways, and bring them together again.

        Either way keeps its order; between the two, records come as they are ready.

        Args:
            predicate: Which way: yes is `then`.
            then: Adds stages for those with a yes.
            otherwise: Adds stages for the others.

        Raises:
            DefinitionError: If one of the functions gives another pipeline than it was given.
        """
        name = self._free_name(name_of(predicate) or "split")
        begun: Pipeline[Any] = Pipeline((Branch(name),))
        ways = [added(begun.nodes, getattr(way(begun), "nodes", ())) for way in (then, otherwise)]
        return self._with(Split(name, predicate, *ways))

    def replace(self, stage: str, fn: Callable[..., Any], /) -> Pipeline[T_co]:
        """Exchange the function of one stage; its name and its options stay.

        Raises:
            DefinitionError: If there is no such stage, or more than one, or it is a group, a merge
                or a split.
        """
        return Pipeline(edited(self.nodes, stage, lambda found: (with_function(found, fn),)))

    def insert_after(self, stage: str, fn: Callable[..., Any], /) -> Pipeline[T_co]:
        """Turn each record into another right after one stage, group, merge or split.

        Raises:
            DefinitionError: If there is no such stage, or more than one.
        """
        added = Map(self._free_name(name_of(fn) or VERBS[Map]), fn)
        return Pipeline(edited(self.nodes, stage, lambda found: (found, added)))

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
        leaving. A `break` cancels. In the main thread of a program that does not handle them
        itself, Ctrl-C and SIGTERM stop it, and cancel it the second time: see `Results.stop`.

        Args:
            deadline_s: Seconds after which everything is cancelled; None for no deadline.

        Raises:
            DefinitionError: If only a job can read a source.
            SpentSource: If a source can be read only once, and was; at entering.
            DeadlinePassed: If the deadline has passed; from the results, or at leaving.
            StuckWorker: If a function did not return by the deadline; at leaving.
        """
        for root in roots_in(self.nodes):
            if not isinstance(root, IterableRoot):
                raise DefinitionError(
                    f"a pipeline that begins with {root} cannot be opened without a job",
                    hint="return it from a step, with an end such as .into(...)",
                )
        return opened(self.nodes, deadline_s=deadline_s)

    def collect(self, *, deadline_s: float | None = None) -> list[T_co]:
        """Run it and return all results; raises what `open` raises."""
        with self.open(deadline_s=deadline_s) as results:
            return list(results)

    def run(self, *, deadline_s: float | None = None) -> Report:
        """Run it for its effects, dropping the results; raises what `open` raises."""
        with self.open(deadline_s=deadline_s) as results:
            deque(results, maxlen=0)
        return results.report

    def __str__(self) -> str:
        first, *inner = (str(node) for node in self.nodes)
        return "\n".join([first, *(f"  {line}" for each in inner for line in each.splitlines())])

    def __repr__(self) -> str:
        return f"<Pipeline {' -> '.join(' '.join(str(node).split()) for node in self.nodes)}>"

    # ------------------------------------------------------------ names

    def _then(self, kind: type[Stage], fn: Callable[..., Any], options: dict[str, Any]) -> Any:
        refuse_unknown(options)
        name = options.pop("name", None)
        if name is None:
            name = self._free_name(name_of(fn) or VERBS[kind])
        elif name in list(names_in(self.nodes)):
            raise DefinitionError(
                f"two stages are named {name!r}", hint="give each stage a name of its own"
            )
        if "rate" in options:
            options["rate"] = Rate.parse(options["rate"])
        return self._with(kind(name, fn, **options))

    def _with(self, node: Inner) -> Pipeline[Any]:
        return Pipeline((*self.nodes, node))

    def _free_name(self, wanted: str) -> str:
        """Number a name if it is taken."""
        taken = set(names_in(self.nodes))
        number, name = 1, wanted
        while name in taken:
            number += 1
            name = f"{wanted}-{number}"
        return name


@overload
def source(items: Iterable[T], /) -> Pipeline[T]: ...
@overload
def source(items: AsyncIterable[T], /) -> Pipeline[T]: ...
@overload
def source(items: Callable[[], Iterable[T]], /) -> Pipeline[T]: ...
@overload
def source(items: Callable[[], AsyncIterable[T]], /) -> Pipeline[T]: ...
def source(items: Any, /) -> Pipeline[Any]:
    """Begin a pipeline with the records of an iterable.

    Args:
        items: An iterable, plain or async, or a function that returns a new one at each opening
            (a generator function). An iterator can be opened once only.

    Raises:
        DefinitionError: If it is neither.
    """
    if not isinstance(items, Iterable | AsyncIterable) and not callable(items):
        raise DefinitionError(f"expected an iterable or a function that returns one, got {items!r}")
    return Pipeline((IterableRoot(items),))
