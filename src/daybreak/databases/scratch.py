"""A scratch database: the schema of a real one, without its rows, removed at the end.

On a server it is a database of its own, beside the real one, to which a session stays connected as
long as its rehearsal lives: one without any is an orphan, which the next rehearsal drops. In SQLite
it is a file in the rehearsal's folder.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..errors import DaybreakError, PreflightError, RightsMissing
from ..faultpoints import hit
from .session import Session, connect
from .statement import load, shortened
from .url import parse, without_credentials

PREFIX: Final = "daybreak_scratch_"
_APPLICATION: Final = "daybreak:scratch"


@contextmanager
def scratch_database(url: str, folder: Path) -> Iterator[str]:
    """Give the URL of a database with the schema of another, as long as the block lasts.

    Args:
        url: The real one; it is only read. A SQLite file that does not exist has no tables.
        folder: Where a file may be made.

    Raises:
        RightsMissing: If the user may not create databases.
        PreflightError: If a part of the schema cannot be made; nothing is left.
    """
    kind = parse(url).kind
    with _on_server(url) if kind == "postgresql" else _in_folder(url, folder) as scratch:
        yield scratch


# ---------------------------------------------------------------- SQLite


@contextmanager
def _in_folder(url: str, folder: Path) -> Iterator[str]:
    file = folder / f"scratch-{secrets.token_hex(4)}.db"
    scratch = f"sqlite:///{file}"
    hit("scratch.before_create")
    try:
        _copy_schema(url, scratch)
        hit("scratch.after_create")
        yield scratch
    finally:
        hit("scratch.before_drop")
        for part in folder.glob(f"{file.name}*"):
            part.unlink()
        hit("scratch.after_drop")


# ---------------------------------------------------------------- PostgreSQL


@contextmanager
def _on_server(url: str) -> Iterator[str]:
    with closing(connect(url, application=_APPLICATION)) as session:
        name, keeper = _created(session, url)
        scratch = _named(url, name)
        try:
            with closing(keeper):
                _copy_schema(url, scratch)
                hit("scratch.after_create")
                yield scratch
        finally:
            hit("scratch.before_drop")
            session.execute(f'drop database "{name}" with (force)')
            hit("scratch.after_drop")


def _created(session: Session, url: str) -> tuple[str, Session]:
    """Make a database and connect to it, before anybody takes it for an orphan."""
    facts = session.query(load(session.dialect, "scratch_facts"))[0]
    session.query(load(session.dialect, "scratch_turn"))
    try:
        _drop_orphans(session, f"{PREFIX}{facts.number}_")
        name = f"{PREFIX}{facts.number}_{secrets.token_hex(4)}"
        hit("scratch.before_create")
        try:
            session.execute(
                f"create database \"{name}\" template template0 encoding '{facts.encoding}'"
                f" lc_collate '{facts.datcollate}' lc_ctype '{facts.datctype}'"
            )
        except RightsMissing as error:
            raise RightsMissing(
                f"cannot make a scratch database beside {without_credentials(url)}: {error}",
                hint="grant CREATEDB to the URL's user, or rehearse a single step in place",
            ) from error
        return name, connect(_named(url, name), application=_APPLICATION)
    finally:
        session.query(load(session.dialect, "scratch_turn_ends"))


def _drop_orphans(session: Session, prefix: str) -> None:
    pattern = prefix.replace("_", r"\_") + "%"
    for orphan in session.query(load(session.dialect, "scratch_orphans"), pattern=pattern):
        with suppress(DaybreakError):  # another user's
            session.execute(f'drop database if exists "{orphan.name}"')


def _named(url: str, name: str) -> str:
    return str(replace(parse(url), database=name))


# ---------------------------------------------------------------- the schema


def _copy_schema(url: str, scratch: str) -> None:
    statements = _statements(url)
    with closing(connect(scratch, application=_APPLICATION)) as session:
        if session.dialect == "postgresql":
            session.execute("set check_function_bodies = off")
        for statement in statements:
            try:
                session.script(f"{statement};")
            except DaybreakError as error:
                raise PreflightError(
                    f"the schema cannot be copied: {error}: {shortened(statement)}",
                    hint="rehearse a single step in place; or make a copy of the database yourself,"
                    " and name it with --database",
                ) from error


def _statements(url: str) -> list[str]:
    file = parse(url).database
    if parse(url).kind == "sqlite" and not Path(file or "").exists():
        return []
    with closing(connect(url, application=_APPLICATION)) as session:
        if session.dialect == "postgresql":
            session.execute("set search_path to pg_catalog")
        return [row.statement for row in session.query(load(session.dialect, "schema_statements"))]
