"""Mutants of replay: a quarantined record that is lost, doubled, or has two fates."""

from __future__ import annotations

from typing import Final

from tests.torture.mutant import Mutant, Patch

_STEP: Final = "execution/replayed_step.py"
_REPLAYER: Final = "execution/replayer.py"
_ROOMS: Final = ("execution/test_replayed_step.py", "operations/test_replay.py")
_FENCE: Final = """\
  and mine.closed_at is null
  and not exists (
    select 1 from daybreak.epochs higher
    where higher.run_key = :run_key and higher.epoch > :epoch
  )
"""

MUTANTS: Final = (
    Mutant(
        "replay-told-too-late",
        "The ledger hears that a step changes only after the target was written to.",
        _ROOMS,
        (
            Patch(
                _STEP,
                """\
        around.ledger.reopen_step(self._step.name, code=around.bodies.code(self._step))
        hit("replay.after_reopen")
""",
                """\
        hit("replay.after_reopen")
""",
            ),
            Patch(
                _STEP,
                """\
        hit("replay.before_measure")
""",
                """\
        around = self._around
        around.ledger.reopen_step(self._step.name, code=around.bodies.code(self._step))
        hit("replay.before_measure")
""",
            ),
        ),
    ),
    Mutant(
        "replay-unfenced",
        "An owner that was taken over still takes records out of quarantine.",
        _ROOMS,
        (
            Patch("databases/sql/sqlite/replay_mark.sql", _FENCE, ""),
            Patch("databases/sql/postgresql/replay_mark.sql", _FENCE, ""),
        ),
    ),
    Mutant(
        "replay-in-doubt-believed",
        "A replay whose COMMIT was not answered is taken for done.",
        _ROOMS,
        (
            Patch(
                "databases/replaying.py",
                "            lambda: self.stored(of, number) is not None,\n",
                "            lambda: True,\n",
            ),
        ),
    ),
    Mutant(
        "replayed-fates-in-one-marker",
        "All records of a replay move the fates of the first one's range.",
        _ROOMS,
        (
            Patch(
                _REPLAYER,
                "    parts: dict[Range, None] = dict.fromkeys(one.part for one in records)\n",
                """\
    records = [replace(one, part=records[0].part) for one in records]
    parts: dict[Range, None] = dict.fromkeys(one.part for one in records)
""",
            ),
        ),
    ),
    Mutant(
        "refused-count-kept",
        "A record that the check had refused goes on counting as refused once it is replayed.",
        _ROOMS,
        (
            Patch(
                _REPLAYER,
                "            again_by_check[part] - by_check[part],\n",
                "            0,\n",
            ),
        ),
    ),
    Mutant(
        "replayed-child-lost",
        "A record whose parent is replayed in a later transaction is not tried again.",
        _ROOMS,
        (Patch(_STEP, "todo = [] if is_over else refused", "todo = [] if refused else []"),),
    ),
    Mutant(
        "erased-comes-back",
        "What was erased is replayed from an export that is older.",
        _ROOMS,
        (
            Patch("operations/choice.py", " and not one.is_erased\n", "\n"),
            Patch(
                "operations/choice.py",
                "            if not one.is_erased:\n",
                "            if one:\n",
            ),
        ),
    ),
)
