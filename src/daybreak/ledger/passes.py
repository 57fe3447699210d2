"""A step's passes in the ledger: beginning one again, and going on with what has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..errors import InvalidTransition
from ..model.progress import Accepted, Former
from ..model.status import STEP_TRANSITIONS, StepStatus
from .rows import as_json, former_text
from .session import LedgerTransaction

BEGUN_AGAIN: Final = "begun again"
"""The audit's word for a restart; `select_newest_restart.sql` looks for it."""


@dataclass(frozen=True, slots=True)
class NewPass:
    """A step that is to begin again."""

    step: str
    after: int
    """Its present pass: the new one is the next."""

    former: Former | None
    """What the new pass must replace."""


def begin_again(tx: LedgerTransaction, run_id: int, passes: Sequence[NewPass]) -> None:
    """Begin steps again in a transaction in hand.

    Raises:
        InvalidTransition: If one of them is not at the pass that was seen.
    """
    for new in passes:
        begun = tx.execute(
            "begin_again",
            run_id=run_id,
            step=new.step,
            **{"pass": new.after},
            former=former_text(new.former),
            allowed=spaced_sources_of(StepStatus.WAITING),
        )
        if not begun:
            raise InvalidTransition(
                f"step {new.step} cannot begin again: it is not at pass {new.after} any more",
                hint="see how it stands: daybreak status; then run the same command again",
                step=new.step,
            )


def accept_changes(tx: LedgerTransaction, run_id: int, step: str, accepted: Accepted) -> None:
    """Replace a step's ends, total and facts in a transaction in hand."""
    tx.execute(
        "accept_changes",
        run_id=run_id,
        step=step,
        range_after=accepted.whole.after,
        range_upto=accepted.whole.upto,
        total=accepted.total,
        fingerprint=as_json(dict(accepted.fingerprint)),
        upstream=as_json(dict(accepted.upstream)),
    )


def spaced_sources_of(wanted: StepStatus) -> str:
    """Return the statuses from which a step may become `wanted`, as statements compare them."""
    sources = sorted(status for status, nexts in STEP_TRANSITIONS.items() if wanted in nexts)
    return f" {' '.join(sources)} "
