"""Mutants of sharing: the order of arrival, the lock, what is given back, the dead and sleepers."""

from __future__ import annotations

from typing import Final

from tests.torture.mutant import Mutant, Patch

_CLAIMS: Final = "ledger/claims.py"
_LEDGER: Final = ("ledger/test_claims.py",)
_LOCK: Final = """\
        tx.query("lock_claims")
        tx.execute("insert_claim", **mine, uses=as_json(dict(uses)), now=now)
"""

MUTANTS: Final = (
    Mutant(
        "claims-passed-by-later-ones",
        "Whoever fits begins: a step that wants much is starved by those that want little.",
        ("model/test_shares.py", *_LEDGER),
        (
            Patch(
                "model/shares.py",
                "self.ahead.setdefault(name, []).append(claim.who)",
                "self.ahead.pop(name, None)",
            ),
        ),
    ),
    Mutant(
        "claims-decided-without-lock",
        "Two processes look at the same claims at the same time, and grant the same share twice.",
        _LEDGER,
        (Patch(_CLAIMS, _LOCK, _LOCK.partition("\n")[2]),),
    ),
    Mutant(
        "share-kept-after-the-step",
        "A step that ended keeps its share until its run ends.",
        _LEDGER,
        (
            Patch(
                "ledger/owned.py",
                "            self._claims.give_back(tx, step)\n            current",
                "            current",
            ),
        ),
    ),
    Mutant(
        "share-kept-by-the-dead",
        "Nobody looks whether those who have a share are alive.",
        _LEDGER,
        (
            Patch(
                _CLAIMS,
                "if wait is not None and not self._take_from_dead(claims, uses):",
                "if wait is not None:",
            ),
        ),
    ),
    Mutant(
        "share-of-older-epochs-counts",
        "What an owner had counts although another owns the run by now.",
        _LEDGER,
        (
            Patch(
                "ledger/sql/select_claims.sql",
                "on r.id = c.run_id and r.epoch = c.epoch",
                "on r.id = c.run_id",
            ),
        ),
    ),
    Mutant(
        "sleeper-goes-on-without-its-share",
        "An owner whose share was taken away, for it slept, works on beside the next one.",
        _LEDGER,
        (
            Patch(
                "ledger/owned.py",
                "        self._write(self._claims.prove)\n",
                "        self._write(lambda _tx: None)\n",
            ),
        ),
    ),
    Mutant(
        "own-sleep-counts-as-silence",
        "A watcher that was stopped itself takes shares away from owners that live.",
        _LEDGER,
        (
            Patch(
                "ledger/silence.py",
                "min(now_s - seen.at_s, run.lease.length_s * LOOK_SHARE_MAX)",
                "now_s - seen.at_s",
            ),
        ),
    ),
    Mutant(
        "sessions-in-use-not-seen",
        "The preflight takes sessions for free that others have.",
        ("operations/test_preflight.py",),
        (
            Patch(
                "databases/room.py",
                "        return max(self.units - self.in_use, 0)\n",
                "        return self.units\n",
            ),
        ),
    ),
)
