"""Progress where there is no terminal: one plain line for each thing that happens.

Chunks are many: a step says how far it is at most every `CHUNK_LINE_EVERY_S`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TextIO

from ..model.overrun import Outlook
from ..model.status import StepStatus
from ..telemetry import (
    AttemptDied,
    ChunkCommitted,
    Event,
    Fetching,
    Overrun,
    RangeSuspected,
    RunStarted,
    Said,
    Shown,
    StepEnded,
    StepStarted,
    StepWaits,
)
from .look import console_on, say_lost
from .progress import Progress, StepProgress, resumed_line
from .secrets import Mask
from .tables import table_of
from .wording import about, between, rate, records, size, span, visible, waiting

CHUNK_LINE_EVERY_S: Final = 5.0
_BRIEF_S: Final = 600.0
_NEAR_S: Final = 12 * 3600.0
_FAR_S: Final = 1_000 * 365 * 86_400.0


class Lines:
    """Writes a line for an event. Subscribe `hear`.

    Args:
        progress: What is known of the run; it must hear of each event before this does.
        stream: Where the lines go. When it fails (a closed pipe, a full disk), nothing more is
            written.
        mask: Hides secrets.
    """

    def __init__(self, progress: Progress, stream: TextIO, mask: Mask) -> None:
        self._progress = progress
        self._stream = stream
        self._mask = mask
        self._said_s: dict[str, float] = {}
        self._is_broken = False

    def hear(self, event: Event) -> None:
        """Write what an event says, if it is worth a line."""
        with self._progress.lock:
            if self._is_broken:
                return
            try:
                self._write(event)
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._is_broken = True  # nobody reads any more; the run goes on
                say_lost(error)

    def _write(self, event: Event) -> None:
        match event:
            case RunStarted():
                verb = "resumed" if event.is_resumed else "started"
                night = f", night {event.night}" if event.night else ""
                self._line(f"run {event.run} of job {event.job} {verb}{night}")
            case AttemptDied() | RangeSuspected():
                self._line(death(event))
            case StepStarted():
                self._line(self._started(self._progress.step(event.step)))
                self._said_s[event.step] = self._progress.now_s()
            case StepWaits():
                self._line(f"{event.step}: {waiting(event.what)}")
            case ChunkCommitted():
                self._chunk(self._progress.step(event.step))
            case Fetching():
                self._fetching(event)
            case StepEnded():
                self._line(f"{event.step}: {ended(self._progress.step(event.step))}")
            case Shown():
                self._table(event)
            case Said() | Overrun():
                self._line(said(event) if isinstance(event, Said) else overrun(event))
            case _:
                pass

    def _line(self, text: str) -> None:
        print(self._mask.hide(text), file=self._stream)

    def _started(self, step: StepProgress) -> str:
        if step.is_resumed:
            return resumed_line(self._progress.run, step)
        of = f", {records(step.total)}" if step.total is not None else ""
        return f"{step.name}: started{of}"

    def _chunk(self, step: StepProgress) -> None:
        now_s = self._progress.now_s()
        if now_s - self._said_s.get(step.name, step.began_s) < CHUNK_LINE_EVERY_S:
            return
        self._said_s[step.name] = now_s
        self._line(f"{step.name}: {how_far(step, now_s)}")

    def _fetching(self, event: Fetching) -> None:
        now_s = self._progress.now_s()
        if now_s - self._said_s.get(event.step, now_s) < CHUNK_LINE_EVERY_S:
            return
        self._said_s[event.step] = now_s
        parts = [arrived(event), speed(event), left(event)]
        what = visible(event.what)
        self._line(f"{event.step}: {what}, {', '.join(part for part in parts if part)}")

    def _table(self, event: Shown) -> None:
        console = console_on(self._stream)
        console.print()
        console.print(table_of(event.title, event.rows, self._mask))
        console.print()


def arrived(event: Fetching) -> str:
    """Say how much of a fetch is there: bytes of bytes, and files of files if there are several."""
    text = size(event.bytes_done)
    if event.bytes_total:
        text += f" of {size(event.bytes_total)} ({event.bytes_done / event.bytes_total:.0%})"
    return text + (f", {event.files_done} of {event.files} files" if event.files > 1 else "")


def speed(event: Fetching) -> str:
    """Say how fast a fetch is; nothing if that is not known yet."""
    return f"{size(int(event.bytes_per_s))}/s" if event.bytes_per_s >= 1 else ""


def left(event: Fetching) -> str:
    """Say how long the rest of a fetch takes at this speed; nothing if that cannot be said."""
    if event.bytes_total is None or event.bytes_per_s < 1:
        return ""
    rest_s = (event.bytes_total - event.bytes_done) / event.bytes_per_s
    return f"{span(rest_s)} left" if rest_s > 0 else ""


def how_far(step: StepProgress, now_s: float) -> str:
    """Say how far a step is: records, share, rate, remaining time, quarantined."""
    done = step.counts.read
    if step.total is not None:
        parts = [f"{done:,} of {records(step.total)}"]
    elif step.total_about is not None:
        parts = [f"{done:,} of {about(step.total_about)} records"]
    else:
        parts = [records(done)]
    if total := step.total or step.total_about:
        parts[0] += f" ({done / total:.0%})"
    if (per_s := step.rate.per_s(now_s)) is not None:
        parts.append(rate(per_s))
    if (remaining_s := step.remaining_s(now_s)) is not None:
        interval = step.between_s(now_s)
        how_sure = "" if interval is None else f" {between(*interval)}"
        roughly = "" if step.total_about is None else "about "
        parts.append(f"{roughly}{span(remaining_s)} left{how_sure}")
    if step.counts.quarantined:
        parts.append(f"{step.counts.quarantined:,} quarantined")
    return ", ".join(parts)


def ended(step: StepProgress) -> str:
    """Say how a step ended, in one line."""
    if step.was_done:
        return "done already"
    head = f"{step.status} {'in' if step.status is StepStatus.DONE else 'after'}"
    parts = [f"{head} {span(step.duration_s)}"]
    if step.counts.read:
        parts.append(records(step.counts.read))
    if step.counts.quarantined:
        parts.append(f"{step.counts.quarantined:,} quarantined")
    return ", ".join(parts)


def death(event: AttemptDied | RangeSuspected) -> str:
    """Write that an attempt died, or what is done about it, in one line."""
    if isinstance(event, RangeSuspected):
        times = "once" if event.deaths == 1 else f"{event.deaths} times"
        return f"{event.step}: its process died {times} at {event.part}; that is done alone"
    how = f": {event.how}" if event.how else ""
    hand = f"; in hand: {', '.join(event.in_flight)}" if event.in_flight else ""
    record = f"; at record {event.record}" if event.record else ""
    return f"the process before this one died{how}{hand}{record}"


def overrun(event: Overrun) -> str:
    """Say whether the run will end in its window, in one line, by the window's clock."""
    ends = _clock(event, event.window_ends_at)
    if event.is_stopping:
        goes_on = "the same command goes on with the run"
        return f"the window ends at {ends}: no more chunk begins; {goes_on}"
    if event.outlook is Outlook.OVER:
        return f"overrun: the window has ended at {ends}, and the run has not"
    what = "on time again" if event.outlook is Outlook.ON_TIME else str(event.outlook)
    likely, safe = (
        _clock(event, event.at + timedelta(seconds=min(seconds, _FAR_S)))
        for seconds in (event.likely_s, event.safe_s)
    )
    without = f", not counting {', '.join(event.unknown)}" if event.unknown else ""
    return f"{what}: the window ends at {ends}, the run at {likely} to {safe}{without}"


def _clock(event: Overrun, at: datetime) -> str:
    """Write an instant; with its day if that is not near the event."""
    zone = event.window_ends_at.tzinfo
    now, then = event.at.astimezone(zone), at.astimezone(zone)
    is_brief = abs((event.window_ends_at - event.at).total_seconds()) < _BRIEF_S
    shown = f"{then:%H:%M:%S}" if is_brief else f"{then:%H:%M}"
    if then.utcoffset() != then.astimezone().utcoffset():
        shown += f" {then:%Z}"  # not what the reader's own clock shows
    is_near = abs((then - now).total_seconds()) < _NEAR_S
    return shown if is_near or then.date() == now.date() else f"{then.date()} {shown}"


def said(event: Said) -> str:
    """Write what a step or the conductor said, with its fields."""
    where = f"{event.step}: " if event.step else ""
    return where + visible(event.message, 1000) + fields_of(event.fields)


def fields_of(fields: Mapping[str, Any]) -> str:
    """Write fields behind a message, as ` (name=value, …)`; nothing for none."""
    if not fields:
        return ""
    return " (" + ", ".join(f"{name}={visible(str(value))}" for name, value in fields.items()) + ")"
