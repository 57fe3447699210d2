"""Parameters as options, knobs and databases: what is read, what is refused, and how."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import click
import pytest
from pydantic import Field

from daybreak.cli.job_options import (
    metavar,
    option_of,
    read_databases,
    read_given,
    read_knobs,
    refuse_taken_names,
)
from daybreak.errors import DefinitionError, ParameterError
from daybreak.model.job import Job
from daybreak.model.parameters import REQUIRED, Parameter, Secret


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def parameter(kind: Any, default: Any = REQUIRED, name: str = "max_bad") -> Parameter:
    return Parameter(name, kind, default, "load")


def help_of(one: Parameter) -> tuple[str, str]:
    record = option_of(one).get_help_record(click.Context(click.Command("run")))
    assert record is not None
    return record


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (int, "INT"),
        (str, "TEXT"),
        (date, "DATE"),
        (Secret, "SECRET"),
        (int | None, "INT"),
        (int | str, "INT|TEXT"),
        (list[date], "DATE"),
        (Literal["fast", "safe"], "fast|safe"),
        (Colour, "red|blue"),
        (Annotated[int, Field(gt=0)], "INT"),
    ],
    ids=str,
)
def test_an_option_names_its_type(kind: Any, shown: str) -> None:
    assert shown == metavar(parameter(kind))


@pytest.mark.parametrize(
    ("one", "record"),
    [
        pytest.param(parameter(int), ("--max-bad INT", "[required]"), id="required"),
        pytest.param(parameter(int, 3), ("--max-bad INT", "[default: 3]"), id="default"),
        pytest.param(
            parameter(Annotated[str, Field(description="Where it is.")], "x"),
            ("--max-bad TEXT", "Where it is  [default: x]"),
            id="description",
        ),
        pytest.param(
            parameter(Secret, Secret("abc")), ("--max-bad SECRET", "[default: ***]"), id="secret"
        ),
        pytest.param(
            parameter(str, "sftp://me:pw@host/f"),
            ("--max-bad TEXT", "[default: sftp://me:***@host/f]"),
            id="password",
        ),
        pytest.param(
            parameter(bool, default=False),
            ("--max-bad / --no-max-bad", "[default: no-max-bad]"),
            id="switch",
        ),
        pytest.param(
            parameter(Colour, Colour.RED), ("--max-bad red|blue", "[default: red]"), id="choice"
        ),
        pytest.param(parameter(int | None, None), ("--max-bad INT", "[default: none]"), id="none"),
    ],
)
def test_an_option_has_its_help(one: Parameter, record: tuple[str, str]) -> None:
    assert record == help_of(one)


def test_only_what_is_given_is_read_and_has_its_type() -> None:
    known = {
        "n": parameter(int, name="n"),
        "day": parameter(date, name="day"),
        "names": parameter(list[str], name="names"),
        "wet": parameter(bool, name="wet"),
        "left": parameter(int, 3, name="left"),
    }
    options = {
        "parameter_n": "5",
        "parameter_day": "2026-01-31",
        "parameter_names": ("a", "b"),
        "parameter_wet": False,
        "parameter_left": None,
    }

    expected = {"n": 5, "day": date(2026, 1, 31), "names": ["a", "b"], "wet": False}
    assert expected == read_given(known, options)


def test_an_ill_typed_value_says_what_was_expected() -> None:
    with pytest.raises(ParameterError, match="parameter n expects int, got 'x'"):
        read_given({"n": parameter(int, name="n")}, {"parameter_n": "x"})


def test_a_parameter_must_not_hide_an_option() -> None:
    options = [click.Option(["--json"])]

    with pytest.raises(DefinitionError, match="parameter json of step load is an option"):
        refuse_taken_names([parameter(int, name="json")], options)
    refuse_taken_names([parameter(int, name="jason")], options)


@pytest.fixture
def job() -> Job:
    job = Job("shop")
    job.task(name="fetch")(lambda _run: None)
    job.step(name="load")(_work)
    return job


def _work(run: object) -> Any:
    raise AssertionError(run)


def test_knobs_are_read(job: Job) -> None:
    given = ["load.parallel=4", "load.chunk=5000"]

    assert {"load": {"parallel": 4, "chunk": 5000}} == read_knobs(job, given)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("load.chunk", "expected --set STEP.KNOB=NUMBER, got 'load.chunk'", "--set load.parallel"),
        ("lod.chunk=1", "no step 'lod'", "did you mean 'load'?"),
        ("load.chnk=1", "no knob 'chnk'", "did you mean 'chunk'?"),
        ("load.size=1", "no knob 'size'", "the knobs are chunk and parallel"),
        ("load.chunk=many", "got 'many'", "--set load.parallel=4"),
        ("load.chunk=0", "from 1 to 10,000,000, got 0", "choose chunk between"),
        ("fetch.chunk=5", "step fetch has no chunks", "leave this --set out"),
    ],
)
def test_a_wrong_knob_is_refused(job: Job, text: str, message: str, hint: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_knobs(job, [text])

    assert message in str(caught.value)
    assert hint in caught.value.hint


def test_a_knob_may_find_itself_out(job: Job) -> None:
    found = read_knobs(job, ["load.chunk=auto", "load.parallel=auto"])

    assert {"load": {"chunk": "auto", "parallel": "auto"}} == found


def test_a_database_is_named_or_the_only_one() -> None:
    url = "postgresql://me@/x?host=/run/pg"

    assert {"shop": url} == read_databases(["shop"], [url])
    assert {"shop": url} == read_databases(["shop", "mail"], [f"shop={url}"])


@pytest.mark.parametrize(
    ("known", "given", "message"),
    [
        (["shop"], ["shp=sqlite:///x.db"], "the job has no database 'shp'"),
        (["shop", "mail"], ["sqlite:///x.db"], "the job has 2 databases: shop, mail"),
        ([], ["sqlite:///x.db"], "the job has no database"),
        (["shop"], ["sqlite:///x.db", "shop=sqlite:///y.db"], "database 'shop' is given twice"),
    ],
)
def test_a_wrong_database_is_refused(known: list[str], given: list[str], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        read_databases(known, given)
