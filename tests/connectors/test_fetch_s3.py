"""Out of an S3 a file comes in one stream, under the condition that it stays the same one."""

from __future__ import annotations

import hashlib
import json
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from daybreak.connectors import remote_s3
from daybreak.connectors.half_file import half_of
from daybreak.connectors.remote import Look, Reading
from daybreak.errors import SourceError
from tests.connectors.cutting_proxy import cutting_proxy
from tests.connectors.fetching import fetch

pytestmark = pytest.mark.slow  # moto's server takes its time to start

SECRET = "top-secret-key"  # noqa: S105 - a test's


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - heavy

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def options(endpoint: str) -> dict[str, Any]:
    return {"key": "someone", "secret": SECRET, "endpoint_url": endpoint}


@pytest.fixture
def bucket(options: dict[str, Any], request: pytest.FixtureRequest) -> Any:
    import boto3  # type: ignore[import-untyped] # noqa: PLC0415 - heavy

    made = boto3.resource(
        "s3",
        endpoint_url=options["endpoint_url"],
        aws_access_key_id="someone",
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    ).Bucket(f"b{zlib.crc32(request.node.nodeid.encode())}")
    made.create()
    return made


@pytest.fixture
def content(seed: int) -> bytes:
    return random.Random(seed).randbytes(300_000)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "run"


def test_a_file_comes_and_its_etag_confirms_it(
    bucket: Any, options: dict[str, Any], run: Path, content: bytes
) -> None:
    bucket.put_object(Key="in/50% a.csv", Body=content)

    place = fetch(f"s3://{bucket.name}/in/50% a.csv", run, options=options)

    assert run / "50% a.csv" == place
    assert content == place.read_bytes()
    record = (run / "checksums.json").read_text()
    facts = json.loads(record)["50% a.csv"]
    assert "md5 by its server" in facts["confirmed_by"]
    assert hashlib.sha256(content).hexdigest() == facts["sha256"]
    assert SECRET not in record


def test_a_checksum_that_was_put_with_the_file_confirms_it(
    bucket: Any, options: dict[str, Any], run: Path, content: bytes
) -> None:
    bucket.put_object(Key="f.csv", Body=content, ChecksumAlgorithm="SHA256")

    fetch(f"s3://{bucket.name}/f.csv", run, options=options)

    facts = json.loads((run / "checksums.json").read_text())["f.csv"]
    assert "sha256 by its server" in facts["confirmed_by"]


def test_what_does_not_have_the_md5_of_its_etag_is_refused(
    bucket: Any,
    options: dict[str, Any],
    run: Path,
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bucket.put_object(Key="f.csv", Body=content)
    monkeypatch.setattr(remote_s3, "_sums", lambda *_: {"md5": "0" * 32})

    with pytest.raises(SourceError, match=f"has md5 .*, expected {'0' * 32} by its server"):
        fetch(f"s3://{bucket.name}/f.csv", run, options=options)

    assert [] == list(run.iterdir())


def test_the_etag_of_parts_is_no_md5(
    bucket: Any, options: dict[str, Any], run: Path, content: bytes
) -> None:
    upload = bucket.Object("f.csv").initiate_multipart_upload()
    tag = upload.Part(1).upload(Body=content)["ETag"]
    upload.complete(MultipartUpload={"Parts": [{"ETag": tag, "PartNumber": 1}]})

    assert content == fetch(f"s3://{bucket.name}/f.csv", run, options=options).read_bytes()
    facts = json.loads((run / "checksums.json").read_text())["f.csv"]
    assert "md5" not in facts


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, {"md5": "0" * 32}),
        ({"ServerSideEncryption": "AES256"}, {"md5": "0" * 32}),
        ({"ServerSideEncryption": "aws:kms"}, {}),
        ({"SSECustomerAlgorithm": "AES256"}, {}),
        ({"ETag": f'"{"0" * 32}-2"'}, {}),
        (
            {"ETag": '"x"', "ChecksumSHA1": "AAAA", "ChecksumType": "FULL_OBJECT"},
            {"sha1": "000000"},
        ),
        ({"ETag": '"x"', "ChecksumSHA256": "AAAA", "ChecksumType": "COMPOSITE"}, {}),
        ({"ETag": '"x"', "ChecksumSHA256": "AAAA-3"}, {}),
    ],
)
def test_an_etag_counts_where_it_is_an_md5(told: dict[str, str], expected: dict[str, str]) -> None:
    assert expected == remote_s3._sums({"ETag": f'"{"0" * 32}"', **told}, "b")


def test_a_cut_stream_goes_on_where_it_ended(
    bucket: Any, options: dict[str, Any], run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = random.Random(1).randbytes(4_000_000)
    bucket.put_object(Key="f.csv", Body=content)
    starts = starts_noted(monkeypatch)
    at = urlsplit(options["endpoint_url"])
    with cutting_proxy(at.hostname or "", at.port or 0) as proxy:
        proxy.cuts = [3_000_000]
        through = {**options, "endpoint_url": f"http://127.0.0.1:{proxy.port}"}
        place = fetch(f"s3://{bucket.name}/f.csv", run, options=through)

    assert content == place.read_bytes()
    assert [] == proxy.cuts
    assert 0 == starts[0]
    assert 0 < starts[1] < 3_000_000  # what the library held is lost with the connection


def test_a_half_is_gone_on_with_if_it_is_of_the_same_file(
    bucket: Any,
    options: dict[str, Any],
    run: Path,
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bucket.put_object(Key="f.csv", Body=content)
    url = f"s3://{bucket.name}/f.csv"
    left_half(run, url, content, f'"{hashlib.md5(content).hexdigest()}"')  # noqa: S324 - an ETag
    starts = starts_noted(monkeypatch)

    assert content == fetch(url, run, options=options).read_bytes()
    assert [100_000 - 1024] == starts


def test_a_half_of_another_file_is_thrown_away(
    bucket: Any,
    options: dict[str, Any],
    run: Path,
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bucket.put_object(Key="f.csv", Body=content)
    url = f"s3://{bucket.name}/f.csv"
    left_half(run, url, content[::-1], '"another"')
    starts = starts_noted(monkeypatch)

    assert content == fetch(url, run, options=options).read_bytes()
    assert [0] == starts


def left_half(run: Path, url: str, content: bytes, tag: str) -> None:
    """Leave what a killed attempt had of a file."""
    from daybreak.connectors.remote_url import Address  # noqa: PLC0415 - as the helper's

    run.mkdir()
    look = Look(len(content), tag)
    with pytest.raises(KeyboardInterrupt), half_of(run / "f.csv", Address(url).digest, ()) as half:
        half.begin(look)
        half.write(content[:100_000])
        raise KeyboardInterrupt


def starts_noted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note from where on a file was read."""
    starts: list[int] = []

    def noted(start: int, *rest: Any, **others: Any) -> Any:
        starts.append(start)
        return Reading(start, *rest, **others)

    monkeypatch.setattr("daybreak.connectors.remote_s3.Reading", noted)
    return starts


def test_files_that_match_come_into_a_folder(
    bucket: Any, options: dict[str, Any], run: Path
) -> None:
    for key in ("in/a/orders-1.csv", "in/b/orders-2.csv", "in/b/other.csv"):
        bucket.put_object(Key=key, Body=key.encode())

    folder = fetch(f"s3://{bucket.name}/in/*/orders-?.csv", run, options=options)

    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.csv"))
    assert ["a/orders-1.csv", "b/orders-2.csv"] == found


@pytest.mark.parametrize(
    ("key", "message"), [("no.csv", "does not exist"), ("no-*.csv", "no file matches")]
)
def test_what_is_not_there_is_said(
    bucket: Any, options: dict[str, Any], run: Path, key: str, message: str
) -> None:
    with pytest.raises(SourceError, match=message) as raised:
        fetch(f"s3://{bucket.name}/{key}", run, options=options)

    assert SECRET not in str(raised.value)


def test_a_store_that_is_down_is_named(run: Path, options: dict[str, Any]) -> None:
    import socket  # noqa: PLC0415 - for this test only

    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    down = {**options, "endpoint_url": f"http://127.0.0.1:{port}"}
    down["config_kwargs"] = {"retries": {"total_max_attempts": 1}}

    with pytest.raises(SourceError, match="cannot be read after 5 tries") as raised:
        fetch("s3://bucket/f.csv", run, options=down)

    assert SECRET not in str(raised.value)
