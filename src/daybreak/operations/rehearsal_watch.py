"""Watching a rehearsal: its databases from sessions beside it, its process from a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from ..databases import Database
from ..databases.rehearsal import RehearsalTransaction
from ..databases.sizes import Sizes
from ..databases.url import parse
from ..databases.watching import LockWait, Wait, Watch, Watched
from .dangers import Danger, dangers_of
from .pressure import Pressure, pressure_seen


@dataclass(slots=True)
class RehearsalWatch:
    """What was seen; complete behind the block."""

    pressure: Pressure
    watches: Mapping[str, Watch]
    begun: Mapping[str, RehearsalTransaction] = field(default_factory=dict)
    """In place: the transactions that were begun, by their database."""

    sizes: Sequence[Sizes] = ()
    """In place: how large the tables are that they have touched."""

    def look_at(
        self, transactions: Mapping[str, RehearsalTransaction]
    ) -> list[RehearsalTransaction]:
        """Take down what only those who rehearse in place have, before they are rolled back.

        Returns:
            The transactions that were begun.
        """
        self.begun = {name: one for name, one in transactions.items() if one.is_begun}
        sizes = [one.sizes(name) for name, one in self.begun.items()]
        self.sizes = [one for one in sizes if one is not None]
        return list(self.begun.values())

    def waits(self, step: str) -> list[Wait]:
        """Return what the workers of a step waited for, what most waited for first."""
        found = [wait for watch in self.watches.values() for wait in watch.seen.waits(step)]
        return sorted(found, key=lambda one: (-one.workers, one.what))

    def transaction_s_max(self, step: str) -> float | None:
        """Return for how long a transaction of a step was seen open; None if none was."""
        seen_s = [watch.seen.transaction_s_max.get(step, 0.0) for watch in self.watches.values()]
        return max(seen_s, default=0.0) or None

    @property
    def dangers(self) -> Sequence[Danger]:
        """What went wrong without failing it."""
        seen = {name: watch.found for name, watch in self.watches.items()}
        return list(dangers_of({**seen, **self._waits_for_files}, self.pressure))

    @property
    def _waits_for_files(self) -> dict[str, Watched]:
        return {
            name: Watched([LockWait(f"the file of database {name}", "", one.began_in_s)])
            for name, one in self.begun.items()
            if parse(one.url).kind == "sqlite"
        }

    @property
    def caveats(self) -> Iterator[str]:
        """What was not watched, as sentences."""
        for name, watch in self.watches.items():
            if watch.found.failed:
                yield f"waits and spills in database {name} were not watched: {watch.found.failed}"


@contextmanager
def rehearsal_watched(
    databases: Mapping[str, Database],
    *,
    application: str = "",
    at_work: Callable[[], str | None] = lambda: None,
) -> Iterator[RehearsalWatch]:
    """Watch a rehearsal as long as the block lasts.

    Args:
        databases: Those that it uses, by name.
        application: By which its sessions are told from others; empty where all are its own.
        at_work: Returns which step is at work, if one is and it is known.
    """
    with ExitStack() as stack:
        watches = {
            name: stack.enter_context(Watch(one.url, application=application, at_work=at_work))
            for name, one in databases.items()
        }
        yield RehearsalWatch(stack.enter_context(pressure_seen()), watches)
