"""What Arrow says of a block's bytes is what Python's decoder says, which makes a text of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from daybreak.check.columnar.arrow_rules import is_utf8
from daybreak.check.columnar.texts import Buffer
from daybreak.check.columnar.words import PAD

LEADS = bytes.fromhex("C0 C1 C2 DF E0 E1 ED EE EF F0 F1 F4 F5 FF 80 41")
FOLLOWING = bytes.fromhex("7F 80 8F 90 9F A0 BF C0 FF")


def sequences() -> Iterator[bytes]:
    for lead in range(0x100):
        yield bytes([lead])
        for second in FOLLOWING:
            yield bytes([lead, second])
    for lead, *rest in product(LEADS, FOLLOWING, FOLLOWING, FOLLOWING[::2]):
        yield bytes([lead, *rest[:2]])
        yield bytes([lead, *rest])


def test_every_sequence_is_utf8_by_both_or_by_none() -> None:
    buffer = Buffer(16)
    for one in sequences():
        raw = b"a" + one + b"b"
        buffer.bytes[PAD : PAD + len(raw)] = raw
        buffer.end = PAD + len(raw)

        assert is_utf8(buffer) == (raw.decode("utf-8", "ignore").encode() == raw), one
