"""How busy the machine's processors are is read from its kernel."""

from __future__ import annotations

from pathlib import Path

from daybreak.operations.processors import Ticks, ticks


def test_the_first_line_is_read_and_guests_are_not_counted_twice(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu  10 1 4 70 5 2 3 1 9 9\ncpu0 1 1 1 1 1 1 1 1 1 1\n")

    assert Ticks(idle=75, all=96) == ticks(tmp_path / "stat")


def test_a_machine_that_does_not_tell_is_not_known(tmp_path: Path) -> None:
    assert ticks(tmp_path / "stat") is None


def test_busy_is_what_was_not_idle_since() -> None:
    before = Ticks(idle=100, all=200)

    assert 0.75 == Ticks(idle=110, all=240).busy_since(before)
    assert before.busy_since(before) is None
