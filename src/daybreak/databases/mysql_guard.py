"""What a function may not say in a transaction of MariaDB or MySQL: what ends it, or is outside."""

from __future__ import annotations

import re
from typing import Final

from ..errors import TransactionEnded
from .statement import shortened

_BEGINS: Final = re.compile(
    r"(?:\s|--[^\n]*(?:\n|\Z)|\#[^\n]*(?:\n|\Z)|/\*(?!M?!).*?\*/)*", re.DOTALL
)
"""White space and comments, but not those comments that these databases run."""

_ENDING: Final = re.compile(
    r"""(?:
      begin | commit | end | rollback | start | savepoint | release | xa
    | (?:create|drop) (?!\s+temporary\b)
    | alter | truncate | rename
    | analyze | optimize | repair | check\s+table | cache\s+index | load\s+index | flush | reset
    | grant | revoke | set\s+password | set\s+(?:role|default\s+role)
    | lock | unlock | install | uninstall | change | stop | purge
    | set\s+(?:session\s+|local\s+|global\s+|@@(?:session\.|local\.|global\.)?)?
      (?:autocommit|transaction|sql_mode|foreign_key_checks|unique_checks|tx_isolation
        |transaction_isolation)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_RUN_COMMENTS: Final = ("/*!", "/*M!")
"""What stands in such a comment is run."""

_READS: Final = re.compile(r"(?:select|show|describe|desc|explain|values|table)\b", re.IGNORECASE)
_WORDS: Final = re.compile(r"[\w$]+")


def refuse_in_transaction(sql: str, outside: frozenset[str]) -> None:
    """Raise if a statement would end the transaction, or writes what no ROLLBACK undoes.

    Args:
        sql: What somebody's function wants to run.
        outside: The tables that take no part in transactions, in lower case.

    Raises:
        TransactionEnded: It was not run.
    """
    began = _BEGINS.match(sql)
    bare = sql[began.end() if began else 0 :]
    if bare.startswith(_RUN_COMMENTS) or _ENDING.match(bare):
        raise TransactionEnded(
            "a statement would end the transaction, or change how it works, which MariaDB and"
            f" MySQL do for every CREATE, ALTER, DROP and TRUNCATE: {shortened(sql)}",
            hint="make tables before the run; leave COMMIT, ROLLBACK, SAVEPOINT and SET out of the"
            " function",
        )
    if not outside or _READS.match(bare):
        return
    named = sorted(outside.intersection(word.lower() for word in _WORDS.findall(bare)))
    if named:
        raise TransactionEnded(
            f"table {', '.join(named)} takes no part in transactions, so that a ROLLBACK would not"
            f" undo what is written there: {shortened(sql)}",
            hint=f"alter table {named[0]} engine = InnoDB",
        )
