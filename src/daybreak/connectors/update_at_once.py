"""A back-fill's write on PostgreSQL in one statement, where a glance tells that rows are unchanged.

Before the rows were read, PostgreSQL gave the lowest number of a transaction that had not ended. A
version of a row whose own number is lower was committed before the read. If it is the row's version
still when the row is written, it is the one that was read: none of its columns has to be compared,
nor sent. The number is a part of the version, so that the condition is true to whatever version the
UPDATE has waited for.

A row with another number has perhaps changed, in a column that nobody read, or was written just
before the read. So what the statement leaves alone is compared column by column by
`update_postgresql`, which also names the row that the table refuses: from arrays, the server names
none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ..abc import Transaction
from ..databases.spelling import array_of
from ..databases.sqlite import quoted
from ..databases.statement import binds_of
from ..errors import DataRefused, ProofFailed
from .update_changes import Changes
from .update_comparison import Comparison

_WHOLE: Final = frozenset({"smallint", "integer", "bigint"})
_KEYS: Final = _WHOLE | {"numeric", "uuid", "date", "timestamp with time zone"}
"""Types of a key that can be joined: those without a collation."""

_TYPES: Final = _KEYS | {
    "text",
    "character varying",
    "boolean",
    "real",
    "double precision",
    "timestamp without time zone",
}
"""Types whose values an array gives as COPY does. A `character` without a length holds one."""

_DENSE: Final = 4
"""So many times as many numbers as keys may lie between the first and the last: then all rows in
between are looked at, which takes less than looking for each."""

_SELF: Final = "daybreak_update_self"
"""A temporary table without columns: a row of it bears the number of who writes."""


class AtOnce:
    """Writes the changes of a chunk whose rows bear an old number; finds out which do not."""

    def __init__(self, comparison: Comparison) -> None:
        of, plain = comparison, comparison.plain
        assert plain is not None, "the condition is said of the table's rows"
        self._of = of
        names = [column.name for column in of.columns]
        self._key_places = [names.index(column) for column in of.key]
        self._keys = [f"key_{place}" for place in range(len(of.key))]
        self._set = [f"new_{place}" for place in range(len(of.set))]
        self._alias = plain.alias
        wanted = binds_of(plain.condition)
        self._binds = {name: value for name, value in of.binds.items() if name in wanted}
        self._dense, self._sparse = self._statement(is_dense=True), self._statement(is_dense=False)

    @classmethod
    def of(cls, comparison: Comparison) -> AtOnce | None:
        """Return what writes at once; None where columns are to be compared."""
        types = comparison.types
        keys = [types[column].bare for column in comparison.key]
        values = [types[column].bare for column in comparison.set]
        is_known = _KEYS.issuperset(keys) and _TYPES.issuperset(values)
        if comparison.plain is None or not is_known or keys[0] not in _WHOLE:
            return None
        return cls(comparison)

    # ---------------------------------------------------------------- before the transaction

    def prepare(self, changes: Changes) -> None:
        """Spell changes, if it is known as of when their rows are, and all can be spelled."""
        rows = changes.rows
        if not rows.as_of:
            return
        keys = [rows.columns[place] for place in self._key_places]
        several = len(self._set) > 1
        new = list(zip(*changes.values, strict=True)) if several else [changes.values]
        arrays = list(map(array_of, [*keys, *new]))
        if set(map(type, keys[0])) == {int} and None not in arrays:
            named = zip([*self._keys, *self._set], arrays, strict=True)
            changes.spelled = {f"daybreak_{name}": array for name, array in named if array}

    # ---------------------------------------------------------------- inside it

    def write(self, tx: Transaction, changes: Changes) -> Sequence[int]:
        """Write what bears an old number; return the places of the changes that were left alone.

        Raises:
            DataRefused: If one of them is refused. The next try is not made at once.
        """
        keys = changes.rows.columns[self._key_places[0]]
        low, high = min(keys), max(keys)
        statement = self._dense if high - low < _DENSE * len(keys) else self._sparse
        within = {"daybreak_from": low, "daybreak_upto": high}
        assert changes.spelled is not None, "it was prepared"
        binds = {**self._binds, **changes.spelled, **within, "daybreak_as_of": changes.rows.as_of}
        try:
            written = tx.execute(statement, **binds)
        except DataRefused:
            changes.spelled = None  # COPY tells which row it was
            raise
        if written == len(changes):
            return ()
        left = self._left(tx, changes, within)
        if written + len(left) != len(changes):
            raise ProofFailed(
                f"table {self._of.table} took {written} rows of {len(changes)},"
                f" and {len(left)} were left alone",
                hint="look for triggers or rules that write or swallow rows",
            )
        return left

    def _statement(self, *, is_dense: bool) -> str:
        """Return the UPDATE.

        A sum cannot be looked up in an index: where keys are dense, the rows between the first and
        the last are read, and joined by a hash, also by a plan that knows no numbers.
        """
        of, alias = self._of, self._alias
        assert of.plain is not None, "see above"
        sets = (
            f"{quoted(column)} = daybreak_new.{name}"
            for column, name in zip(of.set, self._set, strict=True)
        )
        arrays = [*self._arrays(of.key, self._keys), *self._arrays(of.set, self._set)]
        names = ", ".join([*self._keys, *self._set])
        first = f"{alias}.{quoted(of.key[0])}"
        where = [
            f"{first}{' + 0' if is_dense else ''} = daybreak_new.{self._keys[0]}",
            *self._joined(alias)[1:],
            f"{first} between :daybreak_from and :daybreak_upto",
            f"age({alias}.xmin) > (select age(cast(:daybreak_as_of as xid)))",
            *([f"({of.plain.condition}\n)"] if of.plain.condition else []),
        ]
        return (
            f"update {quoted(of.table)} as {alias} set {', '.join(sets)}"  # noqa: S608 - quoted names
            f" from unnest({', '.join(arrays)}) as daybreak_new ({names})"
            f" where {' and '.join(where)}"
        )

    def _arrays(self, columns: Sequence[str], names: Sequence[str]) -> list[str]:
        return [
            f"cast(:daybreak_{name} as {self._of.types[column].bare}[])"
            for column, name in zip(columns, names, strict=True)
        ]

    def _joined(self, alias: str) -> list[str]:
        return [
            f"{alias}.{quoted(column)} = daybreak_new.{name}"
            for column, name in zip(self._of.key, self._keys, strict=True)
        ]

    def _left(self, tx: Transaction, changes: Changes, within: dict[str, Any]) -> list[int]:
        """Find out which rows were left alone: they bear another number than what is written now.

        That is the number of the transaction, or of its savepoint.
        """
        tx.execute(f"create temporary table if not exists {_SELF} () on commit delete rows")
        own = tx.query(
            f"insert into pg_temp.{_SELF} default values returning xmin::text as number"  # noqa: S608 - ours
        )
        alias, names = "daybreak_written", ", ".join(self._keys)
        first = quoted(self._of.key[0])
        assert changes.spelled is not None, "see above"
        keys = {f"daybreak_{name}": changes.spelled[f"daybreak_{name}"] for name in self._keys}
        rows = tx.query(
            f"select place from unnest({', '.join(self._arrays(self._of.key, self._keys))})"  # noqa: S608 - quoted names
            f" with ordinality as daybreak_new ({names}, place)"
            f" where not exists (select from {quoted(self._of.table)} as {alias}"
            f" where {' and '.join(self._joined(alias))}"
            f" and {alias}.{first} between :daybreak_from and :daybreak_upto"
            f" and {alias}.xmin = cast(:daybreak_own as xid))",
            **keys,
            **within,
            daybreak_own=own[0].number,
        )
        return sorted(row.place - 1 for row in rows)
