"""Files of every format are checked, kept between steps, and read by the index of the check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from daybreak import files
from daybreak.check.keep import from_json, to_json
from daybreak.check.sources import check_sources
from daybreak.connectors.file_root import FileRoot
from daybreak.connectors.file_source import FileSource
from daybreak.errors import CheckFailed
from daybreak.model.limits import BadLimit
from daybreak.pipeline import Pipeline


class Item(BaseModel):
    id: int
    name: str


FILES = {
    "jsonl": b'{"id": 1, "name": "a"}\n{"id": "2", "name": "b"}\n{"id": 3, "name": "c"}\n',
    "json": b'{"n": 3, "items": [{"id": 1, "name": "a"},\n{"id": "2", "name": "b"},'
    b'{"id": 3, "name": "c"}]}',
    "xml": b'<o><i id="1"><name>a</name></i>\n<i id="1_0"><name>b</name></i>'
    b'<i id="3"><name>c</name></i></o>',
    "fixed": b"  1a  \n1_0b  \n  3c  \n",
}

NO_NUMBER = "not a whole number"
QUOTED = "a number in quotes, which make it a text"
REASONS = {"jsonl": QUOTED, "json": QUOTED, "xml": NO_NUMBER, "fixed": NO_NUMBER}


def opened(kind: str, path: Path) -> files.File[Item]:
    """Begin a pipeline with a file of a kind."""
    match kind:
        case "jsonl":
            return files.jsonl(path, Item)
        case "json":
            return files.json(path, Item, at="items")
        case "xml":
            return files.xml(path, Item, record="i")
        case _:
            return files.fixed(path, Item, columns={"id": 3, "name": 3})


@pytest.mark.parametrize("kind", FILES)
def test_a_checked_file_is_kept_and_read_without_its_faulty_record(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / f"f.{kind}"
    path.write_bytes(FILES[kind])
    events: list[Any] = []

    checked = check_sources(
        opened(kind, path), folder=tmp_path, max_bad=BadLimit.parse(1), publish=events.append
    )
    kept = from_json(to_json(checked, Pipeline[Item], tmp_path), Pipeline[Item], tmp_path)
    assert isinstance(kept.root, FileRoot)
    source = FileSource(kept.root, tmp_path)
    chunk = source.read(source.whole())

    assert kept == checked
    assert [Item(id=1, name="a"), Item(id=3, name="c")] == chunk.values
    assert [("id", REASONS[kind], 2)] == [
        (one.column, one.reason, one.line) for one in chunk.refused[0].findings
    ]
    assert (f"f.{kind}:2", True) == (chunk.cursor(1), b"b" in chunk.raw(1))


def test_a_document_that_holds_no_records_fails_the_check_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "f.xml"
    path.write_bytes(b"<!DOCTYPE o><o/>")

    with pytest.raises(CheckFailed, match="a document type definition, which is not read"):
        check_sources(opened("xml", path), folder=tmp_path, max_bad=BadLimit.parse("100%"))
