"""Which steps a function asks for by `run[step]`, as far as its code shows it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from ..model.job import Step
from ..model.parameters import RUN


def steps_mentioned(function: Callable[..., Any]) -> Iterator[Step[Any]]:
    """Find every `run[name]` whose name means a step; code that cannot be read mentions none."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return
    scope = inspect.getclosurevars(function)
    known = {**scope.globals, **scope.nonlocals}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id == RUN
            and isinstance(node.slice, ast.Name)
        ):
            meant = known.get(node.slice.id)
            if isinstance(meant, Step):
                yield meant
