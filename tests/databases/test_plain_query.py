"""A query over one table is recognised, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from daybreak.databases.plain_query import PlainQuery, plain_query


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select id, name from users", PlainQuery("users", "")),
        ("SELECT * FROM Users", PlainQuery("Users", "")),
        ('select id from "users" where a = 1\n', PlainQuery('"users"', "a = 1")),
        ("select u.id, u.name from users u where u.a is null", PlainQuery("u", "u.a is null")),
        (
            "select id from users as u where a in (1, 2) -- why",
            PlainQuery("u", "a in (1, 2) -- why"),
        ),
        ("select id from users where a = ' group by '", PlainQuery("users", "a = ' group by '")),
        ("select id from users where lower(a) = :a", PlainQuery("users", "lower(a) = :a")),
        ("select id from users where a = $$;$$", PlainQuery("users", "a = $$;$$")),
        ("select id /* from */ from users", PlainQuery("users", "")),
    ],
)
def test_a_query_over_columns_of_one_table_is_plain(sql: str, expected: PlainQuery) -> None:
    assert plain_query(sql, "users") == expected


def test_a_schema_belongs_to_the_name() -> None:
    assert plain_query("select id from shop.users where a", "shop.users") == PlainQuery(
        "users", "a"
    )
    assert plain_query("select id from shop.users", "users") is None
    assert plain_query("select id from users", "shop.users") is None


@pytest.mark.parametrize(
    "sql",
    [
        "select id, lower(name) from users",
        "select id, name as n from users",
        "select distinct id from users",
        "select o.id from users u",
        "select id from people",
        'select id from "Users"',
        "select id from users, towns",
        "select id from users join towns using (town)",
        "select id from users left join towns on true",
        "select id from (select * from users) as users",
        "select id from only users",
        "select id from users where a group by id",
        "select id from users where a order by id",
        "select id from users where a limit 3",
        "select id from users where a union select id from users",
        "select id from users where a for update",
        "select id from users as u (id, b)",
        "with users as (select 1 as id) select id from users",
        "table users",
        "select id from users where id in (select id from users where full_name is null)",
        "select id from users where is_nameless(id)",
        "select id from users where a; select 1",
        "",
    ],
)
def test_anything_else_is_not_taken_apart(sql: str) -> None:
    assert plain_query(sql, "users") is None
