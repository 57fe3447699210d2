"""`daybreak check`: all faults of files, without a job, and nothing left but what was asked for."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from daybreak.check.infer.sample import RECORDS
from daybreak.check.summary import SAMPLES_MAX
from daybreak.cli import check as command
from daybreak.cli import check_formats
from daybreak.cli.check_formats import SUFFIXES, known_formats
from daybreak.reports import findings
from tests.cli.conftest import Type

SCHEMA = """
from dataclasses import dataclass
from typing import Annotated
from pydantic import BaseModel, Field

class Order(BaseModel):
    id: Annotated[int, Field(gt=0)]
    name: str

@dataclass
class Pair:
    id: int
"""
CLEAN = "id,name\n1,a\n2,b\n"
FAULTY = "id,name,extra\n1,a,\n0,b,\nx,,\n3\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a schema and two files, make it the current one, and watch temporaries."""
    folder, temporary = tmp_path / "work", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    (folder / "orders_schema.py").write_text(SCHEMA)
    (folder / "clean.csv").write_text(CLEAN)
    (folder / "faulty.csv").write_text(FAULTY)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "orders_schema", raising=False)
    return folder


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()} - {"__pycache__"}


def unwrapped(text: str) -> str:
    """Return what was shown as if the terminal were wide: lines are wrapped below themselves."""
    return " ".join(text.split())


class TestVerdict:
    def test_a_clean_file_is_clean_and_nothing_is_left(self, here: Path, type_in: Type) -> None:
        before = names(here)

        ended = type_in("check clean.csv --schema orders_schema.py:Order")

        assert 0 == ended.status
        assert "clean.csv: 0 of 2 records faulty" in ended.out
        assert "clean: every record keeps the schema" in ended.out
        assert before == names(here)
        assert [] == list((here.parent / "temporary").iterdir())

    def test_all_faults_are_shown_by_cause_with_their_places(
        self, here: Path, type_in: Type
    ) -> None:
        ended = type_in("check faulty.csv --schema orders_schema:Order")

        assert 3 == ended.status
        assert "faulty.csv: 3 of 4 records faulty (75.00%)" in ended.out
        for text in (
            "id: should be greater than 0",
            "line 3 0",
            "id: not a whole number",
            "line 4 x",
            "name: required",
            "one field alone: perhaps a part of the record before or behind it",
            "not in the schema, not looked at: extra",
            "4 records, 3 faulty",
            "refused: more faulty records than max_bad 0",
        ):
            assert text in unwrapped(ended.out)
        assert [] == list((here.parent / "temporary").iterdir())

    @pytest.mark.parametrize(
        ("limit", "status", "verdict"),
        [
            ("2", 3, "refused: more faulty records than max_bad 2"),
            ("3", 0, "accepted: the faulty records are within max_bad 3"),
            ("80%", 0, "within max_bad 80%"),
            ("1%", 0, "within max_bad 1%"),  # fewer than ten never exceed a share
        ],
    )
    @pytest.mark.usefixtures("here")
    def test_the_gate_is_a_count_or_a_share(
        self, type_in: Type, limit: str, status: int, verdict: str
    ) -> None:
        ended = type_in(f"check faulty.csv --schema orders_schema:Order --max-bad {limit}")

        assert status == ended.status
        assert verdict in ended.out

    @pytest.mark.parametrize("key", ["--key id", "--option key=id", "--key id,name"])
    def test_a_key_that_comes_again_is_a_fault(self, here: Path, type_in: Type, key: str) -> None:
        (here / "twice.csv").write_text("id,name\n1,a\n2,b\n1,a\n")

        ended = type_in(f"check twice.csv --schema orders_schema:Order {key}")

        assert 3 == ended.status
        assert "a copy of an earlier record" in ended.out

    def test_a_trailer_is_said_by_its_mark_and_all_rows_are_counted(
        self, here: Path, type_in: Type
    ) -> None:
        (here / "t.csv").write_text("id,name\n1,a\n0,b\nT,5\n")

        ended = type_in(
            "check t.csv --schema orders_schema:Order --option trailer=T --max-bad 1"
            " --export out.csv --html report.html"
        )

        assert "id,name\n0,b\n" == (here / "out.csv").read_text()
        assert "the trailer says another number" in (here / "report.html").read_text()
        assert 3 == ended.status
        assert "t.csv: 1 of 2 records faulty" in ended.out
        reason = "the trailer says another number of records than the file has"
        assert reason in unwrapped(ended.out)
        assert "refused: not what was expected of it as a whole" in ended.out

    @pytest.mark.parametrize(
        "option",
        [
            "header=no",
            "header_lines=x",
            "trailer={}",
            "totals=5",
            "references=5",
            "records=x",
            "key=5",
        ],
    )
    @pytest.mark.usefixtures("here")
    def test_an_option_of_another_kind_is_refused(self, type_in: Type, option: str) -> None:
        ended = type_in(f"check clean.csv --schema orders_schema:Order --option {option}")

        assert 2 == ended.status
        assert "a fault of Daybreak" not in ended.err

    @pytest.mark.parametrize(
        ("name", "command"),
        [("o.csv.gz", "gunzip --keep"), ("o.csv.zst", "unzstd"), ("o.zip", "unzip")],
    )
    def test_a_packed_file_is_to_be_unpacked(
        self, here: Path, type_in: Type, name: str, command: str
    ) -> None:
        (here / name).write_bytes(b"x")

        ended = type_in(f"check {name} --schema orders_schema:Order")

        assert 2 == ended.status
        assert f"unpack it first: {command} {name}" in ended.err

    @pytest.mark.usefixtures("here")
    def test_standard_input_is_to_be_written_to_a_file(self, type_in: Type) -> None:
        ended = type_in("check - --schema orders_schema:Order")

        assert 2 == ended.status
        assert "standard input cannot be checked: write it to a file first" in ended.err

    @pytest.mark.parametrize("name", ["o.xls", "o.ods", "o.xlsb"])
    def test_other_spreadsheets_are_to_be_saved_as_xlsx(
        self, here: Path, type_in: Type, name: str
    ) -> None:
        (here / name).write_bytes(b"x")

        ended = type_in(f"check {name} --schema orders_schema:Order")

        assert 2 == ended.status
        assert "save it as .xlsx" in ended.err

    @pytest.mark.usefixtures("here")
    def test_several_files_have_one_verdict(self, type_in: Type) -> None:
        ended = type_in("check clean.csv faulty.csv --schema orders_schema:Order")

        assert 3 == ended.status
        assert "6 records in 2 files, 3 faulty" in ended.out
        assert "1 of 2 files refused" in ended.out

    def test_a_file_without_a_header_is_refused(self, here: Path, type_in: Type) -> None:
        (here / "f.csv").write_text("1,a\n")

        ended = type_in("check f.csv --schema orders_schema:Order --max-bad 100%")

        assert 3 == ended.status
        assert "f.csv cannot be read as records" in ended.out
        assert "not a header" in ended.out

    @pytest.mark.usefixtures("here")
    def test_places_shown_can_be_more_or_none(self, type_in: Type) -> None:
        line = "check faulty.csv --schema orders_schema:Order --samples"

        assert "line" not in type_in(f"{line} 0").out
        assert "line 3" in type_in(f"{line} 1").out

    @pytest.mark.usefixtures("here")
    def test_values_can_be_left_out(self, type_in: Type) -> None:
        line = "check faulty.csv --schema orders_schema:Order --no-values"

        assert re.search(r"line 4 *$", type_in(line).out, re.MULTILINE)
        assert '"value": "x"' not in type_in(f"{line} --json").out


class TestWritten:
    def test_the_report_and_the_export_are_written_and_nothing_else(
        self, here: Path, type_in: Type
    ) -> None:
        before = names(here)

        ended = type_in(
            "check faulty.csv --schema orders_schema.py:Order --html r.html --export bad.csv"
        )

        assert {"r.html", "bad.csv", "bad.reasons.csv"} == names(here) - before
        assert "3 records written to bad.csv" in ended.out
        assert "report written to r.html" in ended.out
        assert "orders_schema.py:Order" in (here / "r.html").read_text()
        assert "id,name,extra\n0,b,\nx,,\n3\n" == (here / "bad.csv").read_text()

    def test_the_command_that_is_shown_next_writes_them(self, here: Path, type_in: Type) -> None:
        (here / "f;.csv").write_text(FAULTY.replace(",", ";"))

        ended = type_in("check 'f;.csv' --schema orders_schema:Order --delimiter ';'")
        next_ = ended.out.splitlines()[-1].partition("daybreak ")[2]
        type_in(next_)

        assert {"report.html", "faulty.csv", "faulty.reasons.csv"} <= names(here)
        assert "id;name;extra\n0;b;\nx;;\n3\n" == (here / "faulty.csv").read_text()

    def test_the_command_that_is_shown_next_has_the_same_gate_and_hides_the_same(
        self, here: Path, type_in: Type
    ) -> None:
        ended = type_in("check faulty.csv --schema orders_schema:Order --max-bad 80% --no-values")
        next_ = ended.out.splitlines()[-1].partition("daybreak ")[2]

        assert 0 == type_in(next_).status
        assert "at most 80%" in (here / "report.html").read_text()
        assert "Values were left out" in (here / "report.html").read_text()

    def test_several_files_are_exported_into_a_folder(self, here: Path, type_in: Type) -> None:
        (here / "out").mkdir()

        ended = type_in("check clean.csv faulty.csv --schema orders_schema:Order --export out")

        assert {"clean.csv", "faulty.csv", "clean.reasons.csv", "faulty.reasons.csv"} == names(
            here / "out"
        )
        assert 3 == ended.status

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ("--html faulty.csv", "is checked, or written to, already"),
            ("--export ./faulty.csv", "is checked, or written to, already"),
            ("--html x.csv --export x.csv", "is checked, or written to, already"),
            ("--html no/r.html", "there is no such folder"),
        ],
    )
    def test_what_would_do_harm_is_refused_before_the_work(
        self, here: Path, type_in: Type, words: str, message: str
    ) -> None:
        before = names(here)

        ended = type_in(f"check faulty.csv --schema orders_schema:Order {words}")

        assert 1 == ended.status
        assert message in ended.err
        assert FAULTY == (here / "faulty.csv").read_text()
        assert before == names(here)

    @pytest.mark.usefixtures("here")
    def test_programs_read_json(self, type_in: Type) -> None:
        ended = type_in(
            "check faulty.csv clean.csv --schema orders_schema:Order --json --html r.html"
        )
        found = json.loads(ended.out)

        assert 3 == ended.status
        assert (True, "0", 6, 3, "r.html") == tuple(
            found[name] for name in ("failed", "max_bad", "rows", "faulty_rows", "html")
        )
        first = found["files"][0]
        assert ("faulty.csv", 4, 3) == (first["file"], first["rows"], first["faulty_rows"])
        assert "0" == first["causes"][0]["samples"][0]["value"]
        assert "findings_file" not in first


class TestUsage:
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ("check clean.csv", "which schema?"),
            ("check no.csv --schema orders_schema:Order", "'no.csv' does not exist"),
            ("check clean.csv --schema orders_schema:No", "it has: Order, Pair"),
            ("check clean.csv --schema orders_schema", "which model of orders_schema?"),
            ("check clean.csv --schema no_such_module:Order", "there is no module"),
            ("check clean.csv --schema no.py:Order", "there is no file 'no.py'"),
            ("check clean.csv --schema :Order", "expected a schema as"),
            ("check clean.csv --schema orders_schema:SCHEMA", "has no model 'SCHEMA'"),
            ("check clean.csv --schema orders_schema:Order --max-bad much", "expected max_bad"),
            ("check clean.csv --schema orders_schema:Order --encoding no", "unknown encoding"),
            ("check orders_schema.py --schema orders_schema:Order", "say it with --format"),
            ("check clean.csv --schema orders_schema:Order --quick", "give --infer too"),
            ("check clean.csv --schema orders_schema:Order --option x", "expected --option"),
            ("check clean.csv --schema orders_schema:Order --option no=1", "have no 'no'"),
            ("check clean.csv --schema orders_schema:Order --option no={1", "expected JSON"),
            ("check clean.csv faulty.csv --infer", "proposed for one file"),
            ("check clean.csv --infer --schema orders_schema:Order", "belongs to a check"),
            ("check clean.csv --infer --export x.csv", "--export belongs to a check"),
            (
                "check clean.csv faulty.csv --schema orders_schema:Order --export x.csv",
                "cannot be one file",
            ),
        ],
    )
    @pytest.mark.usefixtures("here")
    def test_a_wrong_command_says_what_is_wrong(
        self, type_in: Type, words: str, message: str
    ) -> None:
        ended = type_in(words)

        assert 2 == ended.status, ended.text
        assert message in ended.err
        assert "" == ended.out

    @pytest.mark.parametrize(
        ("name", "message"),
        [("f.csv.gz", "unpack it first"), ("f.dat", "--format")],
    )
    def test_a_format_that_cannot_be_guessed(
        self, here: Path, type_in: Type, name: str, message: str
    ) -> None:
        (here / name).write_text(CLEAN)

        assert message in type_in(f"check {name} --schema orders_schema:Order").err

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("true", True),
            ("12", 12),
            ("1.5", "1.5"),
            ("Sheet 1", "Sheet 1"),
            ('{"id": 6, "name": [6, 26]}', {"id": 6, "name": (6, 26)}),
            ("", ""),
        ],
    )
    def test_an_option_is_read_as_it_looks(self, text: str, value: object) -> None:
        assert value == check_formats._value(text)

    def test_a_suffix_means_a_format_that_can_be_asked_for(self) -> None:
        assert {*SUFFIXES.values()} <= {*command.FORMATS}
        assert "csv" in known_formats()

    def test_tabs_are_guessed_and_can_be_typed(self, here: Path, type_in: Type) -> None:
        for name, words in (("f.tsv", ""), ("t.csv", "--delimiter '\\t'")):
            (here / name).write_text(CLEAN.replace(",", "\t"))
            assert 0 == type_in(f"check {name} --schema orders_schema:Order {words}").status

    def test_a_schema_that_raises_is_told(self, here: Path, type_in: Type) -> None:
        (here / "bad_schema_of_a_test.py").write_text("import no_such_thing_at_all\n")

        for name in ("bad_schema_of_a_test.py:Order", "bad_schema_of_a_test:Order"):
            ended = type_in(f"check clean.csv --schema {name}")
            assert 2 == ended.status
            assert "raised ModuleNotFoundError when it was loaded" in ended.err

    def test_what_help_says_is_true(self) -> None:
        assert RECORDS == command.INFER_RECORDS
        assert findings.SAMPLES_SHOWN == command.SAMPLES
        assert 10 == SAMPLES_MAX


class TestInfer:
    def test_a_proposal_is_a_schema_by_which_the_file_is_clean(
        self, here: Path, type_in: Type
    ) -> None:
        before = names(here)

        ended = type_in("check clean.csv --infer")
        (here / "clean_schema.py").write_text(ended.out)

        assert 0 == ended.status
        assert "holds for all of 2 records" in ended.err
        assert before | {"clean_schema.py"} == names(here)
        line = next(line for line in ended.out.splitlines() if line.startswith("# daybreak check"))
        assert 0 == type_in(line.removeprefix("# daybreak ")).status

    @pytest.mark.usefixtures("here")
    def test_a_quick_one_says_that_it_is_not_proven(self, type_in: Type) -> None:
        ended = type_in("check clean.csv --infer --quick")

        assert "was not looked at (--quick)" in ended.out
        assert "holds for a sample of 2 records" in ended.err

    def test_a_file_that_is_none_is_refused(self, here: Path, type_in: Type) -> None:
        (here / "f.csv").write_text("")

        ended = type_in("check f.csv --infer")

        assert 1 == ended.status
        assert "an empty file" in ended.err


@pytest.mark.slow
def test_a_check_that_is_ended_leaves_nothing(here: Path) -> None:
    with (here / "big.csv").open("w") as stream:
        stream.write("id,name\n" + "0,abc\n" * 1_000_000)
    words = "check big.csv --schema orders_schema:Order --html r.html --export bad.csv"
    before = names(here)
    temporary = here.parent / "temporary"
    process = subprocess.Popen(
        [sys.executable, "-m", "daybreak", *shlex.split(words)],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until_s = time.monotonic() + 30
    while not list(here.glob(".bad.csv.*")) and time.monotonic() < until_s:
        time.sleep(0.02)  # another process is waited for

    process.send_signal(signal.SIGTERM)

    assert 1 == process.wait(30)
    assert before == names(here)
    assert [] == list(temporary.iterdir())
