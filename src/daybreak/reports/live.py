"""Progress on a terminal: one row a step, drawn again and again; what is said scrolls above it."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TextIO

from ..model.job import StepKind
from ..model.status import StepStatus
from ..telemetry import (
    AttemptDied,
    Event,
    Fetching,
    Overrun,
    RangeSuspected,
    RunEnded,
    RunStarted,
    Said,
    Shown,
    StepStarted,
    StepWaits,
)
from .lines import arrived, death, overrun, said, speed
from .look import can_write, colour, console_on, glyph
from .progress import Progress, StepProgress, resumed_line
from .secrets import Mask
from .tables import table_of
from .wording import about, between, from_to, rate, span, waiting

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.table import Table
    from rich.text import Text

REFRESHES_PER_S: Final = 8
BAR_WIDTH: Final = 24
BAR_WIDTH_NARROW: Final = 10
_NARROW_COLUMNS: Final = 120
_ROWS_AROUND: Final = 5
"""Lines of the terminal that are not for steps: the head, what is hidden, the prompt."""

_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_SPINNER_PLAIN: Final = "|/-\\"
_SPINS_PER_S: Final = 8


class LiveDisplay:
    """Draws the steps of the run in hand. A context manager: subscribe `hear` inside it.

    What user code prints meanwhile appears above the steps.

    Args:
        progress: What is known of the run; it must hear of each event before this does.
        stream: The terminal.
        mask: Hides secrets.
        console: Where to draw, instead of the terminal; for tests.
    """

    def __init__(
        self, progress: Progress, stream: TextIO, mask: Mask, console: Console | None = None
    ) -> None:
        from rich.live import Live  # noqa: PLC0415 - heavy

        self._progress = progress
        self._mask = mask
        self._console = console or console_on(stream)
        self._live = Live(
            RunView(progress, stream),
            console=self._console,
            refresh_per_second=REFRESHES_PER_S,
            transient=True,
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Draw no more; the rows vanish, for a summary takes their place."""
        self._live.stop()

    def hear(self, event: Event) -> None:
        """Show what an event says."""
        match event:
            case RunStarted():
                self._live.start()
                self._console.show_cursor(
                    show=True
                )  # a process that is killed cannot do it any more
            case StepWaits():
                line = f"{event.step}: {waiting(event.what)}"
                self._console.print(self._mask.hide(line), style="yellow")
            case AttemptDied() | RangeSuspected():
                self._console.print(self._mask.hide(death(event)), style="yellow")
            case Overrun():
                self._console.print(self._mask.hide(overrun(event)), style="yellow")
            case StepStarted():
                self._say_resumed(event.step)
            case Shown():
                self._console.print()
                self._console.print(table_of(event.title, event.rows, self._mask))
                self._console.print()
            case Said():
                self._console.print(self._mask.hide(said(event)), style="bright_black")
            case RunEnded():
                self._live.stop()
            case _:
                pass

    def _say_resumed(self, name: str) -> None:
        with self._progress.lock:
            step = self._progress.step(name)
            line = resumed_line(self._progress.run, step) if step.is_resumed else ""
        if line:
            self._console.print(line, style="cyan")


class RunView:
    """The picture of a run: rich asks it for a new one at each refresh."""

    def __init__(self, progress: Progress, stream: TextIO) -> None:
        self._progress = progress
        self._stream = stream

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the head and a row for each step that there is room for."""
        with self._progress.lock:
            now_s = self._progress.now_s()
            yield self._head()
            steps = self._progress.steps
            shown = choose(steps, console.size.height - _ROWS_AROUND)
            yield self._rows(shown, now_s, options.max_width)
            if hidden := len(steps) - len(shown):
                yield _text(f"  … {hidden} more steps, done or waiting", "bright_black")

    def _head(self) -> Text:
        progress = self._progress
        verb = "resumed " if progress.is_resumed else ""
        text = _text(f"{progress.job}", "bold")
        text.append(f"  {verb}run {progress.run}", "bright_black")
        return text

    def _rows(self, steps: Sequence[StepProgress], now_s: float, width: int) -> Table:
        from rich.table import Table  # noqa: PLC0415 - heavy

        is_narrow = width < _NARROW_COLUMNS
        table = Table.grid(padding=(0, 2), pad_edge=False)
        table.add_column(width=1)
        table.add_column(
            no_wrap=True, overflow="ellipsis", max_width=max(width // (6 if is_narrow else 4), 8)
        )
        table.add_column(width=BAR_WIDTH_NARROW if is_narrow else BAR_WIDTH)
        for _figure in range(4):
            table.add_column(justify="right", no_wrap=True)
        for step in steps:
            table.add_row(*self._row(step, now_s, is_narrow=is_narrow))
        return table

    def _row(
        self, step: StepProgress, now_s: float, *, is_narrow: bool
    ) -> Sequence[RenderableType]:
        style = colour(step.status)
        name = _text(step.name, "" if step.status is not StepStatus.WAITING else style)
        head = (_text(self._sign(step, now_s), style), name)
        match step.status:
            case StepStatus.WAITING:
                waits = f"waits for {step.waits.limit}" if step.waits else ""
                return (*head, _text(waits, "yellow"), "", "", "", "")
            case StepStatus.RUNNING:
                return (*head, *_running(step, now_s, is_narrow=is_narrow))
            case _:
                return (*head, *_ended(step, style))

    def _sign(self, step: StepProgress, now_s: float) -> str:
        if step.status is not StepStatus.RUNNING:
            return glyph(step.status, self._stream)
        letters = _SPINNER if can_write(self._stream, _SPINNER) else _SPINNER_PLAIN
        return letters[int((now_s - step.began_s) * _SPINS_PER_S) % len(letters)]


def choose(steps: Sequence[StepProgress], most: int) -> list[StepProgress]:
    """Return the steps worth showing, in order: those at work, then failed, next, and last done."""
    most = max(most, 1)
    if len(steps) <= most:
        return list(steps)
    worth = {
        StepStatus.RUNNING: 0,
        StepStatus.FAILED: 1,
        StepStatus.STOPPED: 1,
        StepStatus.WAITING: 2,
        StepStatus.DONE: 3,
    }
    places = range(len(steps))
    ranked = sorted(places, key=lambda place: (worth[steps[place].status], place))
    return [steps[place] for place in sorted(ranked[:most])]


def _running(
    step: StepProgress, now_s: float, *, is_narrow: bool
) -> tuple[RenderableType, RenderableType, RenderableType, RenderableType, RenderableType]:
    elapsed = span(now_s - step.began_s)
    if step.kind is not StepKind.STEP:
        return (*_doing(step, is_narrow=is_narrow), _text(elapsed, "cyan"), "")
    per_s = step.rate.per_s(now_s)
    left = _left(step, now_s, is_narrow=is_narrow) or elapsed
    return (
        _bar(step.counts.read, step.total or step.total_about, is_narrow=is_narrow),
        _text(_done_of(step), ""),
        _text(rate(per_s) if per_s is not None else "", "bright_black"),
        _text(left, "cyan"),
        _quarantined(step),
    )


def _left(step: StepProgress, now_s: float, *, is_narrow: bool) -> str:
    """Say how long the rest takes and how sure that is; on a narrow terminal only between what."""
    remaining_s, interval = step.remaining_s(now_s), step.between_s(now_s)
    if remaining_s is None:
        return ""
    roughly = "" if step.total_about is None else "about "
    if interval is None:
        return f"{roughly}{span(remaining_s)} left"
    if is_narrow:
        return f"{roughly}{from_to(*interval)} left"
    return f"{roughly}{span(remaining_s)} left {between(*interval)}"


def _doing(
    step: StepProgress, *, is_narrow: bool
) -> tuple[RenderableType, RenderableType, RenderableType]:
    """Show how far a task is, if it tells."""
    if step.doing is None:
        return "", "", ""
    if isinstance(step.doing, Fetching):
        bar = _bar(step.doing.bytes_done, step.doing.bytes_total, is_narrow=is_narrow)
        return bar, _text(arrived(step.doing), ""), _text(speed(step.doing), "bright_black")
    bar = _bar(int(step.doing.share * 1000), 1000, is_narrow=is_narrow)
    return bar, _text(f"{step.doing.records:,}", ""), _text(step.doing.what, "bright_black")


def _bar(done: int, total: int | None, *, is_narrow: bool) -> RenderableType:
    from rich.progress_bar import ProgressBar  # noqa: PLC0415 - heavy

    width = BAR_WIDTH_NARROW if is_narrow else BAR_WIDTH
    return ProgressBar(
        total=total or None,
        completed=done,
        width=width,
        pulse=not total,
        complete_style="cyan",
        finished_style="cyan",
    )


def _done_of(step: StepProgress) -> str:
    done = f"{step.counts.read:,}"
    if step.total_about is not None:
        return f"{done} / {about(step.total_about)}"
    return done if step.total is None else f"{done} / {step.total:,}"


def _ended(
    step: StepProgress, style: str
) -> tuple[RenderableType, RenderableType, RenderableType, RenderableType, RenderableType]:
    state = "done already" if step.was_done else str(step.status)
    shown = "" if state == "done" else state
    read = f"{step.counts.read:,}" if step.counts.read else ""
    took = "" if step.was_done else span(step.duration_s)
    return (
        _text(shown, style),
        _text(read, ""),
        "",
        _text(took, "bright_black"),
        _quarantined(step),
    )


def _quarantined(step: StepProgress) -> RenderableType:
    number = step.counts.quarantined
    return _text(f"{number:,} quarantined", "yellow") if number else ""


def _text(text: str, style: str) -> Text:
    from rich.text import Text  # noqa: PLC0415 - heavy

    return Text(text, style=style)
