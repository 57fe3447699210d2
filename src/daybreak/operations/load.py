"""Loading a job's file: it may only declare; everything that can be wrong without data is found.

Found here: a file that is missing, does not parse, raises, or acts at import; none or several jobs;
parameters that disagree; `run[x]` without `after=x`, as far as the code shows it.
"""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from ..databases import Database
from ..databases.database import declared
from ..errors import DaybreakError, DefinitionError
from ..model.job import Job, Step
from ..model.parameters import Parameter
from .declaring import declaring_only
from .mentions import steps_mentioned


@dataclass(frozen=True)
class LoadedJob:
    """A job, as its file declares it."""

    job: Job
    path: Path
    """The file, absolute."""

    parameters: dict[str, Parameter]
    databases: Sequence[Database]


def load_job(path: str | Path) -> LoadedJob:
    """Load the one job that a file declares.

    Raises:
        DefinitionError: If it declares none or several, or anything about it is wrong.
    """
    file = Path(path).resolve()
    if not file.is_file():
        raise DefinitionError(
            f"there is no file {str(path)!r}", hint="give the path of a Python file with a job"
        )
    if file.stem in sys.stdlib_module_names:
        raise DefinitionError(
            f"{file.name} has the name of one of Python's own modules, which it would hide",
            hint="name the file by its job",
        )
    with declared() as databases:
        module = _imported(file)
    job = _only_job(module, path)
    for step in job.steps:
        _refuse_unknown_upstream(step)
    _refuse_equal_names(databases)
    return LoadedJob(job, file, job.parameters(), tuple(databases))


class _AsItStands(SourceFileLoader):
    """Runs the text of a file, never bytecode kept from an earlier one.

    Python tells such bytecode by the file's size and second, and an edit may leave both as they
    were.
    """

    def get_code(self, fullname: str) -> CodeType:
        """Return what the file says now."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _imported(file: Path) -> ModuleType:
    loader = _AsItStands(file.stem, str(file))
    spec = importlib.util.spec_from_file_location(file.stem, file, loader=loader)
    if file.suffix != ".py" or spec is None or spec.loader is None:
        raise DefinitionError(
            f"{file.name} is no Python file", hint="give the path of a file that ends in .py"
        )
    module = importlib.util.module_from_spec(spec)
    with _beside(file, module), declaring_only(file):
        try:
            spec.loader.exec_module(module)
        except SyntaxError as error:
            raise DefinitionError(
                f"{file.name} does not parse: {error.msg}",
                hint=f"correct line {error.lineno} of {error.filename}",
                line=error.lineno,
            ) from error
        except DaybreakError as error:
            _say_line(error, file)
            raise
        except (Exception, SystemExit) as error:
            raise DefinitionError(
                f"{file.name} raised {type(error).__name__} when it was loaded: {error}",
                hint="a job's file only declares; correct it, or move the work into a step",
                line=_line_of(error, file),
            ) from error
    return module


@contextmanager
def _beside(file: Path, module: ModuleType) -> Iterator[None]:
    """Let a job's file import the modules beside it, and be found by its name afterwards."""
    folder = str(file.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    before = sys.modules.get(file.stem)
    sys.modules[file.stem] = module
    try:
        yield
    except BaseException:
        if before is None:
            sys.modules.pop(file.stem, None)
        else:
            sys.modules[file.stem] = before
        raise


def _line_of(error: BaseException, file: Path) -> int | None:
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == file
    ]
    return lines[-1] if lines else None


def _say_line(error: DaybreakError, file: Path) -> None:
    line = _line_of(error, file)
    if line is not None and "line" not in error.where:
        error.where["file"] = file.name
        error.where["line"] = line
        error.add_note(f"where: {file.name}, line {line}")


def _only_job(module: ModuleType, path: str | Path) -> Job:
    jobs = {id(value): value for value in vars(module).values() if isinstance(value, Job)}
    if len(jobs) == 1:
        job = next(iter(jobs.values()))
        if not job.steps:
            raise DefinitionError(
                f"job {job.name} has no steps", hint="declare one with @job.step or @job.task"
            )
        return job
    if not jobs:
        raise DefinitionError(
            f"{path} declares no job", hint='write job = Job("name") at module level'
        )
    names = ", ".join(sorted(job.name for job in jobs.values()))
    raise DefinitionError(
        f"{path} has {len(jobs)} jobs: {names}", hint="give each job a file of its own"
    )


def _refuse_unknown_upstream(step: Step[Any]) -> None:
    for mentioned in steps_mentioned(step.function):
        if mentioned not in step.upstream:
            raise DefinitionError(
                f"step {step.name} asks for run[{mentioned.name}], which is not done before it",
                hint=f"add {mentioned.name} to its after=",
                step=step.name,
            )


def _refuse_equal_names(databases: Sequence[Database]) -> None:
    names = [database.name for database in databases]
    for name in names:
        if names.count(name) > 1:
            raise DefinitionError(
                f"two databases are named {name!r}",
                hint='tell them apart: Database(url, name="…")',
            )
