"""A row of a query, when no model was given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


class Row(Mapping[str, Any]):
    """One row: a mapping by column, whose columns are attributes too."""

    __slots__ = ("_names", "_values")

    def __init__(self, names: Sequence[str], values: Sequence[Any]) -> None:
        self._names = names
        self._values = values

    def __getitem__(self, name: str, /) -> Any:
        try:
            return self._values[self._names.index(name)]
        except ValueError:
            raise KeyError(f"no column {name!r}; there are: {', '.join(self._names)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __getattr__(self, name: str, /) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __repr__(self) -> str:
        return f"Row({', '.join(f'{name}={value!r}' for name, value in self.items())})"


def values_of(row: Row) -> Sequence[Any]:
    """Return the values of a row in the order of its columns, at once."""
    return row._values  # noqa: SLF001 - of the class above
