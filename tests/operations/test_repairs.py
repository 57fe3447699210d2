"""Edited exports, as editors and spreadsheets leave them."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pytest

from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_kept import KeptRows
from daybreak.errors import DefinitionError
from daybreak.operations.quarantine import QuarantinedRecord
from daybreak.operations.record_ids import is_of_run, record_id
from daybreak.operations.repairs import read_repairs
from daybreak.reports.export import export

RUN = "the run's key"
ROWS = KeptRows(("id", "name"), CsvDialect())


def record(number: int, raw: bytes) -> QuarantinedRecord:
    return QuarantinedRecord(
        "load",
        f"x.csv:{number}",
        "look",
        "bad, really",
        {},
        raw,
        by_check=False,
        set_aside_at=None,
        id=record_id(RUN, "load", 1, '["i","10"]', number),
        range_after='["i","10"]',
        origin=number,
    )


RECORDS = [
    record(number, raw)
    for number, raw in enumerate(
        [b"1,a\n", b'2,"b\nc"\r\n', b"3\n", b"4,d,e\n", b'5,"f\n', b"6,\xff\n", b"7,\n"]
    )
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    export(RECORDS, tmp_path / "bad.csv", {"load": ROWS})
    return tmp_path / "bad.csv"


def changed(path: Path, old: str, new: str) -> Path:
    text = path.read_bytes().decode()  # line ends stay as they are
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8", newline="")
    return path


def repaired(path: Path, number: int) -> bytes | None:
    return read_repairs(path).bytes_of(RECORDS[number], ROWS)


def test_what_nobody_changed_keeps_its_own_bytes(path: Path) -> None:
    """Malformed and undecodable rows too, which cells cannot hold exactly."""
    repairs = read_repairs(path)

    assert {one.id for one in RECORDS} == set(repairs.by_id)
    assert [None] * len(RECORDS) == [repairs.bytes_of(one, ROWS) for one in RECORDS]


def test_a_spreadsheet_changes_nothing_by_saving(path: Path) -> None:
    """It quotes, pads rows to one width, ends lines in its way, cuts with semicolons."""
    table = list(csv.reader(StringIO(path.read_text("utf-8-sig"), newline="")))
    width = max(map(len, table))
    saved = StringIO()
    writer = csv.writer(saved, delimiter=";", quoting=csv.QUOTE_ALL)
    writer.writerows([*row, *[""] * (width - len(row))] for row in table)
    path.write_text(saved.getvalue() + ";;;\r\n", encoding="utf-8-sig", newline="")

    assert [None] * len(RECORDS) == [repaired(path, number) for number in range(len(RECORDS))]


def test_a_change_becomes_a_row_of_the_file(path: Path) -> None:
    changed(path, ",1,a\n", ',1,"a ""b"", c"\n')

    assert b'1,"a ""b"", c"\n' == repaired(path, 0)


def test_exact_bytes_are_read_from_lines_of_json(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    export(RECORDS, path)
    changed(path, r"1,a\n", r"1,z\n")

    assert b"1,z\n" == repaired(path, 0)
    assert [None] * 6 == [repaired(path, number) for number in range(1, 7)]


def test_records_of_several_steps_are_exported_with_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    export(RECORDS, path)
    changed(path, ',"1,a\n"', ',"1,z\n"')

    assert b"1,z\n" == repaired(path, 0)
    assert [None] * 6 == [repaired(path, number) for number in range(1, 7)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",6,\ufffd", ",66,\ufffd", r"bad\.csv:8: a character still stands for bytes"),
        ("daybreak_place,", "place,", r"bad\.csv:1: its first columns are not"),
        (',5,"""f"', ',5,"x', r"bad\.csv:7: it is no CSV"),
    ],
)
def test_what_cannot_be_told_is_refused_with_its_line(
    path: Path, old: str, new: str, message: str
) -> None:
    changed(path, old, new)
    with pytest.raises(DefinitionError, match=message):
        repaired(path, 5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "is not UTF-8"),
        (b"", r"x\.csv:1: it has no column daybreak_id"),
        (b"daybreak_id,raw,raw_encoding\nx,?,base64\n", r"x\.csv:2: its raw bytes cannot be read"),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(DefinitionError, match=message):
        read_repairs(tmp_path / "x.csv")


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="cannot read"):
        read_repairs(tmp_path / "none.csv")


def test_an_identification_is_known_by_its_check() -> None:
    text = record_id(RUN, "load", 1, "", 5)

    assert is_of_run(text, RUN)
    assert not is_of_run(text, "another run")
    assert not is_of_run(text.replace(".o5", ".o6"), RUN)
    assert not is_of_run("", RUN)
