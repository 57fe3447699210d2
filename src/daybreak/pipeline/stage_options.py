"""What can be said of a stage, as type checkers see it; nonsense is refused in `options`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypedDict

from ..errors import DefinitionError
from ..model.retry import Retry
from .options import Collect, Workers


class StageOptions(TypedDict, total=False):
    """What can be said of any stage."""

    workers: Workers
    """How many call the function at once: 1 unless said; `"auto"` finds out while it runs."""

    ordered: bool
    """Whether results keep the order of their records; they do unless said."""

    rate: str
    """How often all workers together may call the function, such as `"200/s"`."""

    retry: Retry
    """Whether a call that failed is tried again, how often and after which wait."""

    timeout_s: float
    """Seconds that one call may take; for async functions, and in processes."""

    block: int
    """The most records that travel together; 1 has each travel alone."""

    linger_s: float
    """Seconds that a record may be kept waiting for others to travel with."""

    errors: Collect
    """Failures are set aside instead of ending the pipeline, up to a bound."""

    name: str | None
    """By which reports, failures, `replace` and `insert_after` mean it; else the function's."""


class _Placed(TypedDict, total=False):
    """Where a plain function runs."""

    on: Literal["thread", "process"]


class PlainOptions(StageOptions, _Placed, total=False):
    """What can be said of a stage whose function is no async one."""


OPTIONS: Final = (*StageOptions.__annotations__, "on", "using")


def refuse_unknown(options: Iterable[str]) -> None:
    """Refuse what is no option of a stage.

    Raises:
        DefinitionError: Which, and what there is.
    """
    if unknown := sorted(set(options).difference(OPTIONS)):
        raise DefinitionError(
            f"unknown option {unknown[0]!r}", hint=f"a stage takes {', '.join(OPTIONS)}"
        )
