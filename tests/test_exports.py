"""The door and its names: what runs and what type checkers see are the same.

Public objects keep the `__module__` of their room. Showing `daybreak` instead would be shorter in a
traceback, but `inspect.getsource` and `typing.get_type_hints` look for a class's source and for the
names of its annotations in that module, and no longer find them.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import subprocess
import sys
import typing
from pathlib import Path
from types import ModuleType

import pytest

import daybreak

DOORS = ("daybreak", "daybreak.files")


def names_seen_statically(module: ModuleType) -> dict[str, str]:
    """Give each name that a module imports from its package, and from where."""
    assert module.__file__ is not None
    package = module.__spec__.parent if module.__spec__ else None
    return {
        alias.asname or alias.name: importlib.util.resolve_name(
            "." * node.level + (node.module or ""), package
        )
        for node in ast.walk(ast.parse(Path(module.__file__).read_text()))
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }


@pytest.mark.parametrize("name", DOORS)
def test_the_names_of_a_door_are_sorted_and_the_ones_that_type_checkers_see(name: str) -> None:
    door = importlib.import_module(name)

    assert sorted(names_seen_statically(door)) == door.__all__


@pytest.mark.parametrize("name", daybreak.__all__)
def test_a_name_is_the_object_that_type_checkers_see(name: str) -> None:
    place = importlib.import_module(names_seen_statically(daybreak)[name])

    assert getattr(daybreak, name) is getattr(place, name)


@pytest.mark.parametrize("name", daybreak.__all__)
def test_a_public_class_can_be_read_and_its_annotations_found(name: str) -> None:
    value = getattr(daybreak, name)

    assert inspect.getdoc(value), "every name of the door says what it is"
    if inspect.isclass(value):
        assert f"class {name}" in inspect.getsource(value)


def test_the_fields_of_a_report_have_types_that_resolve() -> None:
    assert float is typing.get_type_hints(daybreak.Report)["elapsed_s"]


def test_the_door_lists_its_names_and_refuses_others() -> None:
    assert daybreak.__all__ == dir(daybreak)
    with pytest.raises(AttributeError, match="module 'daybreak' has no attribute 'Jobs'"):
        getattr(daybreak, "Jobs")  # noqa: B009 - checkers know that it is not there


def test_opening_the_door_imports_no_room() -> None:
    script = "import daybreak, sys; print([n for n in sys.modules if n.startswith('daybreak.')])"
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert "[]" == answer.stdout.strip()
