"""The rows of a query as the source of a step: divided by walking the key's index (PROTOCOL.md 5).

A cursor is the key of a row, in its own type. Whoever hands out ranges asks the database for the
key that is so many rows further, and never how many rows there are in front. Only the database
compares keys. Rows that appear behind the walk are not part of it; a sweep finds them, whose
cursors carry its number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from ..abc import Transaction
from ..databases.nodes import RowsRoot
from ..databases.session import DatedSession, Session, TupleSession, tuples_of
from ..errors import DataRefused, SchemaMismatch, SinkError, SourceError, TransientError
from ..model.chunk import ChunkInput, Kept
from ..model.cursor import START, Cursor, decode, encode
from ..model.expected import About
from ..model.parameters import Secret
from ..model.ranges import Range
from ..model.row import Row, values_of
from ..model.rows_by_column import RowsByColumn
from .rows_source_about import planned, share_of_way
from .rows_source_again import divided, read_again
from .rows_source_key import look_at, refuse_unproven
from .rows_source_places import keys_from_everywhere
from .rows_source_query import KeyValues, Statement, ask
from .rows_source_raw import key_of, raw_of
from .rows_source_records import RecordMaker
from .rows_source_sessions import Sessions

T = TypeVar("T")

PROVEN_BY_ITSELF: Final = (
    "the catalogue does not prove that {key} is a key of {name}: the query itself was asked"
)


class RowsSource:
    """A `Source` over a query or a table. Several threads may read from one.

    Args:
        root: What the pipeline says.

    Raises:
        SchemaMismatch: If the query lacks a column of the key or of the model.
        CursorTypeError: If the key's type cannot be a cursor.
        SourceError: If the database refuses the query.
        DatabaseUnreachable: If it does not answer.
    """

    def __init__(self, root: RowsRoot) -> None:
        self._root = root
        self._sessions = Sessions(root.database.session)
        self._walkers = Sessions(self._walker)
        with self._sessions.one() as session:
            try:
                self._known = look_at(root, session)
                self._maker = RecordMaker(root.model, self._known.names)
            except (TransientError, SchemaMismatch):
                raise
            except SinkError as error:
                raise self._failed(error) from error
        self._query = self._known.query
        self._places = [self._known.names.index(one) for one in root.key]
        self._left_out: set[KeyValues] = set()
        self._first: KeyValues | None = None

    @property
    def name(self) -> str:
        """The table's name, or the beginning of the query."""
        return self._root.name

    @property
    def said(self) -> str:
        """What is to be said of it when a run begins; empty for nothing."""
        if self._known.is_unique and self._known.is_not_null:
            return ""
        return PROVEN_BY_ITSELF.format(key=", ".join(self._root.key), name=self.name)

    # ------------------------------------------------------------ the chain

    def whole(self) -> Range:
        """Return the range up to the last key there is now.

        Raises:
            SchemaMismatch: If the catalogue does not prove the key, and a row has none, or several
                have the same.
        """
        with self._sessions.one() as session:
            refuse_unproven(self._known, session)
        upto = self._last_key()
        return Range(START, START) if upto is None else Range(START, _text(0, upto))

    def total(self) -> int | None:
        """Return None: counting all rows would take as long as reading them."""
        return None

    def about(self, left: Range | None) -> About | None:
        """Return how many rows PostgreSQL's planner expects; no other is asked."""
        if left is not None and left.is_empty:
            return None
        _, after, upto = (0, None, None) if left is None else _stretch(left)
        with self._sessions.one() as session:
            if session.dialect != "postgresql":
                return None
            sql, binds = self._query.explained(after, upto)
            return planned(session.query(sql, **binds), self._root)

    def share(self, part: Range, of: Range) -> float | None:
        """Return which share of the way between two keys a range makes, in the walk."""
        if len(self._root.key) > 1 or part.is_empty or of.is_empty or _placed(part.upto)[0]:
            return None
        first = self._first_key() if of.after == START else _placed(of.after)[1]
        after = first if part.after == START else _placed(part.after)[1]
        ends = (first, after, _placed(part.upto)[1], _placed(of.upto)[1])
        return share_of_way(*(one[0] for one in ends)) if all(ends) else None

    def _first_key(self) -> KeyValues:
        """Return the first key there was when it was asked for; empty if there is no row."""
        if self._first is None:
            rows = self._ask(self._query.first_keys(1))
            self._first = tuple(values_of(rows[0])) if rows else ()
        return self._first

    def fingerprint(self) -> Mapping[str, Any]:
        """Return the query, its key and its binds."""
        root = self._root
        return {
            "database": root.database.name,
            **({"table": root.table} if root.table else {"query": root.sql.strip()}),
            "key": list(root.key),
            "key types": list(self._known.types),
            "binds": {name: _fact(value) for name, value in root.binds},
        }

    def ranges(self, gap: Range, chunk_records: int) -> Iterator[Range]:
        """Divide a gap by walking the key's index, one statement for each range.

        Raises:
            SourceError: If the query fails.
            CursorTypeError: If a key is a float, which no type of SQLite's keeps out.
        """
        if gap.is_empty:
            return
        number, after, upto = _stretch(gap)
        place, walkers = gap.after, self._sessions
        while True:
            found = self._ask(self._query.walk(after, upto, chunk_records), walkers)
            walkers = self._walkers if self._known.is_unique else self._sessions
            after = tuple(values_of(found[0])) if found else upto
            end = _text(number, after) if found else gap.upto
            yield Range(place, end)
            if end == gap.upto:
                return
            place = end

    def stretches(self, gap: Range, count: int) -> Sequence[Range]:
        """Divide a gap at keys from everywhere in its table, if these can be had without a walk."""
        keys = keys_from_everywhere(self._known, self._ask, count)
        texts = list(self.in_order([*{gap.after, gap.upto, *(_text(0, one) for one in keys)}]))
        inside = texts[texts.index(gap.after) + 1 : texts.index(gap.upto)]
        ends = [inside[len(inside) * n // count] for n in range(1, count)] if inside else []
        ends = list(dict.fromkeys(ends))
        return list(map(Range, [gap.after, *ends], [*ends, gap.upto]))

    def in_order(self, texts: Sequence[str]) -> Sequence[str]:
        """Sort cursor texts as the database orders its keys, those of a sweep behind the walk's."""
        by_number: dict[int, list[str]] = {}
        for text in texts:
            by_number.setdefault(-1 if text == START else _placed(text)[0], []).append(text)
        return [text for number in sorted(by_number) for text in self._ordered(by_number[number])]

    def _ordered(self, texts: Sequence[str]) -> Sequence[str]:
        if len(texts) == 1:
            return texts
        keys = [_placed(text)[1] for text in texts]
        return [texts[row.place] for row in self._ask(self._query.ordered(keys))]

    def digest(self, part: Range) -> str:
        """Return nothing: a live table's rows are not those that were read."""
        del part
        return ""

    # ------------------------------------------------------------ the rows

    def read(self, part: Range) -> ChunkInput:
        """Read one range, in a statement of its own.

        Raises:
            SourceError: If the query fails, or gives two rows with the same key.
        """
        number, after, upto = _stretch(part)
        as_of, given = self._asked(_dated, self._query.rows(after, upto))
        if number and self._left_out:
            given = [row for row in given if self._key(row) not in self._left_out]
        if not self._known.is_unique:
            self._refuse_doubles(given)
        return self._input(RowsByColumn.of(given, len(self._known.names), as_of))

    def _input(self, rows: RowsByColumn) -> ChunkInput:
        made = self._maker.make(rows, lambda place: self._shown(self._key(rows[place])))
        names = self._known.names
        return ChunkInput(
            values=made.values,
            origins=range(len(rows)) if made.places is None else made.places,
            read=len(rows),
            bytes_read=0,
            digest="",
            raw=lambda origin: raw_of(Row(names, rows[origin])),
            cursor=lambda origin: self._shown(self._key(rows[origin])),
            refused=made.refused,
            rows=rows,
            reread=lambda origins: self._reread({one: self._key(rows[one]) for one in origins}),
        )

    def _reread(self, keys: Mapping[int, KeyValues]) -> ChunkInput:
        """Read the rows with some keys, by origin, as they are now; those that are gone are not."""
        now: dict[KeyValues, Row] = {}
        for some in divided(list(keys.values())):
            now |= self._rows_at(some)
        origins = [origin for origin, key in keys.items() if key in now]
        found = [values_of(now[keys[origin]]) for origin in origins]
        read = self._input(RowsByColumn.of(found, len(self._known.names)))
        return replace(
            read,
            origins=[origins[place] for place in read.origins],
            raw=lambda origin: read.raw(origins.index(origin)),
            cursor=lambda origin: read.cursor(origins.index(origin)),
            refused=[replace(one, origin=origins[one.origin]) for one in read.refused],
            rows={origin: values_of(now[keys[origin]]) for origin in origins},
            reread=None,
        )

    def _refuse_doubles(self, rows: Sequence[KeyValues]) -> None:
        seen: set[KeyValues] = set()
        for row in rows:
            key = self._key(row)
            if key in seen:
                raise SourceError(
                    f"{self.name} gives two rows whose key is {self._shown(key)}:"
                    " they could not be told apart",
                    hint="name all columns that tell its rows apart, key=(…, …), or group them",
                )
            seen.add(key)

    def again(self, records: Sequence[Kept]) -> ChunkInput:
        """Read rows that were set aside anew, by their keys: as they are now.

        One that was repaired is taken as a person repaired it. One that the query does not give any
        more is refused: what was wrong with it is over, or it is gone.
        """
        return read_again(records, self._root.key, self._known.names, self._rows_at, self._maker)

    def _rows_at(self, keys: Sequence[KeyValues]) -> Mapping[KeyValues, Row]:
        found = self._ask(self._query.at(keys))
        return {self._key(values_of(row)): row for row in found}

    def _key(self, values: Sequence[Any]) -> KeyValues:
        return tuple([values[place] for place in self._places])

    def _shown(self, key: KeyValues) -> str:
        return ", ".join(f"{name}={one}" for name, one in zip(self._root.key, key, strict=True))

    # ------------------------------------------------------------ sweeps

    def leave_out(self, records: Iterable[Kept]) -> None:
        """Take no row again, in any sweep, whose record is in quarantine; an erased one is."""
        found = (key_of(one.raw, self._root.key) for one in records if not one.is_erased)
        self._left_out = {key for key in found if key is not None}

    def sweep(self, number: int, after: str) -> Range | None:
        """Return the stretch from the beginning to the last key there is now, if there is a row."""
        rows = self._ask(self._query.first_keys(len(self._left_out) + 1))
        if all(tuple(values_of(row)) in self._left_out for row in rows):
            return None
        upto = self._last_key()
        return None if upto is None else Range(after, _text(number, upto))

    def count(self) -> int:
        """Count the rows that the query gives now."""
        return int(self._ask(self._query.count())[0].records)

    def still_given(self, tx: Transaction, rows: Sequence[Sequence[Any]]) -> int:
        """Count which of some rows the query still gives, as a transaction sees it."""
        keys = list(map(self._key, rows))
        return sum(len(ask(tx, self._query.at(some))) for some in divided(keys))

    def count_left_out(self) -> int:
        """Count those of the rows left out that the query gives now."""
        return sum(len(self._rows_at(keys)) for keys in divided(list(self._left_out)))

    # ------------------------------------------------------------ asking

    def close(self) -> None:
        """Close the sessions that nobody uses."""
        self._sessions.close()
        self._walkers.close()

    def _last_key(self) -> KeyValues | None:
        rows = self._ask(self._query.last_key())
        return tuple(values_of(rows[0])) if rows else None

    def _walker(self) -> Session:
        """Open a session that walks an index in its order, whatever the planner believes.

        Of a table that was not looked at since it has grown, it believes that few rows are left:
        it would sort all that are, anew for each range. Where they are few indeed, the first
        statement of a walk finds them all, and that one it may plan as it likes.
        """
        session = self._root.database.session()
        if session.dialect == "postgresql" and isinstance(session, TupleSession):  # no rehearsal's
            session.execute("set enable_sort = off")
            session.execute("set enable_bitmapscan = off")
        return session

    def _ask(self, statement: Statement, sessions: Sessions | None = None) -> list[Row]:
        def query(session: Session, sql: str, **bind: object) -> list[Row]:
            return session.query(sql, **bind)

        return self._asked(query, statement, sessions)

    def _asked(
        self,
        query: Callable[..., T],
        statement: Statement,
        sessions: Sessions | None = None,
    ) -> T:
        sql, binds = statement
        with (sessions or self._sessions).one() as session:
            try:
                return query(session, sql, **binds)
            except TransientError:
                raise
            except SinkError as error:
                raise self._failed(error) from error

    def _failed(self, error: SinkError) -> SourceError:
        detail = f": {message}" if (message := _detail(error)) else ""
        return SourceError(
            f"{self.name} cannot be read: {error}{detail}",
            hint=error.hint or "correct the query, or the row that it fails at",
        )


def _dated(session: Session, sql: str, **bind: object) -> tuple[str, list[tuple[Any, ...]]]:
    """Return the values of a query's rows, and as of when they are, where the session says so."""
    if isinstance(session, DatedSession):
        return session.dated(sql, **bind)
    return "", tuples_of(session, sql, **bind)


def _detail(error: SinkError) -> str:
    return error.details.get("message", "") if isinstance(error, DataRefused) else ""


def _fact(value: object) -> str:
    return "***" if isinstance(value, Secret) else repr(value)


def _text(number: int, key: KeyValues) -> str:
    """Return the cursor of a key: by itself in the walk, with its number in a sweep."""
    cursor: Cursor = key[0] if len(key) == 1 else key
    return encode((number, key) if number else cursor)


def _placed(text: str) -> tuple[int, KeyValues]:
    """Return the number of a cursor's sweep, 0 for the walk, and its key."""
    cursor: Any = decode(text)
    if not isinstance(cursor, tuple):
        return 0, (cursor,)
    if len(cursor) == 2 and isinstance(cursor[1], tuple):  # noqa: PLR2004 - see `_text`
        return cursor[0], cursor[1]
    return 0, cursor


def _stretch(part: Range) -> tuple[int, KeyValues | None, KeyValues]:
    """Return to which sweep a range belongs, and its keys.

    The first one of a sweep begins where the stretch before it ends: before the first row.
    """
    number, upto = _placed(part.upto)
    if part.after == START:
        return number, None, upto
    before, after = _placed(part.after)
    return number, after if before == number else None, upto
