"""Over HTTP a file comes whole, goes on after a cut, and is never put together from two."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daybreak.errors import SourceChanged, SourceError
from tests.connectors.fetching import IMPATIENT, WAITED, fetch
from tests.connectors.http_server import HttpServer, Served, http_server

pytestmark = [
    pytest.mark.slow,  # it waits for disks and connections
    pytest.mark.usefixtures("no_proxy"),
]


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    WAITED.clear()


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        yield running


@pytest.fixture
def content(seed: int) -> bytes:
    return random.Random(seed).randbytes(300_000)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "run"


def names(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def swap(content: bytes, *, at: int, **others: Any) -> Any:
    """Return what exchanges a file before an answer."""

    def act(served: Served, number: int) -> None:
        if number == at:
            served.content = content
            for name, value in others.items():
                setattr(served, name, value)

    return act


# ---------------------------------------------------------------- whole


def test_a_file_comes_with_its_sizes_and_checksums(
    server: HttpServer, run: Path, content: bytes
) -> None:
    server.serve("/in/f.csv", content)

    place = fetch(f"{server.url}/in/f.csv", run)

    assert content == place.read_bytes()
    facts = json.loads((run / "checksums.json").read_text())["f.csv"]
    assert (300_000, hashlib.sha256(content).hexdigest()) == (facts["size"], facts["sha256"])
    assert ["checksums.json", "f.csv"] == names(run)


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025])
def test_files_of_every_small_size_come(server: HttpServer, run: Path, size: int) -> None:
    server.serve("/f.csv", b"x" * size)

    assert size == fetch(f"{server.url}/f.csv", run).stat().st_size


def test_a_name_is_decoded_and_a_query_is_sent_but_not_shown(server: HttpServer, run: Path) -> None:
    server.serve("/in/M%C3%A4rz%202.csv?token=secret%2F1", b"abc")

    place = fetch(f"{server.url}/in/März 2.csv?token=secret%2F1", run)

    assert run / "März 2.csv" == place
    assert "secret" not in (run / "checksums.json").read_text()


def test_a_chunked_answer_has_an_end_of_its_own(
    server: HttpServer, run: Path, content: bytes
) -> None:
    server.serve("/f.csv", content, is_chunked=True, etag=None, modified_at=None)

    assert content == fetch(f"{server.url}/f.csv", run).read_bytes()


def test_an_answer_without_an_end_is_refused_unless_its_checksum_is_given(
    server: HttpServer, run: Path, content: bytes
) -> None:
    server.serve("/f.csv", content, has_length=False)

    with pytest.raises(SourceError, match="may have been cut off"):
        fetch(f"{server.url}/f.csv", run)
    assert [] == names(run)

    wanted = hashlib.sha256(content).hexdigest()
    assert content == fetch(f"{server.url}/f.csv", run, sha256=wanted).read_bytes()


# ---------------------------------------------------------------- cuts


@pytest.mark.parametrize(
    "validators", [{}, {"etag": None}, {"modified_at": None}], ids=["both", "time", "tag"]
)
def test_a_cut_file_goes_on_where_it_ended(
    server: HttpServer, run: Path, content: bytes, validators: dict[str, None]
) -> None:
    server.serve("/f.csv", content, cuts=[100_000, 50_000], **validators)

    assert content == fetch(f"{server.url}/f.csv", run).read_bytes()
    assert ["bytes=98976-", "bytes=147952-"] == server.ranges()
    assert server.sent_bytes < 300_000 + 3 * 1024


@pytest.mark.parametrize(
    "how",
    [
        {"has_ranges": False},
        {"etag": None, "modified_at": None},
        {"etag": 'W/"1"', "modified_at": None},
        {"skews": 5},
        {"etag": None, "modified_at": None, "is_chunked": True},
    ],
    ids=["no ranges", "no validator", "a weak one", "another range", "chunked"],
)
def test_what_cannot_be_gone_on_with_begins_again(
    server: HttpServer, run: Path, content: bytes, how: dict[str, Any]
) -> None:
    server.serve("/f.csv", content, cuts=[100_000], **how)

    assert content == fetch(f"{server.url}/f.csv", run).read_bytes()
    assert server.sent_bytes >= 400_000


@pytest.mark.parametrize("honours_if_range", [True, False])
@pytest.mark.parametrize("size", [200_000, 300_000, 400_000])
def test_a_file_that_is_exchanged_at_a_cut_comes_from_its_beginning(
    server: HttpServer, run: Path, content: bytes, size: int, *, honours_if_range: bool
) -> None:
    other = random.Random(1).randbytes(size)
    server.serve(
        "/f.csv",
        content,
        cuts=[100_000],
        honours_if_range=honours_if_range,
        before_answer=swap(other, at=2, etag='"2"'),
    )

    assert other == fetch(f"{server.url}/f.csv", run).read_bytes()


def test_a_server_that_says_the_same_of_another_file_is_found_out_by_the_bytes(
    server: HttpServer, run: Path, content: bytes
) -> None:
    """Same size, same ETag, same time: the overlap at the end of the half tells."""
    other = random.Random(1).randbytes(len(content))
    server.serve("/f.csv", content, cuts=[100_000], before_answer=swap(other, at=2))

    assert other == fetch(f"{server.url}/f.csv", run).read_bytes()


def test_a_file_that_shrinks_below_the_half_comes_from_its_beginning(
    server: HttpServer, run: Path, content: bytes
) -> None:
    server.serve(
        "/f.csv",
        content,
        cuts=[100_000],
        honours_if_range=False,
        before_answer=swap(b"abc", at=2),
    )

    assert b"abc" == fetch(f"{server.url}/f.csv", run).read_bytes()


def test_parts_that_are_shorter_than_asked_are_put_together(
    server: HttpServer, run: Path, content: bytes
) -> None:
    server.serve("/f.csv", content, cuts=[100_000], part_bytes_max=60_000)

    assert content == fetch(f"{server.url}/f.csv", run).read_bytes()


def test_a_server_that_says_too_much_is_given_up_and_what_came_is_kept(
    server: HttpServer, run: Path, content: bytes
) -> None:
    served = server.serve("/f.csv", content, length=400_000, has_ranges=False)

    with pytest.raises(SourceError, match=r"gave 300,000 bytes of 400,000; then 5 tries failed"):
        fetch(f"{server.url}/f.csv", run)

    assert 5 == served.answers
    assert not (run / "f.csv").exists()


def test_tries_are_bounded_and_the_waits_grow(
    server: HttpServer, run: Path, content: bytes
) -> None:
    server.serve("/f.csv", content, cuts=[100_000, 0, 0, 0, 0, 0])

    with pytest.raises(SourceError, match=r"gave 100,000 bytes of 300,000; then 5 tries") as raised:
        fetch(f"{server.url}/f.csv", run)

    assert "goes on from there" in raised.value.hint
    assert 4 == len(WAITED)
    assert all(0.25 * 2**at <= wait <= 0.5 * 2**at for at, wait in enumerate(WAITED))


def test_a_failed_fetch_is_gone_on_with_by_the_next(
    server: HttpServer, run: Path, content: bytes
) -> None:
    server.serve("/f.csv", content, cuts=[100_000, 0, 0, 0, 0])
    with pytest.raises(SourceError):
        fetch(f"{server.url}/f.csv", run)
    server.asked.clear()

    assert content == fetch(f"{server.url}/f.csv", run).read_bytes()
    assert ["bytes=98976-"] == server.ranges()
    assert ["checksums.json", "f.csv"] == names(run)


def test_many_cuts_with_a_gain_each_are_no_reason_to_give_up(
    server: HttpServer, run: Path, content: bytes
) -> None:
    server.serve("/f.csv", content, cuts=[35_000] * 8)

    assert content == fetch(f"{server.url}/f.csv", run).read_bytes()


def test_a_server_that_is_busy_is_asked_again(
    server: HttpServer, run: Path, content: bytes
) -> None:
    server.serve("/f.csv", content, statuses=[503, 429, 500])

    assert content == fetch(f"{server.url}/f.csv", run).read_bytes()
    assert 3 == len(WAITED)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "does not exist"),
        (410, "does not exist"),
        (401, "no permission"),
        (403, "no permission"),
        (400, "answers 400"),
        (503, "cannot be read after 5 tries: the server answers 503"),
    ],
)
def test_each_refusal_has_its_message(
    server: HttpServer, run: Path, status: int, message: str
) -> None:
    server.serve("/f.csv", b"abc", statuses=[status] * 5)

    with pytest.raises(SourceError, match=message):
        fetch(f"{server.url}/f.csv", run)

    assert [] == names(run)


def test_a_server_that_is_down_is_asked_again_and_then_named(run: Path) -> None:
    with http_server() as gone:
        pass

    with pytest.raises(SourceError, match=r"f\.csv cannot be read after 5 tries: .*refused"):
        fetch(f"{gone.url}/f.csv", run)


def test_a_server_that_says_nothing_any_more_is_asked_again(
    server: HttpServer, run: Path, content: bytes
) -> None:
    server.serve("/f.csv", content, cuts=[100_000], gate=threading.Event())
    patience = replace(IMPATIENT, silence_s=0.2)

    assert content == fetch(f"{server.url}/f.csv", run, patience=patience).read_bytes()
    assert ["bytes=98976-"] == server.ranges()


# ---------------------------------------------------------------- a process that is killed

KILLED = """
import sys
from pathlib import Path
from daybreak.connectors.fetch import fetch
fetch(sys.argv[1], Path(sys.argv[2]))
"""


@pytest.mark.parametrize("exchanged", [False, True], ids=["the same", "exchanged"])
def test_a_killed_process_is_gone_on_with_if_the_file_is_the_same(
    server: HttpServer, run: Path, content: bytes, *, exchanged: bool
) -> None:
    gate = threading.Event()
    served = server.serve("/f.csv", content, cuts=[200_000], gate=gate)
    with subprocess.Popen([sys.executable, "-c", KILLED, f"{server.url}/f.csv", str(run)]) as child:
        while not [path for path in run.glob(".f.csv.*.half") if path.stat().st_size == 200_000]:
            assert child.poll() is None
        os.kill(child.pid, signal.SIGKILL)
    gate.set()
    server.sent_bytes = 0
    if exchanged:
        served.content, served.etag = content[::-1], '"2"'

    place = fetch(f"{server.url}/f.csv", run)

    assert served.content == place.read_bytes()
    assert ["checksums.json", "f.csv"] == names(run)
    assert (server.sent_bytes > 300_000) == exchanged


# ---------------------------------------------------------------- at rest


def test_a_file_that_grows_while_it_is_read_is_refused(
    server: HttpServer, run: Path, content: bytes
) -> None:
    served = server.serve("/f.csv", content, etag=None, modified_at=None)
    grow = looking_twice(lambda: setattr(served, "content", content + b"more"))

    with pytest.raises(SourceError, match="still being written: size was 300000, is 300004"):
        fetch(f"{server.url}/f.csv", run, patience=grow)

    assert [] == names(run)


def looking_twice(between: Any, settle_s: float = 1.0) -> Any:
    """Return a patience that lets something happen while it waits for the file to settle."""
    from daybreak.connectors.patience import Patience  # noqa: PLC0415 - as the helper's

    return Patience(settle_s=settle_s, wait=lambda _: between(), now_s=lambda: 0.0)


def test_a_file_that_rested_long_enough_is_not_waited_for_but_looked_at_again(
    server: HttpServer, run: Path, content: bytes
) -> None:
    served = server.serve("/f.csv", content, headers={"Date": "Fri, 27 Nov 2026 00:00:00 GMT"})

    fetch(f"{server.url}/f.csv", run, patience=looking_twice(lambda: pytest.fail("waited")))

    assert 2 == len(server.asked)
    assert 1 == served.answers


def test_a_file_that_is_exchanged_while_it_is_read_is_refused(
    server: HttpServer, run: Path, content: bytes
) -> None:
    served = server.serve("/f.csv", content, modified_at=None)
    exchange = looking_twice(lambda: setattr(served, "etag", '"2"'))

    with pytest.raises(SourceChanged, match="was changed while it was read: version was"):
        fetch(f"{server.url}/f.csv", run, patience=exchange)

    assert [] == names(run)


def test_a_file_whose_checksum_is_known_need_not_rest(
    server: HttpServer, run: Path, content: bytes
) -> None:
    server.serve("/f.csv", content)

    fetch(
        f"{server.url}/f.csv",
        run,
        sha256=hashlib.sha256(content).hexdigest(),
        patience=looking_twice(lambda: pytest.fail("waited")),
    )

    assert 1 == len(server.asked)


# ---------------------------------------------------------------- checksums


def packed(algorithm: str, content: bytes) -> str:
    return base64.b64encode(hashlib.new(algorithm, content).digest()).decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Content-MD5", "{md5}"),
        ("Digest", "SHA-256={sha256}"),
        ("Digest", "crc32c=AAAA, sha-512={sha512}"),
        ("Repr-Digest", "sha-256=:{sha256}:, md5=:{md5}:"),
        ("Content-Digest", "sha-512=:{sha512}:"),
    ],
)
def test_a_digest_of_the_server_is_compared(
    server: HttpServer, run: Path, content: bytes, field: str, value: str
) -> None:
    def digests(of: bytes) -> str:
        return value.format(**{name: packed(name, of) for name in ("md5", "sha256", "sha512")})

    served = server.serve("/f.csv", content, headers={field: digests(content)}, cuts=[100_000])
    assert content == fetch(f"{server.url}/f.csv", run).read_bytes()
    confirmed = json.loads((run / "checksums.json").read_text())["f.csv"]["confirmed_by"]
    assert all(each.endswith("by its server") for each in confirmed)
    assert confirmed

    served.headers = {field: digests(b"something else")}
    with pytest.raises(SourceError, match="by its server"):
        fetch(f"{server.url}/f.csv", run.with_name("other"))
    assert [] == names(run.with_name("other"))


def test_a_digest_of_a_part_is_not_taken_for_that_of_the_file(
    server: HttpServer, run: Path, content: bytes
) -> None:
    served = server.serve("/f.csv", content, cuts=[100_000])
    served.before_answer = lambda it, number: it.headers.update(
        {"Content-MD5": packed("md5", b"a part")} if number > 1 else {}
    )

    assert content == fetch(f"{server.url}/f.csv", run).read_bytes()


def sidecar(content: bytes, name: str = "f.csv", algorithm: str = "sha256") -> bytes:
    return f"{hashlib.new(algorithm, content).hexdigest()}  {name}\n".encode()


@pytest.mark.parametrize(
    ("beside", "algorithm"), [("f.csv.sha256", "sha256"), ("MD5SUMS", "md5"), ("f.csv.md5", "md5")]
)
def test_a_checksum_beside_the_file_is_compared(
    server: HttpServer, run: Path, content: bytes, beside: str, algorithm: str
) -> None:
    server.serve("/in/f.csv", content)
    served = server.serve(f"/in/{beside}", sidecar(content, algorithm=algorithm))

    fetch(f"{server.url}/in/f.csv", run, checksum="sidecar")
    confirmed = json.loads((run / "checksums.json").read_text())["f.csv"]["confirmed_by"]
    assert [f"{algorithm} by {beside}"] == confirmed

    served.content = sidecar(b"other", algorithm=algorithm)
    with pytest.raises(SourceError, match=f"has {algorithm} .*, expected .* by {beside}"):
        fetch(f"{server.url}/in/f.csv", run.with_name("other"), checksum="sidecar")
    assert [] == names(run.with_name("other"))


def test_a_missing_checksum_file_is_refused_before_anything_is_fetched(
    server: HttpServer, run: Path, content: bytes
) -> None:
    served = server.serve("/f.csv", content)

    with pytest.raises(SourceError, match="has no checksum file beside it"):
        fetch(f"{server.url}/f.csv", run, checksum="sidecar")

    assert 0 == served.answers


def test_a_page_that_is_no_checksum_file_is_looked_past(
    server: HttpServer, run: Path, content: bytes
) -> None:
    """Many servers answer 200 with a page for what they do not have."""
    server.serve("/f.csv", content)
    for name in ("f.csv.sha512", "f.csv.sha384"):
        server.serve(f"/{name}", b"<html>not here</html>")
    with pytest.raises(SourceError, match=r"names f\.csv \(f\.csv\.sha512, f\.csv\.sha384\)"):
        fetch(f"{server.url}/f.csv", run, checksum="sidecar")

    server.serve("/SHA256SUMS", sidecar(b"x", "g.csv") + sidecar(content))
    assert content == fetch(f"{server.url}/f.csv", run, checksum="sidecar").read_bytes()


def test_a_checksum_file_may_lie_elsewhere(server: HttpServer, run: Path, content: bytes) -> None:
    server.serve("/f.csv", content)
    server.serve("/sums/all.txt?token=secret", sidecar(content))
    at = f"{server.url}/sums/all.txt?token=secret"

    assert content == fetch(f"{server.url}/f.csv", run, checksum=at).read_bytes()
    assert "secret" not in (run / "checksums.json").read_text()
    server.serve("/g.csv", content)
    with pytest.raises(SourceError, match=r"all.txt has no checksum of g\.csv") as raised:
        fetch(f"{server.url}/g.csv", run, checksum=at)
    assert "secret" not in str(raised.value)


# ---------------------------------------------------------------- what servers do on their own


def test_what_a_server_packs_on_its_own_account_is_refused_unless_the_name_says_so(
    server: HttpServer, run: Path, content: bytes
) -> None:
    server.serve("/f.csv", gzip.compress(content), headers={"Content-Encoding": "gzip"})

    with pytest.raises(SourceError, match="comes packed by gzip"):
        fetch(f"{server.url}/f.csv", run)
    place = fetch(f"{server.url}/f.csv", run, name="f.csv.gz", unpack=True)

    assert run / "f.csv" == place
    assert content == place.read_bytes()


def test_a_redirect_is_followed_but_takes_no_credentials_elsewhere(
    server: HttpServer, run: Path, content: bytes
) -> None:
    with http_server() as other:
        other.serve("/moved.csv", content)
        server.serve("/f.csv", b"", statuses=[302, 302]).headers["Location"] = (
            f"{other.url}/moved.csv"
        )
        url = server.url.replace("://", "://me:secret@")
        place = fetch(f"{url}/f.csv", run, options={"headers": {"X-Key": "hidden"}})

        assert run / "f.csv" == place
        assert content == place.read_bytes()
        asked = [headers for _, headers in server.asked]
        assert all(headers["authorization"].startswith("Basic ") for headers in asked)
        assert all("hidden" == headers["x-key"] for headers in asked)
        assert not any({"authorization", "x-key"} & set(headers) for _, headers in other.asked)


def test_a_redirect_on_the_same_server_keeps_them(server: HttpServer, run: Path) -> None:
    server.serve("/f.csv", b"", statuses=[302, 302]).headers["Location"] = "/moved.csv"
    server.serve("/moved.csv", b"abc")

    fetch(f"{server.url.replace('://', '://me:secret@')}/f.csv", run)

    assert all("authorization" in headers for _, headers in server.asked)


def test_credentials_are_in_no_message_and_in_no_chained_one(server: HttpServer, run: Path) -> None:
    server.serve("/f.csv?token=hidden-token", b"", statuses=[500] * 9)
    url = server.url.replace("://", "://me:top%2Fsecret@")

    with pytest.raises(SourceError) as raised:
        fetch(f"{url}/f.csv?token=hidden-token", run)

    error: BaseException | None = raised.value
    while error is not None:
        text = " ".join([str(error), repr(error), *getattr(error, "__notes__", [])])
        assert not any(secret in text for secret in ("top%2F", "top/secret", "hidden-token"))
        error = error.__cause__
