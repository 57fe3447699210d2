"""Mutants of what happens when a process dies: who is noted, who is blamed, what begins anew."""

from __future__ import annotations

from typing import Final

from tests.torture.mutant import Mutant, Patch

_SUPERVISE: Final = "operations/supervise.py"
_ALONE: Final = "execution/alone.py"
_DEATHS: Final = "model/deaths.py"

MUTANTS: Final = (
    Mutant(
        "death-by-status",
        "Only an exit by a signal is a death: a record that exits with 0 ends the run as done.",
        ("operations/test_supervise.py",),
        (
            Patch(
                _SUPERVISE,
                """\
            if self._cells.told is not None:
                return self._cells.told
""",
                """\
            if how.startswith("exit status"):
                return int(how.removeprefix("exit status "))
""",
            ),
        ),
    ),
    Mutant(
        "stop-starts-again",
        "An attempt that dies while it is to stop is followed by another.",
        ("operations/test_supervise.py",),
        (
            Patch(
                _SUPERVISE,
                "            if self._is_asked or how in _names(STOPPING):\n",
                "            if how in _names(STOPPING):\n",
            ),
        ),
    ),
    Mutant(
        "orphan-lives",
        "An attempt outlives its supervisor until it is the turn of its thread.",
        ("operations/test_supervise.py",),
        (
            Patch(
                _SUPERVISE,
                "        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, number)\n",
                "        pass\n",
            ),
        ),
    ),
    Mutant(
        "two-ways-two-requests",
        "Ctrl-C, which reaches both processes, counts as two requests to stop and ends at once.",
        ("operations/test_supervise.py",),
        (
            Patch(
                "operations/signals.py",
                "        requests[way] += 1\n        if requests[way] > 1:\n",
                "        requests[way] += 1\n        if requests.total() > 1:\n",
            ),
        ),
    ),
    Mutant(
        "first-suspicion-is-proof",
        "The record at hand at a death is guilty, whoever killed the process.",
        ("model/test_deaths.py", "torture/test_deaths.py"),
        (
            Patch(
                _DEATHS,
                "    if one.trial is Trial.ONE_RECORD and named is not None:\n",
                "    if named is not None:\n",
            ),
        ),
    ),
    Mutant(
        "one-of-several-is-proof",
        "Who is at hand when the records of a part are tried one by one is guilty, whoever killed.",
        ("torture/test_deaths.py",),
        (
            Patch(
                _ALONE,
                "tried(watch.work, Trial.ONE_RECORD if is_one else Trial.ALONE)\n",
                "tried(watch.work, Trial.ONE_RECORD)\n",
            ),
        ),
    ),
    Mutant(
        "refusal-hides-killers",
        "A part in which a record is refused is not tried any further.",
        ("execution/test_alone.py",),
        (
            Patch(
                _ALONE,
                "        Isolator(writer, sink).admit(units)",
                "        with suppress(RecordRefused, DataRefused), writer.savepoint():\n"
                "            write_whole(writer, sink, units)",
            ),
        ),
    ),
    Mutant(
        "guilty-lost",
        "A record that kills is left out of its chunk, and of quarantine too.",
        ("torture/test_deaths.py",),
        (
            Patch(
                _ALONE,
                "        return replace(draft, set_aside=[*draft.set_aside, *aside])\n",
                "        counted = replace(read, read=read.read - len(aside))\n"
                "        return replace(draft, input=counted)\n",
            ),
        ),
    ),
    Mutant(
        "trial-commits",
        "What is only tried, record by record, is committed with a marker.",
        ("torture/test_deaths.py",),
        (
            Patch(
                _ALONE,
                '                hit("alone.after_sink")\n',
                '                hit("alone.after_sink")\n'
                "                writer._owned().commit()\n",
            ),
        ),
    ),
    Mutant(
        "suspect-twice",
        "A range that is done alone is handed out again.",
        ("torture/test_deaths.py", "operations"),
        (
            Patch(
                "execution/chunked_step.py",
                "        done = {suspect.part for suspect in suspects}\n",
                "        done = {suspect.part for suspect in suspects[:0]}\n",
            ),
        ),
    ),
)
