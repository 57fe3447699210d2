"""How long is waited for a server, and how often it is asked again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from ..errors import SourceError
from ..model.retry import Backoff
from .remote import SILENCE_S, Interrupted, RemoteFiles
from .remote_errors import reading
from .remote_url import Address

T = TypeVar("T")

TRIES: Final = 5
"""So often in a row is a file asked for without a gain."""

SERVERS_WAIT_S_MAX: Final = 60.0
"""The longest that a server can ask us to wait."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what; a test waits for nothing.

    Args:
        settle_s: For how long a file must not have been written.
        tries: How often in a row a server is asked without a gain.
        silence_s: How long it may say nothing.
    """

    settle_s: float = 1.0
    tries: int = TRIES
    silence_s: float = SILENCE_S
    backoff: Backoff = field(default_factory=lambda: Backoff(first_s=0.5, most_s=8.0))
    wait: Callable[[float], None] = time.sleep
    now_s: Callable[[], float] = time.monotonic

    def pause(self, failed: int, exc: Interrupted) -> None:
        """Wait after so many failed tries, or as long as the server asked for."""
        pause_s = self.backoff.wait_s(failed, random.random())  # noqa: S311 - spreads losers apart
        self.wait(max(pause_s, min(exc.wait_s, SERVERS_WAIT_S_MAX)))


def asked(call: Callable[[], T], files: RemoteFiles, address: Address, patience: Patience) -> T:
    """Return what a call to a server gives; it is repeated while it may succeed.

    Raises:
        SourceError: If it does not.
    """
    failed = 0
    while True:
        try:
            with reading(address):
                return call()
        except Interrupted as exc:
            failed += 1
            files.close()
            if failed >= patience.tries:
                raise SourceError(
                    f"{address.shown} cannot be read after {failed} tries: {exc}",
                    hint="look whether its server is up, then run again",
                ) from exc
            patience.pause(failed, exc)
