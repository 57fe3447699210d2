"""The log of a run: whole lines, whatever happens, and never the run's undoing."""

from __future__ import annotations

import errno
import io
import json
import os
from pathlib import Path

from daybreak.reports.jsonlog import LOG_NAME, JsonLines, JsonLog, as_line
from daybreak.reports.secrets import Mask
from tests.reports.conftest import Events


def names_in(folder: Path) -> list[str]:
    return [json.loads(line)["event"] for line in (folder / LOG_NAME).read_text().splitlines()]


def test_every_event_is_a_line_at_once(tmp_path: Path, events: Events) -> None:
    log = JsonLog(Mask())
    log.hear(events.run("load", folder=str(tmp_path / "runs" / "1")))
    log.hear(events.chunk())

    assert ["run_started", "chunk_committed"] == names_in(tmp_path / "runs" / "1")
    log.close()
    log.close()


def test_a_second_attempt_appends_behind_a_torn_line(tmp_path: Path, events: Events) -> None:
    (tmp_path / LOG_NAME).write_text('{"event": "run_started"}\n{"event": "chu')
    log = JsonLog(Mask())
    log.hear(events.run("load", folder=str(tmp_path)))
    log.close()

    lines = (tmp_path / LOG_NAME).read_text().splitlines()
    assert ['{"event": "chu', "run_started"] == [lines[1], json.loads(lines[2])["event"]]


def test_a_log_that_cannot_be_written_is_told_of_once(tmp_path: Path, events: Events) -> None:
    told: list[str] = []
    (tmp_path / "file").write_text("")
    log = JsonLog(Mask(), told.append)
    log.hear(events.run("load", folder=str(tmp_path / "file")))
    log.hear(events.chunk())
    log.hear(events.chunk())

    assert 1 == len(told)
    assert told[0].startswith("the run's log cannot be written, the run goes on without it: ")


def test_a_disk_that_is_full_for_a_while_costs_only_those_lines(
    tmp_path: Path, events: Events
) -> None:
    told: list[str] = []
    log = JsonLog(Mask(), told.append)
    log.hear(events.run("load", folder=str(tmp_path)))
    file = io.FileIO(tmp_path / LOG_NAME, "ab")

    class Full(io.RawIOBase):
        def write(self, data: object) -> int:
            assert isinstance(data, bytes)
            return file.write(data[:5])

    whole = log._file
    log._file = Full()  # type: ignore[assignment]  # a disk that takes five bytes, then no more
    log.hear(events.chunk())
    log._file = whole
    file.close()
    log.hear(events.end())
    log.close()

    lines = (tmp_path / LOG_NAME).read_text().splitlines()
    assert ["run_started", "run_ended"] == [
        json.loads(lines[0])["event"],
        json.loads(lines[2])["event"],
    ]
    assert os.strerror(errno.ENOSPC) in told[0]


def test_programs_get_flushed_lines_without_secrets(events: Events) -> None:
    stream = io.StringIO()
    lines = JsonLines(stream, Mask(["hunter22"]))
    lines.hear(events.said("with hunter22", n=1))

    assert {"message": "with ***", "fields": {"n": 1}}.items() <= json.loads(
        stream.getvalue()
    ).items()


def test_a_line_has_no_line_feed_and_is_utf8() -> None:
    assert '{"é": "a\\nb"}' == as_line({"é": "a\nb"})
    assert '{"x": "\\udcff"}' == as_line({"x": "\udcff"})
