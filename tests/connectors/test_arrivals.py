"""While files come it is told how much is there; several come side by side, and end together."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from daybreak.connectors import arrivals, fetch_several
from daybreak.connectors.arrivals import Arrivals, FetchEnded, FetchProgress
from daybreak.connectors.fetch_one import fetch_one
from daybreak.errors import SourceError
from daybreak.reports.lines import CHUNK_LINE_EVERY_S, Lines
from daybreak.reports.progress import Progress
from daybreak.reports.secrets import Mask
from daybreak.telemetry import Fetching
from tests.connectors.fetching import fetch


class Clock:
    """A clock that goes on when it is told to."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def heard() -> list[FetchProgress]:
    return []


def there(folder: Path, count: int) -> Path:
    place = folder / "there"
    place.mkdir()
    for number in range(count):
        (place / f"f-{number}.csv").write_bytes(b"x" * 10 * (number + 1))
    return place


def test_it_is_told_how_much_has_come_of_how_much_and_how_fast(
    heard: list[FetchProgress],
) -> None:
    clock = Clock()
    counting = Arrivals("f.csv", heard.append, clock)

    for done in (100, 200, 210, 300):
        counting.came("f.csv", done, 400)
        clock.now_s += 0.2 if done == 200 else 1.0
    counting.is_there("f.csv", 400)

    assert [200, 300, 400] == [one.bytes_done for one in heard]
    assert {400} == {one.bytes_total for one in heard}
    assert 300 / 3.2 == heard[-1].bytes_per_s  # what was there before has not come now
    assert (1, 1) == (heard[-1].files_done, heard[-1].files)


def test_a_total_is_known_when_all_files_were_asked(heard: list[FetchProgress]) -> None:
    clock = Clock()
    counting = Arrivals("f", heard.append, clock, files=2)

    for file, done, total in (("a", 0, 10), ("a", 5, 10), ("b", 0, 20), ("b", 1, None)):
        counting.came(file, done, total)
        clock.now_s += 1

    assert [None, 30, None] == [one.bytes_total for one in heard]


def test_a_fetch_tells_of_its_end(tmp_path: Path, heard: list[FetchProgress]) -> None:
    place = there(tmp_path, 3)

    fetch(f"{place}/f-*.csv", tmp_path / "run", tell=heard.append)

    last = heard[-1]
    assert ("f-_.csv", 60, 60, 3, 3) == (
        last.what,
        last.bytes_done,
        last.bytes_total,
        last.files_done,
        last.files,
    )


def test_files_of_a_pattern_come_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2, timeout=30)

    def meeting(*args: Any, **options: Any) -> Any:
        both.wait()
        return fetch_one(*args, **options)

    monkeypatch.setattr(fetch_several, "fetch_one", meeting)

    found = fetch(f"{there(tmp_path, 2)}/f-*.csv", tmp_path / "run")

    assert ["f-0.csv", "f-1.csv"] == sorted(path.name for path in found.iterdir())


def test_if_one_cannot_be_had_the_others_end_and_keep_their_halves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, failed = threading.Event(), threading.Event()
    came = Arrivals.came

    def coming(self: Arrivals, file: str, done: int, total: int | None) -> None:
        if file.endswith("f-1.csv"):
            assert begun.wait(30)
            raise SourceError("no such luck")
        if done:
            begun.set()
            assert self.ended.wait(30)
            failed.set()
        came(self, file, done, total)

    monkeypatch.setattr(arrivals.Arrivals, "came", coming)
    place = there(tmp_path, 2)

    with pytest.raises(SourceError, match="no such luck"):
        fetch(f"{place}/f-*.csv", tmp_path / "run")

    assert failed.is_set()
    halves = list((tmp_path / "run").rglob("*.half"))
    assert [10] == [path.stat().st_size for path in halves]
    monkeypatch.setattr(arrivals.Arrivals, "came", came)
    found = fetch(f"{place}/f-*.csv", tmp_path / "run")
    assert [10, 20] == sorted(path.stat().st_size for path in found.iterdir())


def test_nothing_comes_once_nobody_waits() -> None:
    counting = Arrivals("f", lambda _event: None, Clock())
    counting.ended.set()

    with pytest.raises(FetchEnded):
        counting.came("f", 1, 2)


def test_without_a_terminal_a_line_is_written_now_and_then() -> None:
    now = [100.0]
    stream = io.StringIO()
    lines = Lines(Progress(lambda: now[0]), stream, Mask())
    event = Fetching(
        datetime(2024, 1, 1, tzinfo=UTC), "fetch", "f.csv", 5_000_000, 20_000_000, 1e6, 0, 1
    )
    lines._said_s["fetch"] = now[0]

    lines.hear(event)
    now[0] += CHUNK_LINE_EVERY_S
    lines.hear(event)
    lines.hear(replace(event, bytes_done=6_000_000))
    now[0] += CHUNK_LINE_EVERY_S
    lines.hear(replace(event, bytes_total=None, files=3, files_done=1))

    assert [
        "fetch: f.csv, 5.0 MB of 20.0 MB (25%), 1.0 MB/s, 15 s left",
        "fetch: f.csv, 5.0 MB, 1 of 3 files, 1.0 MB/s",
    ] == stream.getvalue().splitlines()
