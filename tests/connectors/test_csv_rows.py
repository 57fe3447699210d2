"""Rows are cut and taken apart as RFC 4180 says, and what breaks it costs one line."""

from __future__ import annotations

import csv
import io
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybreak.connectors import csv_rows
from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_format import CsvFormat
from daybreak.connectors.csv_rows import FieldReader, rows
from daybreak.connectors.csv_window import EMPTY_LINES
from daybreak.connectors.file_format import Header
from daybreak.connectors.row import Malformed, Row
from tests.connectors.csv_region_oracle import Oracle

PIECES = [b"a", b"bc", b",", b",", b";", b'"', b'"', b'""', b"\n", b"\n", b"\r\n", b"\r"]
PIECES += [b",\n", b'","', b'"\n', "é".encode(), b"\xff", b"\0", b" "]
garbage = st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join)

well_formed_field = st.text(alphabet='ab,"\n é', max_size=8)
table = st.lists(st.lists(well_formed_field, min_size=2, max_size=4), max_size=8)
EXAMPLES = settings().max_examples  # few in `make check`
seeded = settings(derandomize=True, max_examples=4 * EXAMPLES, deadline=None, database=None)


def cut(data: bytes, dialect: CsvDialect = CsvDialect(), width: int | None = 2) -> list[Row]:  # noqa: B008 - frozen
    return list(rows(io.BytesIO(data), dialect, width=width))


def _width(row: Row, dialect: CsvDialect) -> int:
    return len(FieldReader(replace(dialect, encoding="latin-1"), None).read(_without_nul(row)))


def _without_nul(row: Row) -> Row:
    return row._replace(raw=row.raw.replace(b"\0", b" "))


def fields_of(
    data: bytes,
    dialect: CsvDialect = CsvDialect(),  # noqa: B008 - frozen
    width: int | None = None,
) -> list[list[str] | str]:
    """Return of each row its fields, or the reason why it has none."""
    reader = FieldReader(dialect, width)
    found: list[list[str] | str] = []
    for row in rows(io.BytesIO(data), dialect, width=width):
        try:
            found.append(reader.read(row))
        except Malformed as exc:
            found.append(exc.reason)
    return found


class TestAgainstTheOracle:
    @seeded
    @given(
        garbage, st.sampled_from(",;|\t"), st.integers(1, 4), st.integers(1, 6), st.integers(4, 40)
    )
    def test_any_bytes_are_cut_alike(
        self, data: bytes, delimiter: str, width: int, lines_max: int, bytes_max: int
    ) -> None:
        oracle = Oracle(data, ord(delimiter), width, lines_max=lines_max, bytes_max=bytes_max)
        expected = oracle.rows()
        dialect = CsvDialect(delimiter, max_record_lines=lines_max, max_record_bytes=bytes_max)

        found = cut(data, dialect, width)

        assert [(row.line, row.offset, len(row.raw)) for row in expected] == [
            (row.line, row.offset, row.size) for row in found
        ]
        assert [row.fields is not None for row in expected] == [
            row.fault is None and _width(row, dialect) == width for row in found
        ]
        assert all(
            row.raw == one.raw or (row.raw.startswith(one.raw) and one.fault == csv_rows.TOO_LONG)
            for row, one in zip(expected, found, strict=True)
        )

    @seeded
    @given(garbage, st.sampled_from(",;"), st.integers(1, 4))
    def test_any_bytes_are_taken_apart_alike(self, data: bytes, delimiter: str, width: int) -> None:
        expected: list[list[str] | None] = []
        for row in Oracle(data, ord(delimiter), width).rows():
            try:
                is_good = row.fields is not None and b"\0" not in row.raw
                expected.append([one.decode() for one in row.fields or ()] if is_good else None)
            except UnicodeDecodeError:
                expected.append(None)

        found = fields_of(data, CsvDialect(delimiter), width)

        assert expected == [None if isinstance(one, str) else one for one in found]

    @seeded
    @given(table, st.sampled_from(["\n", "\r\n"]))
    def test_what_the_csv_module_writes_is_read_as_it_was(
        self, written: list[list[str]], line_end: str
    ) -> None:
        stream = io.StringIO()
        csv.writer(stream, lineterminator=line_end, strict=True).writerows(written)

        found = fields_of(stream.getvalue().encode())

        assert written == found

    @seeded
    @given(garbage)
    def test_good_rows_are_those_of_the_strict_csv_module(self, data: bytes) -> None:
        found = [one for one in cut(data) if one.fault is None]

        for row in found:
            text = row.raw.decode("latin-1")
            parsed = next(csv.reader([text], strict=True)) or [""]
            assert [parsed] == fields_of(
                row.raw, CsvDialect(encoding="latin-1")
            ) or b"\0" in row.raw

    @seeded
    @given(garbage, st.integers(1, 4), st.integers(1, 6))
    def test_reading_may_start_at_any_row(self, data: bytes, width: int, lines_max: int) -> None:
        dialect = CsvDialect(max_record_lines=lines_max)
        whole = cut(data, dialect, width)

        for at, row in enumerate(whole):
            stream = io.BytesIO(data[row.offset :])
            again = rows(stream, dialect, width=width, line=row.line, offset=row.offset)
            assert whole[at:] == list(again)

    @seeded
    @given(garbage, st.integers(1, 4))
    def test_no_byte_is_lost_or_read_twice(self, data: bytes, width: int) -> None:
        found = b"".join(row.raw for row in cut(data, width=width))

        assert data.startswith(found)
        assert b"" == data[len(found) :].strip(b"\r\n")

    @seeded
    @given(garbage, st.integers(1, 4))
    def test_the_bytes_of_a_faulty_row_are_no_record_by_themselves(
        self, data: bytes, width: int
    ) -> None:
        form, header = CsvFormat(CsvDialect()), Header(tuple("abcd"[:width]), 1, 0)

        for row in cut(data, width=width):
            again = form.row_of(row.raw, header)
            assert (row.fault is None) == (again.fault is None) or row.raw in EMPTY_LINES


class TestDamage:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            pytest.param(b"a,b", [["a", "b"]], id="last line without an end"),
            pytest.param(b"a,b\r\n", [["a", "b"]], id="CRLF"),
            pytest.param(b'"a\nb",c\n', [["a\nb", "c"]], id="newline inside quotes"),
            pytest.param(b'"a""b",""\n', [['a"b', ""]], id="doubled quotes"),
            pytest.param(b'a"b,c\n', [csv_rows.BARE_QUOTE], id="bare quote"),
            pytest.param(b'"a"b,c\n', [csv_rows.TEXT_AFTER_QUOTE], id="text after a quote"),
            pytest.param(b'a,"b" \n', [csv_rows.TEXT_AFTER_QUOTE], id="blank after a quote"),
            pytest.param(b'a, "b"\n', [csv_rows.BARE_QUOTE], id="blank before a quote"),
            pytest.param(b"a\rb\n", [csv_rows.STRAY_CR], id="CR in the middle"),
            pytest.param(b"a\rb", [csv_rows.STRAY_CR], id="CR in the middle of the last line"),
            pytest.param(b"a\r", [csv_rows.STRAY_CR], id="CR at the end"),
            pytest.param(b"a\r\r\n", [csv_rows.STRAY_CR], id="two CRs"),
            pytest.param(b'"a\n', [csv_rows.UNCLOSED], id="open at the end"),
            pytest.param(
                b'"a\nb,c\n', [csv_rows.UNCLOSED, ["b", "c"]], id="an open quote costs one line"
            ),
            pytest.param(
                b'"a\nb,"c"\nd\n',
                [csv_rows.UNCLOSED, ["b", "c"], ["d"]],
                id="closed by another field's quote",
            ),
            pytest.param(b"a\0,b\n", [csv_rows.NUL], id="NUL"),
            pytest.param(b"\xff\n", ["bytes that are not utf-8"], id="not UTF-8"),
        ],
    )
    def test_each_kind_has_its_reason(self, data: bytes, expected: list[list[str] | str]) -> None:
        assert expected == fields_of(data)

    def test_a_quote_may_stay_open_for_100_lines_and_no_more(self) -> None:
        inside = b'"' + b"x\n" * 99 + b'"\n'
        outside = b'"' + b"x\n" * 100 + b'"\n'

        assert [None] == [row.fault for row in cut(inside, width=1)]
        found = cut(outside, width=2)
        assert csv_rows.TOO_MANY_LINES == found[0].fault
        assert (100, outside[:-2]) == (found[0].lines, found[0].raw)
        assert [(101, b'"\n', csv_rows.UNCLOSED)] == [
            (row.line, row.raw, row.fault) for row in found[1:]
        ]

    @pytest.mark.slow
    def test_a_line_of_many_megabytes_is_refused_without_being_held(self) -> None:
        size = 64 * 2**20
        tracemalloc.start()
        found = list(rows(io.BufferedReader(_LongLine(size)), CsvDialect()))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert [(csv_rows.TOO_LONG, size), (None, 2)] == [(row.fault, row.size) for row in found]
        assert peak < 8 * 2**20

    @pytest.mark.slow
    @pytest.mark.timeout(20)
    @pytest.mark.parametrize(
        "line",
        [b'""' * 200_000, b'"a",' * 100_000 + b'"', b'"' + b'""' * 200_000, b'a"' * 200_000],
        ids=["doubled quotes", "many fields", "open", "bare quotes"],
    )
    def test_no_line_takes_long(self, line: bytes) -> None:
        assert 2 == len(cut(line + b"\nx,y\n"))

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"a\n", csv_rows.ONE_FIELD),
            (b"a,b,c\n", csv_rows.TOO_MANY),
            (b"\n", csv_rows.EMPTY_LINE),
            (b"\r\n", csv_rows.EMPTY_LINE),
        ],
    )
    def test_a_row_of_another_width_is_refused(self, data: bytes, reason: str) -> None:
        with pytest.raises(Malformed) as raised:
            FieldReader(CsvDialect(), 2).read(cut(data, width=None)[0])

        assert reason == raised.value.reason

    def test_an_empty_line_of_a_file_with_one_column_is_an_empty_field(self) -> None:
        assert [""] == FieldReader(CsvDialect(), 1).read(cut(b"\n", width=1)[0])


class _LongLine(io.RawIOBase):
    """A line of `size` bytes, then a short one, made as they are read."""

    def __init__(self, size: int) -> None:
        self._parts = [b"0" * 2**16] * (size // 2**16 - 1) + [b"0" * (2**16 - 1) + b"\n", b"0\n"]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self._parts.pop(0) if self._parts else b""
        count = min(len(part), len(buffer))
        buffer[:count] = part[:count]
        if part[count:]:
            self._parts.insert(0, part[count:])
        return count
