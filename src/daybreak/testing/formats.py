r"""What every `Format` must do, as a class of tests: inherit it, and give its cases.

class TestMyFormat(FormatContract):
    @pytest.fixture(params=[FormatCase(MyFormat(), b"1;2\nx", [{"a": "1"}, Bad("no number", 2)])])
    def case(self, request) -> FormatCase:
        return request.param

The more damages the cases have, the more is tried. Each file is besides damaged at random places,
the same at each run: then nothing is known of its records, but rows must still be told apart, cover
its bytes, and be read alike from any place.
"""

from __future__ import annotations

import json
import random
import re
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, Final

import pytest

from ..connectors import file_index
from ..connectors.file_format import Format, Header, RowReader, format_as_data
from ..connectors.file_refusals import FileRefused
from ..connectors.file_root import FileRoot
from ..connectors.file_source import FileSource
from ..connectors.formats import FORMATS, format_from_data
from ..connectors.row import Row
from ..connectors.spool import SpooledFormat
from ..model.chunk import ChunkInput, Finding, Kept

DAMAGES: Final = 60
"""Random damages that are done to each file."""

STRIDE_RECORDS: Final = 3
"""Every how many records the index of a case's file keeps a place."""

FILE: Final = "case"


@dataclass(frozen=True)
class Bad:
    """A part of a file that is no good record."""

    reason: str
    """Of its first finding."""

    line: int | None = None
    """That its findings name; None if that does not matter."""


@dataclass(frozen=True)
class FormatCase:
    """One file, and what is known of it."""

    form: Format
    content: bytes
    rows: Sequence[Any]
    """What its rows are, in order: the records without a model, or `Bad`."""

    between: bytes = b""
    """A pattern of all that may stand between two rows, and behind the last one."""

    has_lines: bool = True
    """Whether a row's line is that of its first byte; else it is the record's number."""

    has_bytes: bool = True
    """Whether a row's bytes are those of the file; a format that packs records has none there."""

    name: str = ""
    """What the case is about."""

    def __str__(self) -> str:
        return self.name or repr(self.content[:40])


class FormatContract:
    """The contract of `connectors.file_format.Format`."""

    def test_every_record_is_there_once_and_every_fault_is_named(self, case: FormatCase) -> None:
        """None is lost, doubled, shifted or made up, and a fault costs no other record."""
        read = _Read(case.form, case.content)

        assert len(case.rows) == len(read.rows)
        for row, expected in zip(read.rows, case.rows, strict=True):
            record, findings = read.reader.read(row)
            if isinstance(expected, Bad):
                assert record is None
                assert findings
                assert findings[0].reason == expected.reason
                assert {(FILE, row.line)} == {(one.file, one.line) for one in findings}
                assert expected.line in {None, row.line}
            else:
                assert (expected, []) == (record, list(findings))

    def test_every_byte_is_in_one_row_or_between_two(self, case: FormatCase) -> None:
        """And between them stands only what means nothing."""
        if case.has_bytes:
            _assert_covered(case, _Read(case.form, case.content), case.content)

    def test_reading_from_any_row_gives_what_reading_from_the_beginning_gives(
        self, case: FormatCase
    ) -> None:
        """A place needs nothing but its offset and its line."""
        _assert_read_from_anywhere(case.form, case.content)

    def test_bytes_that_were_appended_later_are_not_read(self, case: FormatCase) -> None:
        """A file that is still being written is read up to the size it had."""
        if not case.has_bytes:
            return
        read = _Read(case.form, case.content)
        longer = BytesIO(case.content + case.content)

        assert read.rows == _rows(case.form, longer, read.header, len(case.content))

    def test_the_bytes_of_a_record_are_that_record_again(self, case: FormatCase) -> None:
        """A record that was set aside is replayed from them; those of no record make none."""
        read = _Read(case.form, case.content)

        for row in read.rows:
            again = case.form.row_of(row.raw, read.header)
            record, findings = read.reader.read(row)
            once_more, faults = read.reader.read(again)
            assert (record, bool(findings)) == (once_more, bool(faults))
            assert row.raw == again.raw

    def test_the_bytes_of_two_records_are_not_one(self, case: FormatCase) -> None:
        """Nor are they the first of them."""
        read = _Read(case.form, case.content)
        good = [row for row in read.rows if not read.reader.read(row)[1]]

        for one, two in pairwise(good):
            if case.has_bytes:
                both = case.content[one.offset : two.offset + two.size]
                assert read.reader.read(case.form.row_of(both, read.header))[1]

    def test_facts_make_an_equal_format(self, case: FormatCase) -> None:
        """They come back from JSON as they were; `add_format` makes a kind known."""
        form = case.form
        facts = json.loads(json.dumps(form.facts()))
        made: Any = type(form)

        assert form == made.of(**facts)
        assert hash(form) == hash(made.of(**facts))
        assert facts == made.of(**facts).facts()
        if form.kind in FORMATS:
            assert form == format_from_data(json.loads(json.dumps(format_as_data(form))))

    @pytest.mark.parametrize("chunk_records", [1, 2, 5])
    def test_chunks_of_any_size_have_the_same_records_and_bytes(
        self,
        case: FormatCase,
        chunk_records: int,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """And each range has the digest that it has when it is verified."""
        monkeypatch.setattr(file_index, "INDEX_STRIDE_RECORDS", STRIDE_RECORDS)
        source = _source(case, tmp_path)
        parts = list(source.ranges(source.whole(), chunk_records))
        chunks = [source.read(part) for part in parts]

        assert _all_of([source.read(source.whole())]) == _all_of(chunks)
        assert [source.digest(part) for part in parts] == [chunk.digest for chunk in chunks]
        assert len(case.rows) == source.total() == sum(chunk.read for chunk in chunks)

    def test_records_that_were_set_aside_are_read_again_from_what_was_kept(
        self, case: FormatCase, tmp_path: Path
    ) -> None:
        """The good ones are what they were; the others are refused again."""
        source = _source(case, tmp_path)
        whole = source.whole()
        chunk = source.read(whole)
        kept = [
            Kept(whole, origin, chunk.cursor(origin), "", chunk.raw(origin), by_check=True)
            for origin in range(chunk.read)
        ]

        again = source.again(kept)

        assert (chunk.values, list(chunk.origins)) == (again.values, list(again.origins))

    def test_several_threads_read_alike(
        self, case: FormatCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One reader of rows serves them all."""
        monkeypatch.setattr(file_index, "INDEX_STRIDE_RECORDS", STRIDE_RECORDS)
        source = _source(case, tmp_path)
        parts = list(source.ranges(source.whole(), 2)) * 4

        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(source.read, parts))

        assert [_all_of([source.read(part)]) for part in parts] == [_all_of([one]) for one in found]

    def test_a_damage_harms_no_record_before_it_and_loses_no_byte(self, case: FormatCase) -> None:
        """Two records right before it may be harmed: they may seem to go on, or to end, there.

        So may all behind a first fault: a damage may end what was open. A file that can no longer
        be read as records at all is refused. Where records have no bytes of their own, nobody can
        say which of them a damage meets.
        """
        whole = _Read(case.form, case.content)
        for damaged, at in damages_of(case.content):
            read = _read_or_refused(case.form, damaged)
            if read is None:
                continue
            _assert_read_from_anywhere(case.form, damaged)
            if case.has_bytes:
                _assert_covered(case, read, damaged, is_strict=False)
            if case.has_bytes and at >= whole.header.offset:
                sound = takewhile(lambda row: row.fault is None, whole.rows)
                before = [row for row in sound if row.offset + row.size <= at][:-2]
                assert before == read.rows[: len(before)]


def damages_of(content: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield a file with one damage each, and where that is: a byte lost, put in or changed; cut."""
    chance = random.Random(zlib.crc32(content))  # noqa: S311 - repeatable, not secret
    alphabet = sorted({*content, *b'\0\xff"\n<&{]'}) or [0]
    for number in range(DAMAGES if content else 0):
        at = chance.randrange(len(content))
        other = bytes([chance.choice(alphabet)])
        match number % 4:
            case 0:
                yield content[:at] + content[at + 1 :], at
            case 1:
                yield content[:at] + other + content[at:], at
            case 2:
                yield content[:at] + other + content[at + 1 :], at
            case _:
                yield content[:at], at


class _Read:
    """What one reading of a file gives."""

    def __init__(self, form: Format, content: bytes) -> None:
        content = _readable(form, content)
        stream = BytesIO(content)
        self.header = form.header(stream, FILE, ())
        self.reader: RowReader = form.reader(FILE, self.header, None)
        self.rows = _rows(form, stream, self.header, len(content))


def _readable(form: Format, content: bytes) -> bytes:
    """Return what rows are read from: a file's bytes, or those of its spool."""
    if not isinstance(form, SpooledFormat):
        return content
    spool = BytesIO()
    form.spool(BytesIO(content), FILE, spool)
    return spool.getvalue()


def _read_or_refused(form: Format, content: bytes) -> _Read | None:
    """Read a file; None if it is refused, which must have a reason."""
    refusal = None
    try:
        return _Read(form, content)
    except FileRefused as exc:
        refusal = exc
    assert refusal.findings
    return None


def _rows(
    form: Format, stream: BytesIO, header: Header, size: int, begin: Row | None = None
) -> list[Row]:
    line, offset = (begin.line, begin.offset) if begin else (header.line, header.offset)
    return list(form.rows(stream, header, line=line, offset=offset, size=size))


def _assert_read_from_anywhere(form: Format, content: bytes) -> None:
    read = _Read(form, content)
    content = _readable(form, content)
    stream = BytesIO(content)
    for at, row in enumerate(read.rows):
        assert read.rows[at:] == _rows(form, stream, read.header, len(content), row)


def _assert_covered(
    case: FormatCase, read: _Read, content: bytes, *, is_strict: bool = True
) -> None:
    """Compare rows with the bytes of the file; strictly, only what means nothing is in no row."""
    between = re.compile(rb"(?:" + case.between + rb")?", re.DOTALL)
    at = read.header.offset
    for number, row in enumerate(read.rows, 1):
        assert at <= row.offset
        assert not is_strict or between.fullmatch(content[at : row.offset])
        assert content[row.offset : row.offset + row.size].startswith(row.raw)
        assert len(row.raw) == row.size or row.fault
        assert row.size or (row.fault and row.offset == len(content))
        line = content.count(b"\n", 0, row.offset) + 1 if case.has_lines else number
        assert line == row.line
        at = row.offset + row.size
    assert not is_strict or between.fullmatch(content[at:])


def _source(case: FormatCase, folder: Path) -> FileSource:
    path = folder / FILE
    path.write_bytes(case.content)
    return FileSource(FileRoot((path,), None, case.form), folder / "run")


def _all_of(chunks: Sequence[ChunkInput]) -> list[tuple[Any, bytes, str]]:
    """Return of every record, good or bad, all that is known of it, in order."""
    found = []
    for chunk in chunks:
        fates: dict[int, Any] = dict(zip(chunk.origins, chunk.values, strict=True))
        for one in chunk.refused:
            findings: Sequence[Finding] = one.findings
            assert one.origin not in fates
            fates[one.origin] = tuple(findings)
        assert sorted(fates) == list(range(chunk.read))
        found += [(fates[at], chunk.raw(at), chunk.cursor(at)) for at in sorted(fates)]
    return found
