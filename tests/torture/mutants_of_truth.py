"""Mutants of what is taken for true: planning, isolation, fates, and the proof at the end."""

from __future__ import annotations

from typing import Final

from tests.torture.mutant import Mutant, Patch

_STEP: Final = "execution/chunked_step.py"
_COMMITTER: Final = "execution/committer.py"
_ISOLATOR: Final = "execution/isolator.py"
_ROOMS: Final = ("execution", "operations")

MUTANTS: Final = (
    Mutant(
        "gap-ignored",
        "A resume goes on behind the last committed range, and never fills the gaps before it.",
        ("model", "execution", "operations"),
        (
            Patch(
                "model/ranges.py",
                """\
        if head != place:
            found.append(Range(place, head))
        place = _followed(head, upto_of)
""",
                "        place = _followed(head, upto_of)\n",
            ),
        ),
    ),
    Mutant(
        "checkpoint-from-ledger",
        "What is committed is asked of the ledger, which lags behind, and not of the target.",
        _ROOMS,
        (
            Patch(
                _STEP,
                """\
        run_key = self._around.ledger.ownership.run_key
        markers = self._around.patiently(lambda: plan.target.markers(run_key, of))
        return [marker for marker in markers if marker.part != PREPARED]
""",
                """\
        from ..ledger.rows import measurement_of

        ledger = self._around.ledger
        rows = ledger._session.read("select_measurements", run_id=ledger.run.id, step=of.step)
        return [
            Marker(one.part, 0, one.counts, one.bytes_read, "", one.duration_s, one.committed_at)
            for one in map(measurement_of, rows)
        ]
""",
            ),
        ),
    ),
    Mutant(
        "checkpoint-from-memory",
        "The proof takes what this process remembers for what the target holds.",
        _ROOMS,
        (
            Patch(
                _STEP,
                "        self._committed: list[Range] = []\n",
                "        self._committed: list[Range] = []\n        self._remembered = []\n",
            ),
            Patch(
                _STEP,
                "        self._committed.append(marker.part)\n",
                """\
        self._committed.append(marker.part)
        self._remembered.append(marker)
""",
            ),
            Patch(
                _STEP,
                "        chunks = self._chunks(plan, of)\n        if self._around.stop",
                "        chunks = [*chunks, *self._remembered]\n        if self._around.stop",
            ),
        ),
    ),
    Mutant(
        "stop-taken-for-the-end",
        "A step that was asked to stop counts as worked off, and fails at its proof.",
        _ROOMS,
        (
            Patch(
                _STEP,
                """\
        if self._around.stop.is_requested and self._missing(plan, row, chunks):
            return None
""",
                "",
            ),
        ),
    ),
    Mutant(
        "record-lost-in-isolation",
        "The good records before a named culprit count as passed, but were rolled back with it.",
        _ROOMS,
        (
            Patch(
                _ISOLATOR,
                "                line.named(fault.position, is_first=self._is_first(fault))\n",
                """\
                good = part[: fault.position]
                line.named(fault.position, is_first=self._is_first(fault))
                line._place += len(good)
                self._admitted.passed += len(good)
                self._admitted.written += sum(len(unit.values) for unit in good)
""",
            ),
        ),
    ),
    Mutant(
        "half-skipped-in-isolation",
        "Bisection leaves out the record in the middle.",
        _ROOMS,
        (
            Patch(
                "execution/waiting_line.py",
                "        self._width = len(self.next()) // 2\n",
                """\
        self._width = len(self.next()) // 2
        del self._units[self._place + self._width]
""",
            ),
        ),
    ),
    Mutant(
        "suspects-condemned-at-once",
        "Suspects are tried in one round only: a grandchild before its parents is set aside.",
        _ROOMS,
        (
            Patch(
                _ISOLATOR,
                "                    suspect.is_admitted = admits = True\n",
                "                    suspect.is_admitted = True\n",
            ),
        ),
    ),
    Mutant(
        "suspicion-is-a-verdict",
        "Whom the sink suspects by its rules is set aside, although the database would take it.",
        _ROOMS,
        (
            Patch(
                _ISOLATOR,
                "        self._suspects.extend(_Suspect(units[place]) for place in found)\n",
                "        self._admitted.refused.extend((units[place], cause) for place in found)\n",
            ),
            Patch(
                _ISOLATOR,
                "        self._admitted.refused = [",
                "        self._admitted.refused += [",
            ),
        ),
    ),
    Mutant(
        "constraints-unforced-in-isolation",
        "A deferred constraint is not checked before the savepoint of an attempt is released.",
        _ROOMS,
        (Patch(_ISOLATOR, "                self._writer.force_constraints()\n", ""),),
    ),
    Mutant(
        "wrong-record-blamed",
        "Of an input record with several outputs, its neighbour is blamed for the last one.",
        _ROOMS,
        (Patch(_ISOLATOR, "        if position < end:\n", "        if position < end - 1:\n"),),
    ),
    Mutant(
        "fate-miscounted",
        "Filtered records are counted as passed: the sum is right, its terms are wrong.",
        _ROOMS,
        (
            Patch(
                _COMMITTER,
                """\
            passed=admitted.passed,
            filtered=draft.filtered,
""",
                """\
            passed=admitted.passed + draft.filtered,
            filtered=0,
""",
            ),
        ),
    ),
    Mutant(
        "passed-by-subtraction",
        "The passed records are what is left of the read ones, so that the sum proves nothing.",
        _ROOMS,
        (
            Patch(
                _COMMITTER,
                "            passed=admitted.passed,\n",
                "            passed=draft.input.read - draft.filtered - quarantined,\n",
            ),
        ),
    ),
    Mutant(
        "outputs-miscounted",
        "A record of whose outputs some go no further counts as filtered, though others pass.",
        ("pipeline/test_carry.py", "execution"),
        (
            Patch(
                "pipeline/carry.py",
                """\
        elif more > 1:
            self._more[origin] = more - 1
""",
                "",
            ),
        ),
    ),
    Mutant(
        "max-bad-ignored",
        "A broken mapping sets a whole night aside and reports success.",
        _ROOMS,
        (
            Patch(
                "execution/bad_budget.py",
                "        if self._limit.is_exceeded(self._bad + len(bad)",
                "        if not self._limit and self._limit.is_exceeded(self._bad + len(bad)",
            ),
        ),
    ),
    Mutant(
        "chain-unproven",
        "A step is done although its ranges do not form a chain.",
        _ROOMS,
        (Patch("execution/proof.py", "    _chain_is_closed(plan.source, whole, chunks)\n", ""),),
    ),
    Mutant(
        "target-unproven",
        "Rows that are missing or too many in the table are not noticed.",
        _ROOMS,
        (Patch("execution/proof.py", "    _target_agrees(plan, counts)\n", ""),),
    ),
    Mutant(
        "source-unproven",
        "A source that changed behind a committed range is not noticed.",
        _ROOMS,
        (
            Patch(
                "execution/proof.py",
                "    _source_is_the_same(plan.source, chunks, accepted or {})\n",
                "",
            ),
        ),
    ),
    Mutant(
        "finished-step-believed",
        "The ledger's word for a finished step is taken, though its target lost the commits.",
        _ROOMS,
        (
            Patch(
                "execution/conductor.py",
                "            verify_done(step, row, self._around)\n",
                "",
            ),
        ),
    ),
)
"""Their order is that of PROTOCOL.md 5 to 7."""
