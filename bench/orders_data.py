"""Files of orders, as a partner might send them: made once, from a seed, and kept for later runs.

One record in a thousand has a fault. The notes of some are quoted, with commas and doubled quotes
in them, and some are not ASCII, so that no short cut for plain files is what is measured.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, Field

SEED: Final = 5
VERSION: Final = 1
"""Raised when other files are made, so that those of before are not taken."""

HEADER: Final = "id,user_id,email,amount,created_at,country,note\n"
FAULTY: Final = 0.001
_PART: Final = 10_000

_COUNTRIES: Final = ("JP", "DE", "FR", "US", "GB", "BR", "IN", "KE", "NZ", "SE")
_NAMES: Final = ("hana.sato", "m.mueller", "j.dupont", "ann.smith", "r.silva", "k.otieno", "li.wei")
_HOSTS: Final = ("example.com", "example.org", "mail.example.net", "shop.example.co.jp")
_NOTES: Final = (
    ("", 30),
    ("leave at the door", 20),
    ("gift", 10),
    ("call before delivery please", 15),
    ("second floor", 15),
    ("no substitutes for missing items", 6),
    ('"ring twice, then wait"', 2),
    ('"she said ""thank you"""', 1),
    ("café, s'il vous plaît".replace(",", ""), 1),
)


class Order(BaseModel):
    """What a record of the file is."""

    id: Annotated[int, Field(gt=0)]
    user_id: Annotated[int, Field(gt=0)]
    email: Annotated[str, Field(pattern=r"^[a-z0-9._+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$")]
    amount: Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=2)]
    created_at: AwareDatetime
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    note: str | None


def orders_file(records: int) -> Path:
    """Return a file of so many orders; it is made if it is not there yet."""
    folder = Path(tempfile.gettempdir()) / "daybreak-bench"
    folder.mkdir(exist_ok=True)
    path = folder / f"orders-{VERSION}-{records}.csv"
    if not path.exists():
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8", newline="") as stream:
            stream.write(HEADER)
            lines = orders(random.Random(SEED))
            for _ in range(0, records, _PART):
                stream.writelines(islice(lines, min(_PART, records)))
        part.rename(path)
    return path


def orders(chance: random.Random) -> Iterator[str]:
    """Give the lines of a file, one record each, without end."""
    notes = chance.choices(*zip(*_NOTES, strict=True), k=_PART)
    number = 1_000_000
    while True:
        chance.shuffle(notes)
        for note in notes:
            number += 1
            user = chance.randrange(1, 500_000)
            fields = [
                str(number),
                str(user),
                f"{_NAMES[user % 7]}{user}@{_HOSTS[user % 4]}",
                f"{chance.randrange(1, 100_000)}.{number % 100:02d}",
                _instant(number, user),
                _COUNTRIES[user % 10],
                note,
            ]
            if chance.random() < FAULTY:
                _spoil(fields, chance)
            yield ",".join(fields) + "\n"


def _instant(number: int, user: int) -> str:
    day = f"2026-{number % 12 + 1:02d}-{user % 28 + 1:02d}"
    return f"{day}T{number % 24:02d}:{user % 60:02d}:{number % 60:02d}Z"


def _spoil(fields: list[str], chance: random.Random) -> None:
    """Give a record one fault."""
    match chance.randrange(8):
        case 0:
            fields[2] = "nobody at example.com"
        case 1:
            fields[3] = "-1.00"
        case 2:
            fields[3] = "1.234,56"
        case 3:
            fields[4] = "2026-02-30T00:00:00Z"
        case 4:
            fields[5] = "jp"
        case 5:
            fields[1] = ""
        case 6:
            del fields[5]
        case _:
            fields[6] = 'a 5" pipe'
