"""Parameters of a job: collected from the signatures of its steps, typed, some of them secret.

A step's parameter named `run` is the run and, in an atomic step, the first is the transaction;
every other is a parameter of the job: same type and same default in all steps.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..errors import DefinitionError, ParameterError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

REQUIRED: Final = inspect.Parameter.empty
RUN: Final = "run"


class Secret(str):
    """A parameter of this type is never stored and never printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('***')"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        """Read any string; give a `Secret`."""
        from pydantic_core import core_schema  # noqa: PLC0415 - heavy, and only when values are read

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a job."""

    name: str
    annotation: Any
    """Its type, with `Annotated` metadata."""

    default: Any
    """Its default, or `REQUIRED`."""

    step: str
    """The step that named it first."""

    @property
    def is_required(self) -> bool:
        """Whether the command must give it."""
        return self.default is REQUIRED

    @property
    def is_secret(self) -> bool:
        """Whether its value must never be stored or printed."""
        return _mentions_secret(self.annotation)

    @property
    def description(self) -> str:
        """The `Field(description=…)` of its annotation, or nothing."""
        for extra in getattr(self.annotation, "__metadata__", ()):
            text = getattr(extra, "description", None)
            if text:
                return str(text)
        return ""

    @property
    def type_name(self) -> str:
        """Its type as a reader would say it."""
        bare = typing.get_args(self.annotation)[0] if _is_annotated(self.annotation) else None
        shown = bare or self.annotation
        return shown.__name__ if isinstance(shown, type) else str(shown).replace("typing.", "")

    def _adapter(self) -> TypeAdapter[Any]:
        from pydantic import TypeAdapter  # noqa: PLC0415 - heavy, and only when values are read

        return TypeAdapter(self.annotation)

    def read(self, text: object) -> Any:
        """Return the value that `text` stands for.

        Raises:
            ParameterError: If it does not fit the type.
        """
        from pydantic import ValidationError  # noqa: PLC0415 - heavy, and only when values are read

        try:
            return self._adapter().validate_python(text)
        except ValidationError as error:
            shown = "***" if self.is_secret else repr(text)
            raise ParameterError(
                f"parameter {self.name} expects {self.type_name}, got {shown}:"
                f" {error.errors()[0]['msg']}",
                hint=f"give --{self.name.replace('_', '-')} a value of that type",
            ) from None

    def to_json(self, value: Any) -> Any:
        """Return a value as plain JSON data; equal values give equal data."""
        return self._adapter().dump_python(value, mode="json")


def _mentions_secret(annotation: Any) -> bool:
    """Say whether a type is a secret or holds some: `Secret | None`, `list[Secret]`."""
    if isinstance(annotation, type) and issubclass(annotation, Secret):
        return True
    return any(_mentions_secret(part) for part in typing.get_args(annotation))


def _is_annotated(annotation: Any) -> bool:
    return typing.get_origin(annotation) is typing.Annotated


def parameters_of(
    functions: Iterable[tuple[str, Callable[..., Any], int]],
) -> dict[str, Parameter]:
    """Collect the parameters of a job from its steps' functions.

    Args:
        functions: Of each step its name, its function and how many leading positional parameters
            are not the job's (one in an atomic step: the transaction).

    Raises:
        DefinitionError: If two steps disagree on a parameter, or one has no annotation.
    """
    found: dict[str, Parameter] = {}
    for step, function, skipped in functions:
        for parameter in _signature_of(step, function, skipped):
            known = found.setdefault(parameter.name, parameter)
            _refuse_difference(known, parameter)
    return found


def _signature_of(step: str, function: Callable[..., Any], skipped: int) -> list[Parameter]:
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        raise DefinitionError(
            f"step {step}: an annotation names something unknown: {error}",
            hint="import or define the name at module level, outside `if TYPE_CHECKING`",
        ) from None
    parameters = list(inspect.signature(function).parameters.values())[skipped:]
    found = []
    for parameter in parameters:
        if parameter.name == RUN:
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise DefinitionError(
                f"step {step} takes *{parameter.name}, which cannot be a parameter of the job",
                hint="name each parameter",
            )
        if parameter.name not in hints:
            raise DefinitionError(
                f"parameter {parameter.name} of step {step} has no type",
                hint=f"annotate it, for example `{parameter.name}: str`",
            )
        found.append(Parameter(parameter.name, hints[parameter.name], parameter.default, step))
    return found


def _refuse_difference(known: Parameter, other: Parameter) -> None:
    if known.annotation != other.annotation:
        raise DefinitionError(
            f"parameter {known.name} is {known.type_name} in step {known.step}"
            f" and {other.type_name} in step {other.step}",
            hint="give it the same type in every step; share one alias for an Annotated type",
        )
    if known.default is not other.default and known.default != other.default:
        raise DefinitionError(
            f"parameter {known.name} has default {_shown(known)} in step {known.step}"
            f" and {_shown(other)} in step {other.step}",
            hint="give it the same default in every step, or none",
        )


def _shown(parameter: Parameter) -> str:
    if parameter.is_required:
        return "none"
    return "***" if parameter.is_secret else repr(parameter.default)


def read_parameters(known: Mapping[str, Parameter], given: Mapping[str, object]) -> dict[str, Any]:
    """Return every parameter's value: what was given, else its default.

    Raises:
        ParameterError: If one is unknown, missing or ill-typed.
    """
    import difflib  # noqa: PLC0415 - on the error path only

    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            also = ", ".join(sorted(known)) or "none"
            raise ParameterError(
                f"unknown parameter {name!r}",
                hint=f"did you mean {close[0]!r}?" if close else f"the job has: {also}",
            )
    values = {}
    for name, parameter in known.items():
        if name in given:
            values[name] = parameter.read(given[name])
        elif parameter.is_required:
            raise ParameterError(
                f"parameter {name} is missing; step {parameter.step} needs it",
                hint=f"give --{name.replace('_', '-')} a value of type {parameter.type_name}",
            )
        else:
            values[name] = parameter.default
    return values
