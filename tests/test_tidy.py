"""The tree keeps its own house rules (idea: TigerBeetle's src/tidy.zig)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from daybreak.faultpoints import FAULT_POINTS

ROOT = Path(__file__).parents[1] / "src" / "daybreak"
FILES = sorted(ROOT.rglob("*.py"))

FILE_LINES_MAX = 400
FILES_LONG: dict[str, str] = {  # path: the reason why this facade is longer
    "abc.py": "what the rooms ask of each other in one place: signatures, and nothing else",
}
FUNCTION_LINES_MAX = 70  # docstring not counted
NAMES_BANNED = {"utils", "helpers", "common", "misc", "manager", "base", "core"}
CLOCKS_BANNED = {"now", "utcnow", "today"}  # pass the time in
PURE = ("model", "forecast")


def name_of(path: Path) -> str:
    """Give a file's path as seen from the package."""
    return path.relative_to(ROOT).as_posix()


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines without its docstring."""
    assert node.end_lineno is not None
    lines = node.end_lineno - node.lineno + 1
    if ast.get_docstring(node, clean=False) is not None:
        docstring = node.body[0]
        assert docstring.end_lineno is not None
        lines -= docstring.end_lineno - docstring.lineno + 1
    return lines


def problems_of_file(path: Path, text: str, tree: ast.Module) -> Iterator[str]:
    """Say what is untidy in a file as a whole."""
    if ast.get_docstring(tree) is None:
        yield f"{path}:1: no module docstring, say in one sentence what lives here"
    for name in path.relative_to(ROOT).with_suffix("").parts:
        if name.strip("_") in NAMES_BANNED:
            yield f"{path}: {name!r} says nothing, use the name of the duty"
    count = len(text.splitlines())
    if count > FILE_LINES_MAX and name_of(path) not in FILES_LONG:
        yield f"{path}: {count} lines, split by duty below {FILE_LINES_MAX}"


def problems_of_nodes(path: Path, tree: ast.Module) -> Iterator[str]:
    """Say what is untidy inside a file."""
    is_pure = path.relative_to(ROOT).parts[0] in PURE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if (count := body_lines(node)) > FUNCTION_LINES_MAX:
                yield f"{path}:{node.lineno}: {node.name} has {count} lines, push loops down"
        elif isinstance(node, ast.Attribute) and is_pure and node.attr in CLOCKS_BANNED:
            yield f"{path}:{node.lineno}: .{node.attr} reads a clock, pass the time in"


def problems_in(path: Path) -> list[str]:
    """Say what is untidy in one file, as `path:line: what, use what`."""
    text = path.read_text()
    tree = ast.parse(text)
    return [*problems_of_file(path, text, tree), *problems_of_nodes(path, tree)]


def points_hit_in(path: Path) -> Iterator[tuple[str, object]]:
    """Give every fault point that a file hits, and where; None stands for one that is computed."""
    text = path.read_text()
    for node in ast.walk(ast.parse(text)) if "hit(" in text else ():
        if isinstance(node, ast.Call) and is_hit(node.func):
            argument = node.args[0] if node.args else None
            point = argument.value if isinstance(argument, ast.Constant) else None
            yield f"{path}:{node.lineno}", point


def is_hit(function: ast.expr) -> bool:
    """Say whether a call is `hit(...)` or `faultpoints.hit(...)`."""
    match function:
        case ast.Name("hit") | ast.Attribute(ast.Name("faultpoints"), "hit"):
            return True
        case _:
            return False


def test_there_is_something_to_tidy() -> None:
    """The other tests look at the package, not at an empty folder."""
    assert ROOT / "errors.py" in FILES


def test_the_files_are_tidy() -> None:
    """No file breaks a rule of the house."""
    assert [] == [problem for path in FILES for problem in problems_in(path)]


def test_the_files_hit_known_fault_points_only() -> None:
    """Every `hit` names a point of `FAULT_POINTS` as a literal: the crash suite kills at each."""
    hit = [where for path in FILES for where in points_hit_in(path)]

    assert [] == [(place, point) for place, point in hit if point not in FAULT_POINTS]


def test_every_fault_point_is_hit_somewhere() -> None:
    """No point of `FAULT_POINTS` is a promise that the code does not keep."""
    hit = {point for path in FILES for _, point in points_hit_in(path)}

    assert [] == [point for point in FAULT_POINTS if point not in hit]
