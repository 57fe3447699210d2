"""What the tests of the check by columns share: both ways to look at one file."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from daybreak.check.columnar import Block, BlockCheck, Cutter, Memory, Verdict
from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_format import CsvFormat
from daybreak.connectors.csv_schema import schema_of
from daybreak.connectors.row import Row


@dataclass
class Looked:
    """What both say of a file's rows."""

    expected: list[Row]
    """By the row reader."""

    refused: set[int]
    """The numbers of those that the row reader refuses."""

    places: list[tuple[int, int, int]]
    """Line, offset and size of each row, by columns."""

    doubtful: list[tuple[int, Row]]
    """By columns: those that are not certainly good, and the rows handed to the row reader."""

    @property
    def unsound(self) -> list[bytes]:
        """Rows that the row reader refuses, and that are certainly good by columns: none."""
        certain = self.refused - {number for number, _ in self.doubtful}
        return [self.expected[number].raw for number in sorted(certain)]

    @property
    def doubted(self) -> list[bytes]:
        """Rows that the row reader takes, and that are doubtful by columns: these cost time.

        The last row of a file is not among them: nothing behind it settles it.
        """
        good = [one for one in self.doubtful if one[0] not in self.refused]
        return [row.raw for number, row in good if number + 1 < len(self.expected)]


def look(
    data: bytes, model: type | None, dialect: CsvDialect | None = None, block_bytes: int = 2**16
) -> Looked:
    """Look at a file, its header included, in both ways."""
    dialect = dialect or CsvDialect()
    form, stream = CsvFormat(dialect), io.BytesIO(data)
    header = form.header(stream, "f.csv", () if model is None else schema_of(model).columns)
    reader = form.reader("f.csv", header, model)
    first = {"line": header.line, "offset": header.offset}
    expected = list(form.rows(stream, header, **first, size=len(data)))
    refused = {number for number, row in enumerate(expected) if reader.read(row)[1]}
    check = BlockCheck(model, header, dialect)
    places: list[tuple[int, int, int]] = []
    doubtful: list[tuple[int, Row]] = []
    cutter = Cutter(stream, form, header, len(data), block_bytes=block_bytes)

    def seen(block: Block) -> Verdict:
        return check.check(block, cutter.cut(block))

    for found in cutter.proven(map(seen, cutter.blocks(Memory(blocks_max=1))), seen):
        doubtful += [(len(places) + number, found.row(number)) for number in found.doubtful]
        offsets, lines = found.rows.places(range(found.rows.count))
        ends = [*offsets[1:], found.rows.end]
        places += [
            (line, offset, end - offset)
            for line, offset, end in zip(lines, offsets, ends, strict=True)
        ]
        found.release()
    return Looked(expected, refused, places, doubtful)


def written(names: list[str], records: list[list[Any]], delimiter: str = ",") -> bytes:
    """Write records as CSV, quoted where that is needed."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(records)
    return stream.getvalue().encode("utf-8", "surrogatepass")
