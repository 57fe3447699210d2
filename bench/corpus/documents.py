"""Programs on what is kept and sent, second round: states, markup, dates, pickles, bytes."""

from __future__ import annotations

import base64
import configparser
import hashlib
import json
import pickle
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from .program import L2, program

SQUARE = "n²"


# ---------------------------------------------------------------- state files


def json_lines(n: int) -> list[str]:
    """Return a record a line."""
    chance = random.Random(51)
    return [
        json.dumps({"id": i, "name": f"name {i}", "cents": chance.randrange(10_000)})
        for i in range(n)
    ]


@program("state files", "n", 8_000, prepare=json_lines)
def sum_json_lines(data: list[str]) -> object:
    return sum(json.loads(line)["cents"] for line in data)


@program("state files", SQUARE, 3_000, prepare=json_lines, hidden=True)
def write_state_every_hundred(data: list[str]) -> object:
    done: list[int] = []
    state = ""
    for number, line in enumerate(data, 1):
        done.append(json.loads(line)["id"])
        if number % 100 == 0:
            state = json.dumps(done)
    return state


# ---------------------------------------------------------------- markup


def xml_text(n: int) -> str:
    """Return n orders as XML."""
    orders = (f'<order id="{i}"><name>name {i}</name></order>' for i in range(n))
    return f"<orders>{''.join(orders)}</orders>"


def ini_text(n: int) -> str:
    """Return n sections of settings."""
    return "\n".join(
        f"[shop {i}]\nname = shop {i}\nopens = {i % 12}\nplace = {i}" for i in range(n)
    )


@program("markup", "n", 8_000, prepare=xml_text)
def parse_xml(data: str) -> object:
    return ET.fromstring(data)  # noqa: S314 - our own text


@program("markup", "n", 1_000, prepare=ini_text)
def read_settings(data: str) -> object:
    settings = configparser.ConfigParser()
    settings.read_string(data)
    return settings


@program("markup", SQUARE, 400, smallest=6, prepare=lambda n: ET.fromstring(xml_text(n)))  # noqa: S314
def find_every_order(data: ET.Element) -> object:
    return [data.find(f"order[@id='{number}']") for number in range(len(data))]


# ---------------------------------------------------------------- dates and zones

BEGIN = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
BERLIN = ZoneInfo("Europe/Berlin")


def moments(n: int) -> list[datetime]:
    """Return moments of one year."""
    chance = random.Random(52)
    return [BEGIN + timedelta(seconds=chance.randrange(31_536_000)) for _ in range(n)]


@program(
    "dates and zones",
    "n",
    3_000,
    prepare=lambda n: [f"{t:%d/%b/%Y:%H:%M:%S %z}" for t in moments(n)],
)
def parse_times(data: list[str]) -> object:
    return [datetime.strptime(each, "%d/%b/%Y:%H:%M:%S %z") for each in data]


@program("dates and zones", "n", 15_000, prepare=lambda n: [t.isoformat() for t in moments(n)])
def count_local_hours(data: list[str]) -> object:
    hours = [0] * 24
    for each in data:
        hours[datetime.fromisoformat(each).astimezone(BERLIN).hour] += 1
    return hours


# ---------------------------------------------------------------- records and pickles


@dataclass
class Order:
    """A record as programs like it."""

    number: int
    name: str
    cents: int
    tags: list[str]


@program("records and pickles", "n", 25_000)
def make_orders(n: int) -> list[Order]:
    return [Order(i, f"name {i}", i * 7, ["new"]) for i in range(n)]


@program("records and pickles", "n", 8_000, prepare=make_orders)
def pickle_orders(data: list[Order]) -> object:
    return pickle.dumps(data)


@program(
    "records and pickles",
    SQUARE,
    6_000,
    prepare=lambda n: [f" name {i} ;{i * 7}" for i in range(n)],
    hidden=True,
)
def pickle_totals_now_and_then(data: list[str]) -> object:
    totals: dict[str, float] = {}
    saved = b""
    for number, line in enumerate(data, 1):
        name, cents = line.split(";")
        key = name.strip().title()
        totals[key] = round(totals.get(key, 0.0) + int(cents) / 100, 2)
        if number % 500 == 0:
            saved = pickle.dumps(totals)
    return saved


# ---------------------------------------------------------------- byte buffers


def frames(n: int) -> bytes:
    """Return n frames of 64 bytes."""
    return random.Random(53).randbytes(64 * n)


@program("byte buffers", "n", 40_000, prepare=lambda n: bytearray(frames(n)))
def consume_bytearray(data: bytearray) -> object:
    total = 0
    while data:
        total += data[:64][0]
        del data[:64]  # only the buffer's beginning moves
    return total


@program("byte buffers", SQUARE, 2_000, prepare=frames, cliff=True, limit=L2)
def consume_bytes(data: bytes) -> object:
    total = 0
    while data:
        total += data[0]
        data = data[64:]
    return total


@program("byte buffers", "n", 30_000, prepare=frames)
def encode_frames(data: bytes) -> object:
    view = memoryview(data)
    return [base64.b64encode(view[at : at + 64]) for at in range(0, len(view), 64)]


# ---------------------------------------------------------------- audit trails


@program("audit trails", "n", 10_000, prepare=lambda n: [str(i).encode() for i in range(n)])
def merkle_root(data: list[bytes]) -> object:
    level = [hashlib.sha256(each).digest() for each in data]
    while len(level) > 1:
        level = [
            hashlib.sha256(b"".join(level[at : at + 2])).digest() for at in range(0, len(level), 2)
        ]
    return level[0]


@program("audit trails", SQUARE, 3_000, prepare=json_lines, hidden=True)
def digest_all_so_far(data: list[str]) -> object:
    trail = bytearray()
    digests = []
    for number, line in enumerate(data, 1):
        trail += f"{number};{line.upper()}\n".encode()
        if number % 500 == 0:
            digests.append(hashlib.sha256(trail).hexdigest())
    return digests
