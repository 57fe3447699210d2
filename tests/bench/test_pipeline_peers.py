"""The peers of the pipeline's figures do the same work, and one that is absent is no error."""

from __future__ import annotations

import shutil
import subprocess
import sys
from math import inf

import pytest

from bench.peers import go, python

needs_go = pytest.mark.skipif(
    not (shutil.which("go") or shutil.which(go.USUAL_PLACE)), reason="no go"
)


@pytest.mark.slow
@pytest.mark.parametrize("name", python.PEERS)
def test_a_library_squares_and_adds_up(name: str) -> None:
    command = [sys.executable, "-m", "bench.peers.python", name, "300"]
    done = subprocess.run(command, cwd=python.ROOT, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stderr
    assert 0 < float(done.stdout) < python.TIMEOUT_S


@pytest.mark.slow
def test_a_library_that_fails_is_not_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(python, "PEERS", {"nobody": python.Peer(lambda _: 0, 10)})

    assert inf == python.took_ns("nobody")
    assert "nobody failed: KeyError" in capsys.readouterr().err


@needs_go
@pytest.mark.slow
@pytest.mark.parametrize("waiting", [0, 1000])
def test_go_squares_and_adds_up(waiting: int) -> None:
    with go.built("slide") as program:
        assert program is not None
        assert program.took(1_000, waiting, total=332_833_500) > 0
        with pytest.raises(RuntimeError, match="added up to 332833500, expected 1"):
            program.took(1_000, waiting, total=1)


@needs_go
@pytest.mark.slow
def test_go_waits_for_each_record() -> None:
    with go.built("waiting") as program:
        assert program is not None
        assert program.took(40, 4, 1000, total=780) >= 0.010


def test_without_go_there_is_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(go, "USUAL_PLACE", "/nowhere/go")

    with go.built("slide") as program:
        assert program is None
