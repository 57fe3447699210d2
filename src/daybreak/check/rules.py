"""One check of one source with rules across its records: before, while and after it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..connectors.expected import unexpected
from ..connectors.file_index import FileIndex
from ..connectors.file_root import FileRoot
from ..connectors.file_rules import NO_RULES, FileKey, Reference, TableKey
from ..connectors.file_source import FileSource
from ..connectors.publishing import temporary, writing
from ..connectors.refused_rows import Describing, save_list
from ..databases.keys_of_tables import KeysOfTable
from ..errors import SourceError
from ..model.chunk import Finding
from .accusing import Accusing, RowFindings
from .across import Across
from .parents import parents_in_files, parents_in_table
from .tag_spill import TagSpill

UNREADABLE = "what it refers to cannot be read"


class RulesCheck:
    """The rules of one source under check.

    Args:
        root: The source.
        tables: Those to which its references lead, as `tables_of` gives them.
        folder: The run's.
        place: An empty folder for what does not fit into memory.
    """

    def __init__(
        self, root: FileRoot, tables: Mapping[int, KeysOfTable], folder: Path, place: Path
    ) -> None:
        self._root = root
        self._tables = tables
        self._folder = folder
        self._place = place
        self._unreadable: list[Finding] = []
        parents = self._parents()
        rules = root.rules if not self._unreadable else replace(root.rules, references=())
        self.across = Across(rules, root.model, place, parents if not self._unreadable else ())
        self._indexes: list[Path | None] = []
        self._is_torn = False

    def look(self, check_one: Callable[[Path, Across], Path | None]) -> list[Path | None]:
        """Have every file read; return the indexes, None for what could not be read as records.

        Args:
            check_one: Reads one file, and gives every row of it to what compares them.
        """
        for path in self._root.paths:
            before = self.across.tally.records
            index = check_one(path, self.across)
            self._indexes.append(index)
            # Rows of a file that turned out to be none cannot be found again.
            self._is_torn |= index is None and self.across.tally.records != before
        return self._indexes

    def _parents(self) -> list[TagSpill | None]:
        found: list[TagSpill | None] = []
        for number, one in enumerate(self._root.rules.references, 1):
            try:
                found.append(self._parents_of(number, one))
            except SourceError as exc:
                file = self._root.paths[0].name
                columns = ", ".join(one.columns)
                self._unreadable.append(Finding(file, 1, columns, None, UNREADABLE, str(exc)))
        return found

    def _parents_of(self, number: int, one: Reference) -> TagSpill | None:
        place = self._place / f"parents-{number}"
        match one.to:
            case TableKey():
                return parents_in_table(self._tables[number], one.columns, self._root.model, place)
            case FileKey(root=root, columns=columns):
                return parents_in_files(root, columns, place)
            case _:
                return None

    def of_source(self) -> list[Finding]:
        """Return what is wrong with the source as a whole; ask after the last row."""
        file = self._root.paths[0].name
        self.across.flush()
        return [
            *self._unreadable,
            *unexpected(self._root.rules.expected, self.across.tally, file),
        ]

    def of_rows(self) -> Iterator[RowFindings]:
        """Yield the findings of rows because of other rows, in order."""
        readable = [at for at, index in enumerate(self._indexes) if index is not None]
        root = replace(
            self._root,
            paths=tuple(self._root.paths[at] for at in readable),
            indexes=tuple(index for index in self._indexes if index is not None),
            rules=NO_RULES,
        )
        if self._is_torn:
            return
        describing = Describing.of(self._root.rules, self._root.model)
        with writing(self._entries), self._entries.open("wb") as out:
            accusing = Accusing(FileSource(root, self._folder), describing, self._tables, out)
            for found in accusing.findings(self.across.accused()):
                yield found._replace(file=readable[found.file])

    @property
    def _entries(self) -> Path:
        return self._place / "entries"

    def save(self) -> Path | None:
        """Publish the list of refused rows; ask after `of_rows`.

        Returns:
            Where it is; None if a file could not be read as records.
        """
        indexes = [index for index in self._indexes if index is not None]
        if len(indexes) != len(self._indexes):
            return None
        prints = [FileIndex.load(one).fingerprint for one in indexes]
        files = list(zip(self._root.paths, prints, strict=True))
        return save_list(indexes[0], files, self._entries)


def tables_of(root: FileRoot) -> dict[int, KeysOfTable]:
    """Return the tables to which references lead, by reference from 1.

    Raises:
        DefinitionError: If there is no such table, or it lacks a column.
        DatabaseUnreachable: If its database does not answer.
    """
    return {
        number: KeysOfTable(one.to.database, one.to.table, one.to.columns)
        for number, one in enumerate(root.rules.references, 1)
        if isinstance(one.to, TableKey)
    }


@contextmanager
def working_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder in a run's; it is removed, and what a dead attempt left before.

    Args:
        folder: The run's.
    """
    around = folder / "across"
    with writing(around):
        around.mkdir(parents=True, exist_ok=True)
    with temporary(around / "keys") as place:
        with writing(place):
            place.mkdir()
        yield place
