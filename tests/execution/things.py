"""A table with every kind of rule, records that break them at random, and what must come of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Final

from daybreak import Database
from daybreak.abc import ChunkWriter
from daybreak.connectors.upsert_table import sink_of_table
from daybreak.databases.nodes import Mode
from daybreak.databases.session import Session, opened
from daybreak.execution.bad_budget import BadBudget
from daybreak.execution.committer import Committed, Committer
from daybreak.execution.draft import draft_of
from daybreak.model.limits import BadLimit
from daybreak.model.ownership import Pass
from daybreak.model.ranges import Range
from daybreak.model.row import Row
from daybreak.pipeline.block import Block
from daybreak.pipeline.carry import Carried
from tests.execution.house import CLOCK, OF, House, source_of
from tests.kinds import ours

OWNERS: Final = range(1, 5)
PARENTS: Final = """
create table owners (id integer primary key);
insert into owners values (1), (2), (3), (4);
"""
TABLE: Final = """
create table things (
  id integer primary key,
  name varchar(5) not null check (length(name) <= 5),
  code integer unique,
  amount integer check (amount >= 0),
  owner integer references owners (id),
  parent integer references things (id),
  sponsor integer references owners (id){deferred}
);
"""
DEFERRED: Final = {
    "sqlite": " deferrable initially deferred",
    "postgresql": " deferrable initially deferred",
    "mysql": "",
    "duckdb": "",
}
"""How a constraint is checked at COMMIT, where a database has such."""

TRIGGERS: Final = {
    "sqlite": """
create trigger early before insert on things when new.name = 'early'
begin select raise(abort, 'too early'); end;
create trigger late after insert on things when new.name = 'late'
begin select raise(abort, 'too late'); end;
""",
    "postgresql": """
create function refuse() returns trigger language plpgsql as
$$begin raise exception 'too %', new.name; end$$;
create trigger early before insert on things for each row
when (new.name = 'early') execute function refuse();
create trigger late after insert on things for each row
when (new.name = 'late') execute function refuse();
create constraint trigger last after insert on things deferrable initially deferred
for each row when (new.name = 'last') execute function refuse();
""",
    "mysql": """
create trigger early before insert on things for each row
if new.name = 'early' then signal sqlstate '45000' set message_text = 'too early'; end if;
create trigger late after insert on things for each row
if new.name = 'late' then signal sqlstate '45000' set message_text = 'too late'; end if;
""",
    "duckdb": "",  # it has no triggers
}
NAMES_REFUSED: Final = {
    "sqlite": {"early", "late", "\ud800"},
    "postgresql": {"early", "late", "last", "\ud800", "\0"},
    "mysql": {"early", "late", "\ud800"},
    "duckdb": {"\ud800"},
}
AMOUNT_END: Final = {"sqlite": 2**63, "postgresql": 2**31, "mysql": 2**31, "duckdb": 2**31}


@dataclass(frozen=True)
class Thing:
    """One record."""

    id: int
    name: str | None = "good"
    code: int | None = None
    amount: int | None = None
    owner: int | None = None
    parent: int | None = None
    sponsor: int | None = None

    @property
    def keys(self) -> set[tuple[str, int]]:
        """What no other record may have."""
        return {("id", self.id)} | ({("code", self.code)} if self.code is not None else set())


# ---------------------------------------------------------------- records


def drawn(chance: random.Random, count: int) -> list[Thing]:
    """Draw records in random order, of which none, some or most break something.

    Records that have a key in common wait for no parent: which of them stays is a matter of their
    order only then.
    """
    ids = chance.sample(range(1, count + 1), count)
    share = chance.choice([0.05, 0.3, 0.9])
    things = [_good(chance, n) for n in ids]
    things = [_spoilt(chance, one, count) if chance.random() < share else one for one in things]
    seen = Counter(key for thing in things for key in thing.keys)
    return [
        replace(thing, parent=None) if any(seen[key] > 1 for key in thing.keys) else thing
        for thing in things
    ]


def _good(chance: random.Random, n: int) -> Thing:
    return Thing(
        id=n,
        code=chance.choice([None, 1000 + n]),
        amount=chance.choice([None, 7]),
        owner=chance.choice([None, *OWNERS]),
        parent=chance.choice([None, n, chance.randint(1, n)]),
        sponsor=chance.choice([None, *OWNERS]),
    )


def _spoilt(chance: random.Random, thing: Thing, count: int) -> Thing:
    return chance.choice(
        [
            *(replace(thing, name=name) for name in (None, "too long", "early", "late", "last")),
            *(replace(thing, name=name) for name in ("\0", "\ud800")),
            *(replace(thing, amount=amount) for amount in (-1, 2**70)),
            replace(thing, owner=99),
            replace(thing, sponsor=99),
            replace(thing, parent=99_999),
            replace(thing, id=chance.randint(1, count)),
            replace(thing, code=1000 + chance.randint(1, count)),
        ]
    )


# ---------------------------------------------------------------- what must come of them


@dataclass
class Oracle:
    """What is in the table, and what becomes of the next chunk."""

    dialect: str
    rows: list[Thing] = field(default_factory=list)

    def refuse(self, chunk: Sequence[Thing]) -> list[int]:
        """Take the good of a chunk; return the places of the others.

        Good is what breaks no rule by itself, whose line of parents does not end at none, and that
        has no key in common with a good one before it.
        """
        alive = [place for place, thing in enumerate(chunk) if self._is_sound(thing)]
        before = None
        while alive != before:
            before = alive
            ids = {row.id for row in (*self.rows, *(chunk[place] for place in alive))}
            alive = [place for place in alive if self._has_parent(chunk[place], ids)]
            alive = _first_of_equals(alive, chunk)
        self.rows += (chunk[place] for place in alive)
        return sorted(set(range(len(chunk))) - set(alive))

    def _has_parent(self, thing: Thing, ids: set[int]) -> bool:
        if self.dialect == "duckdb" and thing.parent == thing.id:
            return False  # there a row's parent must be in the table before the row's statement
        return thing.parent in {None, *ids}

    def _is_sound(self, thing: Thing) -> bool:
        return (
            thing.name is not None
            and len(thing.name) <= 5
            and thing.name not in NAMES_REFUSED[self.dialect]
            and (thing.amount is None or 0 <= thing.amount < AMOUNT_END[self.dialect])
            and thing.owner in {None, *OWNERS}
            and thing.sponsor in {None, *OWNERS}
            and not any(thing.keys & row.keys for row in self.rows)
        )


def _first_of_equals(places: Sequence[int], chunk: Sequence[Thing]) -> list[int]:
    taken: set[tuple[str, int]] = set()
    first: list[int] = []
    for place in places:
        if not taken & chunk[place].keys:
            taken |= chunk[place].keys
            first.append(place)
    return first


# ---------------------------------------------------------------- the table, and its loading


def make_things(house: House) -> str:
    """Make the table; return the dialect."""
    with opened(house.url) as session:
        session.script(PARENTS)
        session.script(TABLE.format(deferred=DEFERRED[session.dialect]))
        session.script(TRIGGERS[session.dialect])
        return session.dialect


def empty_things(session: Session) -> None:
    """Remove all rows, also where a database deletes them one by one, and parents never first."""
    if session.dialect in ("sqlite", "postgresql"):
        session.execute("delete from things")
        return
    session.execute("drop table things")
    session.script(TABLE.format(deferred=""))
    session.script(TRIGGERS[session.dialect])


def in_table(house: House) -> list[Thing]:
    """Read what is in the table."""
    with opened(house.url) as session:
        rows = session.query("select * from things")
    return sorted((Thing(*row.values()) for row in rows), key=attrgetter("id"))


class Loading:
    """Commits records in chunks."""

    def __init__(
        self,
        house: House,
        writer: ChunkWriter,
        things: Sequence[Thing],
        of: Pass = OF,
        *,
        max_bad: str = "100%",
        mode: Mode = "insert",
    ) -> None:
        self._house = house
        self._source = source_of(things)
        self._pass = of
        sink = sink_of_table(Database(house.url).table("things", Thing, key="id", mode=mode))
        budget = BadBudget(BadLimit.parse(max_bad), total=None, read=0, bad=0)
        self._committer = Committer(writer, sink, of, epoch=1, budget=budget, clock=CLOCK)

    def commit(self, part: Range) -> Committed:
        """Commit one chunk."""
        read = self._source.read(part)
        carried: Carried = Carried(Block(list(read.values), list(read.origins)), 0, [])
        return self._committer.commit(draft_of(part, read, carried), began_s=0.0)

    def set_aside(self, part: Range) -> list[int]:
        """Return the places of the records that were set aside in a chunk."""
        return [row.origin for row in self.quarantine(part)]

    def quarantine(self, part: Range) -> list[Row]:
        """Return what was set aside in a chunk, in source order."""
        with opened(self._house.url) as session:
            return session.query(
                ours(
                    session,
                    "select origin, reason, details from daybreak.quarantine"
                    " where pass = :pass_ and range_after = :after order by origin",
                ),
                pass_=self._pass.number,
                after=part.after,
            )
