"""Records with lists and mappings in them: what is bad among them is found like any other."""

from __future__ import annotations

from typing import Any, Final

import pytest

from daybreak import Database
from daybreak.connectors.upsert_table import sink_of_table
from daybreak.databases.nodes import Mode
from daybreak.databases.session import opened
from tests.execution.house import House
from tests.kinds import url_of_kind

pytestmark = pytest.mark.slow_on_duckdb

RECORDS: Final = 60
BAD: Final = [20, 40]
TABLES: Final = {
    "sqlite": """
create table papers (
  id integer primary key,
  tags json unique check (json_array_length(tags) > 0),
  detail json check (json_type(detail) = 'object')
);
create trigger any_of_them before insert on papers when new.id < 0 begin select 1; end;
""",  # with a trigger, what stands in front of a bad row does not stay: so the rules are asked
    "postgresql": """
create table papers (
  id integer primary key,
  tags text[] unique check (cardinality(tags) > 0),
  detail jsonb check (jsonb_typeof(detail) = 'object')
)
""",
    "duckdb": """
create table papers (
  id integer primary key,
  tags varchar[] check (len(tags) > 0),
  detail json check (json_type(detail) = 'OBJECT')
)
""",
}


@pytest.fixture(params=TABLES, name="database_url")
def kind_with_lists(request: pytest.FixtureRequest) -> str:
    return url_of_kind(request)


@pytest.mark.parametrize("spoilt", [{"tags": []}, {"detail": [1]}, {"id": 0}], ids=str)
@pytest.mark.parametrize("mode", ["insert", "upsert"])
def test_bad_records_among_such_are_set_aside(
    house: House, mode: Mode, spoilt: dict[str, Any]
) -> None:
    with opened(house.url) as session:
        session.script(TABLES[session.dialect])
    records = [{"id": n, "tags": [f"tag {n}"], "detail": {"a": n}} for n in range(RECORDS)]
    for place in BAD:
        records[place] |= spoilt
    sink = sink_of_table(Database(house.url).table("papers", key="id", mode=mode))
    sink.preflight()
    counts = house.attempt(house.plan(records, sink=sink), chunk=RECORDS)

    assert counts is not None
    is_superseded = mode == "upsert" and "id" in spoilt
    lost = (0, len(BAD)) if is_superseded else (len(BAD), 0)
    assert (RECORDS - len(BAD), *lost) == (counts.passed, counts.quarantined, counts.superseded)
    with opened(house.url) as session:
        found = {row.id for row in session.query("select id from papers")}
    assert {n for n in range(RECORDS) if n not in BAD} == found
