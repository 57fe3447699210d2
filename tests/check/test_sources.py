"""The check finds every fault of every file at once, and agrees with the load on every record."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from daybreak import files
from daybreak.check import file, summary
from daybreak.check.file import CheckProgress
from daybreak.check.sources import check_sources
from daybreak.check.summary import CheckSummary, FileSummary
from daybreak.connectors.file_root import FileRoot
from daybreak.connectors.file_source import FileSource
from daybreak.errors import CheckFailed, DefinitionError, SourceChanged
from daybreak.model.limits import BadLimit
from daybreak.pipeline import Pipeline, source

ALL = BadLimit.parse("100%")
NONE = BadLimit.parse(0)
PIECES = [
    b"1,a\n",
    b"2,b\r\n",
    b'3,"x\ny"\n',
    b'"4\n',
    b"5\n",
    b"6,a,b\n",
    b"x,\n",
    b"0,c\n",
    b"\xff,a\n",
]
EXAMPLES = settings().max_examples  # few in `make check`
seeded = settings(derandomize=True, max_examples=EXAMPLES, deadline=None, database=None)


class Item(BaseModel):
    id: Annotated[int, Field(gt=0)]
    name: str


class Pair(NamedTuple):
    items: Pipeline[Item]
    others: Pipeline[str]


@dataclass
class Box:
    items: Pipeline[Item]


def written(folder: Path, text: str | bytes, name: str = "f.csv") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def failure(*args: Any, **options: Any) -> tuple[CheckFailed, CheckSummary]:
    with pytest.raises(CheckFailed) as raised:
        check_sources(*args, **options)
    assert isinstance(raised.value.summary, CheckSummary)
    return raised.value, raised.value.summary


def findings(folder: Path, name: str = "f.csv") -> list[dict[str, Any]]:
    path = folder / "findings" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def root_of(pipeline: Pipeline[Any]) -> FileRoot:
    assert isinstance(pipeline.root, FileRoot)
    return pipeline.root


class TestAgreement:
    @seeded
    @given(st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join), st.integers(1, 7))
    def test_check_and_load_find_the_same_faults_in_the_same_records(
        self, body: bytes, chunk_records: int
    ) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            path = written(folder, b"id,name\n" + body)
            seen: list[object] = []

            checked = check_sources(
                files.csv(path, Item), folder=folder, max_bad=ALL, publish=seen.append
            )
            loaded = FileSource(root_of(checked), folder)
            chunks = [loaded.read(part) for part in loaded.ranges(loaded.whole(), chunk_records)]

            refused = [one for chunk in chunks for one in chunk.refused]
            expected = [
                (one.line, one.column, one.value, one.reason)
                for record in refused
                for one in record.findings
            ]
            assert expected == [
                (one["line"], one["column"], one["value"], one["reason"])
                for one in findings(folder)
            ]
            (counted,) = [one for one in seen if isinstance(one, FileSummary)]
            assert len(refused) == counted.faulty_rows
            assert loaded.total() == counted.rows
            assert counted.rows == sum(len(chunk.values) for chunk in chunks) + len(refused)


class TestFindings:
    def test_every_fault_of_every_file_is_found_in_one_go(self, tmp_path: Path) -> None:
        good = files.csv(written(tmp_path, "id,name,x\n1,a,\n", "good.csv"), Item)
        bad = files.csv(written(tmp_path, "id,name\n0,\nx,b\n2,c\n", "bad.csv"), Item)
        headless = files.csv(written(tmp_path, "1,a\n", "headless.csv"), Item)
        missing = files.csv(tmp_path / "missing.csv", Item)

        error, found = failure([good, bad, headless, missing], folder=tmp_path, max_bad=NONE)

        assert (
            "the check refused 3 of 4 files: bad.csv: 2 of 3 records are faulty; headless.csv: not"
            " a header: it names no column of the model; missing.csv: no such file"
        ) == str(error)
        assert str(tmp_path / "findings") in error.hint
        assert [
            ("id", "0", "should be greater than 0"),
            ("name", "", "required"),
            ("id", "x", "not a whole number"),
        ] == [(one["column"], one["value"], one["reason"]) for one in findings(tmp_path, "bad.csv")]
        assert [] == findings(tmp_path, "good.csv")
        assert [("x",), (), (), ()] == [file.ignored_columns for file in found.files]

    def test_the_summary_counts_by_cause_and_shows_samples(self, tmp_path: Path) -> None:
        path = written(tmp_path, "id,name\n" + "x,a\n" * 5 + "0,a\n")

        _, found = failure(files.csv(path, Item), folder=tmp_path, max_bad=NONE)

        assert [
            ("f.csv", "id", "not a whole number", 5, "2, 3, 4"),
            ("f.csv", "id", "should be greater than 0", 1, "7"),
        ] == [tuple(row.values()) for row in found.causes_in_rows()]
        kept = json.loads((tmp_path / "findings" / "summary.json").read_text())
        (file,) = kept["files"]
        assert (6, 6, 6, "findings/f.csv.jsonl") == tuple(
            file[name] for name in ("rows", "faulty_rows", "findings", "findings_file")
        )
        assert [2, 3, 4, 5, 6] == [sample["line"] for sample in file["causes"][0]["samples"]]
        assert ("0", True) == (kept["max_bad"], kept["failed"])

    def test_files_of_one_name_have_findings_each(self, tmp_path: Path) -> None:
        first = written(tmp_path / "a", "id,name\nx,a\n")
        second = written(tmp_path / "b", "id,name\ny,a\n")

        failure([files.csv(first, Item), files.csv(second, Item)], folder=tmp_path, max_bad=NONE)

        assert ["x"] == [one["value"] for one in findings(tmp_path)]
        assert ["y"] == [one["value"] for one in findings(tmp_path, "f.csv-2")]

    def test_what_is_written_and_kept_apart_is_bounded_but_all_is_counted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(file, "FINDINGS_WRITTEN_MAX", 3)
        monkeypatch.setattr(summary, "CAUSES_MAX", 1)
        path = written(tmp_path, "id,name\n" + "x,\n" * 5)

        _, found = failure(files.csv(path, Item), folder=tmp_path, max_bad=NONE)

        assert 3 == len(findings(tmp_path))
        assert 10 == found.files[0].findings
        assert [("not a whole number", 5), ("other causes", 5)] == [
            (row["cause"], row["records"]) for row in found.causes_in_rows()
        ]

    def test_a_repaired_file_leaves_no_findings_of_its_first_check(self, tmp_path: Path) -> None:
        path = written(tmp_path, "id,name\nx,a\n")
        failure(files.csv(path, Item), folder=tmp_path, max_bad=NONE)
        written(tmp_path, "id,name\n1,a\n2,b\n")

        checked = check_sources(files.csv(path, Item), folder=tmp_path, max_bad=NONE)

        assert [] == findings(tmp_path)
        assert 2 == FileSource(root_of(checked), tmp_path).total()

    def test_progress_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(file, "PROGRESS_RECORDS", 2)
        path = written(tmp_path, "id,name\n" + "1,a\n" * 3)
        seen: list[object] = []

        check_sources(files.csv(path, Item), folder=tmp_path, max_bad=NONE, publish=seen.append)

        # Bytes that were read, not rows that were looked at: a file of 20 bytes is read at once.
        assert [CheckProgress("f.csv", 2, 0, 20, 20), CheckProgress("f.csv", 3, 0, 20, 20)] == seen[
            :2
        ]
        assert [FileSummary, CheckSummary] == [type(one) for one in seen[2:]]


class TestLimit:
    @pytest.mark.parametrize(
        ("bad", "good", "limit", "is_refused"),
        [
            (1, 9, 0, True),
            (1, 9, 1, False),
            (2, 9, 1, True),
            (9, 91, "1%", False),
            (10, 90, "1%", True),
            (10, 990, "1%", False),
            (3, 0, "1%", True),
            (3, 0, "100%", False),
        ],
    )
    def test_more_faulty_records_than_allowed_fail_the_check(
        self, tmp_path: Path, bad: int, good: int, limit: int | str, *, is_refused: bool
    ) -> None:
        path = written(tmp_path, "id,name\n" + "x,a\n" * bad + "1,a\n" * good)
        max_bad = BadLimit.parse(limit)

        if is_refused:
            failure(files.csv(path, Item), folder=tmp_path, max_bad=max_bad)
        else:
            checked = check_sources(files.csv(path, Item), folder=tmp_path, max_bad=max_bad)
            assert bad + good == FileSource(root_of(checked), tmp_path).total()

    def test_a_file_that_cannot_be_read_fails_the_check_whatever_is_allowed(
        self, tmp_path: Path
    ) -> None:
        error, _ = failure(files.csv(tmp_path / "no.csv", Item), folder=tmp_path, max_bad=ALL)

        assert "no.csv: no such file" in str(error)


class TestBrokenOff:
    """A document that ends too early is one finding, and nobody knows how many records it lacks."""

    @pytest.mark.parametrize(
        ("whole", "name"),
        [
            (b'{"items": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]}', "json"),
            (b"<l><o><id>1</id><name>a</name></o><o><id>2</id><name>b</name></o></l>", "xml"),
        ],
    )
    def test_a_document_that_was_cut_fails_whatever_is_allowed(
        self, tmp_path: Path, whole: bytes, name: str
    ) -> None:
        path = tmp_path / f"f.{name}"
        root = files.json(path, Item, at="items") if name == "json" else files.xml(path, record="o")
        path.write_bytes(whole)
        check_sources(root, folder=tmp_path, max_bad=NONE)
        first = whole.index(b"{", 1) if name == "json" else whole.index(b"<o>")
        for size in range(first, len(whole)):
            path.write_bytes(whole[:size])
            with pytest.raises(CheckFailed):
                check_sources(root, folder=tmp_path, max_bad=BadLimit.parse("99%"))


class TestStructure:
    def test_the_same_structure_comes_back_with_its_indexes(self, tmp_path: Path) -> None:
        items = files.csv(written(tmp_path, "id,name\n1,a\n"), Item)
        mapped = items.map(str)

        pair = check_sources(Pair(items, mapped), folder=tmp_path, max_bad=NONE)
        box = check_sources(Box(items), folder=tmp_path, max_bad=NONE)
        named = check_sources({"a": [items]}, folder=tmp_path, max_bad=NONE)

        assert isinstance(pair, Pair)
        assert mapped.inner == pair.others.inner
        assert type(items) is type(pair.items)
        found = [pair.items, pair.others, box.items, named["a"][0]]
        assert all(root_of(one).is_checked for one in found)
        assert 1 == len({root_of(one) for one in found})
        assert not root_of(items).is_checked

    def test_a_file_given_twice_is_looked_at_once(self, tmp_path: Path) -> None:
        items = files.csv(written(tmp_path, "id,name\nx,a\n"), Item)

        _, found = failure([items, items], folder=tmp_path, max_bad=NONE)

        assert 1 == len(found.files)

    @pytest.mark.parametrize("wrong", [None, 1, "f.csv", [1], source([1])])
    def test_what_is_no_file_is_refused_before_anything_is_read(
        self, tmp_path: Path, wrong: object
    ) -> None:
        with pytest.raises(DefinitionError):
            check_sources([files.csv("no.csv"), wrong], folder=tmp_path, max_bad=NONE)

        assert not (tmp_path / "findings").exists()


class TestSize:
    @pytest.mark.slow
    def test_memory_does_not_grow_with_the_file(self, tmp_path: Path) -> None:
        peaks = []
        for rows in (1_000, 8_000):
            path = written(tmp_path, "id,name\n" + "x,abc\n1,abc\n" * (rows // 2))
            tracemalloc.start()
            check_sources(files.csv(path, Item), folder=tmp_path, max_bad=ALL)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()

        assert peaks[1] < peaks[0] + 100_000

    @pytest.mark.timeout(10)
    def test_a_file_that_grows_as_fast_as_it_is_read_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(file, "PROGRESS_RECORDS", 1)
        path = written(tmp_path, "id,name\n1,a\n")

        def grow(event: object) -> None:
            if isinstance(event, CheckProgress):
                with path.open("a") as stream:
                    stream.write("2,b\n")

        with pytest.raises(SourceChanged, match="size was 12, is "):
            check_sources(files.csv(path, Item), folder=tmp_path, max_bad=NONE, publish=grow)
