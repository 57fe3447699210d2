"""A URL is read and written as SQLAlchemy does, whose spelling everybody knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from daybreak.databases.url import parse, without_credentials
from daybreak.errors import DefinitionError

SCHEMES = ("sqlite", "postgresql", "postgresql+psycopg", "mysql", "mariadb", "duckdb")
LETTERS = "ax1.-_%20+ :?#@/&=\n日"
PARTS = st.text(LETTERS, max_size=6)
URLS = st.builds("{}://{}".format, st.sampled_from(SCHEMES), st.text(LETTERS, max_size=14))
SERVERS = st.builds(
    "postgresql://{}:{}@{}:{}/{}?user={}&password={}&a={}&a=2".format,
    *(PARTS, PARTS),
    st.sampled_from(["h", "h.example", "[::1]", ""]),
    st.integers(0, 65535),
    *(PARTS, PARTS, PARTS, PARTS),
)


@given(URLS | SERVERS)
def test_a_url_is_read_and_written_as_by_sqlalchemy(url: str) -> None:
    try:
        ours = parse(url)
    except DefinitionError:
        return
    theirs = make_url(url)
    query = dict(theirs.normalized_query)

    assert theirs.get_backend_name() == ours.kind
    assert (theirs.username, theirs.password) == (ours.username, ours.password)
    assert (theirs.host, theirs.port) == (ours.host, ours.port)
    assert (theirs.database, query) == (ours.database, ours.query)
    assert theirs.render_as_string(hide_password=False) == str(ours)


@given(SERVERS)
def test_what_is_shown_has_no_user_and_no_password(url: str) -> None:
    try:
        shown = make_url(without_credentials(url))
    except DefinitionError:
        return

    assert (None, None) == (shown.username, shown.password)
    assert not {"user", "password"} & set(shown.query)


def test_two_spellings_of_one_file_are_equal() -> None:
    assert parse("sqlite:///a.db") == parse("sqlite:///%61.db")


def test_a_password_is_in_no_representation() -> None:
    assert "secret" not in repr(parse("postgresql://u:secret@h/n?password=secret"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@ss@h/n",
        "postgresql://u:1/p@ss@h/n",
        "postgresql://u?x:secret@h/n",
        "postgresql:///n?password=p@ss",
    ],
)
def test_a_password_that_is_not_escaped_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse(url)

    assert "ss@h" not in str(caught.value)
    assert "@ is %40" in caught.value.hint


def test_a_file_may_have_any_name() -> None:
    assert "a@b:c.db" == parse("sqlite:///a@b:c.db").database
