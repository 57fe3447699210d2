"""The report for a partner: whole in one file, true, and harmless whatever a value holds."""

from __future__ import annotations

import hashlib
import re
import stat
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from html.parser import HTMLParser
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from daybreak import files
from daybreak.check import by_columns, report
from daybreak.check.advice import advice_on
from daybreak.check.html_text import foreign, plain
from daybreak.check.report import ReportWish, report_of, write_report
from daybreak.check.report_page import page_of
from daybreak.check.schema_words import columns_in_words
from daybreak.check.sources import check_sources
from daybreak.check.summary import CheckSummary
from daybreak.connectors.file_root import FileRoot
from daybreak.errors import CheckFailed, SourceError
from daybreak.model.limits import BadLimit
from daybreak.operations.check_files import CheckWish, check_files

AT = datetime(2026, 1, 31, 2, 0, tzinfo=UTC)
EVIL = [
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "&lt;b&gt;",
    "\u202egnp.exe",
    "\x1b[31mred",
    "a\u200bb\u2066c",
    "\ud800",
]
VOID = {"meta", "br"}
INLINE = {"b", "bdi", "code", "i", "span", "a", "strong"}


class Order(BaseModel):
    id: Annotated[int, Field(gt=0)]
    status: Literal["new", "paid"]
    note: str | None = None


class Page(HTMLParser):
    """Reads a page strictly: every element is closed, and all texts are kept."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert [] == self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag in VOID:
            self.texts.append(" ")
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag not in INLINE:
            self.texts.append(" ")

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())


def checked(
    folder: Path, text: str, limit: str | int = 0, model: type = Order, name: str = "orders.csv"
) -> tuple[CheckSummary, list[FileRoot]]:
    path = folder / name
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    source: files.File[Any] = files.csv(path, model)
    heard: list[object] = []
    with suppress(CheckFailed):
        check_sources(
            source, folder=folder / "run", max_bad=BadLimit.parse(limit), publish=heard.append
        )
    assert isinstance(source.root, FileRoot)
    assert isinstance(heard[-1], CheckSummary)
    return heard[-1], [source.root]


def page(folder: Path, text: str, limit: str | int = 0, **options: bool) -> Page:
    wish = ReportWish("orders_schema.py:Order", **options)
    return Page(page_of(report_of(*checked(folder, text, limit), wish, at=AT)))


class TestPage:
    def test_it_says_what_was_checked_when_and_by_what(self, tmp_path: Path) -> None:
        text = "id,status\n1,new\n0,old\n"

        found = page(tmp_path, text).text

        assert "Check of orders.csv" in found
        assert f"{len(text)} bytes" in found
        assert hashlib.sha256(text.encode()).hexdigest() in found
        assert "2026-01-31 02:00:00 UTC" in found
        assert "orders_schema.py:Order" in found

    @pytest.mark.parametrize(
        ("limit", "rows", "verdict", "why"),
        [
            (0, "0,new\n1,new\n", "✗ Refused", "1 of 2 records are faulty (50.00 %); none may be"),
            ("60%", "0,new\n1,new\n", "! Accepted, with faults", "at most 60% may be"),
            (0, "1,new\n", "✓ Accepted: no faults", "All 1 record keep every rule"),
        ],
    )
    def test_it_says_the_verdict_and_why(
        self, tmp_path: Path, limit: str | int, rows: str, verdict: str, why: str
    ) -> None:
        found = page(tmp_path, "id,status\n" + rows, limit).text

        assert verdict in found
        assert why in found

    def test_every_cause_has_its_count_meaning_repair_and_places(self, tmp_path: Path) -> None:
        found = page(tmp_path, "id,status\n" + "0,new\n" * 12 + "x,new\n1,old\n1\n").text

        assert "What is wrong (4 causes)" in found
        assert "id: should be greater than 0 12 times (80.00 %)" in found
        assert "outside the range that its column allows" in found
        assert "0 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 … and 2 more times in other places" in found
        assert "id: not a whole number 1 time (6.67 %)" in found
        assert "Write digits only" in found
        assert "status: should be 'new' or 'paid'" in found
        assert "one field alone" in found

    def test_the_columns_have_their_rules_and_faults(self, tmp_path: Path) -> None:
        found = page(tmp_path, "id,status\n0,new\n0,old\n1\n").text

        assert "id whole number, greater than 0 no 2" in found
        assert "status one of new, paid no 1" in found
        assert "note text yes may be left out 0" in found
        assert "the record as a whole 1" in found

    def test_it_says_what_was_not_looked_at(self, tmp_path: Path) -> None:
        found = page(tmp_path, "id,status,extra\n1,new,x\n1\n").text

        assert "not in the schema, nothing was looked at in them: extra" in found
        assert "could not be taken apart into its fields was not compared" in found
        assert "whether two records have the same key was not looked at" in found

    def test_of_a_file_without_a_header_no_record_was_looked_at(self, tmp_path: Path) -> None:
        found = page(tmp_path, "1,new\n").text

        assert "No record was looked at" in found
        assert "Write the names of the columns on the first line" in found

    def test_values_can_be_left_out(self, tmp_path: Path) -> None:
        text = "id,status\nsecret-id,new\n1,secret-status\nsecret-row\n"

        assert 3 == page(tmp_path, text).text.count("secret-")
        without = page(tmp_path, text, with_values=False).text
        assert "secret-" not in without
        assert "Values were left out" in without

    def test_several_files_have_an_overview(self, tmp_path: Path) -> None:
        first, roots = checked(tmp_path, "id,status\n0,new\n", name="a.csv")
        second, more = checked(tmp_path, "id,status\n1,new\n", name="b.csv")
        both = CheckSummary([*first.files, *second.files], "0")

        found = Page(page_of(report_of(both, [*roots, *more], at=AT)))

        assert "Check of 2 files" in found.text
        assert "Refused: 1 of 2 files" in found.text
        assert ("href", "#file-2") in found.attributes
        assert ("id", "file-2") in found.attributes


class TestHarmless:
    def test_nothing_foreign_becomes_html_or_reorders_a_line(self, tmp_path: Path) -> None:
        rows = "".join(f'1,"{one.replace(chr(34), chr(34) * 2)}"\n' for one in EVIL)
        clean = page(tmp_path, "id,status\n1,new\n")

        found = page(tmp_path, "id,status\n" + rows)

        assert {*found.tags} - {*clean.tags} <= {"article", "header", "h3", "p", "b", "i", "code"}
        assert not [name for name, _ in found.attributes if name.startswith("on")]
        assert not [text for text in found.texts if re.search("[\u202e\u200b\u2066\x1b]", text)]
        assert r"\u202e" in found.text
        assert "<script>alert(1)</script>" in found.text

    def test_names_of_files_and_columns_are_foreign_too(self, tmp_path: Path) -> None:
        class Odd(BaseModel):
            x: int = Field(alias="<b>\u202e</b>")

        summary, roots = checked(tmp_path, "<b>\u202e</b>,<i>\nx,1\n", 0, Odd, "<s>\u202e.csv")

        found = page_of(report_of(summary, roots, ReportWish("<u>"), at=AT))

        assert not re.search("<s>|<u>|\u202e", found)
        Page(found)

    def test_nothing_is_fetched_and_nothing_runs(self, tmp_path: Path) -> None:
        found = page(tmp_path, "id,status\n0,new\n")
        text = page_of(report_of(*checked(tmp_path, "id,status\n0,new\n"), at=AT))

        assert not {"script", "link", "img", "iframe", "object"} & {*found.tags}
        assert not [value for name, value in found.attributes if name in {"src", "action"}]
        assert "default-src 'none'" in text
        assert "url(" not in text
        assert "@import" not in text

    @settings(derandomize=True, deadline=None, database=None)
    @given(st.text(max_size=60))
    def test_a_text_is_shown_as_it_stands_or_written_out(self, text: str) -> None:
        html = foreign(text, 10_000)

        shown = Page(html).texts
        assert all(letter.isprintable() for letter in "".join(shown))
        assert "".join(one if one.isprintable() else _escaped(one) for one in text) == "".join(
            shown
        )
        assert "<" not in plain(text)


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode()


class TestFile:
    def test_only_its_user_may_read_it_and_it_appears_whole(self, tmp_path: Path) -> None:
        report = report_of(*checked(tmp_path, "id,status\n0,\udcff\n", "100%"), at=AT)
        place = tmp_path / "r.html"
        place.write_text("before")

        write_report(report, place)

        assert 0o600 == stat.S_IMODE(place.stat().st_mode)
        assert "</html>" in place.read_text(encoding="utf-8")
        assert [] == list(tmp_path.glob(".*.partial"))

    def test_what_cannot_be_written_leaves_the_former_one(self, tmp_path: Path) -> None:
        report = report_of(*checked(tmp_path, "id,status\n0,new\n"), at=AT)
        (tmp_path / "no folder").write_text("")

        with pytest.raises(SourceError, match="cannot be written"):
            write_report(report, tmp_path / "no folder" / "r.html")

    def test_a_check_with_faults_leaves_one_and_names_it(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_text("id,status\n0,new\n")
        place = tmp_path / "run" / "findings" / "report.html"

        with pytest.raises(CheckFailed) as raised:
            check_sources(
                files.csv(path, Order), folder=tmp_path / "run", max_bad=BadLimit.parse(0)
            )

        assert str(place) in raised.value.hint
        assert "should be greater than 0" in Page(place.read_text()).text

    def test_a_clean_check_removes_that_of_the_check_before(self, tmp_path: Path) -> None:
        checked(tmp_path, "id,status\n0,new\n")
        place = tmp_path / "run" / "findings" / "report.html"
        assert place.exists()

        checked(tmp_path, "id,status\n1,new\n")

        assert not place.exists()

    @pytest.mark.parametrize("columnar_bytes_min", [0, 2**20], ids=["columns", "rows"])
    def test_the_checksum_comes_of_the_reading_that_is_done_anyhow(
        self, tmp_path: Path, columnar_bytes_min: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(by_columns, "COLUMNAR_BYTES_MIN", columnar_bytes_min)
        monkeypatch.setattr(report, "sha256_of", lambda _path: "read once more")
        path = tmp_path / "orders.csv"
        path.write_text("id,status\n" + "1,new\n" * 30_000 + "\n\n")
        wish = CheckWish(html=tmp_path / "r.html")

        check_files(files.csv(path, Order), wish, lambda _event: None)

        found = Page((tmp_path / "r.html").read_text()).text
        assert hashlib.sha256(path.read_bytes()).hexdigest() in found

    def test_a_file_that_is_gone_has_no_checksum(self, tmp_path: Path) -> None:
        found = checked(tmp_path, "id,status\n0,new\n")
        (tmp_path / "orders.csv").unlink()

        assert "SHA-256" not in page_of(report_of(*found, at=AT))


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def _odd(value: int) -> int:
    return value


class Everything(BaseModel):
    amount: Annotated[Decimal, Field(gt=0, le=10, max_digits=5, decimal_places=2)]
    code: Annotated[str, Field(min_length=2, max_length=3, pattern="^x")]
    at: AwareDatetime
    of: Colour
    key: UUID
    odd: Annotated[int, AfterValidator(_odd)]
    maybe: float | None
    choice: Literal[1, 2] = 1


def test_a_schema_in_words() -> None:
    words = {one.name: (one.kind, *one.rules) for one in columns_in_words(Everything)}

    assert (
        "decimal number",
        "greater than 0",
        "at most 10",
        "at most 5 digits",
        "at most 2 decimal places",
    ) == words["amount"]
    assert ("text", "at least 2 characters", "at most 3 characters", "of the form ^x") == words[
        "code"
    ]
    assert "with its offset from UTC" in words["at"]
    assert ("one of", "red", "blue") == words["of"]
    assert ("UUID",) == words["key"]
    assert ("whole number", "and a rule of the schema's own") == words["odd"]
    assert ("number",) == words["maybe"]
    assert ("one of", "1", "2") == words["choice"]
    empty = {one.name for one in columns_in_words(Everything) if one.may_be_empty}
    assert {"maybe", "choice"} == empty
    assert [] == columns_in_words(None)


@pytest.mark.parametrize(
    ("reason", "part"),
    [
        ("required", "empty"),
        ("a quote that is never closed", "quotes"),
        ("fewer columns than the header", "number of fields"),
        ("bytes that are not utf-8", "encoding"),
        ("not a whole number", "whole number"),
        ("not a decimal number", "no number"),
        ("not a date (YYYY-MM-DD)", "no date."),
        ("not a date and time (YYYY-MM-DDTHH:MM:SS)", "with a time"),
        ("should have timezone info", "offset"),
        ("should have no more than 2 decimal places", "digits"),
        ("should have at most 3 characters", "longer or shorter"),
        ("should match pattern '^[A-Z]{2}$'", "form"),
        ("should be 'new' or 'paid'", "none of those"),
        ("anything else", "breaks a rule"),
    ],
)
def test_a_reason_has_its_advice(reason: str, part: str) -> None:
    assert part in advice_on(reason).meaning
    assert advice_on(reason).repair
