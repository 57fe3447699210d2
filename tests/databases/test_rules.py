"""The rules of a table are asked in the types of its columns, whatever those are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from daybreak.abc import Transaction
from daybreak.databases.rules import Asking, Rule, rules_of
from daybreak.databases.session import opened

TABLE = """
create table countries (code char(3) primary key, flags bit(3) unique, name varchar(9) unique);
insert into countries values ('JPN', '101', 'Japan')
"""


def test_a_key_of_fixed_length_is_compared_as_a_whole(postgres_url: str) -> None:
    asked = {"code": ["JPX", "JPN", "J"], "flags": ["100", "111", "101"], "name": ["J", "K", "L"]}
    with opened(postgres_url) as session:
        session.script(TABLE)
        tx = cast("Transaction", session)  # it is only asked
        asking = Asking(tx, "countries", "postgresql", asked)

        found = {rule.columns: asking.broken(rule) for rule in keys_of(tx)}

    assert {("code",): {1}, ("flags",): {2}, ("name",): set()} == found


NOTES = """
create table tags (names text[] primary key);
insert into tags values ('{"a b",c}'), ('{}'), ('{null,"{\\"}"}'), ('{{x},{y}}');
create table notes (
  names text[] unique references tags (names),
  sizes integer[] check (cardinality(sizes) > 1),
  detail jsonb check (detail -> 'a' > '1')
);
insert into notes (names) values ('{}')
"""


def test_lists_and_mappings_are_asked_about_like_other_values(postgres_url: str) -> None:
    names = [["a b", "c"], ["z"], [], [None, '{"}'], [["x"], ["y"]], ["z"], None]
    sizes = [[1, 2], [3], None, [4], [5, 6], (7, 8), [9, 10]]
    details = [{"a": 2}, {"a": 1, "b": [None]}, None, {"a": 3}, ["a"], {"a": 1}, {"a": 1}]
    with opened(postgres_url) as session:
        session.script(NOTES)
        tx = cast("Transaction", session)  # it is only asked
        asked: dict[str, Sequence[Any]] = {"names": names, "sizes": sizes, "detail": details}
        asking = Asking(tx, "notes", "postgresql", asked)

        rules = rules_of(tx, "notes", "postgresql")
        found = {(rule.kind, *rule.columns): asking.broken(rule) for rule in rules}

    assert {
        ("foreign key", "names"): {1, 5},
        ("unique", "names"): {2, 5},
        ("check", "sizes"): {1, 3},
        ("check", "detail"): {1, 5, 6},
    } == found


def keys_of(tx: Transaction) -> list[Rule]:
    return [rule for rule in rules_of(tx, "countries", "postgresql") if rule.kind == "unique"]
