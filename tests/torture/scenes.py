"""What a campaign kills: each scene is one command in a world that was made ready for it.

A campaign knows scenes by their names in `SCENES`; whoever adds one there has it killed, at its
fault points and at random instants, and compared with what nobody disturbed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from daybreak.faultpoints import FaultPoint, Trace

from .nursery import Child, Nursery
from .points import OF_REPLAYS, OF_RUNS
from .undisturbed import worlds
from .world import JOB, LEFT, PROCESS_S_MAX, Ran, World

IMPORT_JOB: Final = JOB.with_name("import_job.py")
BACKFILL_JOB: Final = JOB.with_name("backfilled_job.py")
ERASE: Final = ("--erase", "151x")
"""A row that the check refused: nothing is left of it but its fate."""

REPLAY: Final = ("--replay",)
LOOK_EVERY_S: Final = 0.001


def _nothing(_world: World, _nest: Nursery) -> None:
    """Be ready as it is."""


def _finished_run(world: World, nest: Nursery) -> None:
    """Type the run's command once more: it must be done."""
    _must_end(nest.run(world))


@dataclass(frozen=True)
class Expected:
    """What a scene leaves when nobody disturbs it, and how it passes."""

    left: Mapping[str, Sequence[tuple[Any, ...]]]
    hits: Mapping[FaultPoint, int]
    """How often each fault point was passed."""

    took_s: float
    """From the beginning of its command's work to the end of the process."""

    def differences(self, left: Mapping[str, Sequence[tuple[Any, ...]]]) -> list[str]:
        """Say what is left besides, and what is missing."""
        return [
            f"{name} {sign} {row}"
            for name, rows in self.left.items()
            for sign, one, other in (("has", left[name], rows), ("lacks", rows, left[name]))
            for row in one
            if row not in other
        ]


@dataclass(frozen=True)
class Scene:
    """One command that is killed."""

    job: Path
    prepare: Callable[[World, Nursery], None] = _nothing
    """What nobody disturbs, before it."""

    words: Callable[[World], Sequence[str] | None] = lambda _world: None
    """The command, behind `daybreak`; None for the one that runs the job."""

    finish: Callable[[World, Nursery], None] = _finished_run
    """Typed by a person afterwards, until it has come to its end."""

    points: Sequence[FaultPoint] = ()
    """Fault points that it passes, and at which it is killed."""

    left: Mapping[str, str] = field(default_factory=lambda: LEFT)
    """The queries by which worlds are compared."""

    begins: FaultPoint = "chunk.before_read"
    """The first point that it passes at its work: random instants lie behind it."""

    def measured(self, dialect: str, socket: Path | None, nest: Nursery) -> Expected:
        """Return what is left when nobody disturbs, and how long the command is at its work."""
        with worlds(dialect, socket, job=self.job) as world:
            self.prepare(world, nest)
            world.trace.unlink(missing_ok=True)
            child = self.at_work(world, nest)
            began_s = time.monotonic()
            ran = child.wait()
            took_s = time.monotonic() - began_s
            _must_end(ran)
            hits = Trace(world.trace).counts()
            self.finish(world, nest)
            return Expected(world.left(self.left), hits, took_s)

    def at_work(self, world: World, nest: Nursery) -> Child:
        """Start the command, and wait until it is at its work, or has ended without any."""
        trace = Trace(world.trace)
        before = trace.counts()[self.begins]
        child = nest.start(world, words=self.words(world))
        ends_at_s = time.monotonic() + PROCESS_S_MAX
        while trace.counts()[self.begins] == before and child.is_alive():
            assert time.monotonic() < ends_at_s, f"nothing was begun: {child.said.read_text()}"
            time.sleep(LOOK_EVERY_S)
        return child


def _must_end(ran: Ran) -> None:
    assert ran.status == 0, ran.err[-3000:]


def _run_and_mended(world: World, nest: Nursery) -> None:
    """Run the job, mend it, and erase a person's record."""
    _must_end(nest.run(world))
    world.mend()
    _must_end(nest.run(world, words=world.quarantine(*ERASE)))


def _finished_replay(world: World, nest: Nursery) -> None:
    _must_end(nest.run(world, words=world.quarantine(*REPLAY)))
    _must_end(nest.run(world))


def _replay(world: World) -> Sequence[str]:
    return world.quarantine(*REPLAY)


SCENES: Final[dict[str, Scene]] = {
    "run": Scene(JOB, points=OF_RUNS),
    "import": Scene(IMPORT_JOB),
    "backfill": Scene(BACKFILL_JOB),
    "replay": Scene(
        JOB,
        prepare=_run_and_mended,
        words=_replay,
        finish=_finished_replay,
        begins="replay.before_reopen",
        points=[point for point in OF_REPLAYS if point.startswith("replay.")],
    ),
    "import-replay": Scene(
        IMPORT_JOB,
        prepare=_run_and_mended,
        words=_replay,
        finish=_finished_replay,
        begins="replay.before_reopen",
    ),
}
"""By name. A scene without points is killed at random instants only."""
