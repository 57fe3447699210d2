"""What measures recovery does kill a run and go on with it."""

from __future__ import annotations

import pytest

from bench.killed_runs import pairs_of


@pytest.mark.slow
def test_a_run_is_killed_and_gone_on_with() -> None:
    [pair] = pairs_of(None, 1)

    assert pair.ours > 0
    assert pair.theirs > 0
