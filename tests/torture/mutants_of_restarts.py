"""Mutants of beginning again, and of going on with what has changed."""

from __future__ import annotations

from typing import Final

from tests.torture.mutant import Mutant, Patch

_ROOMS: Final = ("model", "execution", "operations")

MUTANTS: Final = (
    Mutant(
        "rows-doubled-by-a-restart",
        "A step that inserts may begin again, beside the rows of its former pass.",
        _ROOMS,
        (
            Patch(
                "model/restart.py",
                """\
    if sink.get("mode") in _REPLACEABLE:
        return None
""",
                """\
    if "table" in sink:
        return None
""",
            ),
        ),
    ),
    Mutant(
        "restart-judged-too-early",
        "What the former owner still commits, until its epoch is closed, is not looked at again.",
        ("operations",),
        (
            Patch(
                "operations/restarting.py",
                """\
        try:
            self._refuse_obstacles(standings, steps)
        except RestartRefused as error:
""",
                """\
        try:
            pass
        except RestartRefused as error:
""",
            ),
        ),
    ),
    Mutant(
        "restart-begins-anew-each-time",
        "A restart that was killed begins from nothing when it is typed again.",
        ("operations",),
        (
            Patch(
                "operations/restarting.py",
                "        return is_present and (is_killed or not is_done)\n",
                "        return is_present and (is_killed and not is_done)\n",
            ),
        ),
    ),
    Mutant(
        "undo-forgotten",
        "A new pass of an atomic step is done beside the effects of the former one.",
        ("execution", "operations"),
        (
            Patch(
                "execution/atomic_step.py",
                "        if undo is not None:\n",
                "        if undo is not None and of.number < 2:\n",
            ),
        ),
    ),
    Mutant(
        "what-an-empty-pass-follows-is-forgotten",
        "A pass that commits nothing hides what the pass before it had left.",
        _ROOMS,
        (Patch("model/restart.py", "        return self.row.former\n", "        return None\n"),),
    ),
    Mutant(
        "accepted-unjoined",
        "A changed file is accepted although records moved across the checkpoint.",
        ("execution", "operations"),
        (
            Patch(
                "execution/changes.py",
                "    _refuse_what_does_not_join(change, plan.source, whole, chunks, other)\n",
                "",
            ),
        ),
    ),
    Mutant(
        "accepted-for-ever",
        "A range whose change was accepted is never looked at again, whatever happens to it.",
        ("execution", "operations"),
        (
            Patch(
                "execution/proof.py",
                "        expected = accepted.get(marker.part.after, marker.digest)\n",
                '        expected = "" if marker.part.after in accepted else marker.digest\n',
            ),
        ),
    ),
)
