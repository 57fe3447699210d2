"""The rows of a query as JSON data, and back: the query, its key, its binds and its model.

The database is kept by its name. What comes back knows no URL: whoever reads it binds the name to a
database of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..connectors.rows_source_raw import tagged, untagged
from ..databases import Database
from ..databases.nodes import RowsRoot
from ..model.parameters import Secret


def rows_as_data(root: RowsRoot, name_of: Callable[[type], str]) -> dict[str, Any]:
    """Return the rows of a query as JSON data.

    Args:
        root: The query.
        name_of: Gives the name by which a model is imported.

    Raises:
        ValueError: If a bind is a secret, which nobody keeps, or the model could not be found.
    """
    if secret := [name for name, value in root.binds if isinstance(value, Secret)]:
        raise ValueError(f"bind {secret[0]} is a secret, which is not stored")
    return {
        "rows": root.sql,
        "table": root.table,
        "database": root.database.name,
        "model": None if root.model is None else name_of(root.model),
        "key": list(root.key),
        "binds": {name: tagged(value) for name, value in root.binds},
    }


def rows_from_data(data: Mapping[str, Any], named: Callable[[str], type]) -> RowsRoot:
    """Return the rows again.

    Args:
        data: What `rows_as_data` gave.
        named: Imports a model.

    Raises:
        ValueError: If the model is no longer where it was.
        KeyError, TypeError: If the data are none of rows.
    """
    return RowsRoot(
        Database(name=data["database"]),
        data["rows"],
        None if data["model"] is None else named(data["model"]),
        tuple(data["key"]),
        tuple((name, untagged(value)) for name, value in data["binds"].items()),
        data["table"],
    )
