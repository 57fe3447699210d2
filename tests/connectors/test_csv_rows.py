"""Rows are cut and taken apart as RFC 4180 says, and what breaks it costs one line."""

from __future__ import annotations

import csv
import io
import tracemalloc
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybreak.connectors import csv_rows
from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_rows import FieldReader, Malformed, Row, rows
from tests.connectors.csv_oracle import read_all

PIECES = [b"a", b"bc", b",", b",", b";", b'"', b'"', b'""', b"\n", b"\n", b"\r\n", b"\r"]
PIECES += [b",\n", b'","', b'"\n', "é".encode(), b"\xff", b"\0", b" "]
garbage = st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join)

well_formed_field = st.text(alphabet='ab,"\n é', max_size=8)
table = st.lists(st.lists(well_formed_field, min_size=2, max_size=4), max_size=8)
EXAMPLES = settings().max_examples  # few in `make check`
seeded = settings(derandomize=True, max_examples=4 * EXAMPLES, deadline=None, database=None)


def cut(data: bytes, dialect: CsvDialect = CsvDialect()) -> list[Row]:  # noqa: B008 - frozen
    return list(rows(io.BytesIO(data), dialect))


def fields_of(data: bytes, dialect: CsvDialect = CsvDialect()) -> list[list[str] | str]:  # noqa: B008
    """Return of each row its fields, or the reason why it has none."""
    reader = FieldReader(dialect, None)
    found: list[list[str] | str] = []
    for row in rows(io.BytesIO(data), dialect):
        try:
            found.append(reader.read(row))
        except Malformed as exc:
            found.append(exc.reason)
    return found


class TestAgainstTheOracle:
    @seeded
    @given(garbage, st.sampled_from(",;|\t"), st.integers(1, 4), st.integers(4, 40))
    def test_any_bytes_are_cut_alike(
        self, data: bytes, delimiter: str, lines_max: int, bytes_max: int
    ) -> None:
        expected = read_all(data, delimiter, lines_max=lines_max, bytes_max=bytes_max)

        with (
            patch.object(csv_rows, "RECORD_LINES_MAX", lines_max),
            patch.object(csv_rows, "RECORD_BYTES_MAX", bytes_max),
        ):
            found = cut(data, CsvDialect(delimiter))

        assert [
            (row.line, row.offset, len(row.raw), row.fields is not None) for row in expected
        ] == [(row.line, row.offset, row.size, row.fault is None) for row in found]
        assert all(
            row.raw == one.raw or (row.raw.startswith(one.raw) and len(one.raw) == bytes_max + 1)
            for row, one in zip(expected, found, strict=True)
        )

    @seeded
    @given(garbage, st.sampled_from(",;"))
    def test_any_bytes_are_taken_apart_alike(self, data: bytes, delimiter: str) -> None:
        expected: list[list[str] | None] = []
        for row in read_all(data, delimiter, lines_max=100, bytes_max=2**20):
            try:
                is_good = row.fields is not None and b"\0" not in row.raw
                expected.append([one.decode() for one in row.fields or ()] if is_good else None)
            except UnicodeDecodeError:
                expected.append(None)

        found = fields_of(data, CsvDialect(delimiter))

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
    @given(garbage)
    def test_reading_may_start_at_any_row(self, data: bytes) -> None:
        whole = cut(data)

        for at, row in enumerate(whole):
            stream = io.BytesIO(data)
            stream.seek(row.offset)
            assert whole[at:] == list(rows(stream, CsvDialect(), line=row.line, offset=row.offset))

    @seeded
    @given(garbage)
    def test_no_byte_is_lost_or_read_twice(self, data: bytes) -> None:
        assert data == b"".join(row.raw for row in cut(data))


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

        assert [None] == [row.fault for row in cut(inside)]
        found = cut(outside)
        assert csv_rows.TOO_MANY_LINES == found[0].fault
        assert b'"x\n' == found[0].raw
        assert 101 == len(found)

    def test_a_line_of_many_megabytes_is_refused_without_being_held(self) -> None:
        size = 64 * 2**20
        tracemalloc.start()
        found = list(rows(io.BufferedReader(_LongLine(size)), CsvDialect()))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert [(csv_rows.TOO_LONG, size), (None, 2)] == [(row.fault, row.size) for row in found]
        assert peak < 8 * 2**20

    @pytest.mark.timeout(20)
    @pytest.mark.parametrize(
        "line",
        [b'""' * 200_000, b'"a",' * 100_000 + b'"', b'"' + b'""' * 200_000, b'a"' * 200_000],
        ids=["doubled quotes", "many fields", "open", "bare quotes"],
    )
    def test_no_line_takes_long(self, line: bytes) -> None:
        assert 2 == len(cut(line + b"\nx\n"))

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"a\n", csv_rows.TOO_FEW),
            (b"a,b,c\n", csv_rows.TOO_MANY),
            (b"\n", csv_rows.EMPTY_LINE),
            (b"\r\n", csv_rows.EMPTY_LINE),
        ],
    )
    def test_a_row_of_another_width_is_refused(self, data: bytes, reason: str) -> None:
        with pytest.raises(Malformed) as raised:
            FieldReader(CsvDialect(), 2).read(cut(data)[0])

        assert reason == raised.value.reason

    def test_an_empty_line_of_a_file_with_one_column_is_an_empty_field(self) -> None:
        assert [""] == FieldReader(CsvDialect(), 1).read(cut(b"\n")[0])


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
