"""What of a URL may be shown, and what is secret in it, is the same for every scheme."""

from __future__ import annotations

import pytest

from daybreak.connectors.remote_url import Address, shown


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://me:secret@h:1/a/b.csv?token=secret#x", "https://h:1/a/b.csv"),
        ("https://h?token=secret", "https://h"),
        ("/a/b.csv", "/a/b.csv"),
        ("sftp://me:secret@h:22/in/a?.csv", "sftp://h:22/in/a?.csv"),
        ("sftp://h/in/a@b.csv", "sftp://h/in/a@b.csv"),
        ("sftp://me:se/cret@h/x.csv", "sftp://h/x.csv"),
        ("sftp://[::1]:22/x@y.csv", "sftp://[::1]:22/x@y.csv"),
        ("https://me:secret@[::1]/x.csv", "https://[::1]/x.csv"),
        ("s3://bucket/a%20#b.csv", "s3://bucket/a%20#b.csv"),
        ("zip://x.csv::https://me:secret@h/a.zip?t=secret", "zip://x.csv::https://h/a.zip"),
        ("simplecache::sftp://me:secret@h/x.csv", "simplecache::sftp://h/x.csv"),
        ("abfs://c@account/x.csv?sas=secret", "abfs://account/x.csv"),
    ],
)
def test_credentials_are_not_shown(url: str, expected: str) -> None:
    assert expected == shown(url)
    assert "secret" not in repr(Address(url, {"password": "secret"}))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/in/a%20b.csv", "a%20b.csv"),
        ("in/a?b.csv", "a?b.csv"),
        ("https://h/in/a%20b.csv?x=1", "a b.csv"),
        ("sftp://h/in/a%20#b.csv", "a%20#b.csv"),
        ("s3://b/k/a?.csv", "a?.csv"),
        ("file:///in/a.csv/", "a.csv"),
        ("zip://in/x.csv::https://h/a.zip", "x.csv"),
    ],
)
def test_a_name_is_what_the_scheme_means_by_it(url: str, name: str) -> None:
    assert name == Address(url).name


@pytest.mark.parametrize(
    ("url", "is_pattern"),
    [
        ("/in/*.csv", True),
        ("/in/a[0-9].csv", True),
        ("sftp://h/a?.csv", True),
        ("https://h/a.csv?x=*", False),
        ("https://h/a?.csv", False),
        ("https://h/*.csv", True),
        ("sftp://[::1]/a.csv", False),
        ("/in/a.csv", False),
    ],
)
def test_a_pattern_is_known_by_its_path(url: str, is_pattern: bool) -> None:  # noqa: FBT001
    assert is_pattern == Address(url).is_pattern


def test_secrets_are_scrubbed_in_every_spelling() -> None:
    address = Address(
        "https://user-1:top%2Fsecret@h/a.csv?token=abc%20def&n=1",
        {"headers": {"X": "Bearer xyz"}, "list": ["inner"]},
    )
    text = f"{address.url} top/secret top%2Fsecret abc def token=abc%20def Bearer xyz inner user-1"

    scrubbed = address.scrub(text)

    secrets = ("top", "abc", "xyz", "inner", "user-1")
    assert not any(secret in scrubbed for secret in secrets)
    assert scrubbed.startswith("https://h/a.csv ")


def test_the_same_place_is_known_whoever_asks() -> None:
    assert Address("sftp://me:one@h/x").digest == Address("sftp://you:two@h/x").digest
    assert Address("https://h/x?id=1").digest != Address("https://h/x?id=2").digest
