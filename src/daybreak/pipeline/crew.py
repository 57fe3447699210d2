"""The workers of one segment of an open pipeline, between the way before it and the way behind.

A crew grows when its stage is to have more workers, and a crew of several stages in one thread
parts when two of them turn out slow.
"""

from __future__ import annotations

from collections.abc import Sequence

from .channel import Ends
from .climbing import workers_of
from .desk import Desk
from .endings import when_cancelled
from .fanin import SLICES_PER_WORKER, InOrder
from .hand import Hand
from .intake import Intake, Port, fan_in_of
from .leash import Leash
from .meter import Tally
from .outlet import ChannelOutlet
from .passing import Way
from .probing import chooser_of
from .running import Running
from .scope import Scope
from .segments import parting
from .worker import Craft, ThreadCraft, Worker


class Crew:
    """The workers of one segment, in threads; each may drive a process.

    Args:
        scope: Whose threads they are.
        stages: What they do.
        port: Where their records come from, and their results go.
        most: How many they may be.
    """

    def __init__(self, scope: Scope, stages: Sequence[Running], port: Port, most: int) -> None:
        self.port = port
        self.desk = Desk(scope, self._fetch, self._fetch_ready, port.wake, port.workers)
        self.scope = scope
        self._stages = stages
        self._most = most
        self._chooser = chooser_of(port.workers, most, self._grow)
        self._launched = 0
        stages[0].meter.chooser = self._chooser

    def start(self) -> None:
        """Launch the workers."""
        for ends in [self.port.outlet.sender() for _ in range(self.desk.active)]:
            self._launch(ends)

    def learn(self, records: int, seconds: float) -> None:
        """Hear how long a slice took."""
        self.port.grain.took(records, seconds)
        if self._chooser is not None:
            self._chooser.ended(records)

    def craft(self, tallies: Sequence[Tally], leash: Leash) -> Craft:
        """Make what a worker does."""
        if self._stages[0].stage.lane == "process":
            from .process_craft import ProcessCraft  # noqa: PLC0415 - few stages have processes

            return ProcessCraft(self.scope, self._stages[0], tallies[0])
        return ThreadCraft(self.scope, self._stages, tallies, leash)

    def after_slice(self, worker: Worker) -> None:
        """Part if there are two slow stages in one thread."""
        if len(self._stages) > 1 and (place := parting(worker.seconds)) is not None:
            self._part(worker, place)

    def _fetch(self) -> Hand:
        return self.port.fetch(lambda: self.desk.has_hands)

    def _fetch_ready(self) -> Hand:
        return self.port.fetch_ready()

    def _launch(self, ends: Ends) -> None:
        number, self._launched = self._launched, self._launched + 1
        leash = Leash(gives_back=self._most > 1)
        tallies = [each.meter.tally() for each in self._stages]
        worker = Worker(number, self, tallies, leash, ends)
        self.port.outlet.leashes.append(leash)
        when_cancelled(self.scope, leash.cancel)
        name = "+".join(each.stage.name for each in self._stages)
        self.scope.launch(name, worker.run, closing=ends)

    def _grow(self, workers: int) -> None:
        """Have more or fewer workers work; those of a larger number rest."""
        self.port.workers = workers
        self.desk.activate(workers)
        while self._launched < workers:
            self._launch(self.port.outlet.sender())

    def _part(self, worker: Worker, place: int) -> None:
        """Give the stages from a place on a thread of their own; no slice is in work."""
        assert isinstance(self.port, Intake), "stages of a step do not share workers"
        behind, self._stages = self._stages[place:], self._stages[:place]
        old = self.port.outlet
        middle = ChannelOutlet(self.scope, InOrder(SLICES_PER_WORKER))
        middle.leashes.extend(old.leashes)
        self.port.change(self._stages, middle)
        worker.ends.add(middle.channel.sender())
        Crew(self.scope, behind, Intake(behind, middle.channel, old, 1), 1).start()
        worker.change_craft(worker.tallies[:place])


def start_crew(scope: Scope, stages: Sequence[Running], before: Way) -> Way:
    """Launch the workers of a segment; return the way behind them."""
    workers, most = workers_of(stages[0].stage)
    outlet = ChannelOutlet(scope, fan_in_of(stages[0], most))
    Crew(scope, stages, Intake(stages, before, outlet, workers), most).start()
    return outlet.channel
