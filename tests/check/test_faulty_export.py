"""Faulty records go back as they came: byte by byte, in their order, with reasons beside them."""

from __future__ import annotations

import csv
import io
import stat
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from daybreak import files
from daybreak.check import file as file_check
from daybreak.check.faulty_export import export_faulty, reasons_path
from daybreak.check.file import CheckProgress
from daybreak.check.findings_spill import FindingsSpill
from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_format import CsvFormat
from daybreak.connectors.csv_schema import schema_of
from daybreak.connectors.faulty_rows import export_of, require_export
from daybreak.connectors.file_format import Header
from daybreak.connectors.file_index import FileIndex, build
from daybreak.connectors.row import Row
from daybreak.connectors.rows_at import rows_at
from daybreak.errors import DefinitionError, SourceChanged
from daybreak.model.chunk import Finding
from daybreak.model.limits import BadLimit
from daybreak.operations.check_files import CheckWish, check_files

ALL = BadLimit.parse("100%")
GOOD = [b"1,a\n", b"2,b\r\n", b'3,"x\ny"\n']
BAD = [b'"4\n', b"5\n", b"6,a,b\r\n", b'x,"a\nb"\n', b"\xff,a\n", b"\n", b"0,\x00\n"]
seeded = settings(derandomize=True, deadline=None, database=None)


class Item(BaseModel):
    id: int
    name: str


def exported(
    path: Path, folder: Path, to: Path, *, with_values: bool = True, bytes_max: int = 2**20
) -> int:
    wish = CheckWish(max_bad=ALL, export=lambda _path: to, with_values=with_values)
    checked = check_files(
        files.csv(path, Item, max_record_bytes=bytes_max), wish, lambda _event: None
    )
    return checked.exports[to]


def faulty_rows(path: Path) -> list[Row]:
    """Read a file once more, row by row, as the load does."""
    form = CsvFormat(CsvDialect())
    with path.open("rb") as stream:
        header = form.header(stream, path.name, schema_of(Item).columns)
        reader = form.reader(path.name, header, Item)
        size = path.stat().st_size
        rows = form.rows(stream, header, line=header.line, offset=header.offset, size=size)
        return [row for row in rows if reader.read(row)[1]]


def reasons(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))


class TestRows:
    @seeded
    @given(
        st.lists(st.one_of(st.sampled_from(GOOD), st.sampled_from(BAD)), max_size=30),
        st.sampled_from([b"id,name\n", b"\xef\xbb\xbfid,name\r\n", b'"id","name"\n']),
        st.booleans(),
    )
    def test_it_is_the_header_and_the_exact_faulty_rows_in_their_order(
        self,
        pieces: list[bytes],
        head: bytes,
        is_ended: bool,  # noqa: FBT001 - drawn
    ) -> None:
        body = b"".join(pieces)
        if not is_ended:
            body = body.rstrip(b"\r\n")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            path = folder / "f.csv"
            path.write_bytes(head + body)
            faulty = [
                path.read_bytes()[row.offset : row.offset + row.size] for row in faulty_rows(path)
            ]

            number = exported(path, folder, folder / "out.csv")

            assert head + b"".join(faulty) == (folder / "out.csv").read_bytes()
            assert len(faulty) == number
            records = [row[0] for row in reasons(folder / "out.reasons.csv")[1:]]
            assert [str(one) for one in range(1, number + 1)] == list(dict.fromkeys(records))

    def test_what_is_exported_has_the_same_faults_again(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_bytes(b"id,name\n" + b"1,a\n".join([b"x,1\n", b"2\n", b'3,"b\n', b"\xfe,b\n"]))
        exported(path, tmp_path, tmp_path / "out.csv")

        exported(tmp_path / "out.csv", tmp_path, tmp_path / "again.csv")

        first, again = (tmp_path / "out.csv", tmp_path / "again.csv")
        assert first.read_bytes() == again.read_bytes()
        assert [row[2:] for row in reasons(reasons_path(first))] == [
            row[2:] for row in reasons(reasons_path(again))
        ]

    def test_a_record_that_is_too_long_to_be_held_is_copied_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_bytes(b"id,name\n1,a\n2," + b"x" * 500 + b"\n3,c\n")

        exported(path, tmp_path, tmp_path / "out.csv", bytes_max=50)

        assert b"id,name\n2," + b"x" * 500 + b"\n" == (tmp_path / "out.csv").read_bytes()

    def test_of_a_clean_file_the_header_is_left(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_bytes(b"id,name\n1,a\n")

        exported(path, tmp_path, tmp_path / "out.csv")

        assert b"id,name\n" == (tmp_path / "out.csv").read_bytes()
        assert [["record", "line", "column", "value", "reason"]] == reasons(
            tmp_path / "out.reasons.csv"
        )


class TestReasons:
    def test_each_fault_has_a_line_with_its_place(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_bytes(b'id,name\n1,a\nx,\n2,"b\nc"\ny,z\n')

        exported(path, tmp_path, tmp_path / "out.csv")

        assert [
            ["record", "line", "column", "value", "reason"],
            ["1", "3", "id", "x", "not a whole number"],
            ["1", "3", "name", "", "required"],
            ["2", "6", "id", "y", "not a whole number"],
        ] == reasons(tmp_path / "out.reasons.csv")

    def test_values_can_be_left_out_of_them(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_bytes(b"id,name\nsecret,a\n")

        exported(path, tmp_path, tmp_path / "out.csv", with_values=False)

        assert b"secret" not in (tmp_path / "out.reasons.csv").read_bytes()
        assert b"secret" in (tmp_path / "out.csv").read_bytes()

    def test_a_spreadsheet_computes_nothing_of_them(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_bytes(b'id,name\n"=cmd()",a\n+1-1,a\n-5.5,a\n@x,a\n')

        exported(path, tmp_path, tmp_path / "out.csv")

        assert ["'=cmd()", "'+1-1", "-5.5", "'@x"] == [
            row[3] for row in reasons(tmp_path / "out.reasons.csv")[1:]
        ]


class TestFiles:
    def test_only_their_user_may_read_them(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_bytes(b"id,name\nx,a\n")

        exported(path, tmp_path, tmp_path / "out.csv")

        for name in ("out.csv", "out.reasons.csv"):
            assert 0o600 == stat.S_IMODE((tmp_path / name).stat().st_mode)

    def test_several_files_have_an_export_each(self, tmp_path: Path) -> None:
        paths = [tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.csv"]
        for path, text in zip(paths, ("id,name\nx,a\n", "id,nom\n", "id,name\ny,a\n"), strict=True):
            path.write_text(text)
        (tmp_path / "out").mkdir()

        wish = CheckWish(export=lambda path: tmp_path / "out" / path.name)
        check_files(files.csv(paths, Item), wish, lambda _event: None)

        assert b"id,name\nx,a\n" == (tmp_path / "out" / "a.csv").read_bytes()
        assert b"id,name\ny,a\n" == (tmp_path / "out" / "c.csv").read_bytes()
        assert not (tmp_path / "out" / "b.csv").exists()

    def test_nothing_is_left_of_a_file_that_changes_meanwhile(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(file_check, "PROGRESS_RECORDS", 1)
        path = tmp_path / "f.csv"
        path.write_bytes(b"id,name\nx,a\n")
        (tmp_path / "out").mkdir()

        def grow(event: object) -> None:
            if isinstance(event, CheckProgress):
                with path.open("a") as stream:
                    stream.write("y,b\n")

        wish = CheckWish(export=lambda _path: tmp_path / "out" / "f.csv")
        with pytest.raises(SourceChanged):
            check_files(files.csv(path, Item), wish, grow)

        assert [] == list((tmp_path / "out").iterdir())


class TestLines:
    @seeded
    @given(st.integers(0, 350), st.data())
    def test_rows_are_found_again_by_their_lines(self, number: int, data: st.DataObject) -> None:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "f.csv"
            pieces = [GOOD[one % 3] for one in range(number)]
            path.write_bytes(b"id,name\n" + b"".join(pieces))
            form = CsvFormat(CsvDialect())
            index = build(path, form, path.with_name("index"))
            begins = {row.line for row in every_row_of(path, form)}
            wanted = sorted(data.draw(st.sets(st.integers(1, 2 * number + 3), max_size=30)))

            found = [row.line for row in rows_at(path, form, index, wanted)]

            assert [line for line in wanted if line in begins] == found

    def test_findings_come_back_by_line_from_several_looks(self, tmp_path: Path) -> None:
        with FindingsSpill(tmp_path / "s", "f") as spill:
            for line, reason in ((2, "a"), (2, "b"), (5, "c"), (2, "d"), (3, "e"), (1, "f")):
                spill.add(Finding("f", line, "x", "\udcff", reason))

            found = [(line, [one.reason for one in all_]) for line, all_ in spill.by_line()]

        assert [(1, ["f"]), (2, ["a", "b", "d"]), (3, ["e"]), (5, ["c"])] == found

    def test_a_reason_without_a_row_of_its_own_is_told_without_a_record(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "f.csv"
        path.write_bytes(b"id,name\n1,a\nx,a\n")
        form = CsvFormat(CsvDialect())
        with FindingsSpill(tmp_path / "s", "f.csv") as spill:
            for line in (1, 3, 9):
                spill.add(Finding("f.csv", line, None, None, "r"))

            number = export_faulty(
                path, form, build(path, form, tmp_path / "index"), spill, tmp_path / "o.csv"
            )

        assert 1 == number
        assert [["", "1"], ["1", "3"], ["", "9"]] == [
            row[:2] for row in reasons(tmp_path / "o.reasons.csv")[1:]
        ]


def every_row_of(path: Path, form: Any) -> list[Row]:
    with path.open("rb") as stream:
        header = form.header(stream, path.name, ())
        size = path.stat().st_size
        rows = form.rows(stream, header, line=header.line, offset=header.offset, size=size)
        return list(rows)


class _Listed:
    """A format whose records alone are no file: it says how they become one."""

    kind: ClassVar[str] = "listed"

    def export(self, _source: Path, _index: FileIndex, to: BinaryIO) -> _Listing:
        return _Listing(to)


class _Digits:
    """Digits in an array, each of them a record."""

    kind: ClassVar[str] = "json"

    def header(self, *_: object) -> Header:
        return Header((), 1, 7)

    def rows(
        self, stream: BinaryIO, _header: Header, *, line: int, offset: int, size: int
    ) -> Iterator[Row]:
        stream.seek(0)
        text = stream.read(size)
        for place in range(offset, text.index(b"]")):
            if text[place : place + 1].isdigit():
                yield Row(line, place, 1, text[place : place + 1], None)


class _Listing:
    def __init__(self, to: BinaryIO) -> None:
        self._to = to
        self._cut = b"["

    def add(self, row: Row) -> None:
        self._to.write(self._cut + row.raw)
        self._cut = b","

    def finish(self) -> None:
        self._to.write(b"]")


class TestFormats:
    def test_a_format_may_say_how_its_records_become_a_file(self) -> None:
        form: Any = _Listed()
        to = io.BytesIO()

        require_export(form)
        index = FileIndex(Header((), 1, 0), 0, {}, array("Q"), array("Q"))
        export = export_of(form, Path("f"), index, to)
        for raw in (b"1", b"2"):
            export.add(Row(1, 0, 1, raw, None))
        export.finish()

        assert b"[1,2]" == to.getvalue()

    def test_what_stands_around_the_records_of_an_array_is_around_those_of_the_export(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "f.json"
        path.write_bytes(b'{"a": [1,2,\n3, 4\n], "b": 5}')
        form: Any = _Digits()
        index = build(path, form, tmp_path / "index")
        for wanted, expected in (
            ([2, 4], b'{"a": [2,\n4\n], "b": 5}'),
            ([], b'{"a": [\n], "b": 5}'),
        ):
            to = io.BytesIO()
            export = export_of(form, path, index, to)
            for row in every_row_of(path, form):
                if int(row.raw) in wanted:
                    export.add(row)
            export.finish()

            assert expected == to.getvalue()

    def test_one_that_does_not_is_refused_before_the_work(self) -> None:
        class Other:
            kind = "parquet"

        form: Any = Other()
        with pytest.raises(DefinitionError, match="parquet"):
            require_export(form)
