"""Making a ledger, and bringing an older one up to this release's version; once, under a lock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from ..databases.url import parse, without_credentials
from ..errors import LedgerVersionError, PreflightError, RightsMissing
from .session import LedgerSession, LedgerTransaction, is_in_memory
from .statement import migrations


@dataclass(frozen=True, slots=True)
class Meta:
    """What a ledger says of itself."""

    ledger_id: str
    version: int


class _OnlyProbed(Exception):  # noqa: N818 - it rolls back what was only tried
    """The right to write is proven."""


def make_folder(url: str) -> None:
    """Make the folder of a ledger that is a file.

    Raises:
        PreflightError: If it cannot be made.
    """
    if parse(url).kind != "sqlite" or is_in_memory(url):
        return
    folder = _file_of(url).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PreflightError(
            f"cannot make the ledger's folder {folder}: {error.strerror}",
            hint="make it, or put the ledger elsewhere with --ledger or DAYBREAK_LEDGER",
        ) from error


def prepare(session: LedgerSession) -> Meta:
    """Make or migrate the ledger if need be, and prove that it can be written.

    Any number of processes may do this at once: one migrates, the others wait for it.

    Raises:
        LedgerVersionError: If it is newer than this release.
        PreflightError: If it is another program's file, or may not be written.
    """
    wanted = len(migrations(session.dialect))
    try:
        if not _exists(session) or (meta := checked(session)).version < wanted:
            return session.write(_migrate)
        _probe(session)
    except RightsMissing as error:
        raise _not_writable(session.url, error) from error
    return meta


def checked(session: LedgerSession) -> Meta:
    """Return what an existing ledger says of itself.

    Raises:
        PreflightError: If there is no ledger.
        LedgerVersionError: If it is newer than this release.
    """
    if not _exists(session):
        raise missing(session.url)
    row = session.read("select_meta")[0]
    return _known(session.dialect, Meta(row.ledger_id, row.version))


def readable(session: LedgerSession) -> Meta:
    """Return what a ledger says of itself that is only to be looked at.

    Raises:
        PreflightError: If there is no ledger.
        LedgerVersionError: If another release wrote it, newer or older.
    """
    meta = checked(session)
    if meta.version < (wanted := len(migrations(session.dialect))):
        raise LedgerVersionError(
            f"the ledger is of version {meta.version}, this release reads version {wanted}",
            hint="start or resume a run with it: that brings it up to this release",
        )
    return meta


def missing(url: str) -> PreflightError:
    """Return the error for a ledger that does not exist."""
    return PreflightError(
        f"there is no ledger at {without_credentials(url)}",
        hint="run a job first, or name the ledger with --ledger or DAYBREAK_LEDGER",
    )


def is_missing_file(url: str) -> bool:
    """Whether a ledger that should be a file is not there."""
    is_file = parse(url).kind == "sqlite" and not is_in_memory(url)
    return is_file and not _file_of(url).exists()


def _file_of(url: str) -> Path:
    return Path(parse(url).database or "")


def _known(dialect: str, meta: Meta) -> Meta:
    known = len(migrations(dialect))
    if meta.version > known:
        raise LedgerVersionError(
            f"the ledger is of version {meta.version}, this release knows {known}",
            hint="install the release that wrote it, or a later one",
        )
    return meta


def _exists(session: LedgerSession) -> bool:
    row = session.read("is_created")[0]
    if row.all_tables and not row.ours:
        raise PreflightError(
            f"{without_credentials(session.url)} has tables, but none of a ledger's",
            hint="let the ledger be a file of its own: name another with --ledger",
        )
    return bool(row.ours)


def _migrate(tx: LedgerTransaction) -> Meta:
    tx.query("lock_migration")
    meta = Meta(str(uuid4()), 0)
    is_new = not tx.query("is_created")[0].ours
    if not is_new:
        row = tx.query("select_meta")[0]
        meta = _known(tx.dialect, Meta(row.ledger_id, row.version))
    for migration in migrations(tx.dialect)[meta.version :]:
        tx.script(migration.sql)
    newest = Meta(meta.ledger_id, len(migrations(tx.dialect)))
    if is_new:
        tx.execute("insert_meta", ledger_id=newest.ledger_id, version=newest.version)
    else:
        tx.execute("update_version", version=newest.version)
    return newest


def _probe(session: LedgerSession) -> None:
    def probe(tx: LedgerTransaction) -> None:
        tx.execute("lock_meta")
        raise _OnlyProbed

    try:
        session.write(probe)
    except _OnlyProbed:
        return


def _not_writable(url: str, error: RightsMissing) -> RightsMissing:
    shown = without_credentials(url)
    is_file = parse(url).kind == "sqlite"
    return RightsMissing(
        f"the ledger {shown} may not be written: {error}",
        hint="give this user the right to write the file and its folder, or name another ledger"
        " with --ledger or DAYBREAK_LEDGER"
        if is_file
        else "grant CREATE on the database (or make the schema daybreak_ledger and give it to this"
        " user), or name another ledger with --ledger or DAYBREAK_LEDGER",
        **error.where,
    )
