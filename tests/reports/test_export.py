"""Exports of quarantined records lose no byte."""

from __future__ import annotations

import base64
import csv
import json
from pathlib import Path

import pytest

from daybreak.errors import DefinitionError, PreflightError
from daybreak.operations.quarantine import QuarantinedRecord
from daybreak.reports.export import export

RAWS = [b"1,x\n", b'"a,""b""\r\nc",\t\n', "日本\n".encode(), b"\xff\x00\xfe", b""]


@pytest.fixture
def records() -> list[QuarantinedRecord]:
    """Give records with awkward bytes."""
    return [
        QuarantinedRecord(
            "load",
            f"x.csv:{number}",
            "look",
            "bad",
            {"text": "é,\n\ud800"},
            raw,
            by_check=False,
            set_aside_at=None,
        )
        for number, raw in enumerate(RAWS)
    ]


def test_csv_keeps_every_byte(tmp_path: Path, records: list[QuarantinedRecord]) -> None:
    path = tmp_path / "bad.CSV"
    number = export(records, path)

    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = [
        base64.b64decode(row["raw"]) if row["raw_encoding"] == "base64" else row["raw"].encode()
        for row in rows
    ]
    assert len(RAWS) == number
    assert RAWS == found
    assert {"text": "é,\n\ud800"} == json.loads(rows[0]["details"])
    assert ["x.csv:0", "look", "bad", "no"] == [
        rows[0][name] for name in ("place", "stage", "reason", "by_check")
    ]


def test_jsonl_keeps_every_byte(tmp_path: Path, records: list[QuarantinedRecord]) -> None:
    export(records, tmp_path / "bad.jsonl")

    rows = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    found = [
        row["raw"].encode()
        if isinstance(row["raw"], str)
        else base64.b64decode(row["raw"]["base64"])
        for row in rows
    ]
    assert RAWS == found
    assert {"base64": "/wD+"} == rows[3]["raw"]


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    export([], tmp_path / "bad.csv")

    assert 0o600 == (tmp_path / "bad.csv").stat().st_mode & 0o777


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"cannot export to '\.xml'"):
        export([], tmp_path / "bad.xml")


def test_a_failed_export_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").mkdir()
    with pytest.raises(PreflightError, match="cannot write"):
        export([], tmp_path / "bad.csv")
    with pytest.raises(PreflightError, match="cannot write"):
        export([], tmp_path / "none" / "bad.csv")

    assert [tmp_path / "bad.csv"] == list(tmp_path.iterdir())
