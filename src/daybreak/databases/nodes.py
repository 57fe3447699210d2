"""What a pipeline may name of a database: plain values, whose meaning connectors know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

from ..errors import DefinitionError

if TYPE_CHECKING:
    from .database import Database

T = TypeVar("T")

Key: TypeAlias = str | tuple[str, ...]
Mode: TypeAlias = Literal["insert", "replace"]


@dataclass(frozen=True)
class Table(Generic[T]):
    """A table as the end of a pipeline; made by `Database.table`."""

    database: Database
    name: str
    model: type[Any] | None
    key: tuple[str, ...]
    mode: Mode
    create: bool

    def __post_init__(self) -> None:
        """Refuse what no table can be."""
        if self.mode not in ("insert", "replace"):
            raise DefinitionError(
                f"expected mode 'insert' or 'replace', got {self.mode!r}",
                hint="replace leaves the table with this step's records only; insert adds to it",
            )
        if self.create and self.model is None:
            raise DefinitionError(
                f"table {self.name} cannot be created without a model",
                hint="give the class of its records as the second argument",
            )

    def accepts(self, record: T, /) -> None:
        """Say to type checkers which records fit."""


def key_columns(key: Key) -> tuple[str, ...]:
    """Return the columns of a key, given as one name or several.

    Raises:
        DefinitionError: If there is none.
    """
    columns = (key,) if isinstance(key, str) else tuple(key)
    if not columns or not all(columns):
        raise DefinitionError(
            f"expected the names of a key's columns, got {key!r}", hint='key="id"'
        )
    return columns
