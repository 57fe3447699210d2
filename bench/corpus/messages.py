"""Programs on what is written, third round: addresses, names, logs, archives, signatures."""

from __future__ import annotations

import difflib
import hmac
import io
import ipaddress
import logging
import random
import tarfile
import tempfile
import tokenize
import zipfile
from bisect import bisect_right
from collections import defaultdict
from email.message import EmailMessage
from itertools import combinations, pairwise
from math import ceil, isqrt
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from .program import program

N_LOG_N, SQUARE, ROOT_3 = "n log n", "n²", "n^1.5"


def people(n: int) -> list[str]:
    """Return names of people, some of them alike."""
    chance = random.Random(111)
    first = ("anna", "hanna", "berta", "carl", "karl", "dora", "emil", "frieda", "gustav", "ida")
    ends = ("mann", "man", "berg", "burg", "stein", "feld", "meier", "maier")
    return [
        f"{chance.choice(first)} {chance.choice('bdfghklmrst')}{chance.choice('aeiou')}"
        f"{chance.choice('lnrst')}{chance.choice(ends)}"
        for _ in range(n)
    ]


# ---------------------------------------------------------------- mails and addresses


@program("mails and addresses", "n", 120, smallest=3, prepare=people)
def render_mails(data: list[str]) -> object:
    rendered = []
    for number, name in enumerate(data):
        mail = EmailMessage()
        mail["From"] = "shop@example.org"
        mail["To"] = f"{name.title()} <customer{number}@example.org>"
        mail["Subject"] = f"Your order {number}"
        mail.set_content(f"Dear {name.title()},\n\nyour order {number} is on its way.\n" * 3)
        rendered.append(mail.as_bytes())
    return rendered


@program(
    "mails and addresses",
    "n",
    6_000,
    smallest=400,  # well beyond the few that `urlsplit` remembers
    prepare=lambda n: [
        f"https://shop{i % 50}.org/items/{i}?page={i}&from=a%20mail" for i in range(n)
    ],
)
def parse_urls(data: list[str]) -> object:
    parsed = []
    for each in data:
        url = urlsplit(each)
        parsed.append((url.hostname, url.path, dict(parse_qsl(url.query))))
    return parsed


def ranges_and_addresses(n: int) -> tuple[list[tuple[int, int]], list[int]]:
    """Return the beginnings of n networks in no order, each with its country, and n addresses."""
    chance = random.Random(112)
    begin = int(ipaddress.ip_address("10.0.0.0"))
    ranges = [(begin + 256 * i, i % 200) for i in range(n)]
    chance.shuffle(ranges)
    return ranges, [begin + chance.randrange(256 * n) for _ in range(n)]


@program("mails and addresses", N_LOG_N, 30_000, prepare=ranges_and_addresses)
def find_networks(data: tuple[list[tuple[int, int]], list[int]]) -> object:
    ranges, addresses = data
    ranges = sorted(ranges)
    begins = [begin for begin, _ in ranges]
    return [ranges[bisect_right(begins, address) - 1][1] for address in addresses]


# ---------------------------------------------------------------- fuzzy matching


@program("fuzzy matching", ROOT_3, 1_500, smallest=20, prepare=people)
def match_within_blocks(data: list[str]) -> object:
    some = isqrt(len(data))
    blocks = [[set(pairwise(name)) for name in data[at::some]] for at in range(some)]
    return [
        2 * len(one & other) > 0.8 * (len(one) + len(other))
        for block in blocks
        for one, other in combinations(block, 2)
    ]


@program("fuzzy matching", SQUARE, 100, smallest=4, prepare=people)
def closest_names(data: list[str]) -> object:
    return [
        difflib.get_close_matches(name, data[:place] + data[place + 1 :], n=1)
        for place, name in enumerate(data)
    ]


# ---------------------------------------------------------------- tokenising


@program(
    "tokenising",
    "n",
    2_000,
    prepare=lambda n: "".join(f"total_{i} = price({i}) * 3 - 'x'  # of {i}\n" for i in range(n)),
)
def tokenise_source(data: str) -> object:
    return sum(1 for token in tokenize.generate_tokens(io.StringIO(data).readline) if token.string)


@program("tokenising", "n", 10_000, prepare=people)
def index_letter_groups(data: list[str]) -> object:
    index: defaultdict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(data):
        for at in range(len(name) - 2):
            index[name[at : at + 3]].append(number)
    return index


# ---------------------------------------------------------------- log files


@program("log files", "n", 5_000, prepare=people)
def log_to_memory(data: list[str]) -> object:
    buffer = io.StringIO()
    handler = logging.StreamHandler(buffer)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log = logging.Logger("shop")  # noqa: LOG001 - the registry would keep it
    log.addHandler(handler)
    for number, name in enumerate(data):
        log.info("order %d of %s was sent", number, name)
    return buffer.tell()


@program("log files", SQUARE, 6_000, prepare=people, hidden=True)
def rotate_by_renaming(data: list[str]) -> object:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, "log")]
        for start in range(0, len(data), 200):
            with paths[0].open("w") as file:
                for number, name in enumerate(data[start : start + 200], start):
                    file.write(f"2026-11-28 08:00:00 INFO order {number:08} of {name.title()}\n")
            paths.append(paths[0].with_name(f"log.{len(paths)}"))
            for older, newer in zip(paths[:0:-1], paths[-2::-1], strict=True):
                newer.rename(older)  # each file that there is
        return len(paths)


# ---------------------------------------------------------------- archives


def zipped(n: int) -> bytes:
    """Return an archive of n small files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, name in enumerate(people(n)):
            archive.writestr(f"letters/{number}.txt", f"Dear {name},\n" * 20)
    return buffer.getvalue()


@program("archives", "n", 1_000, prepare=zipped)
def read_zip(data: bytes) -> object:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return sum(len(archive.read(each)) for each in archive.infolist())


def tarred(n: int) -> bytes:
    """Return an archive of n small files, unzipped."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number, name in enumerate(people(n)):
            member = tarfile.TarInfo(f"letters/{number}.txt")
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))
    return buffer.getvalue()


@program("archives", SQUARE, 800, prepare=tarred, hidden=True)
def find_in_tar(data: bytes) -> object:
    total = 0
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for name in archive.getnames():
            file = archive.extractfile(name)  # looks through all members for the name
            total += len(file.read()) if file else 0
    return total


# ---------------------------------------------------------------- signatures

SECRET = b"a secret of the shop"


def events(n: int) -> list[bytes]:
    """Return n messages."""
    return [f'{{"id": {i}, "event": "paid", "cents": {i * 7}}}'.encode() for i in range(n)]


@program("signatures", "n", 15_000, prepare=events)
def sign_events(data: list[bytes]) -> object:
    return [hmac.digest(SECRET, message, "sha256").hex() for message in data]


def tokens_and_revoked(n: int) -> tuple[list[tuple[bytes, bytes]], set[bytes]]:
    """Return a thousand signed tokens, and n revoked ones."""
    known = events(n) * ceil(1_000 / n)
    tokens = [(each, hmac.digest(SECRET, each, "sha256")) for each in known[:1_000]]
    return tokens, {each[::-1] for each in events(n)}


@program("signatures", "constant", 20_000, prepare=tokens_and_revoked)
def check_a_thousand_tokens(data: tuple[list[tuple[bytes, bytes]], set[bytes]]) -> object:
    tokens, revoked = data
    return [
        hmac.compare_digest(hmac.digest(SECRET, token, "sha256"), signature)
        and token not in revoked
        for token, signature in tokens
    ]
