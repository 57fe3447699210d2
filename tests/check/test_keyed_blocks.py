"""Keys taken by columns refuse the rows that keys of records refuse, whatever their type."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from daybreak import files
from daybreak.check import by_columns
from daybreak.check.by_columns import CheckedByRows
from daybreak.check.sources import check_sources
from daybreak.model.limits import BadLimit

ALL = BadLimit.parse("100%")
TEXTS = [
    "",
    "a",
    "b",
    "表示",
    'say "hi"',
    "a,b",
    "two\nlines",
    "x" * 14,
    "x" * 15,
    "é" * 7,
    "é" * 8,
]
WHOLE = ["1", "+1", "01", "-1", "0", "-0", str(2**63 - 1), str(2**63), str(-(2**63)), "9" * 30]
KINDS: dict[str, tuple[Any, list[str]]] = {
    "int": (int, [*WHOLE, "x"]),
    "int or none": (int | None, [*WHOLE, "", ""]),
    "a default": (Annotated[int, Field(ge=-5)], ["1", "01", "-9", ""]),
    "str": (str, [*TEXTS, *(text * 20 for text in TEXTS if text)]),
    "str or none": (str | None, TEXTS),
    "decimal": (Decimal, ["1", "1.0", "1.50", "1.5", "-0.0", "0"]),
    "float": (float, ["1", "1.0", "1e0", "0.1", "0.10"]),
    "bool": (bool, ["true", "false"]),
    "date": (date, ["2024-02-29", "2024-02-28"]),
    "datetime": (datetime, ["2024-02-29T05:00", "2024-02-29 05:00:00", "2024-02-29T05:00Z"]),
}

QUICK = {"int or none", "str", "datetime"}
"""What is compared even in `make check`."""


@dataclass
class Plain:
    id: int
    zone: str | None


class Coded(BaseModel):
    id: Annotated[int, Field(multiple_of=1)]
    by: UUID


def rows_of(chance: random.Random, texts: list[str], count: int) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=chance.choice(["\n", "\r\n"]))
    writer.writerow(["id", "zone"])
    for _ in range(count):
        writer.writerow([chance.choice(texts), chance.choice("ab")])
    return out.getvalue()


def found_in_both_ways(
    folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any]
) -> tuple[bytes, bytes, list[object]]:
    """Return the findings by rows and by columns, and what the latter has told."""
    found = []
    seen: list[object] = []
    for bytes_min in (2**60, 0):
        monkeypatch.setattr(by_columns, "COLUMNAR_BYTES_MIN", bytes_min)
        seen.clear()
        run = folder / f"run-{bytes_min}"
        check_sources(make(), folder=run, max_bad=ALL, publish=seen.append)
        findings = run / "findings" / f"{path.name}.jsonl"
        found.append(findings.read_bytes() if findings.exists() else b"")
    return found[0], found[1], seen


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=() if kind in QUICK else pytest.mark.slow) for kind in KINDS],
)
@pytest.mark.parametrize("encoding", ["utf-8", pytest.param("euc_jp", marks=pytest.mark.slow)])
def test_every_type_of_key_is_compared_alike(
    kind: str, encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    of, texts = KINDS[kind]
    chance = random.Random(seed)
    monkeypatch.setattr(by_columns, "BLOCK_BYTES", 300)
    known = [text.encode(encoding, "ignore").decode(encoding) for text in texts]
    path = tmp_path / "f.csv"
    for key in ("id", ("id", "zone")):
        text = rows_of(chance, known, 60)
        path.write_text(text, encoding=encoding, newline="")

        by_rows, found, seen = found_in_both_ways(
            tmp_path,
            path,
            monkeypatch,
            partial(files.csv, path, {"id": of, "zone": str}, key=key, encoding=encoding),
        )

        assert by_rows == found
        assert by_rows
        assert not [one for one in seen if isinstance(one, CheckedByRows)]


@pytest.mark.slow
@pytest.mark.parametrize("model", [Plain, None])
def test_references_beside_damaged_rows_are_compared_alike(
    model: type | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    pieces = [
        "1,2\n",
        "2,3\r\n",
        '3,"4"\n',
        '"5\n',
        "6\n",
        'more"\n',
        "x,1\n",
        ",7\n",
        '4,"x\ny"\n',
    ]
    path = tmp_path / "f.csv"
    monkeypatch.setattr(by_columns, "BLOCK_BYTES", 100)
    for _ in range(8):
        body = "".join(chance.choices(pieces, k=80))
        path.write_text("id,zone\n" + body, newline="")

        by_rows, found, _ = found_in_both_ways(
            tmp_path,
            path,
            monkeypatch,
            lambda: files.csv(path, *([model] if model else []), key="id", records=(1, None)),
        )

        assert by_rows == found


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (
            lambda path: files.csv(path, {"id": int}, key="id", totals={"id": 1}),
            "totals are added up record by record",
        ),
        (
            lambda path: files.csv(path, Coded, key="by"),
            "the values of by do not follow from its texts alone",
        ),
    ],
)
def test_what_needs_records_is_read_row_by_row_and_that_is_said(
    make: Callable[[Path], Any], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f.csv"
    path.write_text(f"id,by\n1,{UUID(int=1)}\n")

    by_rows, found, seen = found_in_both_ways(tmp_path, path, monkeypatch, lambda: make(path))

    assert by_rows == found
    assert CheckedByRows("f.csv", why) == next(
        one for one in seen if isinstance(one, CheckedByRows)
    )
