"""What a job refuses when it is declared."""

from __future__ import annotations

import math

import pytest

from daybreak import Job
from daybreak.errors import DefinitionError


@pytest.mark.parametrize("seconds", [0, -1.0, math.inf, math.nan])
def test_a_time_limit_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(DefinitionError, match="expected record_timeout_s to be seconds above 0"):
        Job("orders").step(record_timeout_s=seconds)
