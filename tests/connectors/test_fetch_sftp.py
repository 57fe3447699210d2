"""Over SFTP a file comes from a host whose key is known, and goes on after a cut."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from daybreak.errors import DefinitionError, SourceError
from tests.connectors.fetching import fetch
from tests.connectors.sftp_server import PASSWORD, PASSWORD_IN_URL, SftpServer, sftp_server

pytestmark = pytest.mark.slow  # it waits for disks and connections


BLOCK = 2**18


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SftpServer]:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    (tmp_path / "there" / "in").mkdir(parents=True)
    with sftp_server(tmp_path / "there") as running:
        running.known_hosts(tmp_path / "home" / ".ssh" / "known_hosts")
        yield running


@pytest.fixture
def content(server: SftpServer, seed: int) -> bytes:
    found = random.Random(seed).randbytes(4 * BLOCK)
    place = server.folder / "in" / "f.csv"
    place.write_bytes(found)
    os.utime(place, (1e9, 1e9))
    return found


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.mark.parametrize("scheme", ["sftp", "ssh", "scp"])
def test_a_file_comes(server: SftpServer, run: Path, content: bytes, scheme: str) -> None:
    url = f"{scheme}{server.url.removeprefix('sftp')}/in/f.csv"

    assert content == fetch(url, run).read_bytes()
    assert 1 == server.connections


def test_a_path_is_taken_as_it_stands(server: SftpServer, run: Path) -> None:
    (server.folder / "in" / "50% ?#1.csv").write_bytes(b"abc")

    assert b"abc" == fetch(f"{server.url}/in/50% ?#1.csv", run).read_bytes()


@pytest.mark.parametrize("shown_as", ["a cut", "the end"])
def test_a_cut_file_goes_on_where_it_ended(
    server: SftpServer, run: Path, content: bytes, shown_as: str
) -> None:
    server.cuts, server.cut_shows_as_end = [2 * BLOCK, BLOCK], shown_as == "the end"

    assert content == fetch(f"{server.url}/in/f.csv", run).read_bytes()
    assert 3 == server.connections


def test_a_half_is_gone_on_with_by_the_next_attempt(
    server: SftpServer, run: Path, content: bytes
) -> None:
    server.cuts = [3 * BLOCK, 1, 1, 1, 1, 1, 1]
    with pytest.raises(SourceError, match="then 5 tries failed") as raised:
        fetch(f"{server.url}/in/f.csv", run)
    assert not any(secret in str(raised.value) for secret in (PASSWORD, PASSWORD_IN_URL))
    [half] = run.glob(".f.csv.*.half")
    came = half.stat().st_size
    server.cuts = []

    assert content == fetch(f"{server.url}/in/f.csv", run).read_bytes()
    assert 0 < came
    assert server.sent_bytes <= len(content) - came + 1024


def test_a_file_that_was_exchanged_meanwhile_comes_from_its_beginning(
    server: SftpServer, run: Path, content: bytes
) -> None:
    server.cuts = [3 * BLOCK, 1, 1, 1, 1, 1, 1]
    with pytest.raises(SourceError):
        fetch(f"{server.url}/in/f.csv", run)
    server.cuts = []
    (server.folder / "in" / "f.csv").write_bytes(content[::-1])

    assert content[::-1] == fetch(f"{server.url}/in/f.csv", run).read_bytes()


@pytest.mark.parametrize("parallel", [1, 2])
def test_files_that_match_come_over_few_connections(
    server: SftpServer, run: Path, parallel: int
) -> None:
    expected = [f"orders-{number}.csv" for number in range(6)]
    for name in (*expected, "other.csv"):
        (server.folder / "in" / name).write_bytes(name.encode())

    folder = fetch(f"{server.url}/in/orders-?.csv", run, parallel=parallel)

    assert run / "orders-_.csv" == folder
    assert expected == sorted(path.name for path in folder.iterdir())
    assert server.connections <= parallel


@pytest.mark.parametrize(
    ("path", "message"),
    [("/in/no.csv", "does not exist"), ("/in", "is a folder"), ("/no/*.csv", "no file matches")],
)
def test_what_is_not_there_is_said(server: SftpServer, run: Path, path: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        fetch(server.url + path, run)


def test_a_host_whose_key_is_not_known_is_refused(
    server: SftpServer, run: Path, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "home" / ".ssh" / "known_hosts").write_text("")

    with pytest.raises(SourceError, match=r"the key of \[127.0.0.1\]:\d+ is not in known_hosts"):
        fetch(f"{server.url}/in/f.csv", run)
    elsewhere = {"known_hosts": str(server.known_hosts(tmp_path / "known"))}
    assert content == fetch(f"{server.url}/in/f.csv", run, options=elsewhere).read_bytes()


def test_a_host_with_another_key_is_refused(server: SftpServer, run: Path, content: bytes) -> None:
    server.key = paramiko.ECDSAKey.generate()

    with pytest.raises(SourceError, match="has another key than known_hosts says"):
        fetch(f"{server.url}/in/f.csv", run)


def test_a_wrong_password_is_said_at_once_and_not_shown(
    server: SftpServer, run: Path, content: bytes
) -> None:
    url = f"sftp://partner:wrong-secret@127.0.0.1:{server.port}/in/f.csv"

    with pytest.raises(SourceError, match="does not let this user in") as raised:
        fetch(url, run)

    assert "wrong-secret" not in str(raised.value)
    assert 1 == server.connections


@pytest.mark.parametrize("said_in", ["options", "config"])
def test_a_key_may_stand_in_place_of_a_password(
    server: SftpServer, run: Path, content: bytes, tmp_path: Path, said_in: str
) -> None:
    key = tmp_path / "id_ecdsa"
    server.users_key.write_private_key_file(str(key))
    url, options = f"sftp://partner@127.0.0.1:{server.port}/in/f.csv", {"key_filename": str(key)}
    if said_in == "config":
        (tmp_path / "home" / ".ssh" / "config").write_text(
            f"Host shop\n HostName 127.0.0.1\n Port {server.port}\n User partner\n"
            f" IdentityFile {key}\n"
        )
        url, options = "sftp://shop/in/f.csv", {}

    assert content == fetch(url, run, options=options).read_bytes()


def test_an_option_that_there_is_not_is_refused(server: SftpServer, run: Path) -> None:
    with pytest.raises(DefinitionError, match="unknown option 'host_key_policy' of SFTP"):
        fetch(f"{server.url}/in/f.csv", run, options={"host_key_policy": "auto_add"})


def test_a_password_that_is_not_encoded_is_not_shown(run: Path) -> None:
    with pytest.raises(SourceError, match="percent-encoded") as raised:
        fetch("sftp://me:pa/ssword@127.0.0.1/in/f.csv", run)

    assert not any(part in str(raised.value) for part in ("me:pa", "ssword"))


def test_a_file_that_grows_is_refused(server: SftpServer, run: Path, content: bytes) -> None:
    from daybreak.connectors.patience import Patience  # noqa: PLC0415 - as the helper's

    place = server.folder / "in" / "f.csv"
    os.utime(place)

    def grow(_: float) -> None:
        with place.open("ab") as file:
            file.write(b"more")

    with pytest.raises(SourceError, match="is still being written: size was"):
        fetch(f"{server.url}/in/f.csv", run, patience=Patience(settle_s=1, wait=grow))
    assert [] == [path for path in run.iterdir() if path.is_file()]
