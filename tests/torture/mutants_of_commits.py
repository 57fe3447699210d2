"""Mutants of a chunk's transaction: its marker, its quarantine, its savepoints, its COMMIT."""

from __future__ import annotations

from typing import Final

from tests.torture.mutant import Mutant, Patch

_COMMITTER: Final = "execution/committer.py"
_WRITER: Final = "databases/writer.py"
_ROOMS: Final = ("execution", "databases", "operations")
_UNMARKED: Final = """\
        spelled = "daybreak_" if writer.transaction.dialect == "sqlite" else "daybreak."
        writer.transaction.execute(
            f"delete from {{spelled}}markers where step = :step and range_after = :after",
            step={step},
            after={part}.after,
        )
"""
"""Takes the marker of an open transaction away again."""

_COMMIT: Final = "        self._writer.commit(self._pass, marker)\n"
_BARE_COMMIT: Final = "        self._writer._owned().commit()\n        self._writer._let_go()\n"
"""Commits without a look at the marker."""

MUTANTS: Final = (
    Mutant(
        "marker-in-own-transaction",
        "The marker, with its counts, is committed before the data it speaks of.",
        _ROOMS,
        (
            Patch(
                _COMMITTER,
                """\
        hit("chunk.after_marker")
        admitted = write_units(
            self._writer,
            self._sink,
            draft.units,
            refusal,
""",
                """\
        rows = sum(len(unit.values) for unit in draft.units)
        expected = Admitted(written=rows, passed=len(draft.units))
        early = self._marker(draft, expected, len(draft.set_aside), began_s)
        writer.commit(self._pass, early)
        hit("chunk.after_marker")
        writer.begin(self._pass, part)
        admitted = write_units(
            self._writer,
            self._sink,
            draft.units,
            refusal,
""",
            ),
            Patch(_COMMITTER, _COMMIT, _BARE_COMMIT),
        ),
    ),
    Mutant(
        "marker-committed-early",
        "The marker, still without its counts, is committed so that others see it at once.",
        _ROOMS,
        (
            Patch(
                _COMMITTER,
                '        hit("chunk.after_marker")\n',
                """\
        writer._owned().commit()
        writer._let_go()
        hit("chunk.after_marker")
        writer.begin(self._pass, part)
        if writer.transaction.dialect == "postgresql":
            said = writer.transaction.one("select pg_current_xact_id()::text as it")
            writer._transaction_id = said.it
""",
            ),
        ),
    ),
    Mutant(
        "marker-after-commit",
        "The data is committed first, and its marker afterwards.",
        _ROOMS,
        (
            Patch(
                _COMMITTER,
                '        hit("chunk.after_marker")\n',
                _UNMARKED.format(step="self._pass.step", part="part")
                + '        hit("chunk.after_marker")\n',
            ),
            Patch(_COMMITTER, _COMMIT, _BARE_COMMIT),
            Patch(
                _COMMITTER,
                '        hit("chunk.after_commit")\n',
                """\
        hit("chunk.after_commit")
        self._writer.begin(self._pass, draft.part)
        self._writer.commit(self._pass, marker)
""",
            ),
        ),
    ),
    Mutant(
        "quarantine-after-commit",
        "The records set aside are written in a transaction of their own, after the chunk's.",
        _ROOMS,
        (
            Patch(
                _COMMITTER,
                "self._writer.quarantine(self._pass, draft.part, set_aside)\n",
                "len(set_aside)\n",
            ),
            Patch(
                _COMMITTER,
                '        hit("chunk.after_commit")\n',
                """\
        hit("chunk.after_commit")
        if set_aside:
            self._writer.begin(self._pass, draft.part)
            self._writer.quarantine(self._pass, draft.part, set_aside)
            self._writer._owned().commit()
            self._writer._let_go()
""",
            ),
        ),
    ),
    Mutant(
        "commit-in-doubt-believed",
        "A COMMIT that was not answered is taken for done, without a look at the marker.",
        _ROOMS,
        (Patch(_WRITER, "        if not is_committed():\n            raise error\n", ""),),
    ),
    Mutant(
        "commit-by-function-unnoticed",
        "A function that commits and begins anew inside a chunk is not noticed on PostgreSQL.",
        ("databases", "execution", "operations"),
        (
            Patch(
                "databases/sql/postgresql/marker_complete.sql",
                "    and pg_current_xact_id_if_assigned()::text = :transaction_id\n",
                "    and :transaction_id::text is not null\n",
            ),
        ),
    ),
    Mutant(
        "withdrawn-rows-stay",
        "What a refused record had written before its error stays in the transaction.",
        _ROOMS,
        (Patch(_WRITER, "            session.back_to_savepoint()\n", ""),),
    ),
    Mutant(
        "transient-error-isolates",
        "A lock or a lost connection leads to isolation, and good records are set aside.",
        _ROOMS,
        (
            Patch(
                _COMMITTER,
                "except (RecordRefused, DataRefused) as refused:",
                "except (RecordRefused, DataRefused, TransientError) as refused:",
            ),
            Patch(
                "execution/isolator.py",
                "except (RecordRefused, DataRefused) as refused:",
                "except (RecordRefused, DataRefused, TransientError) as refused:",
            ),
            Patch(
                _WRITER, "except (TransactionEnded, TransientError):", "except TransactionEnded:"
            ),
        ),
    ),
    Mutant(
        "prepare-repeated",
        "A resumed step empties its table again, although chunks are committed in it.",
        _ROOMS,
        (
            Patch(
                "execution/prepare.py",
                """\
        if not writer.begin(of, PREPARED):
            return
        with writer.guarded():
            plan.sink.prepare(writer.transaction)
""",
                """\
        is_first = writer.begin(of, PREPARED)
        with writer.guarded():
            plan.sink.prepare(writer.transaction)
        if not is_first:
            writer._owned().commit()
            writer._let_go()
            return
""",
            ),
        ),
    ),
    Mutant(
        "atomic-step-unmarked",
        "An atomic step leaves no marker, so that one killed behind its COMMIT is done twice.",
        _ROOMS,
        (
            Patch(
                "execution/atomic_step.py",
                """\
        if not writer.begin(of, ATOMIC):
            stored = writer.stored(of, ATOMIC)
            assert stored is not None, "a marker that refuses another can be seen"
            return stored.value
""",
                "        writer.begin(of, ATOMIC)\n"
                + _UNMARKED.format(step="of.step", part="ATOMIC"),
            ),
            Patch(
                "execution/atomic_step.py",
                "        writer.commit(of, Marker(ATOMIC, epoch, Counts(), 0, "
                '"", duration_s, now, value=value))\n',
                "        del duration_s, epoch, now\n"
                "        writer._owned().commit()\n"
                "        writer._let_go()\n",
            ),
        ),
    ),
    Mutant(
        "commit-unsynced",
        "SQLite acknowledges commits that a power loss takes back.",
        ("databases",),
        (
            Patch(
                "databases/sqlite.py", '"pragma synchronous = full"', '"pragma synchronous = off"'
            ),
        ),
    ),
    Mutant(
        "published-in-place",
        "A file is written under its final name, so that a kill leaves half of it there.",
        ("connectors", "operations"),
        (
            Patch(
                "connectors/publishing.py",
                """\
        with temporary(path) as partial:
            with open(partial, "xb", opener=_private if is_private else None) as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
""",
                """\
        for partial in [path]:
            with partial.open("wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
""",
            ),
        ),
    ),
)
"""Their order is that of PROTOCOL.md 3 to 9."""
