"""Mutants of the modes of a table: which of equal keys stands, what is counted, what is refused."""

from __future__ import annotations

from typing import Final

from tests.torture.mutant import Mutant, Patch

_ISOLATOR: Final = "execution/isolator.py"
_RIVALS: Final = "execution/rivals.py"
_UPSERT: Final = "connectors/upsert_table.py"
_ROOMS: Final = ("execution", "operations")

MUTANTS: Final = (
    Mutant(
        "first-of-equals-stands",
        "Of equal keys in a chunk the first one is written, and not the last.",
        _ROOMS,
        (Patch(_UPSERT, "for place in group[:-1]]", "for place in group[1:]]"),),
    ),
    Mutant(
        "superseded-passes",
        "A record that was superseded is counted as passed.",
        _ROOMS,
        (
            Patch(
                _ISOLATOR,
                "        admitted.superseded = [unit for unit in units if unit.origin in beaten]\n",
                "        admitted.superseded, beaten = [], set[int]()\n",
            ),
        ),
    ),
    Mutant(
        "late-suspect-writes-over-newer",
        "A suspect that comes in after all others writes over a newer record with its key.",
        _ROOMS,
        (
            Patch(
                _RIVALS,
                "any(owner == origin or owner not in self._refused for owner in later)\n",
                "any(owner == origin for owner in later)\n",
            ),
        ),
    ),
    Mutant(
        "nobody-stands-in",
        "If the last of equal keys is refused, none of the others takes its place.",
        _ROOMS,
        (
            Patch(
                _RIVALS,
                "        self._refused.add(unit.origin)\n",
                "        self._refused.discard(unit.origin)\n",
            ),
        ),
    ),
    Mutant(
        "equal-by-python",
        "Whether keys are equal is asked of Python, whatever the database thinks of it.",
        ("execution",),
        (
            Patch(
                "databases/equal_keys.py",
                "        if self._is_proven(tx, columns):\n",
                "        if columns:\n",
            ),
        ),
    ),
    Mutant(
        "upsert-assumes-new",
        "A chunk of an upsert is copied straight in, whether its keys are there or not.",
        _ROOMS,
        (
            Patch(
                "databases/upserting.py",
                "        return not tx.query(asked, low=min(keys), high=max(keys))\n",
                "        return bool(asked)\n",
            ),
        ),
    ),
    Mutant(
        "upsert-replaces-anything",
        "A new pass that writes over rows may follow one that replaced the table.",
        ("execution",),
        (
            Patch(
                "execution/changes.py",
                'before.get("mode") == "upsert" and before.get("key") == after.get("key")',
                'before.get("mode") != ""',
            ),
        ),
    ),
    Mutant(
        "zone-dropped",
        "An aware datetime goes into a column without a time zone.",
        ("connectors",),
        (
            Patch(
                "connectors/row_values.py",
                "isinstance(value, datetime) and value.tzinfo is not None:",
                "isinstance(value, str) and not value:",
            ),
        ),
    ),
)
