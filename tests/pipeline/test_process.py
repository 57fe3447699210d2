"""A stage's function in a worker process: same results, every way to end, and nothing left over."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic, perf_counter
from types import ModuleType
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from daybreak.errors import DefinitionError, ProcessDied
from daybreak.pipeline import Block, Cancelled, Filter, FlatMap, Map, Stage, Tap
from daybreak.pipeline.leash import Leash
from daybreak.pipeline.process import UNWIND_S, WorkerProcess
from daybreak.pipeline.stages import RULES
from tests.pipeline import process_functions as functions

pytestmark = pytest.mark.slow

LONG_S = 30.0
SOON_S = 0.5  # what happens at once on an idle machine, with room for a busy one


def workers_left() -> list[psutil.Process]:
    """Find children that run our worker; the session may have others, such as a server."""
    children = psutil.Process().children()
    return [child for child in children if "daybreak.pipeline.child" in " ".join(cmdline(child))]


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ["daybreak.pipeline.child"] if process.name().startswith("python") else []


def descriptors() -> list[str]:
    """Say what this process has open; the folder that is looked at is gone by then."""
    found = [os.path.realpath(entry) for entry in Path("/proc/self/fd").iterdir()]
    return sorted(each for each in found if not each.endswith(f"/{os.getpid()}/fd"))


def shared_memory() -> set[str]:
    maps = Path("/proc/self/maps").read_text().splitlines()
    return {line for line in maps if "/dev/shm" in line or "memfd:" in line}  # noqa: S108


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Compare children (zombies too), descriptors and shared memory before and after."""
    children, before, shared = psutil.Process().children(), descriptors(), shared_memory()
    yield
    assert children == psutil.Process().children()
    assert before == descriptors()
    assert shared == shared_memory()


class Heard:
    """Fates that note what they are told."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.errors: dict[Any, Exception] = {}

    def failed(self, origin: Any, stage: str, error: Exception) -> None:
        self.calls.append(("failed", origin, stage, type(error), str(error)))
        self.errors[origin] = error

    def dropped(self, origin: Any) -> None:
        self.calls.append(("dropped", origin))

    def born(self, origin: Any, records: int) -> None:
        self.calls.append(("born", origin, records))

    def living(self, block: Block[Any]) -> Block[Any]:
        return block

    def passed(self, pieces: Iterator[Block[Any]]) -> list[tuple[Any, Any]]:
        """Give the pairs of origin and value of the origins that have not failed."""
        pairs = [
            (origin, value)
            for piece in pieces
            for origin, value in zip(piece.origins, piece.values, strict=True)
        ]
        return [(origin, value) for origin, value in pairs if origin not in self.errors]

    def sums(self) -> dict[Any, int | str]:
        """Say of each origin how many records it has more, or why it failed."""
        sums: dict[Any, Any] = {}
        for call, origin, *about in self.calls:
            if call == "failed":
                sums[origin] = repr(about)
            elif origin not in self.errors:
                sums[origin] = sums.get(origin, 0) + (about[0] if call == "born" else -1)
        return {origin: more for origin, more in sums.items() if more}


def block_of(*values: Any) -> Block[Any]:
    return Block(list(values), [f"#{number}" for number in range(len(values))])


@pytest.fixture
def worker() -> Iterator[Callable[..., WorkerProcess]]:
    """Make worker processes; those that a test does not end are killed."""
    made: list[WorkerProcess] = []

    def make(fn: Callable[..., Any], kind: type[Stage] = Map, using: Any = None) -> WorkerProcess:
        made.append(WorkerProcess(kind("stage", fn), using))
        return made[-1]

    yield make
    for each in made:
        each.kill()


Make = Callable[..., WorkerProcess]


def results(process: WorkerProcess, *values: Any, heard: Heard | None = None) -> list[Any]:
    heard = heard or Heard()
    return [value for _, value in heard.passed(process.pieces(block_of(*values), heard))]


def awaited(file: Path) -> str:
    """Wait until a worker process has written a file."""
    last = monotonic() + LONG_S
    while not file.exists():
        assert monotonic() < last, f"{file} never came"
        os.sched_yield()
    return file.read_text()


# ---------------------------------------------------------------- the same as in a thread


@pytest.mark.parametrize(
    ("kind", "fn"),
    [
        (Map, functions.double_but_seven),
        (Filter, functions.is_even_but_seven),
        (FlatMap, functions.as_many),
        (Tap, functions.check_but_seven),
    ],
)
def test_a_stage_gives_and_tells_what_it_does_in_a_thread(
    worker: Make, kind: type[Stage], fn: Callable[[int], Any]
) -> None:
    here, there = Heard(), Heard()
    process = worker(fn, kind)
    for count in (8, 30, 300):
        block = Block(list(range(count)), [f"#{number}" for number in range(count)])
        expected = here.passed(RULES[kind](kind("stage", fn), block, here, Leash()))

        assert expected == there.passed(process.pieces(block, there))
        assert here.sums() == there.sums()
        assert there.sums()
    process.end(LONG_S)


def test_records_that_pass_a_filter_or_a_tap_are_the_very_same(worker: Make) -> None:
    records = [functions.Flight(number, "JL") for number in range(4)]
    for kind in (Filter, Tap):
        passed = results(worker(functions.as_it_is, kind), *records)

        assert [True] * 4 == [one is other for one, other in zip(records, passed, strict=True)]


def test_results_of_one_origin_are_told_in_the_order_in_which_they_happened(worker: Make) -> None:
    heard = Heard()
    results(worker(functions.as_many, FlatMap), 1, heard=heard)  # a full piece, then nothing

    assert [("born", "#0", 1), ("dropped", "#0")] == heard.calls


def test_a_generator_that_never_ends_is_asked_piece_by_piece(worker: Make) -> None:
    process = worker(functions.forever_or_made, FlatMap)
    pieces = process.pieces(block_of("forever"), Heard())
    taken = [value for _ in range(12) for value in next(pieces).values]
    pieces.close()

    assert list(range(len(taken))) == taken
    assert len(taken) > 256
    assert [-1] == results(process, "made")  # its finally ran before the next hand


def test_a_generator_is_not_run_ahead_of_what_is_asked_for(tmp_path: Path, worker: Make) -> None:
    def touching(folder: str) -> Iterator[int]:
        for number in range(100):
            Path(folder, str(number)).touch()
            yield number

    pieces = worker(touching, FlatMap).pieces(block_of(str(tmp_path)), Heard())
    taken = len(next(pieces)) + len(next(pieces))

    assert 0 < taken < 100
    assert taken == len(list(tmp_path.iterdir()))


# ---------------------------------------------------------------- what is shipped

SCRIPT = """
import dataclasses, sys
from enum import Enum
print("top level", __name__)
from threading import Lock
from daybreak.pipeline import Block, Map
from daybreak.pipeline.process import WorkerProcess

class Kind(Enum):
    ONE = 1

@dataclasses.dataclass
class Base:
    number: int
    kind: Kind = Kind.ONE

@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    bases: list = dataclasses.field(default_factory=list)

class Unneeded:
    lock = Lock()

class OwnError(Exception):
    pass

STEP = 5

def raised(number):
    return number + STEP

def change(base):
    if base.number == 3:
        raise OwnError("three")
    assert base.kind is Kind.ONE
    again = dataclasses.replace(base, number=raised(base.number))
    assert dataclasses.asdict(again) == {"number": raised(base.number), "kind": Kind.ONE}
    assert dataclasses.fields(base)[0].default is dataclasses.MISSING
    return Record([again])

class Fates:
    def failed(self, origin, stage, error):
        print("failed", origin, type(error) is OwnError, error)
        print(*error.__notes__)

worker = WorkerProcess(Map("change", change))
for piece in worker.pieces(Block([Base(1), Base(2), Base(3)], [0, 1, 2]), Fates()):
    for value in piece.values[:2]:
        print(type(value) is Record, type(value.bases[0]) is Base, value.bases[0].kind is Kind.ONE)
        print(value)
worker.end(60)
"""


def run_script(folder: Path, text: str) -> str:
    file = folder / "script.py"
    file.write_text(textwrap.dedent(text))
    done = subprocess.run(
        [sys.executable, str(file)], capture_output=True, text=True, check=False, timeout=LONG_S
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def test_a_script_without_a_guard_sends_its_functions_and_its_classes(tmp_path: Path) -> None:
    lines = run_script(tmp_path, SCRIPT).splitlines()

    assert 1 == lines.count("top level __main__")
    assert 2 == lines.count("True True True")
    assert "Record(bases=[Base(number=7, kind=<Kind.ONE: 1>)])" in lines
    assert "failed 2 True three" in lines
    assert '    raise OwnError("three")' in lines  # the child's own stack, with its lines


def test_a_strict_interpreter_starts_a_strict_one_that_has_nothing_to_say(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text(SCRIPT)
    command = [sys.executable, "-X", "dev", "-W", "error", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONG_S)

    assert (0, "") == (done.returncode, done.stderr)


def test_a_lambda_and_what_it_closes_over_are_sent(worker: Make) -> None:
    plus = 3

    assert [4, 5] == results(worker(lambda number: number + plus), 1, 2)


def test_only_what_is_needed_is_imported_in_the_process(worker: Make) -> None:
    heavy = ["cloudpickle", "numpy", "pydantic", "sqlalchemy", "rich", "click", "multiprocessing"]

    assert [["daybreak.pipeline"]] == results(
        worker(functions.loaded), [*heavy, "daybreak.pipeline"]
    )


def test_a_function_that_cannot_be_sent_is_refused_and_its_culprits_are_named(
    worker: Make,
) -> None:
    lock, end = threading.Lock(), socket.socket()

    class Client:
        def __init__(self) -> None:
            self.connection = end

        def ask(self, record: object) -> object:
            return self.connection.send(record)  # type: ignore[arg-type]

    refused: list[tuple[Callable[..., Any], str]] = [
        (lambda _: lock, r"'stage' .* lock \(cannot pickle '_thread.lock' object\)"),
        (Client().ask, r"self\.connection \(cannot pickle 'socket' object\)"),
        (partial(functions.with_resource, resource=lock), r"resource \(cannot pickle"),
        (partial(lambda one, _: one, lock), r"argument 0 \(cannot pickle"),
    ]
    with end:
        for fn, culprit in refused:
            with pytest.raises(DefinitionError, match=culprit) as caught:
                worker(fn).start()
            assert "using=" in caught.value.hint


def loaded_from(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


JOB = """
from dataclasses import dataclass

@dataclass
class Order:
    number: int

def next_order(order):
    assert __name__ == "job_of_process_test"
    return Order(order.number + 1)
"""


def test_a_job_file_is_loaded_from_its_path_whatever_else_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worker: Make
) -> None:
    name = "job_of_process_test"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / f"{name}.py").write_text("raise ImportError('the wrong one')")
    (tmp_path / f"{name}.py").write_text(JOB)
    monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.syspath_prepend(str(tmp_path / "other"))
    job: Any = loaded_from(tmp_path / f"{name}.py")

    assert [job.Order(2)] == results(worker(job.next_order), job.Order(1))


def test_a_module_that_comes_from_no_file_is_sent_by_value(
    monkeypatch: pytest.MonkeyPatch, worker: Make
) -> None:
    name = "job_of_process_test"
    module: Any = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(JOB, vars(module))  # noqa: S102 - that is the point

    assert [module.Order(2)] == results(worker(module.next_order), module.Order(1))


def test_a_module_that_cannot_be_loaded_there_is_a_definition_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worker: Make
) -> None:
    name = "only_in_the_parent"
    file = tmp_path / f"{name}.py"
    file.write_text(
        f"import os\nif os.getpid() != {os.getpid()}: raise OSError('not again')\n"
        "def fn(record): return record\n"
    )
    monkeypatch.setitem(sys.modules, name, ModuleType(name))
    module: Any = loaded_from(file)

    with pytest.raises(DefinitionError, match=r"'stage' cannot be loaded .* not again"):
        worker(module.fn).start()


# ---------------------------------------------------------------- how records travel


@pytest.fixture(scope="module")
def numpy() -> Any:
    """Import it before the threads are counted: it starts some."""
    return pytest.importorskip("numpy")


def test_large_arrays_travel_both_ways_and_can_be_written_to(worker: Make, numpy: Any) -> None:
    arrays = [numpy.full(size, 7, numpy.uint8) for size in (0, 10, 16 * 1024, 1_000_000)]
    for array, result in zip(arrays, results(worker(functions.plus_one), *arrays), strict=True):
        assert numpy.array_equal(array + 1, result)
        assert result.flags.writeable


def test_memory_of_large_records_is_used_again_but_never_under_somebodys_hands(
    worker: Make, numpy: Any
) -> None:
    process = worker(functions.as_it_is)

    def array(number: int) -> Any:
        return numpy.full(200_000 + number % 3, number, numpy.uint8)

    kept = [results(process, array(number))[0] for number in range(50)]
    addresses = {results(process, array(number))[0].ctypes.data for number in range(50)}

    assert all(numpy.array_equal(array(number), each) for number, each in enumerate(kept))
    assert len(addresses) < 10


def test_large_plain_records_travel_both_ways(worker: Make) -> None:
    records: list[Any] = [b"x" * 3_000_000, "é" * 1_000_000, list(range(100_000))]

    assert records == results(worker(functions.as_it_is), *records)


def test_a_result_that_cannot_be_pickled_is_a_failure_of_its_record(worker: Make) -> None:
    heard = Heard()

    assert [0, 2, 4] == results(worker(functions.lock_for_odd), *range(6), heard=heard)
    assert {"#1", "#3", "#5"} == set(heard.errors)
    assert "cannot pickle '_thread.lock' object" in str(heard.errors["#1"])
    assert "result" in "\n".join(heard.errors["#1"].__notes__)


def test_an_output_that_cannot_be_pickled_is_a_failure_of_its_record(worker: Make) -> None:
    heard = Heard()

    assert [0, 0, 2, 2] == results(worker(functions.locks_for_odd, FlatMap), *range(4), heard=heard)
    assert {"#1", "#3"} == set(heard.errors)


def test_a_record_that_cannot_be_pickled_is_a_failure_of_its_own(worker: Make) -> None:
    heard = Heard()
    process = worker(functions.as_it_is)

    assert [1, 3] == results(process, 1, threading.Lock(), 3, heard=heard)
    assert [] == results(process, threading.Lock(), heard=heard)
    assert {"#0", "#1"} == set(heard.errors)


def test_a_record_that_cannot_be_read_there_is_a_failure_of_its_own(worker: Make) -> None:
    heard = Heard()
    records = [functions.belong_here(number) for number in range(4)]

    assert [0, 2] == results(worker(functions.number_of), *records, heard=heard)
    assert {"#1": "not here: 1", "#3": "not here: 3"} == {
        origin: str(error) for origin, error in heard.errors.items()
    }


def test_a_result_that_cannot_be_read_here_is_a_failure_of_its_record(worker: Make) -> None:
    heard = Heard()
    passed = results(worker(functions.belong_here), *range(4), heard=heard)

    assert [0, 2] == [record.number for record in passed]
    assert {"#1": "not here: 1", "#3": "not here: 3"} == {
        origin: str(error) for origin, error in heard.errors.items()
    }


@pytest.mark.parametrize(
    ("fn", "kind", "text"),
    [
        (functions.raise_plain, LookupError, "plain"),
        (functions.raise_with_lock, RuntimeError, "WithLockError: with a lock"),
        (functions.raise_of_two, RuntimeError, "TwoArgumentsError: of two"),
    ],
)
def test_an_error_arrives_with_its_type_if_it_can_travel_and_with_its_stack(
    worker: Make, fn: Callable[..., Any], kind: type[Exception], text: str
) -> None:
    heard = Heard()
    results(worker(fn), 1, heard=heard)

    assert kind is type(heard.errors["#0"])
    assert text in str(heard.errors["#0"])
    assert f"in {fn.__name__}" in "\n".join(heard.errors["#0"].__notes__)


def test_the_output_of_a_process_is_ours(capfd: pytest.CaptureFixture[str], worker: Make) -> None:
    process = worker(functions.say, Tap)
    results(process, "hello")
    process.end(LONG_S)

    assert "hello\n" == capfd.readouterr().out


# ---------------------------------------------------------------- how a process dies


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("sys.exit", "with exit status 3"),
        ("os._exit", "with exit status 4"),
        ("killed", "by SIGKILL"),
        ("segfault", "by SIGSEGV"),
        ("memory", "with exit status 1"),
        ("interrupt", "by SIGINT"),
    ],
)
def test_a_process_that_dies_is_an_error_that_says_how_and_another_can_be_started(
    worker: Make, how: str, said: str
) -> None:
    process = worker(functions.end_by)
    with pytest.raises(ProcessDied, match=rf"{said} with 3 record\(s\) at hand") as caught:
        results(process, "a", how, "b")

    assert "stage" == caught.value.where["stage"]
    assert [] == workers_left()
    process.start()
    assert ["a"] == results(process, "a")


def test_a_process_that_dies_between_two_hands_is_noticed_at_the_second(worker: Make) -> None:
    process = worker(functions.process_id)
    psutil.Process(*results(process, 1)).kill()
    with pytest.raises(ProcessDied, match="SIGKILL"):
        results(process, 1)

    assert results(process, 1)


def test_a_process_that_dies_is_noticed_though_its_own_child_lives_on(
    tmp_path: Path, worker: Make
) -> None:
    file = tmp_path / "grandchild"
    with pytest.raises(ProcessDied, match="SIGKILL"):
        results(worker(functions.fork_and_die), str(file))
    psutil.Process(int(file.read_text())).kill()


@pytest.mark.slow
def test_a_process_whose_threads_do_not_let_it_end_is_killed(worker: Make) -> None:
    with pytest.raises(ProcessDied, match="was killed"):
        results(worker(functions.end_by), "thread")


def test_a_record_that_takes_too_long_fails_and_the_next_has_a_new_process(worker: Make) -> None:
    heard = Heard()
    process = worker(functions.hang_at_seven)
    process.start()
    (first,) = process.pieces(block_of(1), heard, timeout_s=LONG_S)
    began = perf_counter()

    assert [] == list(process.pieces(block_of(7), heard, timeout_s=0.05))
    assert perf_counter() - began < SOON_S
    assert TimeoutError is type(heard.errors["#0"])
    assert "0.05 s" in str(heard.errors["#0"])
    assert [] == workers_left()
    (third,) = process.pieces(block_of(1), heard, timeout_s=LONG_S)
    assert first.values != third.values


def test_ctrl_c_is_none_of_a_workers_business(worker: Make) -> None:
    assert ["went on", "went on"] == results(worker(functions.interrupt_itself), 1, 2)


def test_ctrl_c_does_not_hit_a_worker_that_starts(worker: Make) -> None:
    process = worker(functions.double)
    before = psutil.Process().children()
    starter = threading.Thread(target=process.start)
    starter.start()
    sent = 0
    while starter.is_alive():
        for child in set(psutil.Process().children()) - set(before):
            child.send_signal(signal.SIGINT)
            sent += 1
    starter.join()

    assert sent
    assert [2] == results(process, 1)


PARENT = """
import sys
from daybreak.pipeline import Block, Map
from daybreak.pipeline.process import WorkerProcess
from tests.pipeline import process_functions as functions

fn = getattr(functions, sys.argv[1])
list(WorkerProcess(Map("stage", fn)).pieces(Block([sys.argv[2]], [0]), None))
"""


@pytest.mark.slow
@pytest.mark.parametrize("fn", ["sleep_in", "hang_in"])
def test_a_process_dies_with_its_parent_whatever_it_is_doing(tmp_path: Path, fn: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, fn, str(tmp_path)])
    child = psutil.Process(int(awaited(tmp_path / "began")))
    parent.kill()
    parent.wait()
    try:
        child.wait(timeout=LONG_S)
    finally:
        with suppress(psutil.NoSuchProcess):
            child.kill()


# ---------------------------------------------------------------- being cancelled


def see_it_cancelled(call: Callable[..., Any], *args: Any) -> None:
    with pytest.raises(Cancelled):
        call(*args)


def cancelled_while_working(process: WorkerProcess, folder: Path) -> float:
    """Cancel from another thread once the function has begun; return the seconds it took."""
    began = 0.0

    def cancel() -> None:
        nonlocal began
        awaited(folder / "began")
        began = perf_counter()
        process.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with pytest.raises(Cancelled):
        results(process, str(folder))
    ended = perf_counter()
    canceller.join()
    return ended - began


def test_a_cancelled_function_unwinds_and_its_resource_is_closed(
    tmp_path: Path, worker: Make
) -> None:
    process = worker(functions.sleep_with, using=partial(functions.closed_whatever, str(tmp_path)))

    assert cancelled_while_working(process, tmp_path) < SOON_S
    assert {"began", "unwound", "closed"} == {file.name for file in tmp_path.iterdir()}


def test_a_function_that_waits_by_its_scope_is_told_and_may_return(
    tmp_path: Path, worker: Make
) -> None:
    assert cancelled_while_working(worker(functions.wait_in), tmp_path) < SOON_S
    assert (tmp_path / "returned True").exists()


def test_a_function_that_was_told_and_does_not_return_unwinds_too(
    tmp_path: Path, worker: Make
) -> None:
    assert cancelled_while_working(worker(functions.wait_then_sleep_in), tmp_path) < UNWIND_S
    assert {"began", "returned True", "unwound"} == {file.name for file in tmp_path.iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize("fn", [functions.hold_out_in, functions.hang_in])
def test_a_function_that_does_not_unwind_is_killed_after_a_second(
    tmp_path: Path, worker: Make, fn: Callable[[str], None]
) -> None:
    assert UNWIND_S <= cancelled_while_working(worker(fn), tmp_path) < UNWIND_S + SOON_S


@pytest.mark.slow
def test_cancelling_never_waits(tmp_path: Path, worker: Make) -> None:
    process = worker(functions.hang_in)
    driver = threading.Thread(target=see_it_cancelled, args=(results, process, str(tmp_path)))
    driver.start()
    awaited(tmp_path / "began")
    began = perf_counter()
    for _ in range(10):
        process.cancel()

    assert perf_counter() - began < 0.05
    driver.join()


def test_a_process_that_was_cancelled_is_not_started_again(worker: Make) -> None:
    idle, fresh = worker(functions.double), worker(functions.double)
    idle.start()
    idle.cancel()
    fresh.cancel()
    for each in (idle, fresh):
        with pytest.raises(Cancelled):
            results(each, 1)
        with pytest.raises(Cancelled):
            each.start()
        each.end(LONG_S)
        each.kill()


def test_ending_a_process_that_was_cancelled_waits_until_it_is_gone(worker: Make) -> None:
    process = worker(functions.double)
    process.start()
    process.cancel()
    process.end(LONG_S)

    assert [] == workers_left()


def test_a_process_can_be_cancelled_while_it_starts(worker: Make) -> None:
    for _ in range(5):
        process = worker(functions.double)
        driver = threading.Thread(target=see_it_cancelled, args=(process.start,))
        driver.start()
        process.cancel()
        driver.join()

        assert [] == workers_left()


def test_scopes_of_a_function_work_in_a_process(worker: Make) -> None:
    assert [[0, 1, 4]] == results(worker(functions.squares_by_scope), 3)


# ---------------------------------------------------------------- resources and the end


def test_a_resource_is_opened_once_and_closed_at_the_end(tmp_path: Path, worker: Make) -> None:
    process = worker(functions.with_resource, using=partial(functions.noted, str(tmp_path)))
    process.start()

    assert ["opened 0"] == [file.name for file in tmp_path.iterdir()]
    assert [(1, "resource 0"), (2, "resource 0")] == [*results(process, 1), *results(process, 2)]
    process.end(LONG_S)
    assert {"opened 0", "closed 0"} == {file.name for file in tmp_path.iterdir()}


@pytest.mark.parametrize("way", ["end", "cancel"])
def test_a_generator_is_left_before_its_resource_is_closed(
    tmp_path: Path, worker: Make, way: str
) -> None:
    folder = str(tmp_path)
    process = worker(
        functions.forever_with, FlatMap, using=partial(functions.closed_whatever, folder)
    )
    next(process.pieces(block_of(folder), Heard()))
    if way == "cancel":
        process.cancel()
    process.end(LONG_S)

    assert (tmp_path / "left first").exists()


def test_an_error_of_opening_is_raised_here(worker: Make) -> None:
    with pytest.raises(ConnectionError, match="nobody answers") as caught:
        worker(functions.with_resource, using=functions.refusing).start()
    assert "in refusing" in "\n".join(caught.value.__notes__)
    with pytest.raises(ProcessDied, match="exit status 9"):
        worker(functions.with_resource, using=functions.exiting).start()


def test_an_error_of_closing_is_raised_here(worker: Make) -> None:
    process = worker(functions.with_resource, using=functions.failing_to_close)
    results(process, 1)
    with pytest.raises(ConnectionError, match="cannot log out"):
        process.end(LONG_S)


def test_a_resource_that_does_not_close_in_time_is_given_up(worker: Make) -> None:
    process = worker(functions.with_resource, using=functions.never_closing)
    results(process, 1)
    with pytest.raises(ProcessDied, match=r"within 0\.05 s"):
        process.end(0.05)


def test_processes_start_from_several_threads_at_once(worker: Make) -> None:
    processes = [worker(functions.double) for _ in range(4)]
    gave: list[Any] = []

    def drive(process: WorkerProcess) -> None:
        process.start()
        gave.extend(results(process, *range(100)))
        process.end(LONG_S)

    drivers = [threading.Thread(target=drive, args=(process,)) for process in processes]
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join()

    assert sorted(list(range(0, 200, 2)) * 4) == sorted(gave)


def test_a_process_outlives_the_thread_that_started_it(worker: Make) -> None:
    process = worker(functions.double)
    starter = threading.Thread(target=process.start)
    starter.start()
    starter.join()

    assert [2] == results(process, 1)
    process.end(LONG_S)
