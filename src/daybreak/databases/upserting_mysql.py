"""Writing rows over those with the same key on MariaDB and MySQL.

Their `on duplicate key update` writes over a row that has *any* unique value in common with the new
one, whichever key was meant. So the rows go into a temporary table; those whose keys are in the
table are locked, and changed by one UPDATE, the others added by one INSERT. A key that somebody
else adds in between makes the INSERT fail: then the keys are asked about once more. If no more of
them are there than before, another unique value stands in the way, and the record is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ..abc import Transaction
from ..errors import DataRefused
from .equal_keys import temporary
from .session import Session
from .sqlite import quoted
from .upsert import Upsert

_PLACE: Final = "daybreak_place"
_IS_KNOWN: Final = "daybreak_is_known"
_PLACES_AT_ONCE: Final = 10_000


class MysqlUpserting:
    """A temporary table; from there one INSERT of what is new, then one UPDATE of what is not.

    The new ones come first: a row that is changed may refer to one of them.
    """

    def write(self, tx: Transaction, upsert: Upsert, rows: Sequence[Sequence[Any]]) -> int:
        staged = _staged(upsert)
        tx.execute(_making(upsert))
        tx.execute(f"delete from {staged}")  # noqa: S608 - a name of ours
        numbered = [(place, *row) for place, row in enumerate(rows)]
        tx.copy(staged, numbered, columns=(_PLACE, *upsert.columns))
        known = self._lock_known(tx, upsert)
        added = 0
        while len(known) < len(rows):
            try:
                added = self._add_others(tx, upsert)
                break
            except DataRefused as refused:
                if refused.rule != "unique":
                    raise
                before, known = known, self._lock_known(tx, upsert)
                if len(known) <= len(before):
                    raise
        return added + (self._change_known(tx, upsert) if known else 0)

    def _lock_known(self, tx: Transaction, upsert: Upsert) -> list[int]:
        """Lock the rows whose keys are there, and note which they are; return their places."""
        staged = _staged(upsert)
        found = tx.query(
            f"select given.{_PLACE} from {staged} as given"  # noqa: S608 - quoted names
            f" straight_join {quoted(upsert.table)} as known on {upsert.same_key} for update"
        )
        known = [row.daybreak_place for row in found]
        for some in lists_of(known):
            tx.execute(f"update {staged} set {_IS_KNOWN} = 1 where {_PLACE} in ({some})")  # noqa: S608 - numbers
        return known

    def _add_others(self, tx: Transaction, upsert: Upsert) -> int:
        return tx.execute(
            f"insert into {quoted(upsert.table)} ({upsert.names})"  # noqa: S608 - quoted names
            f" select {upsert.names} from {_staged(upsert)}"
            f" where {_IS_KNOWN} = 0 order by {_PLACE}"
        )

    def _change_known(self, tx: Transaction, upsert: Upsert) -> int:
        told = [f"known.{quoted(one)} = given.{quoted(one)}" for one in upsert.changed]
        alone = quoted(upsert.key[0])
        return tx.execute(
            f"update {quoted(upsert.table)} as known join {_staged(upsert)} as given"  # noqa: S608 - quoted
            f" on {upsert.same_key} set {', '.join(told) or f'known.{alone} = known.{alone}'}"
            f" where given.{_IS_KNOWN} = 1"
        )

    def probe(self, session: Session, upsert: Upsert) -> None:
        session.execute(_making(upsert))
        session.execute(f"drop temporary table {_staged(upsert)}")


def lists_of(places: Sequence[int]) -> Iterator[str]:
    """Yield places as lists in SQL, none of which is too long for a statement."""
    for start in range(0, len(places), _PLACES_AT_ONCE):
        yield ",".join(map(str, places[start : start + _PLACES_AT_ONCE]))


def _staged(upsert: Upsert) -> str:
    return temporary("rows", upsert.table, f"{upsert.names} by {upsert.keys}")


def _making(upsert: Upsert) -> str:
    """Return the statement that makes the temporary table; its columns are those of the table.

    In the order of its key rows are locked: two writers that meet the same ones take one order.
    """
    return (
        f"create temporary table if not exists {_staged(upsert)} ({_PLACE} int not null default 0,"  # noqa: S608 - quoted
        f" {_IS_KNOWN} int not null default 0, unique ({upsert.keys})) engine = InnoDB"
        f" select {upsert.names} from {quoted(upsert.table)} where false"
    )
