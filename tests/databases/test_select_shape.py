"""Which queries are seen to take rows of one table as they are, and which are not."""

from __future__ import annotations

import pytest

from daybreak.databases.select_shape import plain_select


@pytest.mark.parametrize(
    ("sql", "table", "column"),
    [
        ("select * from users", "users", "id"),
        ("SELECT ID, name FROM Users WHERE name = 'from x, y' ORDER BY name", "users", "id"),
        ('select u."id", u.name from shop.users as u', "shop.users", "id"),
        ("select u.* from users u where id in (select id from others group by id)", "users", "id"),
        ("select number as id from users", "users", "number"),
        ("select number id, count(x) as n from users for update;", "users", "number"),
        ("select id, 'a\\' as x from users -- join others", "users", "id"),
        ("select id, e'\\'from x,' as x /* union */ from users limit 3", "users", "id"),
        ("select id, $$ from x $$ as y from users", "users", "id"),
        ("select id, (select max(n) from lines l where l.u = id) as n from users", "users", "id"),
    ],
)
def test_plain_query_has_a_table_and_its_columns(sql: str, table: str, column: str) -> None:
    found = plain_select(sql)

    assert found is not None
    assert (table, column) == (found.table, found.column("id"))


@pytest.mark.parametrize(
    "sql",
    [
        "select id from users, others",
        "select id from users join others using (id)",
        "select id from users u left join others o on o.id = u.id",
        "select id from users natural join others",
        "select distinct id from users",
        "select id from users group by id",
        "select id from users where a union all select id from others",
        r"select id from users where a = 'b\' union all select id from others where c = 'd'",
        "select id from (select * from users) u",
        "select id from generate_series(1, 3) id",
        "select id from users tablesample system (10)",
        "select id from users for system_time all",
        "with users as (select 1 as id) select id from users",
        "values (1)",
        "select 1",
        "",
    ],
)
def test_anything_else_is_unknown(sql: str) -> None:
    assert plain_select(sql) is None


@pytest.mark.parametrize(
    "sql",
    [
        "select id + 1 as id from users",
        "select -id as id from users",
        "select max(id) as id from users",
        "select name from users",
        "select *, 1 as id from users",
        "select coalesce(id, 0) id from users",
        "select part.id from users",
        "select users.id from users u",
        "select users.part.id from users",
    ],
)
def test_column_of_another_origin_is_unknown(sql: str) -> None:
    found = plain_select(sql)

    assert found is None or found.column("id") is None


def test_calls_are_told_for_they_may_give_several_rows() -> None:
    found = plain_select("select id, unnest(tags) as tag, lower(name) from users where f(x) > 1")

    assert found is not None
    assert {"unnest", "lower"} == found.calls
