"""The decorator `dataclass`: that of the standard library, for classes that are made much sooner.

The standard one writes six methods for each class as text, and compiles them when the class is
made: more than a millisecond for a frozen one with slots. A process imports hundreds of them, and
calls few. Here methods are closures over the fields' names, and only `__init__`, whose speed
counts, is compiled: when the class is called for the first time.

The classes are the same otherwise: `fields`, `replace`, `asdict`, `match` and pickling work on
them. What a type checker sees is the standard decorator.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - it is had from here

_Fields: TypeAlias = tuple[dataclasses.Field[Any], ...]


def _dataclass(
    *,
    eq: bool = True,
    frozen: bool = False,
    repr: bool = True,  # noqa: A002 - as it is called there
    slots: bool = False,
) -> Callable[[type[Any]], type[Any]]:
    """Make a class one with fields, as the standard decorator does.

    What else that one can do (order, fields by name only, `InitVar`) is left to it.
    """

    def made(plain: type[Any]) -> type[Any]:
        own = _written_in(plain)
        if not plain.__doc__:
            plain.__doc__ = plain.__name__  # else its signature would be made out
        # Whoever inherits must be frozen as well: the standard decorator looks at those before.
        is_refused = frozen and any("__dataclass_fields__" in vars(one) for one in plain.__mro__)
        cls: type[Any] = dataclasses.dataclass(
            init=False, repr=False, eq=False, frozen=is_refused, slots=slots
        )(plain)
        cls.__dataclass_params__.frozen = frozen
        fields = dataclasses.fields(cls)
        methods: dict[str, Any] = {"__init__": _Init(cls, fields, is_frozen=frozen)}
        if repr:
            methods["__repr__"] = _repr
        if eq:
            methods |= _comparison(fields, is_frozen=frozen)
        if frozen:
            methods |= _refusals(cls, fields)
        if frozen and slots:
            methods |= {"__getstate__": _getstate, "__setstate__": _setstate}
        for name in methods.keys() - own:
            setattr(cls, name, methods[name])
        return cls

    return made


if not TYPE_CHECKING:
    dataclass = _dataclass


def _written_in(plain: type[Any]) -> set[str]:
    """Return what a class has of its own, without what Python gave it by itself."""
    own = set(vars(plain))
    if plain.__hash__ is None and "__eq__" in own:
        own.discard("__hash__")
    return own


class _Absent:
    """What a parameter is that was not given, and whose value is made; signatures show it."""

    def __repr__(self) -> str:
        return "<factory>"


_ABSENT: Final = _Absent()


class _Init:
    """Stands for `__init__` until somebody asks for it: then it is compiled."""

    def __init__(self, cls: type[Any], fields: _Fields, *, is_frozen: bool) -> None:
        self._cls = cls
        self._fields = fields
        self._is_frozen = is_frozen

    def __get__(self, instance: object, _owner: type[Any], /) -> Any:
        init = _compiled(self._cls, self._fields, is_frozen=self._is_frozen)
        self._cls.__init__ = init
        return init if instance is None else init.__get__(instance)


def _compiled(cls: type[Any], fields: _Fields, *, is_frozen: bool) -> Any:
    known: dict[str, Any] = {"_assign": object.__setattr__, "_absent": _ABSENT}
    parameters, lines = ["self"], [""]
    for field in fields:
        name, value = field.name, field.name
        if field.default_factory is not dataclasses.MISSING:
            known[f"_make_{name}"] = field.default_factory
            value = f"_make_{name}()"
            if field.init:
                parameters.append(f"{name}=_absent")
                value = f"{value} if {name} is _absent else {name}"
        elif field.default is not dataclasses.MISSING:
            known[f"_default_{name}"] = field.default
            if field.init:
                parameters.append(f"{name}=_default_{name}")
            else:
                value = f"_default_{name}"
        elif field.init:
            parameters.append(name)
        else:
            continue  # `__post_init__` gives it its value
        lines.append(f"_assign(self, {name!r}, {value})" if is_frozen else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    body = "\n    ".join([*lines, "return"])
    exec(f"def __init__({', '.join(parameters)}):{body}", known)  # noqa: S102 - names of fields
    init = known["__init__"]
    init.__module__, init.__qualname__ = cls.__module__, f"{cls.__qualname__}.__init__"
    init.__annotations__ = {one.name: one.type for one in fields if one.init} | {"return": None}
    return init


@recursive_repr()
def _repr(self: Any) -> str:
    shown = [f"{one.name}={getattr(self, one.name)!r}" for one in _fields_of(self) if one.repr]
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _fields_of(self: Any) -> _Fields:
    fields: _Fields = dataclasses.fields(self)
    return fields


def _comparison(fields: _Fields, *, is_frozen: bool) -> dict[str, Any]:
    """Return `__eq__` and, of a frozen class, `__hash__`; another one has no hash."""
    compared = [one.name for one in fields if one.compare]
    key = _key(compared)

    def eq(self: Any, other: object) -> bool:
        return key(self) == key(other) if type(other) is type(self) else NotImplemented

    if not is_frozen:
        return {"__eq__": eq, "__hash__": None}
    hashed = [one.name for one in fields if (one.compare if one.hash is None else one.hash)]
    hashed_key = key if hashed == compared else _key(hashed)
    return {"__eq__": eq, "__hash__": lambda self: hash(hashed_key(self))}


def _key(names: list[str]) -> Callable[[Any], Any]:
    """Return what gives the values of some fields as one that compares as they do."""
    if not names:
        return lambda _: ()
    read = attrgetter(*names)
    return read if len(names) > 1 else lambda self: (read(self),)


def _refusals(cls: type[Any], fields: _Fields) -> dict[str, Any]:
    """Return what keeps an instance as it was made; a class behind it may add attributes."""
    names = frozenset(one.name for one in fields)

    def refuse_assigning(self: Any, name: str, value: object) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def refuse_deleting(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return {"__setattr__": refuse_assigning, "__delattr__": refuse_deleting}


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in _fields_of(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for one, value in zip(_fields_of(self), state, strict=True):
        object.__setattr__(self, one.name, value)
