"""A job's parameters: what is wrong with them is said in full, and secrets are shown nowhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from daybreak.errors import DefinitionError, ParameterError
from daybreak.model.parameters import Parameter, Secret, parameters_of, read_parameters

HIDDEN = "correct-horse"


def fetch(run: object, url: str, month: date = date(2026, 1, 1)) -> None: ...
def load(month: date = date(2026, 1, 1), rate: Decimal = Decimal("0.1")) -> None: ...
def publish(tx: object, month: date = date(2026, 1, 1)) -> None: ...
def month_required(month: date) -> None: ...
def month_is_text(month: str = "2026-01-01") -> None: ...
def other_month(month: date = date(2026, 2, 1)) -> None: ...
def no_annotation(run: object, month) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001
def unknown_annotation(month: Month) -> None: ...  # type: ignore[name-defined]  # noqa: F821
def takes_all(*months: date) -> None: ...
def takes_any(**options: str) -> None: ...
def log_in(token: Secret) -> None: ...
def log_in_by_default(token: Secret = Secret(HIDDEN)) -> None: ...  # noqa: B008
def log_in_with_text(token: Secret = HIDDEN) -> None: ...  # type: ignore[assignment]


def known_of(*functions: Callable[..., Any], skipped: int = 0) -> dict[str, Parameter]:
    return parameters_of((each.__name__, each, skipped) for each in functions)


def parameter(annotation: Any) -> Parameter:
    return Parameter("token", annotation, Parameter, "log_in")


# ---------------------------------------------------------------- collecting


def test_parameters_are_collected_from_every_step_once() -> None:
    known = known_of(fetch, load)

    assert ["url", "month", "rate"] == list(known)
    assert [True, False, False] == [each.is_required for each in known.values()]
    assert ["fetch", "fetch", "load"] == [each.step for each in known.values()]


def test_the_transaction_of_an_atomic_step_is_no_parameter() -> None:
    assert ["month"] == list(known_of(publish, skipped=1))


@pytest.mark.parametrize(
    ("functions", "message", "hint"),
    [
        pytest.param(
            [load, other_month],
            r"month has default .*2026, 1, 1\) in step load and .*2026, 2, 1\) in step other_month",
            "give it the same default in every step, or none",
            id="two-defaults",
        ),
        pytest.param(
            [month_required, load],
            "month has default none in step month_required and .* in step load",
            "give it the same default in every step, or none",
            id="default-and-none",
        ),
        pytest.param(
            [load, month_is_text],
            "month is date in step load and str in step month_is_text",
            "give it the same type in every step",
            id="two-types",
        ),
        pytest.param(
            [no_annotation],
            "month of step no_annotation has no type",
            "annotate it",
            id="no-annotation",
        ),
        pytest.param(
            [unknown_annotation],
            "step unknown_annotation: an annotation names something unknown: .*Month",
            "import or define the name",
            id="unknown-annotation",
        ),
        pytest.param([takes_all], "takes_all takes .*months", "name each", id="any-number"),
        pytest.param([takes_any], "takes_any takes .*options", "name each", id="any-name"),
    ],
)
def test_signatures_that_disagree_or_say_too_little_are_refused(
    functions: list[Callable[..., Any]], message: str, hint: str
) -> None:
    with pytest.raises(DefinitionError, match=message) as caught:
        known_of(*functions)

    assert hint in caught.value.hint


# ---------------------------------------------------------------- reading


def test_values_are_read_as_their_types_and_defaults_fill_the_rest() -> None:
    values = read_parameters(known_of(fetch, load), {"url": "x", "rate": "0.25"})

    assert {"url": "x", "month": date(2026, 1, 1), "rate": Decimal("0.25")} == values


@pytest.mark.parametrize(
    ("given_values", "message", "hint"),
    [
        pytest.param({}, "url is missing; step fetch needs it", "--url a value", id="missing"),
        pytest.param(
            {"url": "x", "mnth": "2026-01-01"},
            "unknown parameter 'mnth'",
            "did you mean 'month'?",
            id="misspelt",
        ),
        pytest.param(
            {"url": "x", "zzz": "1"},
            "unknown parameter 'zzz'",
            "the job has: month, rate, url",
            id="unknown",
        ),
        pytest.param(
            {"url": "x", "month": "tomorrow"},
            "month expects date, got 'tomorrow': ",
            "give --month a value of that type",
            id="ill-typed",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_the_way_out(
    given_values: dict[str, object], message: str, hint: str
) -> None:
    with pytest.raises(ParameterError, match=message) as caught:
        read_parameters(known_of(fetch, load), given_values)

    assert hint in caught.value.hint


@given(st.dates(), st.decimals(allow_nan=False, allow_infinity=False))
def test_what_is_read_survives_json(month: date, rate: Decimal) -> None:
    known = known_of(load)
    values = read_parameters(known, {"month": month.isoformat(), "rate": str(rate)})
    again = {name: known[name].read(known[name].to_json(value)) for name, value in values.items()}

    assert {"month": month, "rate": rate} == values == again


# ---------------------------------------------------------------- secrets


class Token(Secret):
    __slots__ = ()


@pytest.mark.parametrize(
    "annotation",
    [
        Secret,
        Token,
        Secret | None,
        list[Secret],
        dict[str, Secret | None],
        Annotated[Secret, Field(description="from the vault")],
        Annotated[Secret | None, "from the vault"],
    ],
    ids=str,
)
def test_whatever_holds_a_secret_is_secret(annotation: Any) -> None:
    assert parameter(annotation).is_secret


@pytest.mark.parametrize("annotation", [str, str | None, list[str], Annotated[str, "Secret"]])
def test_nothing_else_is_secret(annotation: Any) -> None:
    assert not parameter(annotation).is_secret


def test_a_secret_that_was_read_is_one_and_hides_itself() -> None:
    token = read_parameters(known_of(log_in), {"token": HIDDEN})["token"]

    assert HIDDEN == token
    assert "Secret('***')" == repr(token)
    assert HIDDEN not in repr({"token": token})


@pytest.mark.parametrize(
    "annotation",
    [Annotated[Secret, Field(max_length=3)], Annotated[Secret, Field(pattern="^x")], list[Secret]],
    ids=["too-long", "pattern", "no-list"],
)
def test_a_secret_that_is_refused_is_not_shown(annotation: Any) -> None:
    with pytest.raises(ParameterError, match=r"got \*\*\*") as caught:
        parameter(annotation).read(HIDDEN)

    assert HIDDEN not in f"{caught.value!r} {caught.value.hint} {caught.value.__notes__}"


@pytest.mark.parametrize("other", [log_in_by_default, log_in_with_text])
def test_a_secret_default_that_differs_is_not_shown(other: Callable[..., Any]) -> None:
    with pytest.raises(DefinitionError, match=r"none in step log_in and \*\*\* in step") as caught:
        known_of(log_in, other)

    assert HIDDEN not in str(caught.value)
