"""A job's file only declares; whatever is wrong with it is said with its line and its way out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from daybreak.errors import DefinitionError
from daybreak.operations.load import LoadedJob, load_job

HEAD = """
from pathlib import Path
from daybreak import Database, Job, Run, Transaction, Work, source

db = Database("sqlite:///x.db")
job = Job("j")
"""
STEP = """
@job.task
def first(run: Run) -> int:
    return 1
"""


@pytest.fixture
def load(tmp_path: Path) -> object:
    def written(text: str) -> LoadedJob:
        file = tmp_path / "some_job.py"
        file.write_text(text)
        return load_job(file)

    return written


WRONG = {
    "it does not parse": (HEAD + "def (", "does not parse", "line 7"),
    "it has two jobs": (HEAD + STEP + 'other = Job("k")', "has 2 jobs: j, k", "file of its own"),
    "it has no job": ("x = 1", "declares no job", "Job("),
    "its job has no steps": (HEAD, "job j has no steps", "@job.step"),
    "it raises": (HEAD + STEP + "1 / 0", "raised ZeroDivisionError", "only declares"),
    "it exits": (HEAD + STEP + "raise SystemExit(3)", "raised SystemExit", "only declares"),
    "it uses a limit that it does not have": (
        HEAD.replace('"j")', '"j", limits={"database": 4})')
        + STEP.replace("@job.task", '@job.task(uses={"databse": 1})'),
        "step first uses 'databse', which is no limit of its job",
        "did you mean 'database'?",
    ),
    "it uses more than there is": (
        HEAD.replace('"j")', '"j", limits={"db": 4})')
        + STEP.replace("@job.task", '@job.task(uses={"db": 5})'),
        "step first uses 5 of 'db', but the job's limit is 4",
        "raise the limit",
    ),
    "it has chunks in order and side by side": (
        HEAD + '@job.step(parallel=2, order="source")\ndef load() -> Work: ...',
        "chunks in the order of the source cannot be 2 in flight",
        "leave parallel out",
    ),
    "it has an unknown order": (
        HEAD + '@job.step(order="random")\ndef load() -> Work: ...',
        "expected order to be 'any' or 'source', got 'random'",
        "source",
    ),
    "it connects to SQLite": (
        HEAD + STEP + "import sqlite3\nsqlite3.connect(':memory:')",
        "does something when it is loaded: sqlite3.connect",
        "move line 12 into a step",
    ),
    "it asks its database": (HEAD + STEP + "db.query('select 1')", "does something", "into a step"),
    "it starts a process": (
        HEAD + STEP + "import subprocess\nsubprocess.run(['true'])",
        "does something when it is loaded: subprocess.Popen",
        "into a step",
    ),
    "it writes a file": (
        HEAD + STEP + "Path('left').write_text('x')",
        "does something when it is loaded: open",
        "into a step",
    ),
    "it opens a connection": (
        HEAD
        + STEP
        + "import socket\nwith socket.socket() as s:\n    s.connect(('127.0.0.1', 9))\n",
        "does something when it is loaded: socket.connect",
        "into a step",
    ),
    "a step asks for one that is not before it": (
        HEAD + STEP + "@job.task\ndef second(run: Run) -> int:\n    return run[first] + 1\n",
        "step second asks for run[first], which is not done before it",
        "add first to its after=",
    ),
    "a step comes after one that comes later": (
        HEAD + "@job.task(after=later)\ndef first(run: Run) -> int:\n    return 1\n" + STEP,
        "name 'later' is not defined",
        "only declares",
    ),
    "a step comes after one of another job": (
        HEAD
        + STEP
        + "from other_job import other\n@job.task(after=other)\ndef second() -> int: ...\n",
        "is no step of job j",
        "same job",
    ),
    "two steps have one name": (HEAD + STEP + STEP, "two steps named 'first'", "name="),
    "a chunk is of no records": (
        HEAD + "@job.step(chunk=0)\ndef s() -> Work: ...\n",
        'expected chunk to be "auto" or a whole number from 1 to',
        "choose chunk",
    ),
    "max_bad is no share": (
        HEAD + '@job.step(max_bad="lots")\ndef s() -> Work: ...\n',
        "expected max_bad to be a count or a percentage, got 'lots'",
        "max_bad=100",
    ),
    "a window is none": (
        'from daybreak import Job\njob = Job("j", window="nightly")',
        "expected a window like '02:00-05:00 Asia/Tokyo'",
        "HH:MM",
    ),
    "a parameter has two defaults": (
        HEAD
        + "@job.task\ndef a(n: int = 1) -> int: ...\n@job.task\ndef b(n: int = 2) -> int: ...\n",
        "parameter n has default 1 in step a and 2 in step b",
        "same default",
    ),
    "a parameter has two types": (
        HEAD + "@job.task\ndef a(n: int) -> int: ...\n@job.task\ndef b(n: str) -> int: ...\n",
        "parameter n is int in step a and str in step b",
        "same type",
    ),
    "a parameter has no type": (
        HEAD + "@job.task\ndef a(n) -> int: ...\n",
        "parameter n of step a has no type",
        "annotate",
    ),
    "two databases have one name": (
        HEAD + STEP + 'again = Database("sqlite:///y.db")',
        "two databases are named 'database'",
        "name=",
    ),
    "a URL is none": ('from daybreak import Database\ndb = Database("x")', "URL", "sqlite:///"),
}


@pytest.mark.parametrize(("text", "message", "hint"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused(
    tmp_path: Path, load: object, text: str, message: str, hint: str
) -> None:
    (tmp_path / "other_job.py").write_text(
        "from daybreak import Job\n@Job('other').task\ndef other() -> int:\n    return 1\n"
    )
    assert callable(load)

    with pytest.raises(DefinitionError) as refused:
        load(text)

    said = f"{refused.value} {' '.join(getattr(refused.value, '__notes__', []))}"
    assert message in said
    assert hint in said
    assert not (tmp_path / "left").exists()


def test_a_cycle_cannot_be_written(load: object) -> None:
    """A step names steps that exist already, and cannot be changed afterwards."""
    assert callable(load)
    loaded: LoadedJob = load(HEAD + STEP)
    (first,) = loaded.job.steps

    with pytest.raises(AttributeError, match="cannot assign"):
        first.after = (first,)  # type: ignore[misc]


def test_libraries_may_do_at_import_what_a_job_may_not(tmp_path: Path, load: object) -> None:
    """Only the job's own code is watched, not what the libraries do that it imports."""
    (tmp_path / "library_that_connects.py").write_text(
        "import sqlite3\nsqlite3.connect(':memory:')"
    )
    assert callable(load)

    loaded = load("import library_that_connects\n" + HEAD + STEP)

    assert ["first"] == [step.name for step in loaded.job.steps]


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="there is no file"):
        load_job(tmp_path / "nowhere.py")


def test_a_file_that_would_hide_a_module_of_python_is_refused(tmp_path: Path) -> None:
    (tmp_path / "random.py").write_text(HEAD + STEP)

    with pytest.raises(DefinitionError, match="Python's own modules"):
        load_job(tmp_path / "random.py")


def test_what_the_file_says_now_is_loaded_though_its_size_and_time_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = tmp_path / "some_job.py"
    for name in ("j", "k"):
        file.write_text(HEAD.replace('"j"', f'"{name}"') + STEP)
        os.utime(file, (1, 1))

        assert name == load_job(file).job.name


def test_a_file_that_is_no_python_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "some_job.txt"
    file.write_text(HEAD + STEP)

    with pytest.raises(DefinitionError, match="is no Python file"):
        load_job(file)
