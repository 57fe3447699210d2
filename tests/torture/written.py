"""What a run that writes files leaves: the files, the fates, the quarantine, and nothing beside."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from daybreak.faultpoints import Trace
from daybreak.ledger.store import LedgerStore
from daybreak.operations.quarantine import quarantine_records

from .nursery import Nursery
from .undisturbed import Undisturbed, worlds
from .world import World

JOB: Final = Path(__file__).with_name("files_job.py")
FILES: Final = ("squares.csv", "squares.jsonl.gz")


@contextmanager
def world_of_files(dialect: str, socket: Path) -> Iterator[World]:
    """Make a world of one's own in which the job writes files; the ledger is on the dialect."""
    with worlds(dialect, socket, JOB) as world:
        yield world


def ledger_of(world: World) -> str:
    """Return the ledger's URL."""
    if world.url.startswith("sqlite"):
        return f"sqlite:///{world.folder / '.daybreak' / 'ledger.db'}"
    return world.url


def left_of(world: World) -> dict[str, Any]:
    """Read what the run left, without what may differ: instants, epochs, names of parts."""
    ledger = ledger_of(world)
    store = LedgerStore.open(ledger)
    fates = {row.step: str(row.counts) for row in store.steps(1)}
    store.close()
    records = quarantine_records(ledger, 1, {"": world.url})
    aside = [[one.step, one.place, one.reason, one.raw.hex()] for one in records]
    return {
        "files": {name: _digest(world.folder / name) for name in FILES},
        "fates": fates,
        "quarantine": aside,
        "hidden": sorted(path.name for path in world.folder.glob(".*.partial")),
        "parts": sorted(
            f"{path.parent.parent.name} {path.name.split('-')[0]}"
            for path in world.folder.glob(".daybreak/runs*/1/parts/*/*/*")
        ),
    }


def checksum_of(world: World) -> str:
    """Hash what is left."""
    return hashlib.sha256(json.dumps(left_of(world), sort_keys=True).encode()).hexdigest()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "none"


@cache
def undisturbed_files(dialect: str, socket: Path, nest: Nursery) -> Undisturbed:
    """Return what an undisturbed run leaves, and how often it passes each fault point."""
    with world_of_files(dialect, socket) as world:
        began_s = time.monotonic()
        ran = nest.run(world)
        took_s = time.monotonic() - began_s
        assert ran.status == 0, ran.err
        return Undisturbed(checksum_of(world), Trace(world.trace).counts(), 0, took_s)
