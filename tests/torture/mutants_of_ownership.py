"""Mutants of ownership: fence, announcement, take-over, epochs, lease and lock."""

from __future__ import annotations

from typing import Final

from tests.torture.mutant import Mutant, Patch

_NOT_CLOSED: Final = "  and mine.closed_at is null\n"
_NONE_HIGHER: Final = """\
  and not exists (
    select 1 from daybreak.epochs higher
    where higher.run_key = :run_key and higher.epoch > :epoch
  )
"""
_SQLITE_FENCE: Final = "databases/sql/sqlite/mark.sql"
_POSTGRESQL_FENCE: Final = "databases/sql/postgresql/mark.sql"
_TARGETS: Final = "execution/targets.py"
_ANNOUNCE: Final = "                target.announce(self._ownership)\n"
_CLOSE: Final = "                target.close_older(self._ownership)\n"
_LEDGER_ROOMS: Final = ("ledger/test_owned.py", "ledger/test_ownership.py", "operations")
_ROOMS: Final = ("databases", "execution", "operations")

MUTANTS: Final = (
    Mutant(
        "fence-removed",
        "An owner that was taken over goes on committing chunks.",
        _ROOMS,
        (
            Patch(_SQLITE_FENCE, _NOT_CLOSED + _NONE_HIGHER, ""),
            Patch(_POSTGRESQL_FENCE, _NOT_CLOSED + _NONE_HIGHER + "for share of mine\n", ""),
        ),
    ),
    Mutant(
        "fence-not-held",
        "On PostgreSQL the fence is looked at but not held: nobody waits for a chunk in flight.",
        _ROOMS,
        (Patch(_POSTGRESQL_FENCE, "for share of mine\n", ""),),
    ),
    Mutant(
        "fence-blind-to-announcement",
        "An announced take-over keeps no new chunk of the old owner out.",
        _ROOMS,
        (Patch(_SQLITE_FENCE, _NONE_HIGHER, ""), Patch(_POSTGRESQL_FENCE, _NONE_HIGHER, "")),
    ),
    Mutant(
        "announce-left-out",
        "A new owner never makes its epoch known to the target.",
        ("execution", "operations"),
        (Patch(_TARGETS, _ANNOUNCE, ""),),
    ),
    Mutant(
        "announce-after-close",
        "The old epoch is closed without an announcement, so that a busy zombie keeps it open.",
        ("execution", "operations"),
        (
            Patch(
                _TARGETS,
                _ANNOUNCE + _CLOSE,
                _CLOSE + _ANNOUNCE,
            ),
        ),
    ),
    Mutant(
        "close-left-out",
        "A take-over does not wait for the old owner's chunks in flight.",
        ("execution", "operations"),
        (
            Patch(
                _TARGETS,
                _CLOSE,
                "",
            ),
        ),
    ),
    Mutant(
        "markers-read-before-close",
        "What is missing is planned before the old owner's last chunk in flight has ended.",
        ("execution", "operations"),
        (
            Patch(
                "execution/chunked_step.py",
                "            around.patiently(lambda: around.targets.join(plan.target))\n",
                """\
            plan.target.install()
            early = self._chunks(plan, of)
            around.patiently(lambda: around.targets.join(plan.target))
""",
            ),
            Patch(
                "execution/chunked_step.py",
                """\
            chunks = self._chunks(plan, of)
        if known is not None and known.whole is not None:
""",
                """\
            chunks = early
        if known is not None and known.whole is not None:
""",
            ),
        ),
    ),
    Mutant(
        "epoch-not-raised",
        "Every owner of a run gets the same epoch.",
        _LEDGER_ROOMS,
        (
            Patch("ledger/sql/sqlite/take_run.sql", "  epoch = epoch + 1,\n", "  epoch = 1,\n"),
            Patch("ledger/sql/postgresql/take_run.sql", "  epoch = epoch + 1,\n", "  epoch = 1,\n"),
        ),
    ),
    Mutant(
        "equal-epoch-accepted",
        "The owner by an older copy of the ledger shares the epoch of the true one.",
        _ROOMS,
        (
            Patch(
                "databases/target.py",
                "if known.epoch >= ownership.epoch and not is_ours:",
                "if known.epoch > ownership.epoch and not is_ours:",
            ),
        ),
    ),
    Mutant(
        "ledger-unfenced",
        "An owner that was taken over goes on writing into the ledger.",
        _LEDGER_ROOMS,
        (
            Patch(
                "ledger/sql/sqlite/hold_run.sql",
                "where id = :run_id and epoch = :epoch",
                "where id = :run_id and epoch >= :epoch",
            ),
            Patch(
                "ledger/sql/postgresql/hold_run.sql",
                "where id = :run_id and epoch = :epoch",
                "where id = :run_id and epoch >= :epoch",
            ),
        ),
    ),
    Mutant(
        "lease-ignored",
        "A live owner on another machine is not watched: its run is taken at once.",
        _LEDGER_ROOMS,
        (
            Patch(
                "ledger/ownership.py",
                "        return self.is_locked and is_same_lock\n",
                "        return self.is_locked or is_same_lock\n",
            ),
        ),
    ),
    Mutant(
        "lease-by-wall-clock",
        "A lease that is over by the wall clock is taken at once, whoever's clock is right.",
        _LEDGER_ROOMS,
        (
            Patch(
                "ledger/ownership.py",
                "        is_same_lock = self.owner.lock_id",
                """\
        if seen.lease and not seen.lease.is_current(self.session.patience.clock.now()):
            return True
        is_same_lock = self.owner.lock_id""",
            ),
        ),
    ),
    Mutant(
        "ends-before-it-began",
        "A clock that goes back makes what the ledger says of durations negative.",
        _LEDGER_ROOMS,
        (
            Patch(
                "ledger/sql/become.sql",
                "case when :ended_at < started_at then started_at else :ended_at end",
                ":ended_at",
            ),
            Patch(
                "ledger/sql/end_step.sql",
                "case when :now < started_at then started_at else :now end",
                ":now",
            ),
        ),
    ),
    Mutant(
        "lock-shared",
        "Two processes of one machine hold the lock of the same run.",
        ("operations",),
        (
            Patch(
                "operations/run_lock.py",
                """\
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
""",
                """\
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
""",
            ),
        ),
    ),
)
"""Their order is that of PROTOCOL.md 3 and 4."""
