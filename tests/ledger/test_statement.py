"""Statements lie one a file, with a sentence; what differs between databases differs in both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import daybreak.ledger
from daybreak.databases.statement import binds_of
from daybreak.ledger.statement import load, migrations

ROOM = Path(daybreak.ledger.__file__).parent
SQL = ROOM / "sql"
FILES = sorted([*SQL.rglob("*.sql"), *(ROOM / "migrations").rglob("*.sql")])
OWN = sorted(file.stem for file in (SQL / "sqlite").iterdir())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOM)))
def test_a_statement_begins_with_a_sentence(path: Path) -> None:
    first, second = path.read_text().splitlines()[:2]

    assert re.fullmatch(r"-- [A-Z].*[.;:].*", first)
    assert not second.startswith("--")


def test_what_is_written_for_one_database_is_written_for_the_other() -> None:
    assert OWN == sorted(file.stem for file in (SQL / "postgresql").iterdir())
    assert not {file.stem for file in SQL.glob("*.sql")} & set(OWN)


@pytest.mark.parametrize("name", OWN)
def test_both_spellings_of_a_statement_take_the_same_binds(name: str) -> None:
    assert binds_of(load("sqlite", name)) == binds_of(load("postgresql", name))


def test_every_statement_is_used() -> None:
    code = "".join(file.read_text() for file in ROOM.glob("*.py"))

    assert [] == [file.stem for file in SQL.rglob("*.sql") if f'"{file.stem}"' not in code]


def test_both_databases_have_migrations_of_the_same_names() -> None:
    names = {
        dialect: sorted(file.name for file in (ROOM / "migrations" / dialect).iterdir())
        for dialect in ("sqlite", "postgresql")
    }

    assert names["sqlite"] == names["postgresql"]
    assert len(names["sqlite"]) == len(migrations("sqlite")) == len(migrations("postgresql"))


def test_only_the_file_of_its_own_has_plain_table_names() -> None:
    assert "daybreak_ledger.runs" in load("postgresql", "select_run")
    assert "daybreak_ledger" not in load("sqlite", "select_run")
