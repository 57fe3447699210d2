"""Rules across records as JSON data, and back.

A table is kept by its name and that of its database. What comes back knows no URL: whoever asks it
binds the name to a database of the run (`bound`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ..connectors.expected import Expected
from ..connectors.file_root import FileRoot
from ..connectors.file_rules import FileKey, FileRules, OwnKey, Reference, TableKey
from ..databases import Database


def rules_as_data(rules: FileRules, root_as_data: Callable[[FileRoot], Any]) -> dict[str, Any]:
    """Return rules as JSON data.

    Args:
        rules: The rules.
        root_as_data: Keeps other files that they name.
    """
    expected = rules.expected
    return {
        "key": list(rules.key),
        "references": [_reference_as_data(one, root_as_data) for one in rules.references],
        "records": [expected.least, expected.most],
        "totals": {name: str(total) for name, total in expected.totals},
    }


def _reference_as_data(one: Reference, root_as_data: Callable[[FileRoot], Any]) -> dict[str, Any]:
    to: dict[str, Any]
    match one.to:
        case TableKey(database=database, table=table):
            to = {"table": table, "database": database.name}
        case FileKey(root=root):
            to = {"files": root_as_data(root)}
        case OwnKey():
            to = {}
    return {"columns": list(one.columns), "to": list(one.to.columns), **to}


def rules_from_data(
    data: Mapping[str, Any], root_from_data: Callable[[Any], FileRoot]
) -> FileRules:
    """Return the rules again; their databases have names only.

    Raises:
        ValueError, KeyError, TypeError: If the data are none of rules.
    """
    least, most = data["records"]
    totals = tuple((name, Decimal(total)) for name, total in data["totals"].items())
    return FileRules(
        tuple(data["key"]),
        tuple(_reference_from_data(one, root_from_data) for one in data["references"]),
        Expected(least, most, totals),
    )


def _reference_from_data(data: Any, root_from_data: Callable[[Any], FileRoot]) -> Reference:
    to: TableKey | FileKey | OwnKey
    columns = tuple(data["to"])
    if "table" in data:
        to = TableKey(Database(name=data["database"]), data["table"], columns)
    elif "files" in data:
        to = FileKey(root_from_data(data["files"]), columns)
    else:
        to = OwnKey(columns)
    return Reference(tuple(data["columns"]), to)


def bound(rules: FileRules, databases: Mapping[str, Database]) -> FileRules:
    """Return rules whose tables lie in the databases of a run, by name."""
    return replace(rules, references=tuple(_bound(one, databases) for one in rules.references))


def _bound(one: Reference, databases: Mapping[str, Database]) -> Reference:
    if not isinstance(one.to, TableKey) or one.to.database.name not in databases:
        return one
    return replace(one, to=replace(one.to, database=databases[one.to.database.name]))
