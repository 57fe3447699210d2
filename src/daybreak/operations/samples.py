"""Rehearsals of one step on samples, each in a process of its own: what a forecast measures.

A fresh process has a fresh heap, and its peak of memory is that of one sample.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..databases.sizes import Sizes, TableSize
from ..databases.watching import Wait
from ..errors import ProcessDied, RunError
from ..model.status import StepStatus
from .child_rehearsal import ended
from .dangers import Danger, dangers_in
from .rehearsal_words import records_text

_SHOWN_MAX: Final = 400
_BY_ITSELF: Final = "rehearse the step by itself first: daybreak rehearse"
_ERROR: Final = re.compile(r"^  [A-Z]\w+: (.+)$", re.MULTILINE)
_HINT: Final = re.compile(r"^  hint: (.+)$", re.MULTILINE)
"""Lines in which `reports.failure` tells of a failure."""

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Sample:
    """What one rehearsal of a step took."""

    records: int
    """Input records that were read."""

    seconds: float
    """What the step took, with the price of as many commits as a run would make."""

    rss_bytes: int
    """The most memory that its process held at once."""

    cost_s: float
    """What the rehearsal took as a whole, with the start of its process."""

    source_records: int | None
    """How many records the source holds; None where it cannot say."""

    source_about: int | None = None
    """About how many, where it has only an idea."""

    chunk_s_max: float = 0.0
    """What its slowest chunk took, from the beginning of reading."""

    transaction_s_max: float | None = None
    """For how long a transaction was seen open; None where nobody looked."""

    processor_s: float | None = None
    """What its process used of a processor meanwhile."""

    machine_busy: float | None = None
    """The share of the machine's processors that were busy meanwhile, 0 to 1."""

    waits: tuple[Wait, ...] = ()
    """What its workers waited for in scratch databases."""

    caveats: tuple[str, ...] = ()
    """In what it differs from a run."""

    dangers: tuple[Danger, ...] = ()
    """What it met: spills, waits, deadlocks, want of memory."""

    sizes: tuple[Sizes, ...] = ()
    """In place: how large the tables were that it touched."""


def sampled(words: Sequence[str], records: int) -> Sample:
    """Rehearse a step on so many records, spread over its source, in a fresh process.

    Args:
        words: The file, the step and their options, as typed behind `daybreak rehearse`.
        records: At most so many are read.

    Raises:
        ProcessDied: If its process was killed: mostly it took more memory than there is.
        RunError: If the rehearsal does not end well. Nothing is left of it.
        KeyboardInterrupt: If somebody asks to stop meanwhile. Nothing is left of it.
    """
    began_s = time.monotonic()
    asked = ("--records", str(records), "--spread", "--json")
    done = ended([sys.executable, "-m", "daybreak", "rehearse", *words, *asked])
    if done.status == -signal.SIGKILL:
        raise ProcessDied(
            f"a rehearsal of {records_text(records)} was killed (SIGKILL), as the kernel does where"
            " memory is used up",
            hint="forecast with smaller samples (--sample), or with more memory",
            records=records,
        )
    return _sample(_found_in(done.out, done.err, records), time.monotonic() - began_s)


def _found_in(out: str, err: str, records: int) -> Mapping[str, Any]:
    """Return what a rehearsal found out; its last line says it.

    Raises:
        RunError: If there is no such line, or the step failed or was stopped.
    """
    lines = out.splitlines()
    found = json.loads(lines[-1]) if lines else {}
    if found.get("event") != "rehearsal":
        said, hint = _why(err)
        raise RunError(f"a rehearsal of {records_text(records)} did not begin: {said}", hint=hint)
    error = found["steps"][-1].get("error")
    if error is not None:
        raise RunError(
            f"a rehearsal of {records_text(records)} failed: {error['message']}",
            hint=error["hint"] or _BY_ITSELF,
        )
    if found["status"] != StepStatus.DONE.value:
        raise RunError(
            f"a rehearsal of {records_text(records)} was stopped: {'; '.join(found['caveats'])}",
            hint="forecast when nobody else writes these rows, or with a smaller --sample",
        )
    return found


def _why(err: str) -> tuple[str, str]:
    """Return the message and the hint of a failure as a command has told it."""
    err = _COLOUR.sub("", err)
    error, hint = _ERROR.search(err), _HINT.search(err)
    said = error.group(1) if error else err.strip()[-_SHOWN_MAX:]
    return said or "it said nothing", hint.group(1) if hint else _BY_ITSELF


def _sample(found: Mapping[str, Any], cost_s: float) -> Sample:
    step, commit = found["steps"][-1], found["commit"]
    is_rolled_back = commit and not found["is_scratch"]
    commits_s = len(step["chunks"]) * commit["median_s"] if is_rolled_back else 0.0
    return Sample(
        records=step["counts"]["read"],
        seconds=step["duration_s"] + commits_s,
        rss_bytes=found["rss_bytes_max"],
        cost_s=cost_s,
        source_records=step["source_records"],
        source_about=step["source_about"],
        transaction_s_max=step["transaction_s_max"],
        processor_s=step["processor_s"],
        machine_busy=step["machine_busy"],
        waits=tuple(Wait(**wait) for wait in step["waits"]),
        chunk_s_max=max((chunk["duration_s"] for chunk in step["chunks"]), default=0.0),
        caveats=tuple(found["caveats"]),
        dangers=dangers_in(found["dangers"]),
        sizes=tuple(_sizes(one) for one in found["sizes"]),
    )


def _sizes(told: Mapping[str, Any]) -> Sizes:
    return Sizes(**{**told, "tables": [TableSize(**one) for one in told["tables"]]})
