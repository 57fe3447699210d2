"""Classes that our decorator makes behave as those that the standard one makes."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak import dataclass as ours_in

OURS: Final[Callable[..., Any]] = ours_in.dataclass
STANDARD: Final[Callable[..., Any]] = dataclasses.dataclass
NAMES: Final = ("First", "Second", "Third")

WRITTEN: Final[Mapping[str, str]] = {
    "nothing": "pass",
    "a repr": "def __repr__(self): return 'shown'",
    "an order of equality": "def __eq__(self, other): return True",
    "a hash": "def __hash__(self): return 7",
    "an init": "def __init__(self, *given): object.__setattr__(self, 'a', given)",
    "what follows init": "def __post_init__(self): object.__setattr__(self, 'late', [self.a])",
}
FIELDS: Final[Mapping[str, str]] = {
    "b": "b: str = 'x'",
    "c": "c: list[int] = dataclasses.field(default_factory=list)",
    "d": "d: float = dataclasses.field(default=0.5, repr=False, compare=False)",
    "e": "e: int = dataclasses.field(default=3, init=False)",
    "f": "f: dict[str, int] = dataclasses.field(default_factory=dict, init=False, compare=False)",
    "g": "g: int = dataclasses.field(default=1, hash=False)",
    "h": "h: ClassVar[int] = 4",
}
"""What may stand behind the field `a`."""


@st.composite
def sources(draw: st.DrawFn) -> str:
    """Give the text of two classes, the second of which has the first behind it."""
    options = {name: draw(st.booleans()) for name in ("frozen", "slots", "eq", "repr")}
    chosen = draw(st.lists(st.sampled_from(sorted(FIELDS)), unique=True))
    written = draw(st.sampled_from(sorted(WRITTEN)))
    spelled = ", ".join(f"{name}={value}" for name, value in options.items())
    late = ["late: object = dataclasses.field(default=None, init=False)"]
    body = "\n    ".join(["a: int", *(FIELDS[name] for name in chosen), *late, WRITTEN[written]])
    return "\n".join(
        [
            f"@dataclass({spelled})",
            f"class First:\n    '''Doc.'''\n    {body}",
            f"@dataclass({spelled})",
            "class Second(First):\n    z: int = 9",
            "class Third(First):\n    pass",
        ]
    )


def module_of(source: str, decorator: Callable[..., Any]) -> ModuleType:
    """Make the classes of a text in a module of their own."""
    module = ModuleType("drawn_classes")
    vars(module).update(dataclass=decorator, dataclasses=dataclasses)
    sys.modules[module.__name__] = module
    lines = ["from __future__ import annotations", "from typing import ClassVar", source]
    exec("\n".join(lines), vars(module))  # noqa: S102 - the text is drawn above
    return module


def answer(ask: Callable[..., object], *of: object) -> Any:
    """Return what comes of asking, or the kind of the refusal and what it says."""
    try:
        return ask(*of)
    except Exception as error:  # noqa: BLE001 - refusals are compared, too
        return type(error).__name__, str(error)


def shapes_of(source: str, decorator: Callable[..., Any]) -> dict[str, object]:
    """Say what the classes of a text are like if a decorator makes them."""
    module = module_of(source, decorator)
    return {name: answer(lambda n: shape_of(getattr(module, n)), name) for name in NAMES}


def values_of(one: object) -> list[object]:
    """Return what the attributes hold that some class of a text has."""
    return [answer(getattr, one, name) for name in ("a", *FIELDS, "late", "z")]


def shape_of(cls: type[Any]) -> dict[str, object]:
    """Say what a class is like, and what its instances do."""
    has_slots = any("__slots__" in vars(one) for one in cls.__mro__)
    one, same, other = (answer(cls, number) for number in (1, 1, 2))
    return {
        "signature": str(inspect.signature(cls)),
        "match": answer(lambda: cls.__match_args__),
        "fields": [field.name for field in dataclasses.fields(cls)],
        "slots": vars(cls).get("__slots__"),
        "repr": answer(lambda: repr(one).partition(" at 0x")[0]),
        "values": values_of(one),
        "equal": answer(lambda: (one == same, one == other, one == 1)),
        "hash": answer(lambda: hash(one) == hash(same)),
        "replaced": answer(lambda: values_of(dataclasses.replace(one, a=5))),
        "assigned": answer(lambda: setattr(one, "a", 6)),
        "deleted": answer(lambda: delattr(one, "a")),
        # With slots the standard library looks into the class that it has exchanged.
        "beside": has_slots or answer(lambda: setattr(one, "beside", 1)),
        "pickled": answer(lambda: values_of(pickle.loads(pickle.dumps(one)))),  # noqa: S301 - our own
        "copied": answer(lambda: values_of(copy.copy(one))),
        "as dict": answer(lambda: dataclasses.asdict(other)),
        "too few": answer(lambda: values_of(cls())),
        "too many": answer(lambda: values_of(cls(*range(20)))),
        "by name": answer(lambda: values_of(cls(a=1))),
        "unknown": answer(lambda: values_of(cls(1, nobody=1))),
    }


@given(sources())
def test_a_class_is_as_the_standard_decorator_makes_it(source: str) -> None:
    assert shapes_of(source, STANDARD) == shapes_of(source, OURS)


@ours_in.dataclass(frozen=True, slots=True)
class Node:
    name: str
    inner: list[Any]


def test_a_value_that_holds_itself_is_shown() -> None:
    node = Node("a", [])
    node.inner.append(node)

    assert "Node(name='a', inner=[...])" == repr(node)


def test_what_a_class_is_called_with_is_compiled_once() -> None:
    Node("a", [])

    assert Node.__init__ is Node.__init__
    assert "Node.__init__" == Node.__init__.__qualname__


def test_a_class_of_ours_and_a_standard_one_are_never_equal() -> None:
    twin = dataclasses.make_dataclass("Node", ["name", "inner"], frozen=True)

    assert Node("a", []) != twin("a", [])
    with pytest.raises(dataclasses.FrozenInstanceError):
        Node("a", []).name = "b"  # type: ignore[misc] # what is tried here


def test_ours_and_standard_ones_inherit_from_each_other() -> None:
    @dataclasses.dataclass(frozen=True)
    class Behind(Node):
        more: int = 0

    @ours_in.dataclass(frozen=True)
    class Last(Behind):
        last: int = 0

    assert "Last(name='a', inner=[], more=1, last=2)" == repr(Last("a", [], 1, 2)).split(".")[-1]
    with pytest.raises(TypeError, match="cannot inherit non-frozen dataclass from a frozen one"):

        @ours_in.dataclass()
        class _Loose(Node):  # type: ignore[misc] # what is tried here
            more: int = 0
