"""The window in which a job may run, and the business date of the night it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ..errors import DefinitionError


@dataclass(frozen=True, slots=True)
class Window:
    """A daily span of local time; `end` before `begin` means: past midnight."""

    begin: time
    end: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read `"02:00-05:00 Asia/Tokyo"`.

        Raises:
            DefinitionError: If it is of another form, empty, or its zone is unknown.
        """
        span, _, zone = text.partition(" ")
        begin, _, end = span.partition("-")
        try:
            window = cls(_time_of_day(begin), _time_of_day(end), _zone(zone))
        except ValueError:
            raise DefinitionError(
                f"expected a window like '02:00-05:00 Asia/Tokyo', got {text!r}",
                hint="write begin-end as HH:MM-HH:MM, a space, and a time zone's name",
            ) from None
        if window.begin == window.end:
            raise DefinitionError(
                f"the window {text!r} is empty", hint="let it end at another time than it begins"
            )
        return window

    @property
    def length_s(self) -> float:
        """How long it is, in seconds, on a night on which no clock is changed."""
        begin, end = (each.hour * 3600 + each.minute * 60 for each in (self.begin, self.end))
        return float((end - begin) % 86_400)

    def span_of(self, night: date) -> tuple[datetime, datetime]:
        """Return when the window of a night begins and ends, in UTC.

        Args:
            night: The date on which it begins.
        """
        last = night + timedelta(days=1) if self.end < self.begin else night
        begin = datetime.combine(night, self.begin, self.zone)
        return begin.astimezone(UTC), datetime.combine(last, self.end, self.zone).astimezone(UTC)

    def night_at(self, instant: datetime) -> date:
        """Return the business date of a run that starts at `instant` (aware).

        It is the date on which the window begins; outside the window, that of the next one. A
        window whose end comes twice, because the clocks go back, ends the first time.
        """
        today = instant.astimezone(self.zone).date()
        # In UTC: two times of one zone are compared by the clock on the wall, which goes back.
        has_ended = instant >= datetime.combine(today, self.end, self.zone).astimezone(UTC)
        past_midnight = self.end < self.begin
        if past_midnight and not has_ended:
            return today - timedelta(days=1)
        if not past_midnight and has_ended:
            return today + timedelta(days=1)
        return today

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M} {self.zone.key}"


def read_critical(critical: float | None, window: Window | None) -> float | None:
    """Check `critical=`, the probability that a job must have to be started.

    Raises:
        DefinitionError: If it is none, or the job has no window to end in.
    """
    if critical is None:
        return None
    if isinstance(critical, bool) or not 0 < critical < 1:
        raise DefinitionError(
            f"expected critical to be a probability between 0 and 1, got {critical!r}",
            hint="write critical=0.99, or leave it out",
        )
    if window is None:
        raise DefinitionError(
            "a job is critical that must end in its window, and this one has none",
            hint='give it one: window="02:00-05:00 Asia/Tokyo"',
        )
    return float(critical)


def _time_of_day(text: str) -> time:
    return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - local to the window's zone


def _zone(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        ValueError: If no name is given.
        DefinitionError: If there is none of that name.
    """
    if not name:
        raise ValueError
    try:
        return ZoneInfo(name)
    except (ValueError, ZoneInfoNotFoundError, OSError):
        import difflib  # noqa: PLC0415 - on the error path only

        close = difflib.get_close_matches(name, available_timezones(), n=1)
        meant = f"did you mean {close[0]!r}?" if close else "it is written like 'Asia/Tokyo'"
        raise DefinitionError(
            f"there is no time zone {name!r}, which the window names", hint=meant
        ) from None
