"""Mutants of what happens when a database, a lock or a function stands in the way.

They were written before the tests of these things were read.
"""

from __future__ import annotations

from typing import Final

from tests.torture.mutant import Mutant, Patch

_TRANSACTION: Final = "databases/transaction.py"
_PATIENCE: Final = "execution/patience.py"
_ROOMS: Final = ("databases", "execution", "operations")

MUTANTS: Final = (
    Mutant(
        "nobody-lets-pass",
        "On SQLite who has waited is passed by workers that are only going on.",
        ("databases",),
        (Patch("databases/sqlite.py", "        let_pass(self._path)\n", ""),),
    ),
    Mutant(
        "locks-looked-behind",
        "Who takes over asks a locked target all kinds of things before it says who holds it.",
        ("torture/test_zombies.py",),
        (
            Patch(
                "execution/conductor.py",
                "                join_begun(step, row, self._around)\n",
                "",
            ),
        ),
    ),
    Mutant(
        "transaction-in-any-thread",
        "A function may hand its transaction to threads of its own.",
        _ROOMS,
        (
            Patch(
                _TRANSACTION,
                "        if threading.get_ident() != self._thread:\n",
                "        if self._thread is None:\n",
            ),
        ),
    ),
    Mutant(
        "transaction-lives-on",
        "A transaction that a function kept works after its end, in the next chunk's.",
        _ROOMS,
        (Patch(_TRANSACTION, "        self._is_open = False\n", "        self._is_open = True\n"),),
    ),
    Mutant(
        "patience-begins-anew",
        "Each try has the whole of the patience, so that a run never fails.",
        ("execution",),
        (
            Patch(
                _PATIENCE,
                "        self._first_s = now_s if self._first_s is None else self._first_s\n",
                "        self._first_s = now_s\n",
            ),
        ),
    ),
    Mutant(
        "answer-awaited-for-ever",
        "A server that never answers is waited for without end.",
        _ROOMS,
        (
            Patch(
                "databases/answering.py",
                "        bound = self.answer_s if timeout is None else timeout\n",
                "        bound = timeout\n",
            ),
        ),
    ),
    Mutant(
        "later-twin-stays",
        "Of records that exclude each other the last one is kept, not the first.",
        ("execution/test_isolation_by_rules.py",),
        (
            Patch(
                "execution/isolator.py",
                "            for suspect in self._suspects:\n",
                "            for suspect in reversed(self._suspects):\n",
            ),
        ),
    ),
    Mutant(
        "excess-seen-at-the-end",
        "A chunk in which all are bad is isolated to its end before it counts.",
        ("execution",),
        (
            Patch(
                "execution/isolator.py",
                "        if count >= CERTAIN_MIN and count.bit_count() == 1:\n",
                "        if count < 0:\n",
            ),
        ),
    ),
    Mutant(
        "every-attempt-begins-anew",
        "With --again each attempt that follows a death enters a run of its own.",
        ("torture/test_deaths.py",),
        (
            Patch(
                "operations/start.py",
                "    if attempt.run is None:\n        return settings\n",
                "    if attempt.run is None or settings.again:\n        return settings\n",
            ),
        ),
    ),
    Mutant(
        "patience-of-a-restart-ignored",
        "What a restart is told of waiting and of room is not heeded.",
        ("cli/test_restart.py",),
        (Patch("cli/restarting.py", "            **bounds_of(options),\n", ""),),
    ),
)
