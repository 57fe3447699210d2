"""Keys, references, counts and totals across records, against dicts and sets in memory."""

from __future__ import annotations

import json
import random
import sqlite3
import tempfile
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from daybreak import Database, files
from daybreak.check import across, by_columns, key_tags, tag_spill
from daybreak.check.sources import check_sources
from daybreak.check.summary import CheckSummary, FileSummary
from daybreak.connectors.file_root import File, FileRoot
from daybreak.connectors.file_source import FileSource
from daybreak.connectors.refused_rows import (
    COPY,
    NOT_COMPARED,
    NULL_KEY,
    SAME_KEY,
    RowsRefused,
)
from daybreak.databases import keys_of_tables
from daybreak.databases.session import opened
from daybreak.errors import CheckFailed, DefinitionError, SourceChanged, SourceError
from daybreak.model.limits import BadLimit

pytestmark = pytest.mark.slow_on_postgresql

ALL = BadLimit.parse("100%")
NONE = BadLimit.parse(0)
EXAMPLES = min(40, settings().max_examples // 2)  # each is a check and a load; few in `make check`
seeded = settings(derandomize=True, max_examples=EXAMPLES, deadline=None, database=None)


class Item(BaseModel):
    id: int | None
    zone: str | None
    parent: int | None
    amount: Decimal


KEYS = ["1", "01", "2", "3", "-1", "", "x"]
ZONES = ["a", "b", "", "a" * 40, "b" * 40]
row = st.tuples(
    st.sampled_from(KEYS),
    st.sampled_from(ZONES),
    st.sampled_from(["1", "2", "9", ""]),
    st.sampled_from(["1", "1.0", "2.5"]),
)
some_files = st.lists(st.lists(row, max_size=12), min_size=1, max_size=3)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have buffers run over, and parts come in pieces, though files are small."""
    monkeypatch.setattr(across, "BLOCK_RECORDS", 3)
    monkeypatch.setattr(tag_spill, "BUFFER_ENTRIES", 4)
    monkeypatch.setattr(tag_spill, "LOADED_ENTRIES_MAX", 2)


def written(folder: Path, text: str, name: str = "f.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def root_of(pipeline: File[Any]) -> FileRoot:
    assert isinstance(pipeline.root, FileRoot)
    return pipeline.root


def findings(folder: Path, name: str = "f.csv") -> list[dict[str, Any]]:
    path = folder / "findings" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def short(found: Sequence[dict[str, Any]]) -> list[tuple[int, str, str | None, str, str]]:
    return [
        (one["line"], one["column"], one["value"], one["reason"], one["against"]) for one in found
    ]


def checked(folder: Path, file: File[Any], max_bad: BadLimit = ALL) -> FileSource:
    return FileSource(root_of(check_sources(file, folder=folder, max_bad=max_bad)), folder)


def refused_by(source: FileSource, chunk_records: int) -> Iterator[tuple[int, Any]]:
    """Yield the findings of every record that is not given, by its ordinal."""
    after = 0
    for part in source.ranges(source.whole(), chunk_records):
        read = source.read(part)
        for one in read.refused:
            yield after + one.origin + 1, tuple(one.findings)
        after += read.read


# ---------------------------------------------------------------- the oracle


class Known(NamedTuple):
    """A record as the oracle sees it."""

    at: int
    place: str
    key: Any
    parent: int | None
    text: str


def oracle(contents: Sequence[Sequence[Sequence[str]]], key: tuple[str, ...]) -> dict[int, Any]:
    """Return, by ordinal, the reasons against good rows: dicts in memory, and nothing else."""
    rows: list[Known] = []
    at = 0
    for number, content in enumerate(contents):
        for line, (one, zone, parent, amount) in enumerate(content, 2):
            at += 1
            if one == "x":
                continue
            values = {"id": int(one) if one else None, "zone": zone or None}
            rows.append(
                Known(
                    at,
                    f"f{number}.csv:{line}",
                    tuple(values[name] for name in key),
                    int(parent) if parent else None,
                    f"{one},{zone},{parent},{amount}",
                )
            )
    ids = {known.key[0] for known in rows} if key[0] == "id" else None
    first: dict[Any, Known] = {}
    found: dict[int, Any] = {}
    for known in rows:
        reasons = []
        if None in known.key:
            reasons.append((NULL_KEY, ""))
        elif known.key in first:
            earlier = first[known.key]
            reasons.append((COPY if earlier.text == known.text else SAME_KEY, earlier.place))
        else:
            first[known.key] = known
        if ids is not None and known.parent is not None and known.parent not in ids:
            reasons.append(("is not in id of any record", ""))
        if reasons:
            found[known.at] = reasons
    return found


class TestOracle:
    @pytest.fixture(autouse=True, params=["by rows", "by columns"])
    def in_both_ways(self, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
        """Have small files checked by columns too, in blocks of a few rows."""
        if request.param == "by columns":
            monkeypatch.setattr(by_columns, "COLUMNAR_BYTES_MIN", 0)
            monkeypatch.setattr(by_columns, "BLOCK_BYTES", 200)

    @seeded
    @given(some_files, st.sampled_from([("id",), ("zone",), ("id", "zone")]), st.integers(1, 9))
    def test_a_check_and_a_load_refuse_what_dicts_in_memory_would(
        self,
        contents: list[list[tuple[str, ...]]],
        key: tuple[str, ...],
        chunk_records: int,
    ) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            paths = [
                written(
                    folder,
                    "id,zone,parent,amount\n" + "".join(",".join(one) + "\n" for one in content),
                    f"f{number}.csv",
                )
                for number, content in enumerate(contents)
            ]
            own: Any = {"parent": "id"} if key[0] == "id" else {}
            seen: list[object] = []

            checked_files = check_sources(
                files.csv(paths, Item, key=key, references=own),
                folder=folder,
                max_bad=ALL,
                publish=seen.append,
            )

            expected = oracle(contents, key)
            source = FileSource(root_of(checked_files), folder)
            loaded = dict(refused_by(source, chunk_records))
            assert expected == {
                at: [(one.reason, one.against) for one in found]
                for at, found in loaded.items()
                if found[0].reason != "not a whole number"
            }
            written_down = [one for path in paths for one in findings(folder, path.name)]
            assert sorted(
                (one.file, one.line, one.column or "", one.value or "", one.reason, one.against)
                for found in loaded.values()
                for one in found
            ) == sorted(
                (
                    one["file"],
                    one["line"],
                    one["column"],
                    one["value"] or "",
                    one["reason"],
                    one["against"],
                )
                for one in written_down
            )
            summaries = [one for one in seen if isinstance(one, FileSummary)]
            assert len(loaded) == sum(one.faulty_rows for one in summaries)
            assert [] == list((folder / "across").iterdir())

    @pytest.mark.slow
    def test_different_keys_with_one_tag_accuse_nobody(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
    ) -> None:
        hashed = (b"\1" * 15 + b"\xff", b"\2" * 15 + b"\xff")
        monkeypatch.setattr(key_tags, "tag_of_spelling", lambda text: hashed[text[-1] % 2])

        self.compare(tmp_path, seed)

    @pytest.mark.slow
    def test_different_tags_that_are_sorted_alike_accuse_nobody(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
    ) -> None:
        monkeypatch.setattr(tag_spill, "mixed", lambda high, _low: np.zeros(len(high), np.uint64))

        self.compare(tmp_path, seed)

    def compare(self, folder: Path, seed: int) -> None:
        """Hold a check of random keys against a dict."""
        chance = random.Random(seed)
        values = [f"a key of many letters, {chance.randrange(40)}" for _ in range(120)]
        path = written(folder, "id,n\n" + "".join(f'"{v}",{n}\n' for n, v in enumerate(values)))

        source = checked(folder, files.csv(path, key="id"))

        first: dict[str, int] = {}
        expected = {}
        for at, value in enumerate(values, 1):
            if value in first:
                expected[at] = f"f.csv:{first[value]}"
            first.setdefault(value, at + 1)
        loaded = dict(refused_by(source, 50))
        assert expected == {at: found[0].against for at, found in loaded.items()}


# ---------------------------------------------------------------- keys


class TestKeys:
    @pytest.mark.parametrize(
        ("kind", "texts", "faulty"),
        [
            (int, ["7", "007", "+7", "8"], [2, 3]),
            (int, [str(10**30), "1" + "0" * 30, str(10**30 + 1)], [2]),
            (Decimal, ["1.5", "1.50", "01.5", "1.51"], [2, 3]),
            (float, ["0.1", "1e-1", "0.10000000000000002"], [2]),
            (date, ["2024-01-01", "2024-01-02"], []),
            (datetime, ["2024-01-01T09:00+09:00", "2024-01-01T00:00Z"], [2]),
            (datetime, ["2024-01-01T09:00", "2024-01-01T09:00Z"], []),
            (str, ["7", "007", "7 "], []),
            (str, ["é", "e\u0301"], []),
            (UUID, ["{0}", "{0}"], [2]),
        ],
    )
    def test_keys_are_compared_as_values(
        self, tmp_path: Path, kind: Any, texts: list[str], faulty: list[int]
    ) -> None:
        texts = [text.format(UUID(int=5)) for text in texts]
        path = written(tmp_path, "id\n" + "".join(text + "\n" for text in texts))

        source = checked(tmp_path, files.csv(path, {"id": kind}, key="id"))

        assert faulty == [at for at, _ in refused_by(source, 10)]

    def test_a_field_with_an_alias_is_named_either_way(self, tmp_path: Path) -> None:
        @dataclass
        class Order:
            number: Annotated[int, Field(alias="Order no")]

        path = written(tmp_path, "Order no\n1\n1\n")
        for name in ("number", "Order no"):
            checked(tmp_path, files.csv(path, Order, key=name))
            assert [(3, "Order no", "1", COPY, "f.csv:2")] == short(findings(tmp_path))

    def test_a_record_with_a_fault_of_its_own_has_no_key(self, tmp_path: Path) -> None:
        path = written(tmp_path, "id,n\n1,x\n1,2\n1,3\n")

        source = checked(tmp_path, files.csv(path, {"id": int, "n": int}, key="id"))

        assert [{"id": 1, "n": 2}] == source.read(source.whole()).values
        assert [(2, "n"), (4, "id")] == [(one[0], one[1]) for one in short(findings(tmp_path))]

    def test_what_was_faulty_does_not_pass_because_the_model_is_milder_now(
        self, tmp_path: Path
    ) -> None:
        path = written(tmp_path, "id,n\n1,x\n1,2\n")
        strict = files.csv(path, {"id": int, "n": int}, key="id")
        root = root_of(check_sources(strict, folder=tmp_path, max_bad=ALL))
        mild = root_of(files.csv(path, {"id": int, "n": str}, key="id"))

        source = FileSource(
            FileRoot(
                mild.paths, mild.model, mild.format, root.indexes, mild.rules, root.refused_rows
            ),
            tmp_path,
        )

        assert [NOT_COMPARED] == [found[0].reason for _, found in refused_by(source, 9)]

    def test_faulty_rows_count_for_max_bad(self, tmp_path: Path) -> None:
        path = written(tmp_path, "id\n1\n2\n2\n3\n")

        with pytest.raises(CheckFailed, match="1 of 4 records are faulty"):
            check_sources(files.csv(path, {"id": int}, key="id"), folder=tmp_path, max_bad=NONE)

    def test_a_file_that_is_none_hides_no_fault_of_the_others(self, tmp_path: Path) -> None:
        paths = [
            written(tmp_path, "id\n1\n", "a.csv"),
            tmp_path / "missing.csv",
            written(tmp_path, "id\n1\n2\n2\n", "c.csv"),
        ]

        with pytest.raises(CheckFailed, match=r"missing\.csv: no such file"):
            check_sources(files.csv(paths, {"id": int}, key="id"), folder=tmp_path, max_bad=ALL)

        assert [(2, "id", "1", COPY, "a.csv:2"), (4, "id", "2", COPY, "c.csv:3")] == short(
            findings(tmp_path, "c.csv")
        )

    def test_what_a_dead_check_left_is_removed_by_the_next(self, tmp_path: Path) -> None:
        left = tmp_path / "across" / ".keys.01234567.partial"
        left.mkdir(parents=True)
        (left / "keys").write_bytes(b"x")
        path = written(tmp_path, "id\n1\n")

        checked(tmp_path, files.csv(path, key="id"))

        assert [] == list((tmp_path / "across").iterdir())

    @pytest.mark.parametrize(
        ("rules", "message"),
        [
            ({"key": "no"}, "Item has no column 'no'"),
            ({"key": ()}, "names of a key's columns"),
            ({"keys": "id"}, "no such argument: keys"),
            ({"references": {"no": "id"}}, "Item has no column 'no'"),
            ({"references": {"id": ("id", "zone")}}, "not as many columns"),
            ({"references": {"id": 7}}, "id cannot refer to 7"),
            ({"references": {"id": files.csv("g.csv")}}, "which has no key"),
            ({"references": {"id": files.csv("g.csv", key="id").map(str)}}, "cannot refer to"),
            ({"records": -1}, "a number of records"),
            ({"records": (3, 2)}, "at least 3 and at most 2"),
            ({"totals": {"amount": 0.5}}, "the exact total of amount"),
            ({"totals": {"no": 1}}, "Item has no column 'no'"),
        ],
    )
    def test_a_rule_that_means_nothing_is_refused_at_once(
        self, rules: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(DefinitionError, match=message):
            files.csv("f.csv", Item, **rules)

    def test_a_value_that_cannot_be_compared_is_refused(self, tmp_path: Path) -> None:
        path = written(tmp_path, "id\n1\n")
        with pytest.raises(DefinitionError, match="cannot be a key"):
            checked(tmp_path, files.csv(path, {"id": Path}, key="id"))

    def test_files_with_rules_are_not_loaded_unchecked(self, tmp_path: Path) -> None:
        path = written(tmp_path, "id\n1\n")
        with pytest.raises(DefinitionError, match="which nobody has looked at"):
            FileSource(root_of(files.csv(path, key="id")), tmp_path)


# ---------------------------------------------------------------- references


class Order(BaseModel):
    user_id: Annotated[int | None, Field(alias="user")]
    day: date | None = None


@pytest.fixture
def shop(database_url: str) -> Database:
    with opened(database_url) as session:
        session.script(
            "create table users (id bigint primary key, code char(5), day date, rate numeric(9,4));"
            "create table zones (country varchar(2), zone integer);"
        )
        session.copy(
            "users",
            [(n, f"c{n}", date(2024, 1, n), Decimal(n) / 8) for n in range(1, 31)],
            ("id", "code", "day", "rate"),
        )
        session.copy("zones", [("JP", 1), ("JP", None), ("DE", 2)], ("country", "zone"))
    return Database(database_url, name="shop")


class TestReferences:
    def test_values_that_no_row_of_a_table_has_are_findings(
        self, tmp_path: Path, shop: Database
    ) -> None:
        path = written(tmp_path, "user,day\n1,2024-01-30\n31,\n,\n030,2024-02-01\n-1,\n")
        orders = files.csv(
            path,
            Order,
            references={
                "user": shop.table("users", key="id"),
                "day": shop.table("users", key="day"),
            },
        )

        source = checked(tmp_path, orders)

        assert [
            (3, "user", "31", "is not in users.id", ""),
            (5, "day", "2024-02-01", "is not in users.day", ""),
            (6, "user", "-1", "is not in users.id", ""),
        ] == short(findings(tmp_path))
        assert [1, None] == [one.user_id for one in source.read(source.whole()).values]

    def test_several_columns_refer_together_and_null_refers_to_nothing(
        self, tmp_path: Path, shop: Database
    ) -> None:
        path = written(tmp_path, "c,z\nJP,1\nJP,2\nJP,\n,2\nDE,2\n")
        columns = {"c": str | None, "z": int | None}
        zones = shop.table("zones", key=("country", "zone"))

        checked(tmp_path, files.csv(path, columns, references={("c", "z"): zones}))

        assert [(3, "c, z", "JP, 2", "is not in zones (country, zone)", "")] == short(
            findings(tmp_path)
        )

    @pytest.mark.parametrize(
        ("column", "kind", "texts"),
        [
            ("id", str, ["1", "30"]),  # a text that the database casts
            ("code", str, ["c1"]),  # PostgreSQL fills it with blanks
            ("rate", Decimal, ["0.125", "1.00"]),
            ("day", date, ["2024-01-01"]),
            ("day", str, ["2024-01-01"]),
        ],
    )
    def test_what_is_equal_is_up_to_the_database(
        self, tmp_path: Path, shop: Database, column: str, kind: Any, texts: list[str]
    ) -> None:
        path = written(tmp_path, "v\n" + "".join(text + "\n" for text in texts))
        users = shop.table("users", key=column)

        checked(tmp_path, files.csv(path, {"v": kind}, references={"v": users}))

        assert [] == findings(tmp_path)

    def test_texts_of_a_table_mean_what_they_mean_in_the_file(
        self, tmp_path: Path, sqlite_url: str
    ) -> None:
        """SQLite has no type for instants and decimals, and knows no two texts that are equal."""
        with opened(sqlite_url) as session:
            session.script("create table rates (at text, rate text)")
            session.execute("insert into rates values ('2024-01-01T09:00:00+09:00', '1.50')")
        path = written(tmp_path, "at,rate\n2024-01-01T00:00Z,1.5\n2024-01-01T09:00Z,1.51\n")
        rates = Database(sqlite_url).table("rates", key=("at", "rate"))
        columns = {"at": datetime, "rate": Decimal}

        checked(tmp_path, files.csv(path, columns, references={("at", "rate"): rates}))

        assert [3] == [one["line"] for one in findings(tmp_path)]

    def test_what_cannot_be_a_value_of_the_column_is_missing(
        self, tmp_path: Path, shop: Database
    ) -> None:
        path = written(tmp_path, "v\n1\nx\n2\n")
        users = shop.table("users", key="id")

        checked(tmp_path, files.csv(path, {"v": str}, references={"v": users}))

        assert [3] == [one["line"] for one in findings(tmp_path)]

    def test_a_table_or_column_that_is_missing_is_refused_before_any_file_is_read(
        self, tmp_path: Path, shop: Database
    ) -> None:
        good = files.csv(written(tmp_path, "id\n1\n"), key="id")
        for table, key, message in (
            ("no", "id", "table no does not exist in shop"),
            ("users", "no", "table users has no column no"),
        ):
            wrong = files.csv("g.csv", references={"id": shop.table(table, key=key)})
            with pytest.raises(DefinitionError, match=message):
                check_sources([good, wrong], folder=tmp_path, max_bad=ALL)
            assert not (tmp_path / "findings").exists()

    def test_a_table_is_read_some_rows_at_a_time(
        self, tmp_path: Path, shop: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keys_of_tables, "STREAMED_ROWS", 7)
        users = keys_of_tables.KeysOfTable(shop, "users", ["id"])

        pieces = list(users.stream())

        assert [7, 7, 7, 7, 2] == list(map(len, pieces))
        assert list(range(1, 31)) == sorted(row[0] for piece in pieces for row in piece)
        path = written(tmp_path, "id\n1\n30\n31\n")
        ids = files.csv(path, {"id": int}, references={"id": shop.table("users", key="id")})
        checked(tmp_path, ids)
        assert [4] == [one["line"] for one in findings(tmp_path)]

    def test_the_key_of_another_file(self, tmp_path: Path) -> None:
        countries = files.csv(written(tmp_path, "code\nJP\nDE\n", "countries.csv"), key="code")
        path = written(tmp_path, "country\nJP\nFR\nDE\n")

        checked(tmp_path, files.csv(path, references={"country": countries}))

        assert [(3, "country", "FR", "is not in countries.csv.code", "")] == short(
            findings(tmp_path)
        )

    def test_another_file_that_was_repaired_is_read_anew(self, tmp_path: Path) -> None:
        countries = files.csv(written(tmp_path, "code\nJP\n", "countries.csv"), key="code")
        path = written(tmp_path, "country\nJP\nFR\n")
        file = files.csv(path, references={"country": countries})
        with pytest.raises(CheckFailed):
            check_sources(file, folder=tmp_path, max_bad=NONE)
        written(tmp_path, "code\nJP\nFR\n", "countries.csv")

        assert 2 == checked(tmp_path, file, NONE).total()

    def test_another_file_that_cannot_be_read_fails_the_check(self, tmp_path: Path) -> None:
        countries = files.csv(tmp_path / "countries.csv", key="code")
        path = written(tmp_path, "country\nJP\nJP\n")

        with pytest.raises(CheckFailed, match=r"cannot be read \(countries.csv.*no such file"):
            check_sources(
                files.csv(path, key="country", references={"country": countries}),
                folder=tmp_path,
                max_bad=ALL,
            )

        assert COPY in [one["reason"] for one in findings(tmp_path)]

    def test_parents_of_the_same_files_may_stand_behind(self, tmp_path: Path) -> None:
        paths = [
            written(tmp_path, "id,parent\n1,2\n3,3\n", "a.csv"),
            written(tmp_path, "id,parent\n2,\n4,5\n", "b.csv"),
        ]
        columns = {"id": int, "parent": int | None}

        for rules in ({"key": "id"}, {}):
            more: Any = rules
            tree = files.csv(paths, columns, references={"parent": "id"}, **more)
            checked(tmp_path, tree)
            assert [] == findings(tmp_path, "a.csv")
            assert [(3, "parent", "5", "is not in id of any record", "")] == short(
                findings(tmp_path, "b.csv")
            )


# ---------------------------------------------------------------- counts and totals


class TestExpected:
    @pytest.mark.parametrize(
        ("rules", "said"),
        [
            ({"records": 3}, None),
            ({"records": (3, None)}, None),
            ({"records": (None, 3)}, None),
            ({"records": 4}, "'3': not the number of records that was expected (expected 4)"),
            ({"records": (4, None)}, "(expected 4 at least)"),
            ({"records": (0, 2)}, "(expected 0 to 2)"),
            ({"totals": {"amount": Decimal("99.50")}}, None),
            ({"totals": {"amount": Decimal("99.5"), "id": 6}}, None),
            (
                {"totals": {"amount": 99}},
                "f.csv:1 amount '99.50': not the total that was expected (expected 99)",
            ),
        ],
    )
    def test_other_counts_and_totals_fail_the_check_whatever_is_allowed(
        self, tmp_path: Path, rules: dict[str, Any], said: str | None
    ) -> None:
        path = written(tmp_path, "id,amount\n1,99.25\n2,.25\n3,\n")
        file = files.csv(path, {"id": int, "amount": Decimal | None}, **rules)

        if said is None:
            assert 3 == checked(tmp_path, file).total()
        else:
            with pytest.raises(CheckFailed) as raised:
                check_sources(file, folder=tmp_path, max_bad=ALL)
            assert said in str(raised.value)
            summary = raised.value.summary
            assert isinstance(summary, CheckSummary)
            assert 0 == summary.files[0].faulty_rows

    def test_the_sum_is_that_of_what_could_be_read(self, tmp_path: Path) -> None:
        path = written(tmp_path, "id,amount\n1,1\nx,2\n1,1\n")
        columns = {"id": int, "amount": Decimal}

        checked(tmp_path, files.csv(path, columns, key="id", records=3, totals={"amount": 2}))
        with pytest.raises(CheckFailed, match="1 faulty records are not in the sum"):
            check_sources(
                files.csv(path, columns, totals={"amount": 4}), folder=tmp_path, max_bad=ALL
            )

    def test_floats_are_not_added_up(self, tmp_path: Path) -> None:
        path = written(tmp_path, "amount\n0.1\n")
        with pytest.raises(CheckFailed, match="cannot be added up exactly"):
            check_sources(
                files.csv(path, {"amount": float}, totals={"amount": 1}),
                folder=tmp_path,
                max_bad=ALL,
            )


# ---------------------------------------------------------------- what stays


class TestList:
    def test_a_list_is_known_by_what_is_in_it(self, tmp_path: Path) -> None:
        path = written(tmp_path, "id\n1\n1\n")
        first = root_of(check_sources(files.csv(path, key="id"), folder=tmp_path, max_bad=ALL))
        again = root_of(check_sources(files.csv(path, key="id"), folder=tmp_path, max_bad=ALL))
        other = root_of(
            check_sources(
                files.csv(path, key="id", references={"id": "id"}), folder=tmp_path, max_bad=ALL
            )
        )

        assert first.refused_rows == again.refused_rows == other.refused_rows
        assert first.refused_rows is not None
        facts = FileSource(first, tmp_path).fingerprint()
        assert RowsRefused.load(first.refused_rows).digest == facts["refused rows"]

    @pytest.mark.parametrize("damage", [b"", b"{}\n", b'{"version": 1, "digest": ""}\nx'])
    def test_a_damaged_list_is_refused(self, tmp_path: Path, damage: bytes) -> None:
        path = written(tmp_path, "id\n1\n1\n")
        root = root_of(check_sources(files.csv(path, key="id"), folder=tmp_path, max_bad=ALL))
        assert root.refused_rows is not None
        root.refused_rows.write_bytes(damage)

        with pytest.raises(SourceError, match="cannot be read"):
            FileSource(root, tmp_path)

    def test_other_facts_of_the_same_bytes_are_accepted_other_bytes_are_not(
        self, tmp_path: Path
    ) -> None:
        path = written(tmp_path, "id\n1\n1\n")
        root = root_of(check_sources(files.csv(path, key="id"), folder=tmp_path, max_bad=ALL))
        path.unlink()
        written(tmp_path, "id\n1\n1\n")

        with pytest.raises(SourceChanged):
            FileSource(root, tmp_path)
        source = FileSource(root, tmp_path, accepts_changes=True)
        assert [2] == [at for at, _ in refused_by(source, 9)]

        written(tmp_path, "id\n1\n2\n")
        with pytest.raises(SourceChanged, match="nobody has looked at"):
            FileSource(root, tmp_path, accepts_changes=True)

    def test_an_index_that_others_made_anew_does_not_hide_another_file(
        self, tmp_path: Path
    ) -> None:
        path = written(tmp_path, "id\n1\n1\n")
        root = root_of(check_sources(files.csv(path, key="id"), folder=tmp_path, max_bad=ALL))
        written(tmp_path, "id\n1\n2\n")
        check_sources(files.csv(path), folder=tmp_path, max_bad=ALL)  # the same index

        with pytest.raises(SourceChanged, match="nobody has looked at"):
            FileSource(root, tmp_path)


class TestSize:
    @pytest.mark.slow
    def test_memory_does_not_grow_with_keys_or_faults(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(across, "BLOCK_RECORDS", 256)
        monkeypatch.setattr(tag_spill, "BUFFER_ENTRIES", 1_024)
        monkeypatch.setattr(tag_spill, "LOADED_ENTRIES_MAX", 1_024)
        connection = sqlite3.connect(tmp_path / "x.db")
        connection.execute("create table users (id integer primary key)")
        connection.executemany("insert into users values (?)", ((n,) for n in range(6_000)))
        connection.commit()
        connection.close()
        users = Database(f"sqlite:///{tmp_path / 'x.db'}").table("users", key="id")
        peaks = []
        for rows in (2_000, 2_000, 20_000):  # the first one imports
            path = written(
                tmp_path,
                "id,user\n" + "".join(f"{n % (rows // 2)},{n // 3}\n" for n in range(rows)),
            )
            file = files.csv(path, {"id": int, "user": int}, key="id", references={"user": users})
            tracemalloc.start()
            checked(tmp_path, file)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()

        assert peaks[2] < peaks[1] + 600_000
