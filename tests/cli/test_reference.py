"""The reference page is what the commands say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from daybreak.cli.reference import main, page

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def test_the_reference_page_is_current() -> None:
    """Otherwise: python -m daybreak.cli.reference docs/reference/cli.md."""
    assert page() == PAGE.read_text(encoding="utf-8")


def test_the_page_is_written_where_it_is_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(tmp_path / "cli.md")])
    main([])

    assert page() == (tmp_path / "cli.md").read_text(encoding="utf-8") == capsys.readouterr().out


def test_every_command_and_option_is_on_the_page() -> None:
    text = page()

    assert all(f"## daybreak {name}" in text for name in ("run", "status", "quarantine", "target"))
    assert all(f"`--{name}" in text for name in ("set", "database", "ledger", "night", "export"))
