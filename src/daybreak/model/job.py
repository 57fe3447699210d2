"""Jobs and steps: what a user declares. Plain values; nothing here runs anything."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    Protocol,
    TypeAlias,
    TypeVar,
    overload,
)

from ..errors import DefinitionError
from .fate import Counts
from .keepable import K
from .knobs import Knob, Knobs, Order, refuse_side_by_side
from .limits import Bad, BadLimit
from .night import Window, read_critical
from .overrun import OnOverrun, read_on_overrun
from .parameters import Parameter, parameters_of
from .shares import NOTHING, Uses, read_units, refuse_impossible

if TYPE_CHECKING:
    from ..abc import Transaction
    from ..databases import Database
    from ..pipeline import Work
    from .retry import Retry

T_co = TypeVar("T_co", covariant=True)


class StepKind(StrEnum):
    """How a step does its work."""

    STEP = "step"
    """In chunks: returns a pipeline that ends in a sink."""

    TASK = "task"
    """By itself, in its run's folder; run again from its beginning."""

    ATOMIC = "atomic"
    """By itself, in one transaction with its checkpoint."""


@dataclass(frozen=True, eq=False)
class Step(Generic[T_co]):
    """One step of a job; `run[step]` is what it gave. Not callable: the conductor calls it."""

    name: str
    kind: StepKind
    function: Callable[..., Any]
    after: tuple[Step[Any], ...]
    impact: str
    """What breaks, and for whom, if the step does not finish."""

    job: Job
    knobs: Knobs = field(default_factory=Knobs)
    max_bad: BadLimit = field(default_factory=BadLimit)
    record_timeout_s: float | None = None
    """A record that takes longer ends its process, and is set aside if it does so again."""

    database: Database | None = None
    """The database of an atomic step."""

    uses: Uses = field(default_factory=dict)
    """Units of shared limits that it has while it is at work, by name."""

    retry: Retry | None = None
    """How often a task is tried again in one attempt."""

    order: Order = "any"
    """`source`: its chunks are committed one after the other, in the order of the source."""

    undo: Callable[[Transaction], None] | None = None
    """What takes back the effects of an atomic step, so that it can begin again."""

    @property
    def upstream(self) -> frozenset[Step[Any]]:
        """Every step that is done before this one begins."""
        found: set[Step[Any]] = set()
        for step in self.after:
            found |= {step} | step.upstream
        return frozenset(found)

    @property
    def downstream(self) -> tuple[Step[Any], ...]:
        """Every step that is held back by this one, in the job's order."""
        return tuple(step for step in self.job.steps if self in step.upstream)

    def __repr__(self) -> str:
        return f"<Step {self.job.name}.{self.name}>"


After: TypeAlias = Step[Any] | Iterable[Step[Any]]


class _StepDecorator(Protocol):
    def __call__(self, fn: Callable[..., Work], /) -> Step[Counts]: ...


class _TaskDecorator(Protocol):
    def __call__(self, fn: Callable[..., K], /) -> Step[K]: ...


class _AtomicDecorator(Protocol):
    def __call__(self, fn: Callable[Concatenate[Transaction, ...], K], /) -> Step[K]: ...


class Job:
    """A named graph of steps.

    A step's parameter `run` is the run; every other is a parameter of the job, an option of its
    command. A step names the steps before it, which exist already: a cycle cannot be written.

    Args:
        name: Unique among the jobs of a ledger.
        window: `"02:00-05:00 Asia/Tokyo"`: the job runs once a night, and its runs carry the
            night's business date. Without a window it is not repeated once it is done.
        on_overrun: If it will not end in its window: `"warn"` tells of it in time; `"stop"` also
            ends it there, at a boundary of a chunk: the same command goes on the next night.
        critical: With a lower P(done in the window, with the worst failure) it is not started.
        limits: How much there is of what steps share within a run: `{"db": 4}`. Steps take of it
            by `uses=`. Limits that several runs share are kept in the ledger: `daybreak limits`.
        once: Whether a job with a window runs once for its parameters, whatever the night.
    """

    def __init__(
        self,
        name: str,
        /,
        *,
        window: str | None = None,
        on_overrun: OnOverrun = "warn",
        critical: float | None = None,
        limits: Mapping[str, int] = NOTHING,
        once: bool = False,
    ) -> None:
        if not name or not name.isprintable() or name.strip() != name:
            raise DefinitionError(
                f"expected a job's name, got {name!r}", hint="name it by its duty"
            )
        self.name = name
        self.window = Window.parse(window) if window else None
        self.on_overrun = read_on_overrun(on_overrun, has_window=self.window is not None)
        self.critical = read_critical(critical, self.window)
        self.limits = read_units("limits", limits)
        self.once = once
        self._steps: dict[str, Step[Any]] = {}

    @property
    def steps(self) -> tuple[Step[Any], ...]:
        """The steps in the order in which they were declared: every step behind those it needs."""
        return tuple(self._steps.values())

    def step_named(self, name: str) -> Step[Any]:
        """Return a step by its name.

        Raises:
            DefinitionError: If there is none; the hint names the nearest.
        """
        if name in self._steps:
            return self._steps[name]
        import difflib  # noqa: PLC0415 - on the error path only

        close = difflib.get_close_matches(name, self._steps, n=1)
        raise DefinitionError(
            f"job {self.name} has no step {name!r}",
            hint=f"did you mean {close[0]!r}?" if close else f"it has: {', '.join(self._steps)}",
        )

    def parameters(self) -> dict[str, Parameter]:
        """Collect the job's parameters from the signatures of its steps.

        Raises:
            DefinitionError: If two steps disagree on one, or one has no type.
        """
        return parameters_of(
            (step.name, step.function, 1 if step.kind is StepKind.ATOMIC else 0)
            for step in self.steps
        )

    @overload
    def step(self, fn: Callable[..., Work], /) -> Step[Counts]: ...
    @overload
    def step(
        self,
        *,
        after: After = (),
        impact: str = "",
        chunk: Knob = "auto",
        parallel: Knob = 1,
        max_bad: Bad = "1%",
        order: Order = "any",
        uses: Mapping[str, int] = ...,
        record_timeout_s: float | None = None,
        name: str | None = None,
    ) -> _StepDecorator: ...
    def step(
        self,
        fn: Callable[..., Work] | None = None,
        *,
        after: After = (),
        impact: str = "",
        chunk: Knob = "auto",
        parallel: Knob = 1,
        max_bad: Bad = "1%",
        order: Order = "any",
        uses: Mapping[str, int] = NOTHING,
        record_timeout_s: float | None = None,
        name: str | None = None,
    ) -> Step[Counts] | _StepDecorator:
        """Declare a step that returns a pipeline that ends: cut into chunks, resumable in between.

        Args:
            fn: The function, when used without parentheses.
            after: The steps that must be done before.
            impact: What breaks, and for whom, if it does not finish.
            chunk: Records that commit together; `"auto"` goes by what they take.
            parallel: Chunks in flight; `"auto"` has more as long as more get more done.
            max_bad: How many records may be set aside, as a count or a percentage, before the run
                fails. Records that the check refused do not count.
            order: `"source"` commits the chunks one after the other, in the order of the source.
            uses: Units of shared limits that it needs to begin, by name: `{"db": 2}`.
            record_timeout_s: How long a record may take in a stage, or in the function of `each`.
                One that takes longer ends its process, and is set aside if it does so again.
            name: Its name, where that of the function will not do.

        Raises:
            DefinitionError: If an option is out of bounds or the name is taken.
        """
        knobs = Knobs.of(chunk, parallel)
        limit = BadLimit.parse(max_bad)
        refuse_side_by_side(order, knobs)
        if record_timeout_s is not None and not 0 < record_timeout_s < math.inf:
            raise DefinitionError(
                f"expected record_timeout_s to be seconds above 0, got {record_timeout_s!r}",
                hint="leave it out if a record may take as long as it wants",
            )

        def declare(fn: Callable[..., Work]) -> Step[Counts]:
            options = {
                "knobs": knobs,
                "max_bad": limit,
                "order": order,
                "record_timeout_s": record_timeout_s,
            }
            return self._add(StepKind.STEP, fn, after, impact, name=name, uses=uses, **options)

        return declare if fn is None else declare(fn)

    @overload
    def task(self, fn: Callable[..., K], /) -> Step[K]: ...
    @overload
    def task(
        self,
        *,
        after: After = (),
        impact: str = "",
        retry: Retry | None = None,
        uses: Mapping[str, int] = ...,
        name: str | None = None,
    ) -> _TaskDecorator: ...
    def task(
        self,
        fn: Callable[..., Any] | None = None,
        *,
        after: After = (),
        impact: str = "",
        retry: Retry | None = None,
        uses: Mapping[str, int] = NOTHING,
        name: str | None = None,
    ) -> Step[Any] | _TaskDecorator:
        """Declare a step that does the work itself and changes nothing outside its run's folder.

        It is run again from its beginning; what it returns is kept, and answers `run[step]`.

        Args:
            fn: The function, when used without parentheses.
            after: The steps that must be done before.
            impact: What breaks, and for whom, if it does not finish.
            retry: How often, and after which exceptions, it is tried again at once.
            uses: Units of shared limits that it needs to begin, by name: `{"db": 2}`.
            name: Its name, where that of the function will not do.

        Raises:
            DefinitionError: If an option is out of bounds or the name is taken.
        """

        def declare(fn: Callable[..., Any]) -> Step[Any]:
            return self._add(StepKind.TASK, fn, after, impact, name=name, retry=retry, uses=uses)

        return declare if fn is None else declare(fn)

    def atomic(
        self,
        database: Database,
        /,
        *,
        after: After = (),
        impact: str = "",
        uses: Mapping[str, int] = NOTHING,
        name: str | None = None,
        undo: Callable[[Transaction], None] | None = None,
    ) -> _AtomicDecorator:
        """Declare a step that does the work itself, in one transaction with its checkpoint.

        Args:
            database: Where it happens; the function's first argument is the transaction.
            after: The steps that must be done before.
            impact: What breaks, and for whom, if it does not finish.
            uses: Units of shared limits that it needs to begin, by name: `{"db": 2}`.
            name: Its name, where that of the function will not do.
            undo: Takes the step's effects back when it begins again: called in the transaction of
                the new pass, before the step. Without it a step that has committed stays done.

        Raises:
            DefinitionError: If an option is out of bounds or the name is taken.
        """

        def declare(fn: Callable[..., Any]) -> Step[Any]:
            return self._add(
                StepKind.ATOMIC,
                fn,
                after,
                impact,
                name=name,
                uses=uses,
                database=database,
                undo=undo,
            )

        return declare

    def _add(
        self,
        kind: StepKind,
        fn: Callable[..., Any],
        after: After,
        impact: str,
        *,
        name: str | None,
        uses: Mapping[str, int],
        **options: Any,
    ) -> Step[Any]:
        name = name or fn.__name__
        used = read_units("uses", uses)
        refuse_impossible(name, used, self.limits)
        before = (after,) if isinstance(after, Step) else tuple(after)
        if name in self._steps:
            raise DefinitionError(
                f"job {self.name} has two steps named {name!r}", hint="give one another name="
            )
        for step in before:
            if getattr(step, "job", None) is not self:
                raise DefinitionError(
                    f"step {name} comes after {step!r}, which is no step of job {self.name}",
                    hint="name steps of the same job in after=",
                )
        declared: Step[Any] = Step(name, kind, fn, before, impact, self, uses=used, **options)
        self._steps[name] = declared
        return declared

    def __repr__(self) -> str:
        return f"<Job {self.name}: {', '.join(self._steps)}>"
