"""A proposed schema holds for the file it was proposed for, and loses nothing of a value."""

from __future__ import annotations

import csv
import io
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import create_model

from daybreak import files
from daybreak.check.infer import inference, sample
from daybreak.check.infer.evidence import Evidence
from daybreak.check.infer.inference import Inference
from daybreak.check.infer.names import field_names, model_name
from daybreak.check.infer.proposal import Proposal, propose, widen
from daybreak.check.infer.shape import Shape
from daybreak.check.sources import check_sources
from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_format import CsvFormat
from daybreak.connectors.csv_schema import schema_of
from daybreak.connectors.file_refusals import FileRefused
from daybreak.model.limits import BadLimit
from daybreak.operations.schema import load_schema

EXAMPLES = settings().max_examples
seeded = settings(derandomize=True, max_examples=EXAMPLES, deadline=None, database=None)
NONE = BadLimit.parse(0)

KINDS: dict[str, Callable[[random.Random], str]] = {
    "int": lambda r: str(r.randrange(-5, 10 ** r.randint(1, 18))),
    "zero-led": lambda r: f"{r.randrange(10**5):05}",
    "long": lambda r: str(r.randrange(10**18, 10**22)),
    "plus": lambda r: f"+81{r.randrange(10**9)}",
    "amount": lambda r: f"{r.randrange(10**6) / 100:.{r.randint(0, 3)}f}",
    "float": lambda r: repr(r.uniform(-1e9, 1e9) * 10.0 ** r.randint(-20, 20)),
    "bool": lambda r: r.choice(["true", "false"]),
    "date": lambda r: f"20{r.randrange(100):02}-{r.randint(1, 12):02}-{r.randint(1, 28):02}",
    "aware": lambda r: f"2026-01-{r.randint(1, 31):02}T05:00:00{r.choice(['Z', '+09:00'])}",
    "naive": lambda r: f"2026-01-{r.randint(1, 31):02} 05:{r.randrange(60):02}:00.25",
    "epoch": lambda r: str(r.randrange(1_600_000_000, 1_800_000_000)),
    "choice": lambda r: r.choice(["new", "paid", "sent back"]),
    "code": lambda r: "".join(r.choices("ABCDEFXYZ", k=2)),
    "hex": lambda r: f"{r.randrange(16**8):08x}",
    "email": lambda r: f"u{r.randrange(10**6)}@example.com",
    "text": lambda r: "".join(r.choices("ab 1-,\"'\n日本\uff11é\t", k=r.randrange(1, 40))),
    "constant": lambda _: "x",
    "NA": lambda r: r.choice(["NA", "5", "6", "7"]),
}
NAMES = ["id", "class", "Order ID", "date", "json", "_x", "model_config", "注文 番号", "1st", 'a"b']


def written(path: Path, header: list[str], rows: list[list[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def form(null: str = "") -> CsvFormat:
    return CsvFormat(CsvDialect(null=null))


def inferred(path: Path, records: int = sample.RECORDS, null: str = "") -> Inference:
    found = Inference(path, form(null))
    found.look(records)
    found.prove(lambda _event: None)
    return found


def model_of(found: Inference, folder: Path) -> type:
    place = folder / "proposed_schema_of_a_test.py"
    place.write_text(found.text(["Proposed."]), encoding="utf-8")
    return load_schema(f"{place}:{found.model}")


def proposed(rows: list[str], **options: Any) -> Proposal:
    with tempfile.TemporaryDirectory() as name:
        path = written(Path(name) / "f.csv", ["v", "w"], [[row, "w"] for row in rows])
        return inferred(path, **options).proposals["v"]


@st.composite
def _columns(draw: st.DrawFn) -> tuple[list[str], list[list[str]], str]:
    chance = random.Random(draw(st.integers(0, 2**32)))  # each value drawn by itself takes seconds
    number = draw(st.integers(1, 5))
    header = draw(st.lists(st.sampled_from(NAMES), min_size=number, max_size=number, unique=True))
    rows: list[list[str]] = []
    null = draw(st.sampled_from(["", "NA"]))
    kinds = [draw(st.sampled_from(sorted(KINDS))) for _ in header]
    odd = [draw(st.sampled_from(sorted(KINDS))) for _ in header]
    odds = draw(st.sampled_from([0, 0.002, 0.3]))
    nulls = draw(st.sampled_from([0, 0.001, 0.2]))
    for _ in range(draw(st.integers(0, 400))):
        row = []
        for kind, other in zip(kinds, odd, strict=True):
            value = KINDS[other if chance.random() < odds else kind](chance)
            row.append(null if chance.random() < nulls else value)
        rows.append(row if len(row) > 1 or row[0] else [null])
    return header, rows, null


class TestClean:
    @pytest.mark.slow
    @seeded
    @given(_columns(), st.sampled_from([1, 5, 100, 1000]))
    def test_the_file_is_clean_by_the_schema_that_was_proposed_for_it(
        self, drawn: tuple[list[str], list[list[str]], str], records: int
    ) -> None:
        header, rows, null = drawn
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            path = written(folder / "orders.csv", header, rows)
            found = inferred(path, records, null)

            source: files.File[Any] = files.csv(path, model_of(found, folder), null=null)
            check_sources(source, folder=folder, max_bad=NONE)

            assert len(rows) == found.total
            assert (0, 0) == (found.malformed, found.refused)

    @seeded
    @given(st.lists(st.sampled_from(sorted(KINDS)), min_size=2, max_size=2), st.integers(0, 2**32))
    def test_what_is_wider_accepts_what_the_narrower_accepted(
        self, kinds: list[str], seed: int
    ) -> None:
        chance = random.Random(seed)
        first, second = ([KINDS[kind](chance) for _ in range(60)] for kind in kinds)
        seen = Evidence("v")
        for value in first[:30]:
            seen.add(value, 1, null="", is_typed=False)
        old = propose(seen)
        accepts = acceptance_of(old)
        refused = [value for value in [*first, *second] if not accepts(value)]
        for value in refused:
            seen.add(value, 1, null="", is_typed=False)

        new = widen(old, seen)

        accepts = acceptance_of(new)
        assert [] == [value for value in [*first, *second] if not accepts(value)]


def acceptance_of(proposal: Proposal) -> Callable[[str], bool]:
    """Return whether a text is a value of the proposed type."""
    fields: dict[str, Any] = {"v": (proposal.annotation(is_guarded=True), ...)}
    schema = schema_of(create_model("Accepts", **fields))
    convert = schema.columns[0].convert

    def accepts(text: str) -> bool:
        try:
            schema.validate({"v": convert(text) if convert else text})
        except ValueError:
            return False
        return True

    return accepts


class TestTypes:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            (["1", "-2", "300"], Proposal("int")),
            (["1", "2.50", ".5"], Proposal("decimal", places=2)),
            (["1e5", "2.5"], Proposal("float")),
            (["true", "false"], Proposal("bool")),
            (["2026-01-31", "2024-02-29"], Proposal("date")),
            (["2026-01-31T05:00Z"], Proposal("datetime", zone="aware")),
            (["2026-01-31 05:00:00"], Proposal("datetime", zone="naive")),
            (["2026-01-31 05:00:00", "2026-01-31T05:00Z"], Proposal("datetime")),
            (["1700000000", "1700000001"], Proposal("int")),
            (["01", "2"], Proposal("text")),
            (["-01"], Proposal("text")),
            (["01.5", "2.5"], Proposal("text")),
            (["+1"], Proposal("text")),
            (["1234567890123456789"], Proposal("text")),
            (["1_000"], Proposal("text")),
            (["\uff11"], Proposal("text")),
            (["1", "2026-01-31"], Proposal("text")),
            (["2026-02-30"], Proposal("text")),
            (["2026-01-31", "2026-01-31 05:00"], Proposal("text")),
            (["True"], Proposal("text")),
            (["12E4", "34E1"], Proposal("text")),
            (["nan", "1.5"], Proposal("text")),
            (["", "1"], Proposal("int", is_nullable=True)),
            (["", ""], Proposal("text", is_nullable=True)),
            ([f"{n:05}" for n in range(40)], Proposal("text", pattern="^[0-9]{5}$")),
            (["JP", "US"] * 30, Proposal("text", pattern="^[A-Z]{2}$")),
            (["new", "paid"] * 30, Proposal("choice", choices=("new", "paid"))),
            (
                [f"AB-{n:06}.{n % 10}" for n in range(30)],
                Proposal("text", pattern=r"^[A-Z]{2}-[0-9]{6}\.[0-9]$"),
            ),
            (["a" * n for n in range(1, 40)], Proposal("text", max_length=100)),
            (["x" * n for n in range(4100, 4130)], Proposal("text")),
        ],
    )
    def test_a_type_is_what_all_values_are_and_loses_nothing(
        self, values: list[str], expected: Proposal
    ) -> None:
        assert expected == proposed(values)

    def test_an_identifier_whose_zeros_come_after_the_sample_stays_text(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sample, "BLOCK_RECORDS", 1)
        values = ["1"] * 990 + ["01234"] + ["1"] * 9

        assert Proposal("text", max_length=50) == proposed(values, records=10)

    def test_places_and_choices_and_absence_beyond_the_sample_are_found(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sample, "BLOCK_RECORDS", 1)
        assert Proposal("decimal", places=3) == proposed(["1.5"] * 99 + ["1.125"], records=10)
        assert Proposal("int", is_nullable=True) == proposed(["1"] * 99 + [""], records=10)
        more = proposed(["new", "paid"] * 99 + ["sent back"], records=60)
        assert Proposal("choice", choices=("new", "paid", "sent back")) == more


class TestTypedValues:
    """Of formats that write numbers otherwise than texts, as JSON does."""

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ([1, 2], Proposal("int")),
            ([1, 2.5], Proposal("decimal", places=1)),
            ([True, False], Proposal("bool")),
            (["1", "2"], Proposal("text")),
            (["true"], Proposal("text")),
            (["2026-01-31"], Proposal("date")),
            ([1, "x"], Proposal("any")),
            ([True, 1], Proposal("any")),
            ([[1], {"a": 1}], Proposal("any")),
            ([1, None], Proposal("int", is_nullable=True)),
            (["", "a"], Proposal("text")),
        ],
    )
    def test_a_number_is_no_text(self, values: list[object], expected: Proposal) -> None:
        seen = Evidence("v")
        for value in values:
            seen.add(value, 1, null="", is_typed=True)

        assert expected == propose(seen)

    @pytest.mark.parametrize("late", ["x", True, [1], "2026-01-31"])
    def test_what_comes_later_and_is_no_number_makes_it_anything(self, late: object) -> None:
        seen = Evidence("v")
        seen.add(1, 1, null="", is_typed=True)
        old = propose(seen)
        seen.add(late, 2, null="", is_typed=True)

        assert Proposal("any") == widen(old, seen)


class TestProof:
    def test_malformed_records_are_counted_and_spoil_no_type(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_bytes(b"a,b\n" + b"1,2\n" * 50 + b'x\n"y,z\n\xff,1\n' + b"3,4\n" * 50)

        found = inferred(path, records=10)

        assert {"a": Proposal("int"), "b": Proposal("int")} == found.proposals
        assert (3, 103) == (found.malformed, found.total)
        assert "# No schema can accept 3 records: malformed" in found.text([])
        assert 0 == found.refused

    def test_the_file_is_read_once_if_the_sample_was_right(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        readings: list[object] = []

        def counted(*arguments: Any, **options: Any) -> object:
            readings.append(arguments)
            return check_sources(*arguments, **options)

        monkeypatch.setattr(inference, "check_sources", counted)
        path = written(tmp_path / "f.csv", ["a"], [[str(n)] for n in range(100)])

        inferred(path, records=10)

        assert 1 == len(readings)

    def test_a_file_without_a_header_is_refused(self, tmp_path: Path) -> None:
        path = written(tmp_path / "f.csv", ["a", "a"], [])

        with pytest.raises(FileRefused, match="two columns have this name"):
            Inference(path, form()).look()


class TestSample:
    def test_blocks_come_from_all_over_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sample, "BLOCK_RECORDS", 5)
        path = written(tmp_path / "f.csv", ["a"], [[str(n)] for n in range(10_000)])

        looked = sample.Sample(path, form(), 10)
        found = [int(one.values["a"]) for one in looked if one.values]

        assert list(range(10)) == found[:10]
        assert 10 + 5 * sample.BLOCKS == len(found)
        assert 9_000 < found[-1]
        assert not looked.is_whole

    def test_a_block_that_begins_inside_quotes_is_left_out(self, tmp_path: Path) -> None:
        text = '1,"' + "2,x\n" * 50 + 'x"\n'
        path = tmp_path / "f.csv"
        path.write_text("a,b\n" + "5,y\n" * 10 + text * 200)

        found = [one.values for one in sample.Sample(path, form(), 10) if one.values]

        assert {"1", "2", "5"} >= {one["a"] for one in found}

    def test_a_short_file_is_looked_at_as_a_whole(self, tmp_path: Path) -> None:
        looked = sample.Sample(written(tmp_path / "f.csv", ["a"], [["1"]]), form(), 10)

        assert [1] == [int(one.values["a"]) for one in looked if one.values]
        assert looked.is_whole


class TestShape:
    @pytest.mark.parametrize(
        ("texts", "expected"),
        [
            (["ab1", "cf9"], "^[a-z]{2}[0-9]$"),
            (["a1b2", "12ff", "0e08"], "^[0-9a-f]{4}$"),
            (["a1g2", "12f1"], "^[0-9a-f][0-9][a-z][0-9]$"),
            (["A1", "Z2"], "^[A-Z][0-9]$"),
            (["a(1)", "b(2)"], r"^[a-z]\([0-9]\)$"),
            (["A+b", "C+d"], r"^[A-Z]\+[a-z]$"),
            (["a", "ab"], ""),
            (["a-b", "a_b"], ""),
            (["é"], ""),
            (["--"], ""),
            ([""], ""),
            (["", "a"], ""),
            ([], ""),
        ],
    )
    def test_what_texts_of_one_length_have_in_common(self, texts: list[str], expected: str) -> None:
        shape = Shape()
        for text in texts:
            shape.add(text)

        assert expected == shape.pattern


class TestText:
    def test_names_that_python_or_pydantic_need_get_an_alias(self) -> None:
        names = field_names([*NAMES, "ORDER id", "", "\u202e"])

        assert "id" == names["id"]
        assert {"class_", "order_id", "date_", "json_", "x", "column_1st", "a_b"} <= {
            *names.values()
        }
        assert len(names) == len({*names.values()})
        assert all(name.isidentifier() for name in names.values())

    @pytest.mark.parametrize(
        ("stem", "expected"),
        [
            ("orders", "Order"),
            ("daily_orders_2026-01-31", "DailyOrder"),
            ("companies", "Company"),
            ("news", "News"),
            ("address", "Address"),
            ("注文", "Record"),
            ("2026", "Record"),
            ("date", "Date"),
            ("fields", "Record"),
        ],
    )
    def test_a_model_is_named_by_its_file(self, stem: str, expected: str) -> None:
        assert expected == model_name(stem)

    def test_foreign_text_stays_within_its_comment_and_its_string(self, tmp_path: Path) -> None:
        evil = ['x"""\nimport os', "\u2028import os", '"+1', "\\"]
        rows = [[text, "\u202e\x85boom()"] for text in evil * 20]
        path = written(tmp_path / "f.csv", ["a\nimport os#", "b"], rows)

        found = inferred(path)
        text = found.text(["f\nimport os"])

        assert "\nimport os" not in text
        check_sources(
            files.csv(path, model_of(found, tmp_path)), folder=tmp_path / "run", max_bad=NONE
        )

    def test_doubts_are_said(self, tmp_path: Path) -> None:
        header = ["id", "zip", "at", "n", "none", "maybe", "state"]
        rows = [[str(n), "01234", "1700000000", "5", "", "NA", "new"] for n in range(300)]
        rows.append(["x", "1", "1700000001", "x", "", "NA", "New"])
        path = written(tmp_path / "f.csv", header, rows)

        text = inferred(path).text([])

        assert "'01234' has leading zeros: kept as text" in text
        assert "may count seconds since 1970" in text
        assert "most values are whole numbers, but not line 302: 'x'" in text
        assert "seldom, perhaps a fault: 'New'" in text
        assert "no value in it: its type is not known" in text
        assert "'NA' may mean NULL" in text
        assert "# Key, perhaps: 'id'" in text

    def test_it_is_python_of_a_fair_width(self, tmp_path: Path) -> None:
        path = written(tmp_path / "f.csv", NAMES, [["1"] * len(NAMES)] * 3)

        text = inferred(path).text(["y " * 100])

        compile(text, "f", "exec")
        assert all(len(line) <= 100 for line in io.StringIO(text) if line.startswith("#"))
