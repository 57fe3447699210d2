"""A back-fill's write on PostgreSQL in one statement, where a glance tells that rows are unchanged.

Before the rows were read, PostgreSQL gave the lowest number of a transaction that had not ended. A
version of a row whose own number is lower was committed before the read. If it is the row's version
still when the row is written, it is the one that was read: none of its columns has to be compared,
nor sent. The number is a part of the version, so that the condition is true to whatever version the
UPDATE has waited for.

Where one whole number is the key, and most numbers between the first and the last are keys, the new
values go as a JSON array: a row finds its own by its key, less the first. It costs the server no
more than an UPDATE that computes by itself. Other keys are joined to arrays.

A row with another number has perhaps changed, in a column that nobody read, or was written just
before the read. So what the statement leaves alone is compared column by column by
`update_postgresql`, which also names the row that the table refuses: from arrays, the server names
none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from ..abc import Transaction
from ..databases.spelling import array_of, json_of
from ..databases.sqlite import quoted
from ..databases.statement import binds_of
from ..errors import DataRefused, ProofFailed
from .update_changes import Changes, Spelled
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
"""So many times as many numbers as keys may lie between the first and the last: all rows in between
are looked at."""

_CHARACTERS_MAX: Final = 64_000_000
"""A chunk whose values take more is compared: JSON has a limit."""

_SELF: Final = "daybreak_update_self"
"""A temporary table without columns: a row of it bears the number of who writes."""

Columns = Sequence[Sequence[Any]]


class AtOnce:
    """Writes the changes of a chunk whose rows bear an old number; finds out which do not."""

    def __init__(self, comparison: Comparison) -> None:
        of, plain = comparison, comparison.plain
        assert plain is not None, "the condition is said of the table's rows"
        self._of = of
        names = [column.name for column in of.columns]
        self._key_places = [names.index(column) for column in of.key]
        self._keys = [f"daybreak_key_{place}" for place in range(len(of.key))]
        self._set = [f"daybreak_new_{place}" for place in range(len(of.set))]
        self._alias = plain.alias
        wanted = binds_of(plain.condition)
        self._binds = {name: value for name, value in of.binds.items() if name in wanted}
        self._consecutive = self._by_place(is_gapped=False)
        self._gapped = self._by_place(is_gapped=True)
        self._joined = self._by_join()

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
        keys = [rows.columns[place] for place in self._key_places]
        if not rows.as_of or set(map(type, keys[0])) != {int}:
            return
        several = len(self._set) > 1
        new = list(zip(*changes.values, strict=True)) if several else [changes.values]
        low, high = min(keys[0]), max(keys[0])
        within = {"daybreak_from": low, "daybreak_upto": high}
        numbers = high - low + 1
        if len(keys) > 1 or numbers > _DENSE * len(changes):
            statement, binds = self._joined, self._spelled(array_of, keys, new)
        elif list(keys[0]) == list(range(low, high + 1)):
            statement, binds = self._consecutive, self._spelled(json_of, [], new)
        else:
            places = [key - low for key in keys[0]]
            placed = [_placed(places, column, numbers) for column in new]
            statement, binds = self._gapped, self._spelled(json_of, [], placed)
            given = _placed(places, [1] * len(places), numbers, 0)
            within["daybreak_given"] = bytes(given)
        texts = [one for one in binds.values() if one is not None]
        if len(texts) == len(binds) and sum(map(len, texts)) < _CHARACTERS_MAX:
            as_of = {"daybreak_as_of": rows.as_of}
            changes.spelled = Spelled(statement, {**self._binds, **within, **as_of, **binds})

    def _spelled(
        self, spell: Callable[[Sequence[Any]], str | None], keys: Columns, new: Columns
    ) -> dict[str, str | None]:
        names = [*self._keys[: len(keys)], *self._set]
        return dict(zip(names, map(spell, [*keys, *new]), strict=True))

    # ---------------------------------------------------------------- inside it

    def write(self, tx: Transaction, changes: Changes) -> Sequence[int]:
        """Write what bears an old number; return the places of the changes that were left alone.

        Raises:
            DataRefused: If one of them is refused. The next try is not made at once.
        """
        assert changes.spelled is not None, "it was prepared"
        try:
            written = tx.execute(changes.spelled.statement, **changes.spelled.binds)
        except DataRefused:
            changes.spelled = None  # COPY tells which row it was
            raise
        if written == len(changes):
            return ()
        left = self._left(tx, changes)
        if written + len(left) != len(changes):
            raise ProofFailed(
                f"table {self._of.table} took {written} rows of {len(changes)},"
                f" and {len(left)} were left alone",
                hint="look for triggers or rules that write or swallow rows",
            )
        return left

    def _left(self, tx: Transaction, changes: Changes) -> list[int]:
        """Find out which rows were left alone: they bear another number than what is written now.

        That is the number of the transaction, or of its savepoint.
        """
        tx.execute(f"create temporary table if not exists {_SELF} () on commit delete rows")
        own = tx.query(
            f"insert into pg_temp.{_SELF} default values returning xmin::text as number"  # noqa: S608 - ours
        )
        keys = [changes.rows.columns[place] for place in self._key_places]
        binds = dict(zip(self._keys, map(array_of, keys), strict=True))
        names, alias = ", ".join(self._keys), "daybreak_written"
        rows = tx.query(
            f"select place from unnest({', '.join(self._arrays(self._of.key, self._keys))})"  # noqa: S608 - quoted names
            f" with ordinality as daybreak_new ({names}, place)"
            f" where not exists (select from {quoted(self._of.table)} as {alias}"
            f" where {' and '.join([*self._same_keys(alias), self._within(alias)])}"
            f" and {alias}.xmin = cast(:daybreak_own as xid))",
            **binds,
            daybreak_from=min(keys[0]),
            daybreak_upto=max(keys[0]),
            daybreak_own=own[0].number,
        )
        return sorted(row.place - 1 for row in rows)

    # ---------------------------------------------------------------- its statements

    def _by_place(self, *, is_gapped: bool) -> str:
        """Return the UPDATE in which a row's place is its key less the first.

        With gaps between the keys, a byte for each place says whether it is meant. Only of a row
        between the first and the last it may be asked.
        """
        place = f"cast({self._alias}.{quoted(self._of.key[0])} - :daybreak_from as integer)"
        sets = [
            f"cast(cast(:{name} as jsonb) ->> {place} as {self._of.types[column].bare})"
            for column, name in zip(self._of.set, self._set, strict=True)
        ]
        given = f"get_byte(cast(:daybreak_given as bytea), {place}) = 1"
        within = f"case when {self._within(self._alias)} then {given} else false end"
        return self._update(sets, "", [within] if is_gapped else [])

    def _by_join(self) -> str:
        """Return the UPDATE that joins the table to arrays."""
        arrays = [*self._arrays(self._of.key, self._keys), *self._arrays(self._of.set, self._set)]
        names = ", ".join([*self._keys, *self._set])
        source = f" from unnest({', '.join(arrays)}) as daybreak_new ({names})"
        sets = [f"daybreak_new.{name}" for name in self._set]
        return self._update(sets, source, self._same_keys(self._alias))

    def _update(self, values: Sequence[str], source: str, more: Sequence[str]) -> str:
        of, alias = self._of, self._alias
        assert of.plain is not None, "see above"
        sets = [f"{quoted(column)} = {value}" for column, value in zip(of.set, values, strict=True)]
        where = [
            self._within(alias),
            f"age({alias}.xmin) > (select age(cast(:daybreak_as_of as xid)))",
            *more,
            *([f"({of.plain.condition}\n)"] if of.plain.condition else []),
        ]
        update = f"update {quoted(of.table)} as {alias} set {', '.join(sets)}{source}"  # noqa: S608 - quoted names
        return f"{update} where {' and '.join(where)}"

    def _within(self, alias: str) -> str:
        return f"{alias}.{quoted(self._of.key[0])} between :daybreak_from and :daybreak_upto"

    def _arrays(self, columns: Sequence[str], names: Sequence[str]) -> list[str]:
        return [
            f"cast(:{name} as {self._of.types[column].bare}[])"
            for column, name in zip(columns, names, strict=True)
        ]

    def _same_keys(self, alias: str) -> list[str]:
        return [
            f"{alias}.{quoted(column)} = daybreak_new.{name}"
            for column, name in zip(self._of.key, self._keys, strict=True)
        ]


def _placed(
    places: Sequence[int], column: Sequence[Any], count: int, empty: object = None
) -> list[Any]:
    """Return a column with its values at other places of so many."""
    placed = [empty] * count
    for place, value in zip(places, column, strict=True):
        placed[place] = value
    return placed
