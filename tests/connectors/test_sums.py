"""Checksum files of every usual form are understood, and nothing else is."""

from __future__ import annotations

import hashlib

import pytest

from daybreak.connectors.sums import DIGITS, in_text, is_sums_file, parsed
from daybreak.errors import DefinitionError, SourceError

A = hashlib.sha256(b"a").hexdigest()
B = hashlib.sha256(b"b").hexdigest()


@pytest.mark.parametrize(
    "text",
    [
        A,
        A.upper() + "\r\n",
        f"{A}  f.csv\n",
        f"{A} *f.csv\n",
        f"{A}\tf.csv\n",
        f"{A}  ./f.csv\n",
        f"{A}  /build/out/f.csv\n",
        f"{A}  out\\f.csv\n",
        f"SHA256 (f.csv) = {A}\n",
        f"SHA256(f.csv)= {A}\n",
        f"# made at night\n\n{B}  g.csv\n{A}  f.csv\n{B}  other/g.csv\n",
        f"{B}  old/f.csv\n{A}  f.csv\n",
        f"{A}  f.csv\n{A}  again/f.csv\n",
    ],
)
def test_a_checksum_is_found(text: str) -> None:
    found = in_text(text, "f.csv", "SUMS")

    assert found
    assert ("sha256", A, "SUMS") == (found.algorithm, found.digest, found.said_by)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>not found</html>",
        f"{A}  g.csv",
        f"{A}\n{B}\n",
        A[:-1],
        f"{A[:-1]}g",
        f"{A}  f.csv.old",
        f"{A}  xf.csv",
        f"f.csv  {A}",
    ],
)
def test_what_says_nothing_of_the_file_gives_none(text: str) -> None:
    assert in_text(text, "f.csv", "SUMS") is None


def test_two_different_ones_are_refused() -> None:
    with pytest.raises(SourceError, match=r"SUMS has 2 different checksums of f\.csv"):
        in_text(f"{A}  x/f.csv\n{B}  y/f.csv\n", "f.csv", "SUMS")


@pytest.mark.parametrize("algorithm", DIGITS)
def test_every_algorithm_is_known_by_its_length(algorithm: str) -> None:
    digest = hashlib.new(algorithm, b"a").hexdigest()
    found = in_text(f"{digest}  f.csv", "f.csv", "SUMS")

    assert found
    assert (algorithm, digest) == (found.algorithm, found.digest)
    assert found.digest == parsed(f"{algorithm.upper()}:{digest.upper()}").digest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("crc32:00000000", "expected checksum to be 'sidecar', ALGORITHM:HEX or a URL"),
        ("md5", "expected md5 to be 32 hexadecimal digits"),
        ("md5:", "expected md5 to be 32 hexadecimal digits"),
        (f"md5:{A}", "expected md5 to be 32 hexadecimal digits"),
    ],
)
def test_what_is_no_checksum_is_refused(text: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        parsed(text)


def test_checksum_files_are_known_by_their_names() -> None:
    assert all(map(is_sums_file, ("f.csv.sha256", "f.csv.md5", "SHA256SUMS", "md5sum.txt")))
    assert not any(map(is_sums_file, ("f.csv", "sha256", "SHA256SUMS.csv")))
