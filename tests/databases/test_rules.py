"""The rules of a table are asked in the types of its columns, whatever those are called."""

from __future__ import annotations

from typing import cast

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


def keys_of(tx: Transaction) -> list[Rule]:
    return [rule for rule in rules_of(tx, "countries", "postgresql") if rule.kind == "unique"]
