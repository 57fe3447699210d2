"""A checksum that comes of reading is that of the whole file, however it was read."""

from __future__ import annotations

import hashlib
import random
from io import BufferedReader
from pathlib import Path

from daybreak.connectors.hashed_file import HashedFile

SIZE = 200_000


def test_a_file_that_is_read_with_steps_back_and_forth_has_its_checksum(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    content = chance.randbytes(SIZE)
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    for _ in range(20):
        hashed = HashedFile(path)
        with BufferedReader(hashed, chance.choice([1, 100, 8192])) as stream:
            for _ in range(chance.randrange(8)):
                if chance.random() < 0.5:
                    stream.seek(chance.randrange(SIZE + 10))
                at, wanted = stream.tell(), chance.choice([1, 5_000, 70_000, -1])
                upto = None if wanted < 0 else at + wanted

                assert content[at:upto] == stream.read(wanted)

            assert hashlib.sha256(content).hexdigest() == hashed.sha256()


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\ntwo\n")
    hashed = HashedFile(path)
    with BufferedReader(hashed) as stream:
        stream.read()
        path.write_bytes(b"ONE\nTWO\n")

        assert hashlib.sha256(b"one\ntwo\n").hexdigest() == hashed.sha256()
