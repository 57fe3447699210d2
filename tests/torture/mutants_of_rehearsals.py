"""Mutants of rehearsals: something is left, somebody is held up, or they see what no run would."""

from __future__ import annotations

from typing import Final

from tests.torture.mutant import Mutant, Patch

_TRANSACTION: Final = "databases/rehearsal.py"
_REHEARSE: Final = "operations/rehearse.py"
_ROOMS: Final = ("databases/test_rehearsal.py", "operations/test_rehearse.py")

MUTANTS: Final = (
    Mutant(
        "rehearsal-not-sealed",
        "On PostgreSQL a function that commits makes the whole rehearsal durable.",
        _ROOMS,
        (
            Patch(
                _TRANSACTION,
                '            session.script(load(session.dialect, "seal"))\n',
                "            pass\n",
            ),
        ),
    ),
    Mutant(
        "rehearsal-blind-at-commit",
        "Constraints that COMMIT would check are never checked.",
        _ROOMS,
        (Patch(_TRANSACTION, "            self._around.check_deferred()\n", ""),),
    ),
    Mutant(
        "rehearsal-defers-everything",
        "After the first chunk also those constraints wait that are immediate by definition.",
        _ROOMS,
        (
            Patch(
                "databases/deferred.py",
                "session.execute(f\"set constraints {', '.join(deferred)} deferred\")",
                'session.execute("set constraints all deferred")',
            ),
        ),
    ),
    Mutant(
        "rehearsal-is-the-run",
        "It has the identity of the run that it rehearses, and meets its epochs and markers.",
        ("operations/test_rehearse.py",),
        (Patch(_REHEARSE, "replace(identity, job=unique)", "replace(identity, job=identity.job)"),),
    ),
    Mutant(
        "rehearsal-outside",
        "The step's database is opened as ever: everything is committed for real.",
        ("operations/test_rehearse.py",),
        (
            Patch(
                _REHEARSE,
                "                opens={name: one.opens for name, one in transactions.items()},\n",
                "",
            ),
        ),
    ),
    Mutant(
        "rehearsal-spills",
        "SQLite writes changed pages into the file before their time, and locks its readers out.",
        ("operations/test_rehearse.py",),
        (
            Patch(
                _TRANSACTION,
                '                session.execute("pragma cache_spill = off")\n',
                "",
            ),
        ),
    ),
    Mutant(
        "rehearsal-outlives-its-connection",
        "A chunk whose connection is lost is begun again, as if those before it were still there.",
        _ROOMS,
        (
            Patch(
                _TRANSACTION,
                "                if self._session.in_transaction or not self._is_begun:\n",
                "                if True:\n",
            ),
        ),
    ),
    Mutant(
        "rehearsal-never-gives-way",
        "It holds its locks to its end, whoever waits for them.",
        ("operations/test_rehearse.py",),
        (Patch(_TRANSACTION, "            self._around.between_chunks(session)\n", ""),),
    ),
    Mutant(
        "scratch-drops-the-living",
        "A rehearsal takes the scratch database of another that lives for an orphan.",
        ("databases/test_scratch.py",),
        (
            Patch(
                "databases/sql/postgresql/scratch_orphans.sql",
                "there.datid = own.oid)",
                "there.datid = own.oid and there.datid <> there.datid)",
            ),
            Patch(
                "databases/scratch.py",
                "f'drop database if exists \"{orphan.name}\"'",
                "f'drop database if exists \"{orphan.name}\" with (force)'",
            ),
        ),
    ),
)
