"""The steward: which of the steps that are ready may begin, where they share what is limited.

Two kinds of limits are asked, in this order: those of the job hold within the run and are decided
here; those of the ledger hold for all its runs, and the ledger decides. A step gets its place
among the waiting ones of other runs only when nothing within its own run is in its way: so no two
runs ever wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from ..abc import Clock, RunLedger
from ..model.job import Step
from ..model.retry import Backoff
from ..model.shares import Claim, Uses, Wait, decide
from ..telemetry import StepWaits, Telemetry

LOOKS: Final = Backoff(first_s=0.1, most_s=2.0)
"""How long until a waiting step is looked at again, if nothing of its own run ends before."""


class Steward:
    """Lets steps begin, in the order in which they became ready; in one thread only.

    Args:
        limits: Of the job.
        ledger: Asked for what runs share.
        clock: For the instants of events.
        telemetry: Told what a step waits for.
    """

    def __init__(self, limits: Uses, ledger: RunLedger, clock: Clock, telemetry: Telemetry) -> None:
        self._limits = limits
        self._ledger = ledger
        self._clock = clock
        self._telemetry = telemetry
        self._waiting: dict[str, Step[Any]] = {}
        self._held: dict[str, Claim] = {}
        self._said: dict[str, str] = {}
        self._looks = 0

    @property
    def is_waited_at(self) -> bool:
        """Whether any step waits."""
        return bool(self._waiting)

    @property
    def look_in_s(self) -> float | None:
        """How long until the next look; None if no step waits."""
        return LOOKS.wait_s(self._looks, chance=1.0) if self._waiting else None

    def admit(self, ready: Iterable[Step[Any]]) -> list[Step[Any]]:
        """Return the steps that may begin now, with all that they use; the others wait.

        Args:
            ready: The steps that could begin but for the limits, in the order of the job; those
                that wait already keep their places before the new ones.

        Raises:
            LeaseLost: If another process owns the run by now.
        """
        new = {step.name: step for step in ready if step.name not in self._waiting}
        self._looks = 1 if new else self._looks + 1
        self._waiting.update(new)
        waiting = list(self._waiting.values())
        answers = decide(self._limits, self._held.values(), [_claim_of(one) for one in waiting])
        pairs = zip(waiting, answers, strict=True)
        return [step for step, wait in pairs if self._begins(step, wait)]

    def give_back(self, step: Step[Any]) -> None:
        """Take back what a step had of the job's limits; the ledger's went back with its end."""
        self._held.pop(step.name, None)

    def _begins(self, step: Step[Any], wait: Wait | None) -> bool:
        if wait is None and step.uses:
            wait = self._ledger.claim(step.name, step.uses)
        if wait is not None:
            self._say(step, wait)
            return False
        del self._waiting[step.name]
        self._said.pop(step.name, None)
        self._held[step.name] = _claim_of(step)
        return True

    def _say(self, step: Step[Any], wait: Wait) -> None:
        """Tell and write down what a step waits for, once for each thing."""
        text = str(wait)
        if self._said.get(step.name) == text:
            return
        self._said[step.name] = text
        self._ledger.wait_step(step.name, text)
        self._telemetry.publish(
            StepWaits(
                at=self._clock.now(),
                step=step.name,
                limit=wait.limit,
                units=wait.units,
                wanted=wait.wanted,
                in_use=wait.in_use,
                holders=wait.holders,
                ahead=wait.ahead,
                what=text,
            )
        )


def _claim_of(step: Step[Any]) -> Claim:
    return Claim(f"step {step.name}", step.uses)


def limits_of(steps: Sequence[Step[Any]]) -> Uses:
    """Return the limits of the job whose steps these are."""
    return steps[0].job.limits if steps else {}
