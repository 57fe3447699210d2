"""What a task or an atomic step may give: values that the ledger can keep, for type checkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from ..pipeline import Pipeline

    # What the ledger can keep, so that `run[step]` answers the same after a restart. For type
    # checkers only: as one string, which the names from above would need, not all can read it.
    Kept: TypeAlias = (
        bool
        | int
        | float
        | Decimal
        | str
        | date
        | datetime
        | timedelta
        | Path
        | Mapping[str, Any]
        | Sequence[Any]
        | "_Dataclass"
        | "_Model"
        | Pipeline[Any]
        | None
    )


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


class _Model(Protocol):
    def model_dump_json(self) -> str: ...


K = TypeVar("K", bound="Kept")
