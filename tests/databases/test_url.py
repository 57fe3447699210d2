"""A URL that is read without SQLAlchemy means what SQLAlchemy says it means."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daybreak.databases.url import SqliteFile, parse, parse_fully, without_credentials

PLAIN = "sqlite:///x.db", "sqlite:////tmp/a-b/x_1.db", "sqlite:///../x"
OTHERS = (
    "sqlite://",
    "sqlite:///",
    "sqlite:///:memory:",
    "sqlite:///x.db?mode=ro",
    "sqlite:///日.db",
    "sqlite+pysqlite:///x.db",
    "postgresql://u:p@h/n",
)


@given(st.sampled_from(PLAIN) | st.text("/x1.-_%6 :?#@\n日", max_size=9).map("sqlite:///".__add__))
def test_a_url_of_a_file_is_read_as_by_sqlalchemy(url: str) -> None:
    short, full = parse(url), parse_fully(url)

    assert full.database == short.database
    assert full.get_backend_name() == short.get_backend_name()
    if isinstance(short, SqliteFile):
        assert full.render_as_string() == f"sqlite:///{short.database}" == without_credentials(url)


def test_only_plain_ones_are_short() -> None:
    assert {SqliteFile} == {type(parse(url)) for url in PLAIN}
    assert SqliteFile not in {type(parse(url)) for url in OTHERS}


def test_two_spellings_of_one_file_are_equal() -> None:
    assert parse("sqlite:///a.db") == parse("sqlite:///%61.db")
