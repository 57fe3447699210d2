"""Damaged CSV files, and what may come of them: every shape of damage, at every position.

The judge knows the undamaged file and what was done to it, and nothing of the reader. A record that
was not touched must come out as it was. What comes out of the touched part must be a record of the
undamaged file too, unless the damage left nothing but records there: that nobody can see.

Two files may become the same bytes by two damages; then nobody can tell which of them it was. Such
cases are proven one by one, and counted apart:

- `SPLIT`: a reader of RFC 4180 that begins at the file's beginning reads the very same record.
- `PIECE`: one that begins where a region ends, by the rule of regions, reads the very same record.
- `UNEXPLAINED`: as `DOUBTFUL`, but no single quote is enough: one that was withheld for nothing.
- `DOUBTFUL`: with one quote more the record before goes on into the damage (`csv_doubt`). A lost
  quote is the smaller damage of the two, so it is withheld.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_format import CsvFormat
from daybreak.connectors.row import Row
from tests.connectors.csv_doubt import LINES_MAX, lacks_a_quote
from tests.connectors.csv_oracle import Rfc4180
from tests.connectors.csv_region_oracle import Oracle

WORDS: Final = ("a", "bc", "def", "", "x y", "12", "9.50", "表示", "é", "2024-01-31")
TRICKY: Final = (
    "a,b",
    'say "hi"',
    '"',
    "two\nlines",
    "\nfirst",
    "last\n",
    "1\n2\n3",
    ",",
    '5"',
    "",
)
BODIES: Final = ("one\ntwo, three\nfour", '"quoted"\nand, more', "a\n\nb")

# ---------------------------------------------------------------- undamaged files


@dataclass(frozen=True)
class Sample:
    """An undamaged file."""

    dialect: CsvDialect
    names: tuple[str, ...]
    head: bytes
    """What stands before its records."""

    records: tuple[tuple[bytes, tuple[str, ...]], ...]
    """Of each its bytes and its fields."""

    @property
    def data(self) -> bytes:
        return self.head + b"".join(raw for raw, _ in self.records)


@lru_cache
def sample_of(seed: int) -> Sample:
    """Draw a file: width, line ends, habits of quoting, encoding."""
    drawn = random.Random(seed)
    width = drawn.randint(3, 8)
    codec, delimiter = drawn.choice(
        [("utf-8", ",")] * 6
        + [("latin-1", ";"), ("cp932", "|"), ("cp932", ","), ("euc_jp", "\t")]
        + [("utf-16-le", ","), ("utf-16-be", ",")]
    )
    quote = drawn.choice(['"'] * 5 + ["'"])
    end = drawn.choice(["\n", "\n", "\r\n"])
    everything = drawn.random() < 0.25
    tricky = drawn.choice([0.0, 0.1, 0.4])
    bodies = drawn.choice([0.0, 0.3])

    def field(at: int, number: int) -> str:
        if at == 0:
            return str(100 + number)
        if at == width - 1 and drawn.random() < bodies:
            text = drawn.choice(BODIES)
        else:
            text = drawn.choice(TRICKY if drawn.random() < tricky else WORDS)
        text = text.replace(",", delimiter).replace('"', quote).replace("\n", end)
        return text.encode(codec, "ignore").decode(codec)

    def written(fields: Sequence[str]) -> bytes:
        special = (delimiter, quote, "\n", "\r")
        cells = (
            f"{quote}{one.replace(quote, quote * 2)}{quote}"
            if everything or any(mark in one for mark in special)
            else one
            for one in fields
        )
        return (delimiter.join(cells) + end).encode(codec)

    names = tuple(f"c{at}" for at in range(width))
    rows = [
        tuple(field(at, number) for at in range(width)) for number in range(drawn.randint(6, 9))
    ]
    mark = "\ufeff".encode(codec) if codec.startswith("utf-") and drawn.random() < 0.5 else b""
    return Sample(
        CsvDialect(delimiter, codec, quote=quote),
        names,
        mark + written(names),
        tuple((written(row), row) for row in rows),
    )


# ---------------------------------------------------------------- damage


class Damage(NamedTuple):
    """`removed` bytes at a place became others."""

    at: int
    removed: int
    put: bytes


Shape = Callable[[bytes, int, random.Random], Damage]


def _put(text: str | bytes, *, instead: int = 0) -> Callable[[CsvDialect], Shape]:
    def of(dialect: CsvDialect) -> Shape:
        put = (
            text
            if isinstance(text, bytes)
            else _as_marks(text, dialect).encode(dialect.codec, "ignore")
        )
        return lambda data, at, _chance: Damage(at, min(instead, len(data) - at), put)

    return of


def _as_marks(text: str, dialect: CsvDialect) -> str:
    return text.replace(",", dialect.delimiter).replace('"', dialect.quote or "")


def _change(
    make: Callable[[bytes, random.Random], bytes], size: int
) -> Callable[[CsvDialect], Shape]:
    def of(_dialect: CsvDialect) -> Shape:
        return lambda data, at, chance: Damage(
            at, len(data[at : at + size]), make(data[at : at + size], chance)
        )

    return of


SHAPES: Final[Mapping[str, Callable[[CsvDialect], Shape]]] = {
    **{f"lost {size}": _put(b"", instead=size) for size in (1, 2, 3, 7, 40)},
    **{f"put {text!r}": _put(text) for text in ('"', ",", "\n", "\r", "\r\n", '""', "\0", "x")},
    **{f"put {text!r}": _put(text) for text in ("\n\n", '"\n', '\n"', '",', ',"', '","', ",,,,")},
    **{f"put {text!r}": _put(text) for text in ("\ufeff\n", "no record\n", '"', "\nT 12\n")},
    "put a mark": _put("\ufeff".encode()),
    "put odd bytes": _put(b"\x81"),
    "put garbage": _put(bytes(range(256))),
    "put garbage without line ends": _put(bytes(set(range(256)) - {10, 13, 34, 39, 44})),
    **{f"byte becomes {text!r}": _put(text, instead=1) for text in ('"', ",", "\n", "\r", "\0")},
    "byte becomes 0xFF": _put(b"\xff", instead=1),
    "byte has another bit": _change(
        lambda old, chance: bytes([old[0] ^ 1 << chance.randrange(8)]), 1
    ),
    "swapped": _change(lambda old, _: old[::-1], 2),
    "swapped three": _change(lambda old, _: old[::-1], 3),
    "doubled byte": _change(lambda old, _: old * 2, 1),
    "doubled block": _change(lambda old, _: old * 2, 23),
    "zeroed block": _change(lambda old, _: bytes(len(old)), 16),
    "cut off": lambda _dialect: lambda data, at, _chance: Damage(at, len(data) - at, b""),
}


def damages(sample: Sample, shape: str, at: int, chance: random.Random) -> Damage:
    """Return the damage of one shape at one place behind the header."""
    return SHAPES[shape](sample.dialect)(sample.data, at, chance)


def places(sample: Sample) -> range:
    """Return where a file can be damaged; the header is another matter."""
    return range(len(sample.head), len(sample.data))


# ---------------------------------------------------------------- the judge


class Verdict(Enum):
    """What came of one damaged file."""

    RIGHT = "every touched record was withheld, or came out as it was"
    UNSEEN = "the damage left other records, and nothing to see it by; or there were two damages"
    PIECE = "a line of the damaged part reads as a record, and is one by the rule of regions"
    SPLIT = "RFC 4180 alone reads the same record: the bytes are those of another file as well"
    DOUBTFUL = "the record before was withheld too: it lacks no more than a quote to go on"
    UNEXPLAINED = "the record before was withheld too, and no single quote explains the damage"
    WRONG = "a record came out that is none by any reading"
    WITHHELD = "a record that was not touched did not come out"
    LOST = "bytes are in no row, or a row has another line"


class _Out(NamedTuple):
    offset: int
    end: int
    fields: tuple[str, ...] | None
    is_region: bool


def judge(sample: Sample, *every: Damage) -> Verdict:
    """Read a file with damages, the last of them first in the file, and judge what comes out."""
    data = sample.data
    for one in every:
        data = data[: one.at] + one.put + data[one.at + one.removed :]
    rows, out = _read(sample, data)
    if not _is_whole(sample, data, rows):
        return Verdict.LOST
    good = {(one.offset, one.fields) for one in out if one.fields is not None}
    kept = dict(_untouched(sample, data, every))
    missing = [at for at, fields in kept.items() if (at, fields) not in good]
    if missing and not _may_be_missing(missing, out, len(every)):
        return Verdict.WITHHELD
    if missing and len(every) == 1 and not _goes_on(sample, data, missing[0], kept):
        return Verdict.UNEXPLAINED
    rest = [one for one in out if one.offset not in kept]
    found = _touched_verdict(sample, data, rest, every)
    if found is not Verdict.RIGHT and not good <= _read_by_oracle(sample, data):
        return Verdict.WRONG
    if missing and found is Verdict.RIGHT:
        return Verdict.DOUBTFUL if len(every) == 1 else Verdict.UNSEEN
    return found


def _read_by_oracle(sample: Sample, data: bytes) -> set[tuple[int, tuple[str, ...]]]:
    """Return the records of a damaged file; cut as text if bytes may be parts of characters."""
    dialect = sample.dialect
    begin, codec = len(sample.head), dialect.codec
    if not dialect.is_cut_as_bytes:
        return {(row.offset, fields) for row, fields in _lenient(sample, data)}
    assert dialect.quote is not None
    oracle = Oracle(data, ord(dialect.delimiter), len(sample.names), ord(dialect.quote))
    return {
        (row.offset, tuple(one.decode(codec, "replace") for one in row.fields))
        for row in oracle.rows(begin, 2)
        if row.fields is not None
    }


def _lenient(sample: Sample, data: bytes) -> Iterator[tuple[Row, tuple[str, ...]]]:
    """Read the rows by themselves: each must be a record where nothing stands around it."""
    dialect, (rows, _) = sample.dialect, _read(sample, data)
    for row in rows:
        text = row.raw.decode(dialect.codec, "replace").encode()
        oracle = Oracle(text, ord(dialect.delimiter), len(sample.names), ord(dialect.quote or "\0"))
        fields, end = oracle.record(0)
        if fields is not None and len(fields) == oracle.width and end == len(text):
            yield row, tuple(one.decode() for one in fields)


def _may_be_missing(missing: Sequence[int], out: Sequence[_Out], damages: int) -> bool:
    """Whether records that were not touched may be withheld.

    One may if it begins a region: the damage behind it may be the rest of its quotes. Beside two
    damages any may that is in a region, or between two quotes that read well.
    """
    around = [one for at in missing for one in out if one.offset <= at < one.end]
    if damages > 1:
        return all(one.is_region or one.offset not in missing for one in around)
    return len(missing) == 1 and around[0].is_region and around[0].offset == missing[0]


def _touched_verdict(
    sample: Sample, data: bytes, rest: Sequence[_Out], every: Sequence[Damage]
) -> Verdict:
    originals = {fields for _, fields in sample.records}
    strange = [one for one in rest if one.fields is not None and one.fields not in originals]
    if not strange:
        return Verdict.RIGHT
    if len(every) > 1 or all(one.fields is not None for one in rest):
        return Verdict.UNSEEN
    strict = _read_strictly(sample, data)
    if all((one.offset, one.fields) in strict for one in strange):
        return Verdict.SPLIT
    return Verdict.PIECE


def _read_strictly(sample: Sample, data: bytes) -> set[tuple[int, tuple[str, ...]]]:
    """Return what RFC 4180 alone reads from the beginning, up to the first break of its grammar.

    Where a row ends it is asked row by row: if it agrees each time, it has come to the same places.
    """
    dialect, (rows, _) = sample.dialect, _read(sample, data)
    marks = ord(dialect.delimiter), len(sample.names), ord(dialect.quote or "")
    found = set()
    for row in rows:
        text = _text(row.raw, dialect.codec)
        fields, end = Rfc4180(text, *marks).record(0)
        if fields is None or end != len(text):
            break
        found.add((row.offset, tuple(one.decode() for one in fields)))
    return found


def _goes_on(sample: Sample, data: bytes, at: int, kept: Mapping[int, tuple[str, ...]]) -> bool:
    """Whether a record that was withheld may go on behind its end, but for a quote."""
    dialect = sample.dialect
    raw = next(raw for raw, fields in sample.records if fields == kept[at])
    lines = _text(data[at:], dialect.codec).split(b"\n")
    end = len(_text(raw, dialect.codec))
    near = b"\n".join(lines[: raw.count(b"\n") + LINES_MAX])
    marks = ord(dialect.delimiter), ord(dialect.quote or "")
    return lacks_a_quote(near, end, len(sample.names), *marks)


def _text(raw: bytes, codec: str) -> bytes:
    return raw.decode(codec, "replace").encode()


def _untouched(
    sample: Sample, data: bytes, every: Sequence[Damage]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield where records stand now that no damage has touched, and their fields."""
    begin = len(sample.head)
    line_end = "\n".encode(sample.dialect.codec)
    for raw, fields in sample.records:
        end = begin + len(raw)
        moved = begin
        for one in every:
            upto = one.at + one.removed
            if upto <= begin:
                moved += len(one.put) - one.removed
            elif one.at < end:
                break
        else:
            is_alone = moved == len(sample.head) or data[:moved].endswith(line_end)
            if is_alone and data[moved : moved + len(raw)] == raw:
                yield moved, fields
        begin = end


def _read(sample: Sample, data: bytes) -> tuple[list[Row], list[_Out]]:
    form = CsvFormat(sample.dialect)
    stream = io.BytesIO(data)
    header = form.header(stream, "f.csv", ())
    assert sample.names == header.names
    reader = form.reader("f.csv", header, None)
    rows, out = [], []
    for row in form.rows(stream, header, line=header.line, offset=header.offset, size=len(data)):
        record, findings = reader.read(row)
        fields = None if findings else tuple(record.values())
        rows.append(row)
        out.append(_Out(row.offset, row.offset + row.size, fields, row.fault is not None))
    return rows, out


def _is_whole(sample: Sample, data: bytes, rows: Sequence[Row]) -> bool:
    """Whether every byte is in a row, and every row knows its line and its bytes."""
    at, line = len(sample.head), 2
    for row in rows:
        if (row.offset, row.line) != (at, line) or data[at : at + row.size] != row.raw:
            return False
        at += row.size
        line += row.lines
    return not data[at:].strip(b"\r\n\0")
