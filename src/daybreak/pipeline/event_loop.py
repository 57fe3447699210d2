"""The thread with the event loop of a pipeline; asyncio is imported if anything is to run there."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from .channel import Ends
from .scope import Scope


class EventLoop:
    """The event loop of one pipeline, or of one step: one thread, if anything is to run on it."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._bodies: list[tuple[Callable[[], Coroutine[Any, Any, None]], Ends]] = []

    def add(self, body: Callable[[], Coroutine[Any, Any, None]], ends: Ends) -> None:
        """Have a coroutine function run once the loop is launched.

        Args:
            body: The function; an error of it cancels everything.
            ends: What is closed behind it.
        """
        self._bodies.append((body, ends))

    def launch(self) -> None:
        """Start the thread, if there is anything to run."""
        if self._bodies:
            self._scope.launch("event loop", self._run, closing=self)

    def close(self) -> None:
        """Close what is to be closed behind all functions."""
        for _, ends in self._bodies:
            ends.close()

    def _run(self) -> None:
        from .async_crew import run_side_by_side  # noqa: PLC0415 - asyncio is heavy

        run_side_by_side(self._scope, self._bodies)
