"""Programs on files' formats: JSON, CSV, dates, decimals, packing, hashing."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import struct
import zipfile
import zlib
from datetime import date
from decimal import Decimal
from typing import Any

from .program import program
from .sequences import rows, text

SQUARE = "n²"


def objects(n: int) -> list[dict[str, Any]]:
    """Return records as objects."""
    return [{"id": a, "name": b, "value": c} for a, b, c in rows(n)]


@program("json", "n", 20_000, prepare=objects)
def write_json(data: Any) -> object:
    return json.dumps(data)


@program("json", "n", 20_000, prepare=lambda n: json.dumps(objects(n)))
def read_json(data: str) -> object:
    return json.loads(data)


@program("json", SQUARE, 400, smallest=8, prepare=objects)
def rewrite_growing_document(data: list[Any]) -> object:
    document: list[Any] = []
    kept = "[]"
    for each in data:
        document = json.loads(kept)
        document.append(each)
        kept = json.dumps(document)
    return kept


def csv_text(n: int) -> str:
    """Return rows as CSV."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows(n))
    return buffer.getvalue()


@program("csv", "n", 40_000, prepare=csv_text)
def read_csv(data: str) -> object:
    return [(int(a), b, float(c)) for a, b, c in csv.reader(io.StringIO(data))]


@program("csv", "n", 40_000, prepare=rows)
def write_csv(data: list[tuple[int, str, float]]) -> object:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(data)
    return buffer.getvalue()


@program(
    "values",
    "n",
    50_000,
    prepare=lambda n: [f"20{i % 90 + 10}-0{i % 9 + 1}-1{i % 9}" for i in range(n)],
)
def read_dates(data: list[str]) -> object:
    return [date.fromisoformat(each) for each in data]


@program("values", "n", 50_000, prepare=lambda n: [f"{i}.{i % 100:02}" for i in range(n)])
def sum_decimals(data: list[str]) -> object:
    return sum(map(Decimal, data))


@program("values", "n", 50_000, prepare=rows)
def pack_structs(data: list[tuple[int, str, float]]) -> object:
    return b"".join(struct.pack("<qd", a, c) for a, _, c in data)


@program("compressing", "n", 60_000, prepare=lambda n: text(n).encode())
def deflate(data: bytes) -> object:
    return zlib.compress(data)


@program("compressing", "n", 1_000, smallest=10)
def zip_many_members(n: int) -> object:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(n):
            archive.writestr(f"{number}.txt", f"member {number}" * 20)
    return buffer.tell()


@program("hashing", "n", 100_000, prepare=lambda n: [str(i).encode() for i in range(n)])
def hash_records(data: list[bytes]) -> object:
    return [hashlib.sha256(each).digest() for each in data]


@program("hashing", "n", 2_000_000, prepare=lambda n: random.Random(9).randbytes(8 * n))
def hash_one_blob(data: bytes) -> object:
    return hashlib.sha256(data).hexdigest()
