"""A session of tests says which torture it left out, alone and with workers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = ("tests/torture/test_memory.py", "tests/operations/test_supervise.py")


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["0", "1"])
def test_torture_that_was_not_asked_for_is_listed(workers: str) -> None:
    command = [sys.executable, "-m", "pytest", "--quiet", "--numprocesses", workers, *MODULES]
    session = subprocess.run(
        [*command, "-m", "not torture", "-k", "process_1 or fills or operator"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )

    assert 0 == session.returncode, session.stdout
    assert "left out: 2 tests marked torture; `make torture-tests` runs them" in session.stdout
    assert all(f"{module}: 1" in session.stdout.splitlines() for module in MODULES)
