"""`daybreak run` on a real job: its help, its end, its failures, its log."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import JOB, Type


def test_help_shows_the_jobs_steps_with_their_impact_and_its_parameters(
    shop: Path, type_in: Type
) -> None:
    text = type_in("run shop.py --help").out

    assert shop.exists()
    assert "Load the orders of yesterday." in text
    assert "load   after check: The shop shows old orders." in text
    assert "--file TEXT" in text
    assert "Where the orders are  [default: orders.csv]" in text
    assert "--mode fast|safe" in text
    assert "--strict / --no-strict" in text
    assert "default-key" not in text


@pytest.mark.usefixtures("shop")
def test_a_run_that_is_done_says_so_in_its_last_line(type_in: Type) -> None:
    ended = type_in("run shop.py --bad-every 20")

    assert 0 == ended.status
    assert "" == ended.err
    last = ended.out.splitlines()[-1]
    assert last.startswith("run 1 done in ")
    assert last.endswith("; 2 records quarantined (see: daybreak quarantine 1)")


@pytest.mark.usefixtures("shop")
def test_a_summary_shows_the_fates_of_every_step(type_in: Type) -> None:
    out = type_in("run shop.py --bad_every 20").out

    rows = [line.split() for line in out.splitlines()]
    assert ["50", "48", "0", "2", "0", "48"] == next(
        row[2:8] for row in rows if row[1:2] == ["load"] and row[0] == "✓"
    )
    assert "Totals" in out


@pytest.mark.usefixtures("shop")
def test_a_run_that_was_done_is_not_repeated(type_in: Type) -> None:
    type_in("run shop.py --bad-every 20")
    ended = type_in("run shop.py --bad-every 20")

    assert 0 == ended.status
    assert (
        "run 1 was done already; 2 records quarantined (see: daybreak quarantine 1);"
        " once more: daybreak run shop.py --bad-every 20 --again\n" == ended.out
    )


@pytest.mark.usefixtures("shop")
def test_a_failure_names_the_step_its_impact_the_cause_and_the_command(type_in: Type) -> None:
    ended = type_in("run shop.py --bad-every 2 --set load.parallel=1")

    lines = ended.err.splitlines()
    assert 1 == ended.status
    assert "✗ step load failed: The shop shows old orders." == lines[0]
    assert lines[1].startswith("  TooManyBadRecords: ")
    assert any(line.startswith("  where: run 1, step load") for line in lines)
    assert any(line.startswith("  hint: ") for line in lines)
    assert [
        "",
        "  look:    daybreak quarantine 1",
        "  resume:  daybreak run shop.py --bad-every 2 --set load.parallel=1",
    ] == lines[-3:]


@pytest.mark.slow
@pytest.mark.usefixtures("shop")
def test_a_new_run_that_failed_is_resumed_not_begun_once_more(type_in: Type) -> None:
    type_in("run shop.py")
    failed = type_in("run shop.py --again --set load.chunk=7 --api-key to-be-shown")
    anew = type_in("run shop.py --again --api-key to-be-shown")

    assert (
        "  resume:  daybreak run shop.py --set load.chunk=7 --api-key ***"
        == (failed.err.splitlines()[-1])
    )
    assert "run 3 " in anew.out
    assert "run 3 of job shop resumed" in type_in("run shop.py --api-key to-be-shown").out


@pytest.mark.usefixtures("shop")
def test_a_secret_is_shown_nowhere(shop: Path, type_in: Type) -> None:
    ended = type_in("run shop.py --api-key to-be-shown --traceback")

    log = (shop / ".daybreak/runs/1/log.jsonl").read_text()
    assert 1 == ended.status
    assert "refused with ***" in ended.err
    assert "Traceback" in ended.err
    assert "  resume:  daybreak run shop.py --api-key *** --traceback" in ended.err
    assert "to-be-shown" not in ended.text + log
    assert "RuntimeError: refused with ***" in log


def test_each_of_several_secrets_is_shown_nowhere(shop: Path, type_in: Type) -> None:
    (shop / "keys.py").write_text(
        "from daybreak import Job, Secret\n"
        "job = Job('keys')\n"
        "@job.task\n"
        "def log_in(keys: list[Secret]) -> None:\n"
        "    raise RuntimeError(f'refused with {keys[0]!s} and {keys[1]!s}')\n"
    )
    ended = type_in("run keys.py --keys one-to-hide --keys two-to-hide")

    assert "refused with *** and ***" in ended.err
    assert "to-hide" not in ended.text + (shop / ".daybreak/runs/1/log.jsonl").read_text()


@pytest.mark.usefixtures("shop")
def test_a_users_function_is_named_where_it_raised(type_in: Type) -> None:
    ended = type_in("run shop.py --api-key to-be-shown")
    line = 1 + JOB[: JOB.index("raise RuntimeError")].count("\n")

    assert f"  at: shop.py:{line} in check" in ended.err.splitlines()
    assert "Traceback" not in ended.err


def test_faults_that_the_check_found_are_shown_by_cause(shop: Path, type_in: Type) -> None:
    (shop / "orders.csv").write_text("id,amount\n1,-5\nx,3\n2,1\n")
    ended = type_in(f"run shop.py --strict --file {shop / 'orders.csv'}")

    assert 3 == ended.status
    assert "✗ step check failed: Nothing is loaded; ask the partner." == ended.err.splitlines()[0]
    assert "line 2  -5" in ended.err
    assert "line 3  x" in ended.err
    assert str(Path("findings") / "report.html") in ended.err


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--month soon", "parameter month expects date, got 'soon'"),
        ("--mode slow", "got 'slow'"),
        ("--moth 2026-01-01", "no such option '--moth'"),
        ("--set load.chunk=0", "got 0"),
        ("--set lod.chunk=1", "no step 'lod'"),
        ("--database x=sqlite:///y.db", "no database 'x'"),
        ("--night tomorrow", "expected a date like 2026-01-31, got 'tomorrow'"),
        ("--night 2026-01-31", "no window"),
        ("--lease-s 0", "0.0 is not in the range"),
        ("another", "got unexpected extra argument (another)"),
    ],
)
def test_a_wrong_command_starts_nothing(words: str, message: str, type_in: Type) -> None:
    ended = type_in(f"run shop.py {words}")

    assert 2 == ended.status
    assert "✗ nothing was started" == ended.err.splitlines()[0]
    assert message in ended.err
    assert "  help:  daybreak run shop.py --help" == ended.err.splitlines()[-1]
    assert not Path(".daybreak/runs").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("job = (", "does not parse"),
        ("x = 1", "declares no job"),
        ("raise ValueError('no')", "raised ValueError when it was loaded: no"),
    ],
)
def test_a_wrong_jobs_file_starts_nothing(
    shop: Path, text: str, message: str, type_in: Type
) -> None:
    (shop / "wrong.py").write_text(text)
    ended = type_in("run wrong.py")

    assert 2 == ended.status
    assert message in ended.err
    assert "  again:  daybreak run wrong.py" == ended.err.splitlines()[-1]


@pytest.mark.usefixtures("shop")
def test_a_missing_jobs_file_is_named(type_in: Type) -> None:
    ended = type_in("run shopp.py --month 2026-01-01")

    assert 2 == ended.status
    assert "there is no file 'shopp.py'" in ended.err


@pytest.mark.usefixtures("shop")
def test_options_may_stand_before_the_file(type_in: Type) -> None:
    ended = type_in("run --set load.chunk=5 --bad-every 20 --no-strict shop.py --tables a")

    assert 0 == ended.status, ended.err


@pytest.mark.usefixtures("shop")
def test_a_database_that_cannot_be_reached_fails_without_its_password(type_in: Type) -> None:
    ended = type_in("run shop.py --database postgresql://me:geheim@127.0.0.1:1/shop")

    assert 1 == ended.status
    assert "DatabaseUnreachable" in ended.err
    assert "geheim" not in ended.text
    assert "'postgresql://me:***@127.0.0.1:1/shop'" in ended.err.splitlines()[-1]


@pytest.mark.usefixtures("shop")
def test_programs_get_one_json_object_a_line(type_in: Type) -> None:
    ended = type_in("run shop.py --json")

    events = [json.loads(line) for line in ended.out.splitlines()]
    assert "run_started" == events[0]["event"]
    assert "run_ended" == events[-1]["event"]
    assert 5 == sum(event["event"] == "chunk_committed" for event in events)


@pytest.mark.usefixtures("shop")
def test_programs_get_the_failure_too(type_in: Type) -> None:
    ended = type_in("run shop.py --json --bad-every 2")

    last = json.loads(ended.out.splitlines()[-1])
    assert ("failure", "TooManyBadRecords", 1) == (
        last["event"],
        last["error"],
        last["exit_status"],
    )
    assert "The shop shows old orders." == last["impact"]
    assert "daybreak run shop.py --json --bad-every 2" == last["commands"]["resume"]


def test_the_log_holds_every_event_of_the_run(shop: Path, type_in: Type) -> None:
    type_in("run shop.py")

    lines = (shop / ".daybreak/runs/1/log.jsonl").read_text().splitlines()
    names = [json.loads(line)["event"] for line in lines]
    assert ["run_started", "step_started"] == names[:2]
    assert "run_ended" == names[-1]
    assert {"chunk_committed", "shown", "step_ended"} <= set(names)


@pytest.mark.slow
def test_a_killed_run_is_resumed_by_the_same_command(shop: Path, type_in: Type) -> None:
    command = [sys.executable, "-m", "daybreak", "run", "shop.py", "--attempts", "1"]
    killed = subprocess.run(
        command,
        env={**_environment(), "DAYBREAK_FAULT": "chunk.after_commit:3:kill"},
        cwd=shop,
        capture_output=True,
        check=False,
    )
    status = type_in("status").out
    resumed = type_in("run shop.py")

    assert -9 == killed.returncode
    assert "owner gone" in status
    assert "resumed run 1: load goes on after 30 records" in resumed.out
    assert 0 == resumed.status
    with sqlite3.connect(shop / "shop.db") as connection:
        assert (50,) == connection.execute("select count(*) from orders").fetchone()
    connection.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "status"),
    [([], 0), (["--json"], 0), (["--bad-every", "2"], 1)],
    ids=["for people", "for programs", "a failure"],
)
def test_an_output_that_cannot_be_written_changes_nothing(
    shop: Path, type_in: Type, words: list[str], status: int
) -> None:
    """Standard output, standard error and the log are all on a disk that is full."""
    run = shop / ".daybreak/runs/1"
    run.mkdir(parents=True)
    (run / "log.jsonl").symlink_to("/dev/full")
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "daybreak", "run", "shop.py", *words],
            env=_environment(),
            cwd=shop,
            stdout=full,
            stderr=full,
            check=False,
        )

    assert status == ran.returncode
    assert ("done" if status == 0 else "failed") in type_in("status").out


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", ">/dev/full 2>/dev/full"])
def test_a_failure_that_cannot_be_told_of_has_its_exit_status(shop: Path, closed: str) -> None:
    program = f"{sys.executable} -m daybreak"
    typed = [f"{program} run no_such_file.py {closed}", f"{program} status --no-such {closed}"]
    ran = [
        subprocess.run(["/bin/sh", "-c", one], cwd=shop, env=_environment(), check=False)
        for one in typed
    ]

    assert [2, 2] == [one.returncode for one in ran]


@pytest.mark.slow
def test_an_output_that_is_lost_is_told_of(shop: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "daybreak", "run", "shop.py", "--json"],
            env=_environment(),
            cwd=shop,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    told = "standard output cannot be written, the run goes on without it: [Errno 28]"
    assert (0, 1) == (ran.returncode, ran.stderr.count(told)), ran.stderr


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
