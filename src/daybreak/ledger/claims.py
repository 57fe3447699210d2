"""What the steps of a run claim of the limits that all runs of a ledger share.

Who may begin is `model.shares`; here it is made durable. Each answer is found under one lock, so
that two processes never grant the same share. What an owner holds counts only while it is the
owner of its run, and alive: whoever waits watches those in its way (`silence`), and takes away
what dead ones hold. An owner that was only asleep finds that out at its next sign of life, and
ends: it must not go on beside those who have its shares now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from ..errors import LeaseLost
from ..model.row import Row
from ..model.shares import Uses, Wait, decide
from .rows import ClaimRow, RunRow, as_json, claim_of
from .session import LedgerSession, LedgerTransaction
from .silence import SilenceWatch

T = TypeVar("T")


class Write(Protocol):
    """Writes in a transaction that proves the owner's epoch first."""

    def __call__(self, work: Callable[[LedgerTransaction], T], /) -> T:
        """Write, and commit."""
        ...


class Claims:
    """The claims of one run, in the hands of its owner.

    Args:
        session: The ledger's session.
        write: The owner's way to write.
        run: The run as it was taken.
        is_gone: Whether the kernel of this machine says that a run's owner is dead.
    """

    def __init__(
        self,
        session: LedgerSession,
        write: Write,
        run: RunRow,
        is_gone: Callable[[RunRow], bool],
    ) -> None:
        self._session = session
        self._write = write
        self._run = run
        self._watch = SilenceWatch(session.patience.clock, is_gone)
        self._waiting: set[str] = set()
        self._granted: set[str] = set()

    def claim(self, step: str, uses: Uses) -> Wait | None:
        """Ask for all that a step uses at once; whoever asked before only looks, at first.

        Returns:
            None if the step has it, else what it waits for.
        """
        if step in self._waiting:
            claims = [claim_of(row) for row in self._session.read("select_claims")]
            wait = self._wait_of(step, claims, _limits(self._session.read("select_limits")))
            if wait is not None and not self._take_from_dead(claims, uses):
                return wait
        wait = self._write(lambda tx: self._decide(tx, step, uses))
        if wait is None:
            self._waiting.discard(step)
            self._granted.add(step)
        else:
            self._waiting.add(step)
        return wait

    def _decide(self, tx: LedgerTransaction, step: str, uses: Uses) -> Wait | None:
        now = self._session.patience.clock.now()
        mine = {"run_id": self._run.id, "epoch": self._run.epoch, "step": step}
        tx.query("lock_claims")
        tx.execute("insert_claim", **mine, uses=as_json(dict(uses)), now=now)
        claims = [claim_of(row) for row in tx.query("select_claims")]
        assert any(self._is_mine(one, step) for one in claims), "who owns its run has its claims"
        wait = self._wait_of(step, claims, _limits(tx.query("select_limits")))
        if wait is None:
            tx.execute("grant_claim", **mine, now=now)
        return wait

    def _wait_of(self, step: str, claims: Sequence[ClaimRow], limits: Uses) -> Wait | None:
        """Say what a step of this run waits for; None if it may begin, or has lost its place."""
        waiting = [one for one in claims if one.granted_at is None]
        for one, answer in zip(waiting, waits(claims, limits), strict=True):
            if self._is_mine(one, step):
                return answer
        return None

    def _is_mine(self, claim: ClaimRow, step: str) -> bool:
        return claim.run.id == self._run.id and claim.step == step

    def _take_from_dead(self, claims: Sequence[ClaimRow], uses: Uses) -> bool:
        """Take away what dead owners have of all that is used; say whether there were any."""
        others = {
            one.run.id: one.run
            for one in claims
            if one.run.id != self._run.id and one.uses.keys() & uses.keys()
        }
        dead = [run for run in others.values() if self._watch.is_dead(run)]
        for run in dead:
            self._take_from(run)
        return bool(dead)

    def _take_from(self, run: RunRow) -> None:
        assert run.lease is not None, "who claims has a lease"
        binds = {"run_id": run.id, "epoch": run.epoch, "beat": run.lease.beat}
        self._write(lambda tx: tx.execute("delete_dead_claims", **binds))

    def give_back(self, tx: LedgerTransaction, step: str) -> None:
        """Give back what a step has, in the transaction that ends it."""
        self._granted.discard(step)  # before it commits: `prove` counts what is surely held
        tx.execute("delete_claim", run_id=self._run.id, step=step)

    def prove(self, tx: LedgerTransaction) -> None:
        """Prove that nobody took away what this owner holds.

        Raises:
            LeaseLost: If somebody did, for this process was silent for its whole lease.
        """
        if not self._granted:
            return
        rows = tx.query("count_granted", run_id=self._run.id, epoch=self._run.epoch)
        if rows[0].steps < len(self._granted):
            raise LeaseLost(
                f"run {self._run.id} gave no sign of life for its whole lease, and another run"
                " has its shares by now",
                hint="run the same command again: it waits for its shares, and goes on",
                run=self._run.id,
                epoch=self._run.epoch,
            )


def waits(claims: Sequence[ClaimRow], limits: Uses) -> list[Wait | None]:
    """Say of each waiting claim, in their order, what it waits for; None if it may begin."""
    held = [one.claim for one in claims if one.granted_at is not None]
    return decide(limits, held, [one.claim for one in claims if one.granted_at is None])


def _limits(rows: Sequence[Row]) -> dict[str, int]:
    return {row.name: row.units for row in rows}
