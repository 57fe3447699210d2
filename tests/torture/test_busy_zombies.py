"""Eight workers of a former owner, all at work, do not keep a new owner out.

A new owner waits for the chunks that have begun, and for no other: on PostgreSQL one of each
worker, on SQLite the one whose transaction it is. The bound below leaves it more than that, for what
happens on a busy machine between the first look at the clock and the announcement; without that
they would go on without end.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict

import pytest

from daybreak.execution.targets import Targets
from tests.execution.house import House

from .busy_zombie import WORKERS
from .world import PROCESS_S_MAX

pytestmark = pytest.mark.slow

CHUNKS_MAX = 6 * WORKERS


@pytest.mark.parametrize("time_", range(2))
def test_a_new_owner_waits_for_the_chunks_that_have_begun_only(
    database_url: str, time_: int
) -> None:
    house = House(database_url)
    first, second = house.owned(), house.owner()
    owns = json.dumps(asdict(first.ownership))
    command = [sys.executable, "-m", "tests.torture.busy_zombie", house.url, owns]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as zombie:
        try:
            assert zombie.stdout is not None
            assert zombie.stdout.readline() == "busy\n"
            joining_s = time.monotonic()
            Targets(second.ownership).join(house.target)
            out, _ = zombie.communicate(timeout=PROCESS_S_MAX)
        finally:
            zombie.kill()
    house.store.close()

    assert 0 == zombie.returncode
    assert sum(began_s > joining_s for began_s in json.loads(out)) <= CHUNKS_MAX
