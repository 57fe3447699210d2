"""Which steps and databases a function asks for, as far as its code shows it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from ..databases import Database
from ..model.job import Step
from ..model.parameters import RUN


def steps_mentioned(function: Callable[..., Any]) -> Iterator[Step[Any]]:
    """Find every `run[name]` whose name means a step; code that cannot be read mentions none."""
    scope = inspect.getclosurevars(function)
    known = {**scope.globals, **scope.nonlocals}
    for node in _nodes_of(function):
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id == RUN
            and isinstance(node.slice, ast.Name)
        ):
            meant = known.get(node.slice.id)
            if isinstance(meant, Step):
                yield meant


def databases_mentioned(function: Callable[..., Any]) -> Iterator[Database]:
    """Find every database that a function names, each once; code that cannot be read names none."""
    known = {**function.__globals__, **inspect.getclosurevars(function).nonlocals}
    names = dict.fromkeys(node.id for node in _nodes_of(function) if isinstance(node, ast.Name))
    for name in names:
        if isinstance(known.get(name), Database):
            yield known[name]


def _nodes_of(function: Callable[..., Any]) -> Iterator[ast.AST]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return
    yield from ast.walk(tree)
