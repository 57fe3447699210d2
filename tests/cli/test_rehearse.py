"""`daybreak rehearse` on a real job: what it says, shows, leaves, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from daybreak.cli.rehearse import RECORDS
from daybreak.model.limits import REHEARSAL_RECORDS
from tests.cli.conftest import JOB, Type


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_the_default_is_that_of_the_model() -> None:
    assert REHEARSAL_RECORDS == RECORDS


def test_a_whole_job_is_shown_and_leaves_nothing(shop: Path, type_in: Type) -> None:
    (shop / "shop.py").write_text(JOB.replace("run.folder.parents[2] / file", f'"{shop}/" + file'))
    before = names(shop)
    ended = type_in("rehearse shop.py --scratch --bad-every 20 --records 40")

    assert 0 == ended.status, ended.err
    assert before == [name for name in names(shop) if "__pycache__" not in name]
    assert "at most 40 records" in ended.out.splitlines()[2]
    rows = [line.split() for line in ended.out.splitlines()]
    assert ["40", "38", "0", "2", "0", "38"] == next(
        row[2:8] for row in rows if row[1:2] == ["load"] and row[0] == "✓"
    )
    assert "of a bad kind" in ended.out
    assert "total gave 38" in ended.out
    assert "2 records would be quarantined; nothing is left of it" in ended.out


def test_programs_read_what_was_said_and_then_what_was_found(shop: Path, type_in: Type) -> None:
    (shop / "shop.py").write_text(JOB.replace("run.folder.parents[2] / file", f'"{shop}/" + file'))
    ended = type_in("rehearse shop.py load --scratch --json")
    lines = [json.loads(line) for line in ended.out.splitlines()]

    assert {"said"} == {line["event"] for line in lines[:-1]}
    assert "rehearsal" == lines[-1]["event"]
    assert "done" == lines[-1]["status"]
    (load,) = (step for step in lines[-1]["steps"] if step["step"] == "load")
    assert 50 == load["chunks"][-1]["records_upto"]
    assert lines[-1]["commit"]["median_s"] > 0


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("rehearse shop.py", 2, "which step? job shop has: check, load, total"),
        ("rehearse shop.py lode", 2, "did you mean 'load'?"),
        ("rehearse shop.py load --scratch --run 1", 2, "leave --run out"),
        ("rehearse shop.py check --strict", 3, "step check failed"),
        ("rehearse shop.py total", 1, "--scratch"),
        ("rehearse shop.py load --records 0", 2, "records"),
    ],
)
def test_what_cannot_be_rehearsed_is_told(
    type_in: Type, words: str, status: int, said: str
) -> None:
    ended = type_in(words)

    assert status == ended.status
    assert said in ended.err


@pytest.mark.usefixtures("shop")
def test_secrets_are_shown_nowhere(type_in: Type) -> None:
    text = type_in("rehearse shop.py check --api-key to-be-shown").text

    assert "to-be-shown" not in text
    assert "refused with ***" in text


def test_a_parameter_that_hides_an_option_is_refused_by_name(shop: Path, type_in: Type) -> None:
    (shop / "shop.py").write_text(
        JOB.replace("strict: bool", "scratch: bool").replace("if strict", "if scratch")
    )

    assert (
        "is an option of `daybreak rehearse` already: --scratch" in type_in("rehearse shop.py").err
    )
    assert 0 == type_in("run shop.py").status
