"""The schema of a file: proposed from a sample, widened until the whole file keeps it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ...abc import Publish
from ...connectors.file_format import Format
from ...connectors.file_index import FileIndex, index_path
from ...connectors.file_root import File, FileRoot
from ...connectors.rows_at import rows_at
from ...model.limits import BadLimit
from ..findings_spill import FindingsSpill
from ..sources import check_sources
from ..summary import CheckSummary
from .evidence import Evidence
from .names import field_names, model_name
from .proposal import Proposal, propose, remarks, widen
from .sample import RECORDS, Sample
from .source_text import module_text

ROUNDS_MAX: Final = 6
"""Readings of the whole file: each but the last widens a column at least."""

_TYPED: Final = frozenset({"json", "jsonl", "parquet", "excel"})
"""Kinds of files that write numbers otherwise than texts."""

_ALL: Final = BadLimit.parse("100%")


@dataclass(slots=True)
class Inference:
    """What is known of the columns of one file.

    Args:
        path: The file.
        form: How it is written.
    """

    path: Path
    form: Format
    columns: dict[str, Evidence] = field(default_factory=dict)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    records: int = 0
    """Records of the sample."""

    malformed: int = 0
    """Records that have no fields: in the sample, or in the whole file once it is proven."""

    refused: int = 0
    """Records that have fields, and that the proposal refuses all the same."""

    total: int | None = None
    """Records of the file, once it was read as a whole."""

    keys: tuple[str, ...] = ()

    def look(self, records: int = RECORDS) -> None:
        """Look at a sample, and propose a type for every column.

        Args:
            records: How many of the first records to look at.

        Raises:
            FileRefused: If the file cannot be read as records at all.
        """
        sample = Sample(self.path, self.form, records)
        self.columns = {name: Evidence(name) for name in sample.header.names}
        for one in sample:
            if one.values is None:
                self.malformed += 1
            else:
                self._add(one.values, one.line)
        self.proposals = {name: propose(seen) for name, seen in self.columns.items()}
        self.keys = tuple(name for name, seen in self.columns.items() if seen.is_key)

    def _add(self, values: dict[str, Any], line: int | None) -> None:
        for name, value in values.items():
            if name not in self.columns:
                self.columns[name] = Evidence(name, missing=self.records)
            self.see(name, value, line)
        self.records += 1
        if len(values) < len(self.columns):
            for name in self.columns.keys() - values.keys():
                self.columns[name].missing += 1

    def see(self, name: str, value: Any, line: int | None) -> None:
        """Take in one value of a column."""
        null = str(self.form.facts().get("null") or "")
        self.columns[name].add(value, line, null=null, is_typed=self.form.kind in _TYPED)

    # ------------------------------------------------------------ proof

    def prove(self, publish: Publish) -> None:
        """Read the whole file, and widen what does not hold, until all of it does.

        Args:
            publish: Hears `CheckProgress`.

        Raises:
            SourceChanged: If the file changes meanwhile.
        """
        for _round in range(ROUNDS_MAX):
            with tempfile.TemporaryDirectory(prefix="daybreak-infer-") as folder:
                refused = self._refused(Path(folder), publish)
            changed = {name: widen(self.proposals[name], self.columns[name]) for name in refused}
            if all(self.proposals[name] == one for name, one in changed.items()):
                break
            self.proposals.update(changed)

    def _refused(self, folder: Path, publish: Publish) -> set[str]:
        """Check the whole file; return the columns of which more was seen than is proposed."""

        def hear(event: object) -> None:
            if isinstance(event, CheckSummary):
                self.total = event.rows
            publish(event)

        root = FileRoot((self.path,), self._guard(), self.form)
        with FindingsSpill(folder / "found", self.path.name) as spill:
            check_sources(
                File((root,)),
                folder=folder,
                max_bad=_ALL,
                publish=hear,
                take=lambda _path: spill.add,
                samples_max=0,
                is_of_run=False,
            )
            index = FileIndex.load(index_path(folder, self.path, self.form))
            return self._learn(spill, index)

    def _learn(self, spill: FindingsSpill, index: FileIndex) -> set[str]:
        """Take what the proposal refuses into its evidence."""
        reader = self.form.reader(self.path.name, index.header, None)
        columns: set[str] = set()
        self.malformed = self.refused = 0
        waiting: set[str] = set()

        def lines() -> Iterator[int]:
            for line, findings in spill.by_line():
                waiting.clear()
                waiting.update(one.column for one in findings if one.column is not None)
                yield line

        for row in rows_at(self.path, self.form, index, lines()):
            values, malformed = reader.read(row)
            if malformed:
                self.malformed += 1
                continue
            self.refused += 1
            columns |= waiting
            for name in waiting:
                if name in values:
                    self.see(name, values[name], row.line)
                else:
                    self.columns[name].missing += 1
        return columns

    def _guard(self) -> type:
        """Return the model that every record must keep, so that nothing is lost by the proposal."""
        from pydantic import Field, create_model  # noqa: PLC0415 - heavy

        is_guarded = self.form.kind not in _TYPED
        fields: dict[str, Any] = {}
        for column, name in field_names(self.columns).items():
            proposal = self.proposals[column]
            kind = proposal.annotation(is_guarded=is_guarded)
            if proposal.is_nullable:
                kind = kind | None
            alias = None if name == column else column
            default = None if proposal.may_be_missing else ...
            fields[name] = (kind, Field(default, alias=alias))
        model: type = create_model(model_name(self.path.stem), **fields)
        return model

    # ------------------------------------------------------------ as text

    def text(self, head: Sequence[str]) -> str:
        """Return the proposal as a Python module.

        Args:
            head: Lines of comment at its top.
        """
        names = field_names(self.columns)
        fields = [
            (names[column], column, proposal, list(remarks(proposal, self.columns[column])))
            for column, proposal in self.proposals.items()
        ]
        return module_text(self.model, fields, [*head, *self._proof()], self._notes())

    @property
    def model(self) -> str:
        """The name of the model."""
        return model_name(self.path.stem)

    def _proof(self) -> list[str]:
        if self.total is None:
            return [f"From {self.records:,} records of it; the rest was not looked at (--quick)."]
        lines = [f"From {self.records:,} records of it, then proven on all {self.total:,}."]
        if self.refused:
            lines[0] = (
                f"From {self.records:,} records of it, then compared with all {self.total:,}."
            )
            lines.append(f"It refuses {_records(self.refused)}; the check shows them.")
        if self.malformed:
            records = _records(self.malformed)
            lines.append(f"No schema can accept {records}: malformed; the check shows them.")
        return lines

    def _notes(self) -> list[str]:
        if not self.keys:
            return []
        first = self.keys[0]
        more = f" (or {', '.join(map(repr, self.keys[1:]))})" if self.keys[1:] else ""
        return [f"Key, perhaps: {first!r}{more}; no value came twice in the sample. Try --key."]


def _records(number: int) -> str:
    return f"{number:,} record" if number == 1 else f"{number:,} records"
