"""How many more sessions a database server allows: asked before a run needs them."""

from __future__ import annotations

from dataclasses import dataclass

from .session import opened
from .statement import load
from .url import parse


@dataclass(frozen=True, slots=True)
class Room:
    """One limit on sessions, and how much of it is in use by others than who asks."""

    place: str
    """What the limit is of; two databases of the same place share it."""

    what: str
    """The same for people: `the server`, `user etl`, `database shop`."""

    units: int
    in_use: int

    @property
    def free(self) -> int:
        """How many more sessions there may be."""
        return max(self.units - self.in_use, 0)


def session_room(url: str) -> list[Room]:
    """Return the limits on sessions of a database's server that hold for the URL's user.

    A database without a server has none.

    Raises:
        DatabaseUnreachable: If there is no room for the session that asks.
    """
    parsed = parse(url)
    if parsed.kind != "postgresql":
        return []
    with opened(url) as session:
        row = session.query(load(session.dialect, "session_room"))[0]
        server = f"{session.connection.info.host}:{session.connection.info.port}"
    rooms = [
        Room(server, "the server", row.server_units, row.server_in_use),
        Room(
            f"{server} user {row.user_name}",
            f"user {row.user_name}",
            row.user_units,
            row.user_in_use,
        ),
        Room(
            f"{server} database {row.database_name}",
            f"database {row.database_name}",
            row.database_units,
            row.database_in_use,
        ),
    ]
    return [room for room in rooms if room.units >= 0]
