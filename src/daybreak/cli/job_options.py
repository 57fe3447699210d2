"""What belongs to the job on a command line: its parameters as typed options, its knobs, databases.

Values stay text here; `Parameter.read` says what they are, and what was expected.
"""

from __future__ import annotations

import enum
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import click

from ..errors import DefinitionError, ParameterError
from ..model.job import Job, StepKind
from ..model.knobs import AUTO, Knob, Knobs
from ..model.parameters import Parameter
from ..reports.secrets import without_passwords

_PREFIX: Final = "parameter_"
_REPEATED: Final = (list, tuple, set, frozenset, Sequence, AbstractSet, Iterable)
_KNOBS: Final = ("chunk", "parallel")


def option_of(parameter: Parameter) -> click.Option:
    """Return the option of a job's parameter: `max_bad: int` is `--max-bad INT`."""
    dashed = parameter.name.replace("_", "-")
    is_switch = _bare(parameter) is bool
    names = f"--{dashed}/--no-{dashed}" if is_switch else f"--{dashed}"
    return click.Option(
        [_PREFIX + parameter.name, names],
        help=_help(parameter, is_switch=is_switch),
        metavar=None if is_switch else metavar(parameter),
        default=None,
        multiple=is_repeated(parameter),
        is_flag=is_switch,
        type=None if is_switch else str,
    )


def refuse_taken_names(
    parameters: Iterable[Parameter], options: Iterable[click.Parameter], command: str = "run"
) -> None:
    """Raise if a parameter of the job would hide an option of a command.

    Raises:
        DefinitionError: It says which.
    """
    taken = {name for option in options for name in option.opts}
    for parameter in parameters:
        if (name := "--" + parameter.name.replace("_", "-")) in taken:
            raise DefinitionError(
                f"parameter {parameter.name} of step {parameter.step} is an option of"
                f" `daybreak {command}` already: {name}",
                hint="give the parameter another name",
            )


def _help(parameter: Parameter, *, is_switch: bool) -> str:
    text = parameter.description.rstrip(".")
    return f"{text}  [{_default(parameter, is_switch=is_switch)}]".strip()


def _default(parameter: Parameter, *, is_switch: bool) -> str:
    default = parameter.default
    if parameter.is_required:
        return "required"
    if parameter.is_secret:
        return "default: ***"
    if is_switch:
        name = parameter.name.replace("_", "-")
        return f"default: {name if default else f'no-{name}'}"
    shown = default.value if isinstance(default, enum.Enum) else default
    is_nothing = shown is None or shown in ("", [], ())
    return f"default: {'none' if is_nothing else without_passwords(str(shown))}"


def metavar(parameter: Parameter) -> str:
    """Return what stands for a parameter's value in the help: its type, or its choices."""
    return _type_name(_bare(parameter))


def _type_name(kind: Any) -> str:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _type_name(arguments[0])
    if origin is typing.Literal:
        return "|".join(str(choice) for choice in arguments)
    if origin in (typing.Union, types.UnionType):
        parts = [_type_name(part) for part in arguments if part is not types.NoneType]
        return "|".join(parts)
    if origin in _REPEATED and arguments:
        return _type_name(arguments[0])
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return "|".join(str(member.value) for member in kind)
    name = getattr(kind, "__name__", str(kind))
    return {"str": "TEXT", "Secret": "SECRET"}.get(name, name.upper())


def _bare(parameter: Parameter) -> Any:
    kind = parameter.annotation
    return typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind


def is_repeated(parameter: Parameter) -> bool:
    """Say whether a parameter holds several values, each given by an option of its own."""
    return typing.get_origin(_bare(parameter)) in _REPEATED


def given_text(name: str, options: Mapping[str, Any]) -> Any:
    """Return what the command gives for a parameter: a text, several, a switch; None for nothing.

    Args:
        name: The parameter's.
        options: The command's options as click read them.
    """
    return options.get(_PREFIX + name)


def read_given(parameters: Mapping[str, Parameter], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of those parameters that the command gives.

    Args:
        parameters: The job's.
        options: The command's options as click read them.

    Raises:
        ParameterError: If one is ill-typed.
    """
    given = {}
    for name, parameter in parameters.items():
        text = given_text(name, options)
        if text is not None and text != ():
            given[name] = parameter.read(list(text) if isinstance(text, tuple) else text)
    return given


def read_knobs(job: Job, settings: Iterable[str]) -> dict[str, dict[str, Knob]]:
    """Read `--set STEP.parallel=N` and `--set STEP.chunk=N`; N may be `auto`.

    Raises:
        ParameterError: If one is written otherwise, or has no such knob.
        DefinitionError: If the job has no such step, or the number is out of bounds.
    """
    knobs: dict[str, dict[str, Knob]] = {}
    for text in settings:
        match = re.fullmatch(r"(.+)\.(\w+)=(.*)", text)
        if match is None:
            raise ParameterError(
                f"expected --set STEP.KNOB=NUMBER, got {text!r}",
                hint="write for example --set load.parallel=4 or --set load.chunk=5000",
            )
        name, knob, number = match.groups()
        step = job.step_named(name)
        if step.kind is not StepKind.STEP:
            raise ParameterError(
                f"step {name} has no chunks, so it has no knobs: it is of kind {step.kind.value!r}",
                hint="leave this --set out",
            )
        _refuse_unknown_knob(name, knob)
        value: Knob = AUTO if number == AUTO else _whole(text, number)
        Knobs.of(**{knob: value})  # it knows the bounds
        knobs.setdefault(name, {})[knob] = value
    return knobs


def _refuse_unknown_knob(step: str, knob: str) -> None:
    if knob not in _KNOBS:
        import difflib  # noqa: PLC0415 - on the error path only

        close = difflib.get_close_matches(knob, _KNOBS, n=1)
        raise ParameterError(
            f"step {step} has no knob {knob!r}",
            hint=f"did you mean {close[0]!r}?" if close else "the knobs are chunk and parallel",
        )


def _whole(text: str, number: str) -> int:
    try:
        return int(number)
    except ValueError:
        raise ParameterError(
            f"expected a whole number in --set {text}, got {number!r}",
            hint="write for example --set load.parallel=4",
        ) from None


def read_databases(known: Sequence[str], given: Iterable[str]) -> dict[str, str]:
    """Read `--database [NAME=]URL`; the name may be left out where there is one database only.

    Args:
        known: Names of the job's databases.
        given: What `--database` said, each time.

    Raises:
        ParameterError: If a name is unknown, missing or given twice.
    """
    urls: dict[str, str] = {}
    for text in given:
        name, url = split_database(text)
        name = name or _only(known)
        if name not in known:
            import difflib  # noqa: PLC0415 - on the error path only

            close = difflib.get_close_matches(name, known, n=1)
            also = f"the job has: {', '.join(known) or 'none'}"
            raise ParameterError(
                f"the job has no database {name!r}",
                hint=f"did you mean {close[0]!r}?" if close else also,
            )
        if name in urls:
            raise ParameterError(
                f"database {name!r} is given twice", hint="leave one --database out"
            )
        urls[name] = url
    return urls


def split_database(text: str) -> tuple[str, str]:
    """Divide `[NAME=]URL` into name and URL; the name is empty if it was left out."""
    match = re.fullmatch(r"([^:/=?]+)=(.*)", text)
    return (match[1], match[2]) if match else ("", text)


def _only(known: Sequence[str]) -> str:
    if len(known) == 1:
        return known[0]
    if not known:
        raise ParameterError("the job has no database", hint="leave --database out")
    raise ParameterError(
        f"the job has {len(known)} databases: {', '.join(known)}",
        hint="say which one: --database NAME=URL",
    )
