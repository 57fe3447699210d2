"""`daybreak plan`: what it shows, writes as a page, and gives to programs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from daybreak.cli.plan import NIGHTS
from daybreak.operations import plan as operation
from tests.cli.conftest import Type
from tests.operations.past_nights import DATABASE, JOB, fill

WORDS = f"plan nightly.py --night 2026-10-11 --nights 500 --database {DATABASE}"


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a ledger with thirty past nights."""
    file = tmp_path_factory.mktemp("past") / "ledger.db"
    fill(f"sqlite:///{file}", 30)
    return file


@pytest.fixture
def nightly(tmp_path: Path, past: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a job that has thirty past nights, and make it the current one."""
    (tmp_path / "nightly.py").write_text(JOB.format(options=""))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAYBREAK_LEDGER", raising=False)
    monkeypatch.setenv("COLUMNS", "160")  # wide enough for every line
    (tmp_path / ".daybreak").mkdir()
    shutil.copy(past, tmp_path / ".daybreak")
    return tmp_path


def test_the_options_name_the_default() -> None:
    assert operation.NIGHTS == NIGHTS


@pytest.mark.usefixtures("nightly")
def test_a_plan_shows_verdict_timeline_and_what_to_do(type_in: Type) -> None:
    ended = type_in(WORDS)
    lines = ended.out.splitlines()

    assert (0, "") == (ended.status, ended.err)
    assert lines[0] == (
        "nightly, night of 2026-10-11, window 02:00-05:00 Asia/Tokyo, starts 02:00, 30 past runs"
    )
    assert lines[1].startswith("done by 05:00: ")
    (scale,) = (line for line in lines if "02:00  " in line and "05:00" in line)
    bars = [line for line in lines if "█" in line]
    assert ["fetch", "load", "stock", "close", "tell"] == [line.split()[0] for line in bars]
    assert scale.index("02:00") == bars[0].index("█")
    assert all(
        f"\n{fact}  " in ended.out
        for fact in ("latest start", "point of no return", "critical path", "window breaks")
    )


@pytest.mark.slow
def test_the_page_holds_the_timeline_and_fetches_nothing(nightly: Path, type_in: Type) -> None:
    type_in(f"{WORDS} --html plan.html")
    page = (nightly / "plan.html").read_text()
    svg = ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])  # noqa: S314 - ours

    assert 5 == len(svg.findall("g"))
    assert 5 == len(svg.findall(".//rect[@class='likely']"))
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.slow
@pytest.mark.usefixtures("nightly")
def test_programs_get_all_of_it(type_in: Type) -> None:
    data = json.loads(type_in(f"{WORDS} --json --what-if records=2x").out)

    assert ("plan", "nightly", "2026-10-11") == (data["event"], data["job"], data["night"])
    assert 0 <= data["worst"]["in_time"] <= data["nothing_fails"]["in_time"] <= 1
    assert "records=2x" == data["supposed"]
    assert ["fetch", "load", "stock", "close", "tell"] == [one["step"] for one in data["steps"]]
    assert data["steps"][1]["end_at"] < data["steps"][3]["end_at"]


def test_nothing_known_is_a_failure_with_a_way_out(nightly: Path, type_in: Type) -> None:
    ended = type_in(f"{WORDS} --ledger sqlite:///{nightly}/none.db")

    assert 1 == ended.status
    assert "nothing is known of what fetch, load, stock, close, tell of job nightly" in ended.err
    assert "daybreak forecast nightly.py load" in ended.err
    assert not (nightly / "none.db").exists()


@pytest.mark.usefixtures("nightly")
@pytest.mark.parametrize(
    ("command", "file"), [(WORDS, "none/plan.html"), ("forecast nightly.py load", "none/load.html")]
)
def test_a_page_that_cannot_be_written_is_refused_first(
    type_in: Type, command: str, file: str
) -> None:
    ended = type_in(f"{command} --html {file}")

    assert (2, "") == (ended.status, ended.out)
    assert "there is no folder 'none'" in ended.err


def test_a_page_that_is_no_file_says_why(nightly: Path, type_in: Type) -> None:
    (nightly / "full.html").symlink_to("/dev/full")
    ended = type_in(f"{WORDS} --html full.html")

    assert 1 == ended.status
    assert "cannot write 'full.html': No space left on device" in ended.err
