"""Rules across records hold for files of every format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel

from daybreak import files
from daybreak.check.sources import check_sources
from daybreak.errors import CheckFailed
from daybreak.files import File
from daybreak.model.limits import BadLimit


class Item(BaseModel):
    id: int
    name: str


ROWS: Final = [(1, "a"), (2, "b"), (1, "c")]


def csv(path: Path) -> File[Item]:
    path.write_text("id,name\n" + "".join(f"{number},{name}\n" for number, name in ROWS))
    return files.csv(path, Item, key="id")


def jsonl(path: Path) -> File[Item]:
    lines = [json.dumps({"id": number, "name": name}) for number, name in ROWS]
    path.write_text("\n".join(lines))
    return files.jsonl(path, Item, key="id")


def json_document(path: Path) -> File[Item]:
    path.write_text(json.dumps([{"id": number, "name": name} for number, name in ROWS]))
    return files.json(path, Item, key="id")


def xml(path: Path) -> File[Item]:
    records = [f"<o><id>{number}</id><name>{name}</name></o>" for number, name in ROWS]
    path.write_text(f"<all>{''.join(records)}</all>")
    return files.xml(path, Item, record="o", key="id")


def fixed(path: Path) -> File[Item]:
    path.write_text("".join(f"{number} {name}\n" for number, name in ROWS))
    return files.fixed(path, Item, columns={"id": 2, "name": 1}, key="id")


def parquet(path: Path) -> File[Item]:
    numbers, names = zip(*ROWS, strict=True)
    pq.write_table(pa.table({"id": numbers, "name": names}), path)
    return files.parquet(path, Item, key="id")


def excel(path: Path) -> File[Item]:
    book: Any = openpyxl.Workbook()
    for row in [("id", "name"), *ROWS]:
        book.active.append(row)
    book.save(path)
    return files.excel(path, Item, key="id")


@pytest.mark.parametrize("write", [csv, jsonl, json_document, xml, fixed, parquet, excel])
def test_a_key_that_comes_again_is_found(
    tmp_path: Path, write: Callable[[Path], File[Item]]
) -> None:
    pipeline = write(tmp_path / "f")

    with pytest.raises(CheckFailed, match="1 of 3 records are faulty"):
        check_sources(pipeline, folder=tmp_path, max_bad=BadLimit.parse(0))
    [finding] = map(json.loads, (tmp_path / "findings" / "f.jsonl").read_text().splitlines())
    assert ("id", "1") == (finding["column"], finding["value"])
    assert finding["reason"] == "the key of an earlier record that says something else"
