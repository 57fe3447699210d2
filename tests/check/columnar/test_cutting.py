"""By columns a file has the same rows, in the same places, as by the row reader."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import settings

from daybreak.connectors.csv_dialect import CsvDialect
from tests.check.columnar.checking import look

ROUNDS = 3 * settings().max_examples  # few in `make check`

PIECES = [
    b"1,a\n",
    b"2,b\r\n",
    b"3,\xc3\xa9\n",
    b'"4","d"\n',
    b'5,"e,e"\r\n',
    b'6,"f\nf"\n',
    b'7,"g ""g"" g"\n',
    b'8,"""h"\n',
    b'9,"i\r\ni"\r\n',
    b'10,""\n',
    b'"\n\n\n",j\n',
    b"11\n",
    b"12,a,b\n",
    b"\n",
    b"\r\n",
    b"13,a\rb\n",
    b"14,\r\r\n",
    b'15,5" pipe\n',
    b'16,"a"b\n',
    b'17,"open\n',
    b'18,"a",\n',
    b"19,\0\n",
    b"20,\xff\n",
    b"21,\xed\xa0\x80\n",
    b'"',
    b",",
    b"x" * 70,
    b'"' + b"line\n" * 30,
    b'22,"' + b"line\n" * 120 + b'"\n',
]
DAMAGE_FREE = [piece for piece in PIECES[:11] if piece]


def same(data: bytes, block_bytes: int, dialect: CsvDialect | None = None) -> None:
    found = look(data, None, dialect, block_bytes)

    assert [(row.line, row.offset, row.size) for row in found.expected] == found.places
    assert [found.expected[number] for number, _ in found.doubtful] == [
        row for _, row in found.doubtful
    ]
    assert [] == found.unsound


@pytest.mark.parametrize("block_bytes", [48, 200, 2_000, 2**16])
def test_any_mixture_of_lines_is_cut_into_the_same_rows(block_bytes: int, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(ROUNDS // 2):
        pieces = chance.choices(PIECES, k=chance.randrange(40))
        end = b"" if chance.random() < 0.5 else b"23,end"

        same(b"id,name\n" + b"".join(pieces) + end, block_bytes)


@pytest.mark.parametrize("alphabet", [b'a,"\n', b'a,"\n\r', b'a;"\r\n\0\xff'])
def test_any_bytes_are_cut_into_the_same_rows(alphabet: bytes, seed: int) -> None:
    chance = random.Random(seed)
    delimiter = ";" if b";" in alphabet else ","
    for _ in range(ROUNDS):
        body = bytes(chance.choices(alphabet, k=chance.randrange(120)))

        same(
            f"id{delimiter}name\n".encode() + body,
            chance.choice([16, 40, 1_000]),
            CsvDialect(delimiter),
        )


def test_good_rows_of_every_form_are_certain(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(50):
        body = b"".join(chance.choices(DAMAGE_FREE, k=200))

        found = look(b"id,name\n" + body, None, block_bytes=4_000)

        assert set() == found.refused
        assert [] == found.doubted


def test_a_fault_costs_no_row_behind_it_its_certainty() -> None:
    lines = [b'1,"a"\n'] * 500
    lines[100] = b'1,"a\n'
    lines[300] = b'1,a"\n'

    found = look(b"id,name\n" + b"".join(lines), None)

    assert {100, 300} == found.refused
    assert len(found.doubtful) < 10


def test_a_row_longer_than_a_block_is_read_by_itself() -> None:
    body = b"1,a\n" + b"2," + b"x" * 1_000 + b"\n" + b'3,"' + b"y\n" * 90 + b'"\n4,b\n'

    found = look(b"id,name\n" + body, None, block_bytes=64)

    assert set() == found.refused
    assert 4 == len(found.places)


@pytest.mark.parametrize("inside", ["2,b", "2,b\n3,c", '2,b\nx""', "x"])
def test_a_line_inside_quotes_that_looks_like_a_record_begins_no_row(inside: str) -> None:
    data = "id,name\n" + f'1,"x\n{inside}\nx"\n4,d\n' * 20
    for block_bytes in range(16, 120, 13):
        same(data.encode(), block_bytes)


@pytest.mark.parametrize("inner", ["x\n", "x,y,z\n", "x,y,z,z,z\n", "\n", "x\ry,z,z\n"])
def test_a_broken_quote_in_the_next_block_takes_back_what_it_may(inner: str) -> None:
    data = f'a,b,c,d\n1,a,b,c\n2,a,b,c\n{inner}{inner}more"\n3,a,b,c\n4,a,b,c\n5,a,b,c\n'
    for block_bytes in range(8, len(data)):
        same(data.encode(), block_bytes)


@pytest.mark.parametrize("encoding", ["latin-1", "cp932", "euc_jp", "cp1252"])
def test_another_encoding_is_cut_into_the_same_rows(encoding: str, seed: int) -> None:
    chance = random.Random(seed)
    dialect = CsvDialect(encoding=encoding)
    words = ["1", "é", "日本", "ソ", "表", '"a,b"', '"q""q"', "x", ""]
    encoded = [word.encode(encoding, "ignore") for word in words] + [b"\x83", b"\xff", b"\x81"]
    for _ in range(ROUNDS // 3):
        lines = [b",".join(chance.choices(encoded, k=2)) for _ in range(30)]

        same(b"id,name\n" + b"\n".join(lines), 300, dialect)


@pytest.mark.slow
@pytest.mark.parametrize("quote", ['"', "'", None])
def test_damage_costs_the_same_rows_in_any_dialect(quote: str | None, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(400):
        width, delimiter = chance.randrange(1, 6), chance.choice(",;|")
        limits: dict[str, Any] = {"max_record_lines": chance.choice([1, 2, 3, 5, 100])}
        if chance.random() < 0.3:
            limits["max_record_bytes"] = chance.choice([20, 60, 200])
        dialect = CsvDialect(delimiter, quote=quote, **limits)
        mark = quote or '"'
        text = good_lines(chance, width, delimiter, mark)
        for _ in range(chance.choice([0, 1, 1, 2, 4])):
            text = damaged(chance, text, delimiter, mark)
        header = delimiter.join(f"c{number}" for number in range(width))

        same(f"{header}\n{text}".encode(), chance.choice([16, 40, 100, 300, 2**16]), dialect)


def good_lines(chance: random.Random, width: int, delimiter: str, quote: str) -> str:
    """Make lines, nearly all of them records, and some of several lines."""
    records = (delimiter.join("xyzab"[:width]) + "\n") * 4
    fields = ["", "x", "12", "é", "a b", "", "x", "12"]
    fields += [f"{quote}{inside}{quote}" for inside in ("", f"a{delimiter}b", "q" + 2 * quote)]
    fields += [f"{quote}{inside}{quote}" for inside in ("l\nl", "l\r\nl", f"l\n{records}l")]
    lines = []
    for _ in range(chance.randrange(1, 30)):
        count = width if chance.random() < 0.85 else chance.randrange(width + 3)
        line = delimiter.join(chance.choice(fields) for _ in range(count))
        lines.append(line + chance.choice(["\n", "\n", "\r\n"]))
    return "".join(lines)


def damaged(chance: random.Random, text: str, delimiter: str, quote: str) -> str:
    """Add or take something at one place."""
    at = chance.randrange(len(text) + 1)
    more = [quote, quote, "", delimiter, "\n", "\n\n", "\r", "\0", "\ufeff"]
    more += [quote + delimiter, delimiter + quote, f"more{quote}\n", "x\n"]
    if chance.random() < 0.3 and (found := text.find(quote, at)) >= 0:
        return text[:found] + text[found + 1 :]
    return text[:at] + chance.choice(more) + text[at + chance.randrange(2) :]
