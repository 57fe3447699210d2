"""How far a check without a job is: one row on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TextIO

from ..check.by_columns import CheckedByRows
from ..check.file import CheckProgress
from ..check.summary import FileSummary
from .look import console_on, is_live_terminal
from .progress import MovingRate
from .secrets import Mask
from .wording import rate, records, span, visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.live import Live

LINE_EVERY_S: Final = 5.0
REFRESHES_PER_S: Final = 8
BAR_WIDTH: Final = 24
_NAME_MAX: Final = 30


class CheckDisplay:
    """Shows how far a check is. A context manager: have it `hear` inside; it vanishes at the end.

    Args:
        sizes: The bytes of each file that is to be checked, by its path.
        stream: Where it is shown.
        monotonic_s: The clock for rates and remaining times.
    """

    def __init__(
        self,
        sizes: Mapping[str, int],
        stream: TextIO,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files = len(sizes)
        self._total = sum(sizes.values())
        self._stream = stream
        self._monotonic_s = monotonic_s
        self._began_s = self._said_s = monotonic_s()
        self._rate = MovingRate(self._began_s)
        self._before = 0
        self._done_files = 0
        self._now: CheckProgress | None = None
        self._live = _live(self, stream) if is_live_terminal(stream) else None

    def __enter__(self) -> Self:
        """Begin to draw, where lines can be drawn again."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Draw no more; a summary takes its place."""
        if self._live is not None:
            self._live.stop()

    def hear(self, event: object) -> None:
        """Take in an event of the check."""
        match event:
            case CheckProgress():
                before = self._now.records if self._now else 0
                self._now = event
                self._rate.add(self._monotonic_s(), max(event.records - before, 0))
                self._say()
            case FileSummary():
                self._before += event.size_bytes
                self._done_files += 1
                self._now = None
            case CheckedByRows():
                self._print(
                    f"{visible(event.file)} is checked row by row, which takes longer: {event.why}"
                )
            case _:
                pass

    def _print(self, text: str) -> None:
        """Write a line that stays."""
        text = Mask().hide(text)
        if self._live is not None:
            self._live.console.print(text, style="bright_black", markup=False, highlight=False)
        else:
            print(text, file=self._stream, flush=True)

    def _say(self) -> None:
        now_s = self._monotonic_s()
        if self._live is None and now_s - self._said_s >= LINE_EVERY_S:
            self._said_s = now_s
            self._print(self.line())

    def line(self) -> str:
        """Say how far it is, in one line."""
        now = self._now
        if now is None:
            return "…"
        parts = [f"{visible(now.file)}: {records(now.records)} ({self.share:.0%})", *self.figures()]
        return ", ".join(part for part in parts if part)

    @property
    def share(self) -> float:
        """How much of all files is done, from 0 to 1."""
        done = self._before + (self._now.bytes_read if self._now else 0)
        return min(done / self._total, 1.0) if self._total else 1.0

    @property
    def what(self) -> str:
        """What it is at."""
        name = visible(self._now.file, _NAME_MAX) if self._now else ""
        return f"{name} ({self._done_files + 1} of {self._files})" if self._files > 1 else name

    @property
    def done(self) -> str:
        """How many records of the file in hand are done."""
        return f"{self._now.records:,}" if self._now else ""

    def figures(self) -> tuple[str, str, str]:
        """Return the rate, the remaining time, and the faults, each empty if it is unknown."""
        now_s = self._monotonic_s()
        per_s = self._rate.per_s(now_s)
        elapsed_s = now_s - self._began_s
        left = ""
        if 0 < self.share < 1:
            left = f"{span(elapsed_s / self.share - elapsed_s)} left"
        faulty = self._now.faulty_rows if self._now else 0
        return rate(per_s) if per_s else "", left, f"{faulty:,} faulty" if faulty else ""


class _View:
    """The picture: rich asks it for a new one at each refresh."""

    def __init__(self, display: CheckDisplay) -> None:
        self._display = display

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw one row."""
        from rich.progress_bar import ProgressBar  # noqa: PLC0415 - heavy
        from rich.table import Table  # noqa: PLC0415 - heavy
        from rich.text import Text  # noqa: PLC0415 - heavy

        display = self._display
        speed, left, faulty = display.figures()
        table = Table.grid(padding=(0, 2), pad_edge=False)
        table.add_column(
            no_wrap=True, overflow="ellipsis", max_width=max(options.max_width // 4, 8)
        )
        table.add_column(width=BAR_WIDTH)
        for _figure in range(4):
            table.add_column(justify="right", no_wrap=True)
        table.add_row(
            Text(display.what, style="bold"),
            ProgressBar(total=1, completed=display.share, width=BAR_WIDTH, complete_style="cyan"),
            display.done,
            Text(speed, style="bright_black"),
            Text(left, style="cyan"),
            Text(faulty, style="yellow"),
        )
        yield table


def _live(display: CheckDisplay, stream: TextIO) -> Live:
    from rich.live import Live  # noqa: PLC0415 - heavy

    return Live(
        _View(display),
        console=console_on(stream),
        refresh_per_second=REFRESHES_PER_S,
        transient=True,
    )
