"""The documents are true: their code runs, their links lead somewhere, nothing is left out."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect
import json
import pkgutil
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

import click
import pytest

from daybreak import errors, telemetry
from daybreak.cli.exits import exit_of_error
from daybreak.cli.program import daybreak
from daybreak.model.status import STEP_TRANSITIONS, TRANSITIONS
from daybreak.reports.payload import name_of as event_name_of
from tests.docs.pages import (
    DOCS,
    PAGES,
    ROOT,
    Block,
    blocks_of,
    code_in,
    is_relative,
    links_of,
    name_of,
    prose_of,
    rows_in,
    section_of,
    target_of,
)
from tests.docs.sample_data import write_sample
from tests.docs.transcripts import environment, exchanges_in, masked, says_the_same, typed

PACKAGE: Final = ROOT / "src" / "daybreak"
README: Final = ROOT / "README.md"
ARCHITECTURE: Final = ROOT / "ARCHITECTURE.md"
LIFE_CYCLE: Final = DOCS / "concepts" / "run-lifecycle.md"
ERRORS: Final = DOCS / "reference" / "errors.md"
EVENTS: Final = DOCS / "reference" / "events.md"
COMMANDS: Final = DOCS / "reference" / "cli.md"
MEMORY: Final = DOCS / "concepts" / "pipeline.md"
FIRST_PIPELINE: Final = DOCS / "guides" / "write-a-pipeline.md"
FIRST_JOB: Final = DOCS / "guides" / "first-job.md"
CHECK_A_FILE: Final = DOCS / "guides" / "check-a-file.md"
BACK_FILL: Final = DOCS / "guides" / "back-fill.md"
WRITE_FILES: Final = DOCS / "guides" / "write-files.md"
FORECAST: Final = DOCS / "guides" / "forecast-a-step.md"
TUNE: Final = DOCS / "guides" / "tune-a-step.md"
PLAN_A_NIGHT: Final = DOCS / "guides" / "plan-a-night.md"
DECISIONS: Final = tuple(sorted((DOCS / "decisions").glob("[0-9]*.md")))
DECISION_HEADINGS: Final = ("Context", "Decision", "What was measured or tried", "Consequences")
PAGES_WITH_CODE: Final = {README, FIRST_JOB, FIRST_PIPELINE, ROOT / "CONTRIBUTING.md"}

every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


# ---------------------------------------------------------------- code


PYTHON_BLOCKS: Final = [
    block for page in PAGES for block in blocks_of(page) if block.language == "python"
]
QUICK: Final = {README}
EACH_BLOCK: Final = [  # what is read first; all others are for `make test`
    pytest.param(block, marks=() if block.page in QUICK else pytest.mark.slow, id=str(block))
    for block in PYTHON_BLOCKS
]


@every_page
def test_every_block_begins_at_the_margin_and_ends(page: Path) -> None:
    """Otherwise a block would be read as prose, and never run."""
    fences = [line for line in page.read_text(encoding="utf-8").splitlines() if "```" in line]

    assert [] == [line for line in fences if not line.startswith("```")]
    assert 2 * len(blocks_of(page)) == len(fences)


def ran(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def write_files(page: Path, folder: Path) -> None:
    """Write the files that a page asks its reader to write."""
    for block in blocks_of(page):
        if block.file is not None:
            (folder / block.file).write_text(block.body, encoding="utf-8")


def test_there_is_code_in_the_documents() -> None:
    """The tests below look at something."""
    pages = {block.page for block in PYTHON_BLOCKS}

    assert PAGES_WITH_CODE <= pages
    assert any(printed_by(block) for block in PYTHON_BLOCKS)


def printed_by(block: Block) -> str:
    """Return what stands right behind a block, as text: what it prints."""
    end = block.line + block.body.count("\n")
    behind = [each for each in blocks_of(block.page) if each.line == end + 3]
    return "".join(each.body for each in behind if each.language == "text")


@pytest.mark.parametrize("block", EACH_BLOCK)
def test_a_python_block_runs_and_prints_what_stands_right_behind_it(
    block: Block, tmp_path: Path
) -> None:
    """As a script of its own, beside the example's models; a job's file only declares."""
    shutil.copy(ROOT / "examples" / "nycflights.py", tmp_path)
    (tmp_path / "block.py").write_text(block.body, encoding="utf-8")
    done = ran([sys.executable, "-W", "error", "block.py"], tmp_path)

    assert 0 == done.returncode, done.stderr
    if printed := printed_by(block):
        assert says_the_same(printed, done.stdout), masked(done.stdout)


@pytest.mark.slow
def test_the_example_of_a_pipeline_runs_and_names_its_bottleneck(tmp_path: Path) -> None:
    done = ran([sys.executable, "-W", "error", str(ROOT / "examples" / "pipeline.py")], tmp_path)

    assert (0, "") == (done.returncode, done.stderr)
    assert "300 links, the first https://example.org/1\n" in done.stdout
    assert "200 links, the first https://example.org/301\n" in done.stdout
    assert "\nstage 'download' is the bottleneck: its 16 workers are busy " in done.stdout
    assert done.stdout.endswith("\n[1, 4, 9, 16, 25]\n")


@pytest.mark.slow
def test_the_job_of_the_readme_loads_what_can_be_loaded(tmp_path: Path) -> None:
    write_files(README, tmp_path)
    shutil.copy(ROOT / "examples" / "nycflights.py", tmp_path)
    write_sample(tmp_path / "sample.tar.gz")
    command = [sys.executable, "-m", "daybreak", "run", "flights.py", "--url", "sample.tar.gz"]
    done = ran([*command, "--json"], tmp_path)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    counts = {
        event["step"]: (event["counts"]["written"], event["counts"]["quarantined"])
        for event in events
        if event["event"] == "step_ended"
    }

    assert 0 == done.returncode, done.stderr
    assert {"airports": (2, 0), "flights": (2, 1)}.items() <= counts.items()


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [FIRST_JOB, CHECK_A_FILE, BACK_FILL, WRITE_FILES, FORECAST, TUNE, PLAN_A_NIGHT],
    ids=name_of,
)
def test_a_reader_of_a_guide_sees_what_it_says(page: Path, tmp_path: Path) -> None:
    """Every command of the guide, a kill by SIGKILL among them, in a folder of its own."""
    write_files(page, tmp_path)
    blocks = [block for block in blocks_of(page) if block.language == "console"]
    exchanges = [exchange for block in blocks for exchange in exchanges_in(block)]
    heard = typed([exchange.command for exchange in exchanges], tmp_path)

    assert len(exchanges) == len(heard)
    for exchange, said in zip(exchanges, heard, strict=True):
        assert says_the_same(exchange.said, said), (exchange.command, masked(said))


# ---------------------------------------------------------------- links and names


@every_page
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    links = [link for link in links_of(page) if is_relative(link)]

    assert [] == [link for link in links if not target_of(page, link).exists()]


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    ahead = [README]
    while ahead:
        page = ahead.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        ahead += [target_of(page, link) for link in links_of(page) if is_relative(link)]

    assert [] == [name_of(page) for page in PAGES if page not in reached]


def places_named_on(page: Path) -> Iterator[str]:
    """Give every `room/module.py` and every `room/module.py:Name` of a page."""
    for code in code_in(prose_of(page)):
        if re.fullmatch(r"[\w./-]+\.(?:py|sql|md|toml|txt)(?::[\w.]+)?", code) and "/" in code:
            yield code


def is_there(place: str) -> bool:
    """Say whether a file exists, and has the class or function that is named behind the colon."""
    file, _, name = place.partition(":")
    places = (base / file for base in (ROOT, PACKAGE))
    found = next((path for path in places if path.is_file()), None)
    if found is None or not name:
        return found is not None
    body: list[ast.stmt] = ast.parse(found.read_text(encoding="utf-8")).body
    for part in name.split("."):
        named = [node for node in body if part in names_given_by(node)]
        if not named:
            return False
        body = named[0].body if isinstance(named[0], ast.ClassDef) else []
    return True


def names_given_by(node: ast.stmt) -> set[str]:
    """Return the names that a statement defines."""
    match node:
        case ast.FunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case ast.Assign(targets=[ast.Name(id=name)]):
            return {name}
        case _:
            return set()


@every_page
def test_every_place_that_a_page_names_exists(page: Path) -> None:
    """`execution/committer.py:Committer.commit` is a file, a class in it and its method."""
    assert [] == [place for place in places_named_on(page) if not is_there(place)]


# ---------------------------------------------------------------- rooms


@functools.cache
def rooms() -> set[str]:
    return {
        path.stem
        for path in PACKAGE.iterdir()
        if not path.name.startswith("_") and (path.is_dir() or path.suffix == ".py")
    }


@functools.cache
def imports_of(room: str) -> set[str]:
    """Return the rooms that a room imports directly."""
    files = [PACKAGE / f"{room}.py", *(PACKAGE / room).rglob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in files if path.is_file()]
    return {
        name
        for text in texts
        for name in re.findall(r"^ *from \.{1,2}(\w+)", text, flags=re.MULTILINE)
        if name in rooms()
    }


def test_the_architecture_names_every_room_that_there_is_and_no_other() -> None:
    rows = rows_in(section_of(ARCHITECTURE, "## The rooms"))

    assert rooms() == {name for cells in rows for name in code_in(cells[1])}


def arrows_below(heading: str) -> list[tuple[str, str]]:
    return re.findall(r"^    (\w+) --> (\w+)$", section_of(ARCHITECTURE, heading), re.MULTILINE)


def test_every_arrow_between_rooms_is_an_import() -> None:
    arrows = arrows_below("## The rooms")

    assert arrows
    assert [] == [(above, below) for above, below in arrows if below not in imports_of(above)]


def test_every_arrow_inside_the_pipeline_room_is_an_import() -> None:
    arrows = arrows_below("## The pipeline room")
    room = PACKAGE / "pipeline"

    assert arrows
    assert [] == [
        (above, below)
        for above, below in arrows
        if f"from .{below} import" not in (room / f"{above}.py").read_text(encoding="utf-8")
    ]


def test_the_bounds_of_memory_are_those_of_the_code() -> None:
    rows = [cells for cells in rows_in(MEMORY.read_text(encoding="utf-8")) if len(cells) == 2]
    stated = {place.strip("`"): number for place, number in rows if place.startswith("`pipeline/")}
    real = {}
    for place in stated:
        file, _, name = place.partition(":")
        module = importlib.import_module(f"daybreak.pipeline.{Path(file).stem}")
        real[place] = f"{getattr(module, name):,}"

    assert stated
    assert real == stated


# ---------------------------------------------------------------- completeness


def commands_below(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands_below(command, f"{path} {name}")


def test_every_command_and_option_is_documented() -> None:
    commands = [("daybreak", daybreak), *commands_below(daybreak, "daybreak")]
    wanted = [
        (path, name)
        for path, command in commands
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
    ]
    text = COMMANDS.read_text(encoding="utf-8")

    assert [] == [path for path, _ in commands[1:] if f"\n## {path}\n" not in text]
    assert [] == [(path, name) for path, name in wanted if name not in text]


def test_every_event_is_documented_with_all_its_fields() -> None:
    for event in get_args(telemetry.Event):
        section = section_of(EVENTS, f"## {event.__name__}")
        fields = {field.name for field in dataclasses.fields(event)}

        assert f'"{event_name_of(event)}"' in section
        assert fields == {name.strip("`") for name, *_ in rows_in(section)}


def drawn(text: str) -> dict[str, str | None]:
    """Read the tree of exceptions: each name, and the name it hangs on."""
    found: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    for indent, name in re.findall(r"^( *)[*x+.-] (\w+)", text, flags=re.MULTILINE):
        while above and above[-1][0] >= len(indent):
            above.pop()
        found[name] = above[-1][1] if above else None
        above.append((len(indent), name))
    return found


def classes() -> dict[str, type[errors.DaybreakError]]:
    return {
        name: value
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.DaybreakError)
    }


def test_the_tree_of_errors_is_the_same_in_the_code_in_its_docstring_and_on_the_page() -> None:
    real: dict[str, str | None] = {
        name: None if value is errors.DaybreakError else str(value.__bases__[0].__name__)
        for name, value in classes().items()
    }
    (tree,) = [block.body for block in blocks_of(ERRORS) if block.language == "text"]

    assert real == drawn(errors.__doc__ or "")
    assert tree.strip() in (errors.__doc__ or "")


def test_every_error_has_a_row_with_its_exit_status() -> None:
    rows = {cells[0].strip("`"): cells for cells in rows_in(ERRORS.read_text(encoding="utf-8"))}

    assert set(classes()) <= set(rows)
    for name, error in classes().items():
        assert str(int(exit_of_error(error("x")))) == rows[name][2], name


def edges_of(page: Path, heading: str) -> dict[tuple[str, str], str]:
    """Read the edges of the state diagram below a heading, each with its reason."""
    (diagram,) = re.findall(
        r"^```mermaid\n(.*?)^```", section_of(page, heading), re.MULTILINE | re.DOTALL
    )
    edges = re.findall(r"^ *(\w+) --> (\w+)(?:: (.+))?$", diagram, flags=re.MULTILINE)
    return {(before, after): reason for before, after, reason in edges}


@pytest.mark.parametrize(
    ("heading", "table"),
    [("## A run", TRANSITIONS), ("## A step", STEP_TRANSITIONS)],
    ids=["run", "step"],
)
def test_the_life_cycle_is_that_of_the_status_tables(heading: str, table: dict[Any, Any]) -> None:
    expected = {(str(before), str(after)) for before in table for after in table[before]}
    edges = edges_of(LIFE_CYCLE, heading)
    described = {cells[0].strip("`") for cells in rows_in(section_of(LIFE_CYCLE, heading))}

    assert expected == set(edges)
    assert [] == [edge for edge, reason in edges.items() if not reason]
    assert {str(status) for status in table} == described


def test_every_word_of_the_glossary_stands_there_once() -> None:
    words = [cells[0] for cells in rows_in((DOCS / "glossary.md").read_text(encoding="utf-8"))]

    assert words
    assert [] == [word for word in words if words.count(word) > 1]


# ---------------------------------------------------------------- decisions


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    listed = set(links_of(DOCS / "decisions" / "README.md"))

    assert [f"{n:04}" for n in range(1, len(DECISIONS) + 1)] == [d.name[:4] for d in DECISIONS]
    assert [] == [decision.name for decision in DECISIONS if decision.name not in listed]


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_says_why_what_was_tried_and_what_follows(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert text.startswith(f"# {page.name[:4]} ")
    assert list(DECISION_HEADINGS) == re.findall(r"^## (.+)$", text, flags=re.MULTILINE)


def test_what_is_named_with_dots_is_there() -> None:
    """`daybreak.errors` and `python -m daybreak.cli.reference` mean something."""
    names = {
        name
        for page in PAGES
        for code in code_in(prose_of(page))
        for name in re.findall(r"\bdaybreak(?:\.[a-z_]+)+\b", code)
    }

    for name in names:
        pkgutil.resolve_name(name)
