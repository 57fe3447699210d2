"""Random pipelines, plain loops that say what must come of them, and random ways to end.

Everything is drawn from one seed. The functions look at nothing but their record, so that lanes,
workers and order change nothing but the order of the results.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

from daybreak.errors import DeadlinePassed, ProcessDied
from daybreak.model.retry import Retry
from daybreak.pipeline import Collect, Pipeline, Results, source
from tests.pipeline.leftovers import nothing_left_over

HANG_S: Final = 30.0
"""A deadline that only a hang reaches."""

MODULUS: Final = 1_000_003
RECORDS_MAX: Final = 300
VERBS: Final = ("map", "filter", "flat_map", "tap")
WAYS_TO_END: Final = ("end", "break", "raise", "fail", "stop", "deadline", "kill")


class Bad(Exception):  # noqa: N818 - it reads as a sentence
    """What fails on purpose."""


# ---------------------------------------------------------------- what the stages do


class Deed(NamedTuple):
    """What a stage does to a record; plain data, so that it can be sent to a process."""

    verb: str
    by: int
    flaw: str = ""
    """`some` records always fail; `often` any call fails, but seldom many times in a row."""

    is_slow: bool = False


def result_of(deed: Deed, value: int) -> Any:
    """Return what the function of a stage gives for a record."""
    match deed.verb:
        case "map":
            return (value * deed.by + 1) % MODULUS
        case "filter":
            return value % deed.by != 0
        case "flat_map":
            return [(value + more) % MODULUS for more in range(value % deed.by)]
    return None


def fails(deed: Deed, value: int) -> bool:
    """Say whether a record always fails."""
    return deed.flaw == "some" and value % 11 == deed.by


def _before(deed: Deed, value: int, resource: object) -> float:
    """Fail, or say how long to wait."""
    assert resource != "closed", "a resource is open while it is used"
    if fails(deed, value) or (deed.flaw == "often" and random.random() < 0.2):
        raise Bad(value)
    return 0.0005 if deed.is_slow and value % 31 == 0 else 0.0


def done(deed: Deed, value: int, resource: object = None) -> Any:
    """Be the function of a plain stage."""
    if wait_s := _before(deed, value, resource):
        time.sleep(wait_s)
    return result_of(deed, value)


async def done_async(deed: Deed, value: int, resource: object = None) -> Any:
    """Be the function of an async stage."""
    if (wait_s := _before(deed, value, resource)) or value % 3 == 0:
        await asyncio.sleep(wait_s)
    return result_of(deed, value)


async def each_async(deed: Deed, value: int, resource: object = None) -> AsyncIterator[int]:
    """Be an async generator as the function of a flat_map."""
    for each in await done_async(deed, value, resource):
        yield each


opened: Counter[str] = Counter()
"""How many resources of this process are open."""


@contextmanager
def resource() -> Iterator[str]:
    """Be what `using` opens for a worker."""
    opened["plain"] += 1
    try:
        yield "open"
    finally:
        opened["plain"] -= 1


@asynccontextmanager
async def resource_async() -> AsyncIterator[str]:
    """Be what `using` opens for an async worker."""
    opened["async"] += 1
    try:
        yield "open"
    finally:
        opened["async"] -= 1


def as_it_is(many: list[int]) -> list[int]:
    """Take a group apart again."""
    return many


def bomb(at: int, value: int) -> int:
    """Fail at one value."""
    if value == at:
        raise Bad(value)
    return value


async def read_async(records: int) -> AsyncIterator[int]:
    """Be an async source."""
    for number in range(records):
        if number % 50 == 0:
            await asyncio.sleep(0)
        yield number


def read(records: int, every: int) -> Iterator[int]:
    """Be a source that pauses now and then."""
    for number in range(records):
        if every and number % every == every - 1:
            time.sleep(0.0005)
        yield number


# ---------------------------------------------------------------- drawing them


@dataclass
class Step:
    """One node, as it was drawn."""

    verb: str
    deed: Deed | None = None
    lane: str = "thread"
    options: dict[str, Any] = field(default_factory=dict)
    size: int = 0
    within_s: float | None = None
    ways: tuple[list[Step], ...] = ()
    records: int = 0

    def __str__(self) -> str:
        inner = "".join(f" [{'; '.join(map(str, way))}]" for way in self.ways)
        told = f"{self.deed.by}{self.deed.flaw}" if self.deed else f"{self.size or self.records}"
        return f"{self.verb} {told} {self.lane} {self.options or ''}{inner}"


@dataclass
class Drawn:
    """A pipeline that was drawn, and its end."""

    seed: int
    source: str
    records: int
    steps: list[Step]
    ending: str
    place: float
    """Where it ends, as a share of all results."""

    def __str__(self) -> str:
        steps = "\n  ".join(map(str, self.steps))
        return (
            f"seed {self.seed}: {self.records} records of {self.source},"
            f" ending: {self.ending} at {self.place:.0%}\n  {steps}"
        )


def drawn(seed: int, *, processes: float = 0.0, endings: Iterable[str] = WAYS_TO_END) -> Drawn:
    """Draw a pipeline.

    Args:
        seed: Draws the same again.
        processes: The share of the stages that run in processes.
        endings: From which to draw the end.
    """
    chance = random.Random(seed)
    steps = _steps(chance, processes, depth=0)
    ending = chance.choice(tuple(endings))
    if ending == "kill" and not any(step.lane == "process" for step in steps):
        ending = "break"
    return Drawn(
        seed,
        chance.choice(["range", "list", "generator", "async"]),
        chance.choice([0, 1, chance.randrange(RECORDS_MAX), chance.randrange(RECORDS_MAX)]),
        steps,
        ending,
        chance.random(),
    )


def _steps(chance: random.Random, processes: float, depth: int) -> list[Step]:
    return [_step(chance, processes, depth) for _ in range(chance.randrange(5 - 2 * depth))]


def _step(chance: random.Random, processes: float, depth: int) -> Step:
    kind = chance.choice(
        ("stage",) * 8 + (("group", "merge", "split") if depth < 2 else ("group",))
    )
    if kind == "group":
        within_s = chance.choice([None, 0.002])
        return Step("group", size=chance.randrange(1, 30), within_s=within_s)
    if kind == "merge":
        others = tuple(_steps(chance, processes, depth + 1) for _ in range(chance.randrange(1, 3)))
        return Step("merge", ways=others, records=chance.randrange(60))
    if kind == "split":
        ways = (_steps(chance, processes, depth + 1), _steps(chance, processes, depth + 1))
        return Step("split", ways=ways, size=chance.randrange(2, 5))
    return _stage(chance, processes)


def _stage(chance: random.Random, processes: float) -> Step:
    lane = "process" if chance.random() < processes else chance.choice(["thread", "async"])
    flaw = chance.choice(["", "", "", "", "some", "often"])
    verb = chance.choice(VERBS)
    deed = Deed(verb, chance.randrange(2, 6), flaw, is_slow=chance.random() < 0.3)
    most = 3 if lane == "process" else 6
    options: dict[str, Any] = {"ordered": chance.random() < 0.7}
    options["workers"] = "auto" if chance.random() < 0.15 else chance.randrange(1, most)
    if flaw == "some":
        options["errors"] = Collect()
    if flaw == "often":
        options["retry"] = Retry(attempts=15, on=(Bad,), wait_s=1e-5, wait_s_max=1e-4)
    if chance.random() < 0.2:
        options["block"] = chance.choice([1, 2, 7, 100])
    if chance.random() < 0.1:
        options["linger_s"] = 0.001
    if chance.random() < 0.1:
        options["rate"] = "1000000/s"
    if chance.random() < 0.2:
        options["using"] = resource_async if lane == "async" else resource
    return Step(verb, deed, lane, options)


# ---------------------------------------------------------------- building them


def pipeline_of(plan: Drawn) -> Any:
    """Build what was drawn."""
    items: dict[str, Any] = {
        "range": range(plan.records),
        "list": list(range(plan.records)),
        "generator": partial(read, plan.records, plan.seed % 40),
        "async": partial(read_async, plan.records),
    }
    return _added(source(items[plan.source]), plan.steps)


def _added(pipeline: Any, steps: Iterable[Step]) -> Any:
    for step in steps:
        pipeline = _with(pipeline, step)
    return pipeline


def _with(pipeline: Any, step: Step) -> Any:
    if step.verb == "group":
        groups = pipeline.group(step.size, within_s=step.within_s)
        return groups.filter(partial(_fits, step.size)).flat_map(as_it_is)
    if step.verb == "merge":
        others = [_added(source(range(step.records)), way) for way in step.ways]
        return pipeline.merge(*others)
    if step.verb == "split":
        then, otherwise = (partial(_added, steps=way) for way in step.ways)
        return pipeline.split(partial(_is_multiple, step.size), then, otherwise)
    assert step.deed is not None
    function: Callable[..., Any] = done
    if step.lane == "async":
        is_generator = step.verb == "flat_map" and step.deed.by % 2
        function = each_async if is_generator else done_async
    on = {"on": "process"} if step.lane == "process" else {}
    fn = partial(function, step.deed)
    return getattr(pipeline, step.verb)(fn, **step.options, **on)


def _fits(most: int, group: list[int]) -> bool:
    return 1 <= len(group) <= most


def _is_multiple(by: int, value: int) -> bool:
    return value % by == 0


def looped(values: Iterable[int], steps: Iterable[Step]) -> list[int]:
    """Do by plain loops what a pipeline of these steps does."""
    values = list(values)
    for step in steps:
        if step.verb == "merge":
            others = [looped(range(step.records), way) for way in step.ways]
            values = [*values, *(value for other in others for value in other)]
        elif step.verb == "split":
            yes = [value for value in values if _is_multiple(step.size, value)]
            no = [value for value in values if not _is_multiple(step.size, value)]
            values = [*looped(yes, step.ways[0]), *looped(no, step.ways[1])]
        elif step.deed is not None:
            values = _done_to_all(step.deed, values)
    return values


def _done_to_all(deed: Deed, values: Iterable[int]) -> list[int]:
    good = [value for value in values if not fails(deed, value)]
    match deed.verb:
        case "map":
            return [result_of(deed, value) for value in good]
        case "filter":
            return [value for value in good if result_of(deed, value)]
        case "flat_map":
            return [each for value in good for each in result_of(deed, value)]
    return good


def keeps_order(steps: Iterable[Step]) -> bool:
    """Say whether the results come in the order of the records."""
    return all(step.options.get("ordered", step.verb == "group") for step in steps)


# ---------------------------------------------------------------- running them


def tried(plan: Drawn) -> str:
    """Run what was drawn, and see that it leaves nothing; return how it ended.

    Raises:
        BaseException: What was wrong, with the plan in a note.
    """
    try:
        with nothing_left_over():
            return _tried(plan)
    except BaseException as error:
        error.add_note(str(plan))
        raise


def _tried(plan: Drawn) -> str:
    expected = looped(range(plan.records), plan.steps)
    wanted = int(len(expected) * plan.place)
    is_ordered = keeps_order(plan.steps)
    pipeline = pipeline_of(plan)
    if plan.ending == "fail":
        if not expected:
            return "nothing to fail"
        pipeline = pipeline.map(partial(bomb, expected[wanted]), workers=1 + plan.seed % 3)
        wanted = min(number for number, each in enumerate(expected) if each == expected[wanted])
    received: list[int] = []
    deadline_s = 0.0001 + plan.place / 20 if plan.ending == "deadline" else HANG_S
    caught = _run(plan, pipeline, wanted, deadline_s, received)
    assert not +opened, f"left open: {opened}"
    _compare(plan, received, expected, wanted, is_ordered=is_ordered, caught=caught)
    return f"{plan.ending}: {type(caught).__name__ if caught else 'ended'}"


def _run(
    plan: Drawn, pipeline: Pipeline[int], wanted: int, deadline_s: float, received: list[int]
) -> Exception | None:
    try:
        with pipeline.open(deadline_s=deadline_s) as results:
            _consume(plan, results, wanted, received)
    except (Bad, DeadlinePassed, ProcessDied) as error:
        return error
    assert results.report.consumer.records >= len(received)
    return None


def _consume(plan: Drawn, results: Results[int], wanted: int, received: list[int]) -> None:
    if wanted == 0:
        _act(plan, results)
        if plan.ending == "break":
            return
    for number in count(1):
        try:
            received.append(next(results))
        except StopIteration:
            return
        if number == wanted:
            _act(plan, results)
            if plan.ending == "break":
                return


def _act(plan: Drawn, results: Results[int]) -> None:
    match plan.ending:
        case "raise":
            raise Bad
        case "stop" if plan.seed % 2:
            results.stop(within_s=HANG_S)
        case "stop":
            thread = threading.Thread(target=partial(results.stop, within_s=HANG_S))
            thread.start()
            thread.join()
        case "kill":
            _kill_a_worker()


def _kill_a_worker() -> None:
    children: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            children += map(int, (task / "children").read_text().split())
    for child in filter(_is_worker, children):
        with suppress(OSError):
            os.kill(child, signal.SIGKILL)
        return


def _is_worker(child: int) -> bool:
    """Say whether it is one of a pipeline's: a test process has servers of its own as well."""
    with suppress(OSError):
        return b"daybreak.pipeline.child" in Path(f"/proc/{child}/cmdline").read_bytes()
    return False


def _compare(
    plan: Drawn,
    received: list[int],
    expected: list[int],
    wanted: int,
    *,
    is_ordered: bool,
    caught: Exception | None,
) -> None:
    more = Counter(received) - Counter(expected)
    assert not more, f"results that should not be: {sorted(more.elements())[:10]}"
    if is_ordered and plan.ending != "kill":
        assert expected[: len(received)] == received, "results out of order"
    is_short = len(received) < len(expected)
    match plan.ending:
        case "end":
            assert caught is None, f"raised {caught!r}"
            assert not is_short, f"{len(received)} of {len(expected)} results"
        case "break":
            assert caught is None, f"raised {caught!r}"
            assert len(received) == wanted
        case "raise":
            assert isinstance(caught, Bad) or len(received) < wanted
            assert len(received) == wanted
        case "fail":
            assert isinstance(caught, Bad), f"raised {caught!r}"
            assert not is_ordered or len(received) <= wanted
        case "stop":
            assert caught is None, f"raised {caught!r}"
        case "deadline":
            assert isinstance(caught, DeadlinePassed) or not is_short
        case "kill":
            is_tolerant = any(step.deed and step.deed.flaw for step in plan.steps)
            assert isinstance(caught, ProcessDied) or is_tolerant or not is_short
