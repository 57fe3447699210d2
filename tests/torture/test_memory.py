"""A record that fills the memory is killed by the kernel, in a real cgroup; needs root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .deadly_world import RECORDS, DeadlyWorld

pytestmark = [pytest.mark.slow, pytest.mark.torture, pytest.mark.timeout(180)]

CONTROLLER = Path("/sys/fs/cgroup/memory")
LIMIT_BYTES = 256 * 2**20


@pytest.fixture
def cgroup() -> Iterator[Path]:
    """Give a memory cgroup of this test's own (version 1), whose processes may use little."""
    if not (CONTROLLER / "memory.limit_in_bytes").exists() or os.geteuid() != 0:
        pytest.skip("there is no memory cgroup of version 1 that we may divide")
    group = CONTROLLER / f"daybreak-{os.getpid()}"
    group.mkdir()
    (group / "memory.limit_in_bytes").write_text(str(LIMIT_BYTES))
    yield group
    group.rmdir()


def test_a_record_that_fills_the_memory_is_set_aside(tmp_path: Path, cgroup: Path) -> None:
    world = DeadlyWorld(tmp_path, f"sqlite:///{tmp_path / 'world.db'}")
    world.prepare()
    words = [*world.command[3:], "--where", "map", "--how", "fill memory", "--records", "33"]
    command = [sys.executable, "-m", "daybreak", *words]
    joined = ["sh", "-c", f'echo $$ > {cgroup}/cgroup.procs && exec "$@"', "sh", *command]
    ended = subprocess.run(joined, capture_output=True, text=True, check=False, cwd=tmp_path)

    assert 0 == ended.returncode, ended.stderr
    assert [n for n in range(RECORDS) if n != 33] == world.squares()
    assert [(b"33", "34", "map_", "killed its process: SIGKILL")] == world.set_aside()
    assert (RECORDS, RECORDS - 1, 1) == world.fates()
