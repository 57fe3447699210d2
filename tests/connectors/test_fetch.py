"""A fetched file is there whole, under its name and with its hash, or not at all."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import sys
import tarfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]
import pytest

from daybreak import faultpoints
from daybreak.connectors import archives, compressed
from daybreak.connectors import fetch as fetching
from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_format import CsvFormat
from daybreak.connectors.file_index import build
from daybreak.connectors.patience import Patience
from daybreak.connectors.remote_url import shown
from daybreak.errors import DefinitionError, SourceError
from tests.connectors.fetching import fetch

ABC = hashlib.sha256(b"abc").hexdigest()


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Where files come from."""
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "f.csv").write_bytes(b"abc")
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "run" / "deep"


def tar_of(path: Path, members: dict[str, bytes | tarfile.TarInfo], mode: Any = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, content in members.items():
            if isinstance(content, bytes):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                tar.addfile(content)
    return path


def zip_of(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return path


def names(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_a_file_arrives_with_its_checksum(there: Path, run: Path, form: str) -> None:
    place = fetch(form.format(there / "f.csv"), run, sha256=ABC.upper())

    assert run / "f.csv" == place
    assert b"abc" == place.read_bytes()
    record = json.loads((run / "checksums.json").read_text())
    assert {"size": 3, "sha256": ABC}.items() <= record["f.csv"].items()
    assert ["checksums.json", "f.csv"] == names(run)


def test_another_file_system_is_read_through_fsspec(run: Path) -> None:
    fsspec.filesystem("memory").pipe("/daybreak/f.csv", b"abc")

    assert b"abc" == fetch("memory://daybreak/f.csv", run).read_bytes()


def test_what_is_intact_is_not_copied_again(there: Path, run: Path) -> None:
    first = fetch(str(there / "f.csv"), run)
    before = first.stat()
    (there / "f.csv").unlink()

    assert first == fetch(str(there / "f.csv"), run)
    assert before.st_ino == first.stat().st_ino


@pytest.mark.parametrize("damage", [b"abd", b"ab", None])
def test_what_is_not_intact_is_copied_again(there: Path, run: Path, damage: bytes | None) -> None:
    place = fetch(str(there / "f.csv"), run)
    place.unlink() if damage is None else place.write_bytes(damage)

    assert b"abc" == fetch(str(there / "f.csv"), run).read_bytes()


def test_a_damaged_record_costs_a_copy(there: Path, run: Path) -> None:
    fetch(str(there / "f.csv"), run)
    (run / "checksums.json").write_text("{")

    assert b"abc" == fetch(str(there / "f.csv"), run).read_bytes()


def test_another_hash_publishes_nothing(there: Path, run: Path) -> None:
    with pytest.raises(SourceError, match=f"has sha256 {ABC}, expected {'0' * 64}"):
        fetch(str(there / "f.csv"), run, sha256="0" * 64)

    assert [] == names(run)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("{}/no.csv", "no.csv does not exist"),
        ("{}", "there is a folder"),
        ("nope://x/f.csv", "unknown scheme 'nope'"),
        ("/", "names no file"),
        ("https://example.org", "names no file"),
    ],
)
def test_each_bad_url_has_its_message(there: Path, run: Path, url: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as raised:
        fetch(url.format(there), run)

    assert raised.value.hint
    assert not run.exists() or [] == names(run)


def test_no_permission_is_said(there: Path, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("fsspec.implementations.local.LocalFileSystem.open", refuse)

    with pytest.raises(SourceError, match="no permission to read"):
        fetch(str(there / "f.csv"), run)


@pytest.mark.parametrize(
    ("url", "library", "extra"),
    [
        ("sftp://user:secret@127.0.0.1/f.csv", "paramiko", "sftp"),
        ("s3://bucket/f.csv", "s3fs", "s3"),
    ],
)
def test_a_missing_library_is_named_with_its_extra(
    run: Path, monkeypatch: pytest.MonkeyPatch, url: str, library: str, extra: str
) -> None:
    for name in [
        name for name in sys.modules if name.startswith(("fsspec.implementations", "s3fs"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(SourceError, match="needs a library") as raised:
        fetch(url, run)

    assert f"pip install 'daybreak[{extra}]'" == raised.value.hint
    assert "secret" not in str(raised.value)


def test_a_place_that_cannot_be_written_is_named(there: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SourceError, match="cannot be written"):
        fetch(str(there / "f.csv"), tmp_path / "file" / "run")


def test_a_disk_that_is_full_is_said_with_the_file(
    there: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is noticed last, and of any file that is published."""

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    for act in (
        lambda: fetch(str(there / "f.csv"), run),
        lambda: build(there / "f.csv", CsvFormat(CsvDialect()), run / "index").save(run / "index"),
    ):
        with pytest.raises(SourceError, match=r"cannot be written: No space left") as raised:
            act()
        assert "make room" in raised.value.hint
    assert [] == names(run)


def test_a_file_that_is_cut_off_is_refused(
    there: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "fsspec.implementations.local.LocalFileSystem.info",
        lambda *_, **__: {"size": 5, "type": "f"},
    )

    with pytest.raises(SourceError, match="gave 3 bytes of 5"):
        fetch(str(there / "f.csv"), run)

    assert [] == names(run)


def test_a_file_that_somebody_appends_to_is_refused(there: Path, run: Path) -> None:
    """By the clock: a line every few milliseconds, and a copy that takes less."""
    done = threading.Event()

    def append() -> None:
        while not done.wait(0.005):
            with (there / "f.csv").open("ab") as file:
                file.write(b"line\n")

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(append)
        try:
            with pytest.raises(SourceError, match="is still being written"):
                fetch(str(there / "f.csv"), run, patience=Patience(settle_s=0.2))
        finally:
            done.set()
        writer.result()

    assert [] == names(run)


def test_two_urls_of_one_name_do_not_replace_each_other(
    there: Path, run: Path, tmp_path: Path
) -> None:
    fetch(str(there / "f.csv"), run)
    other = tmp_path / "f.csv"
    other.write_bytes(b"x")

    with pytest.raises(DefinitionError, match=r"was fetched from .*there/f.csv already"):
        fetch(str(other), run)

    assert b"abc" == (run / "f.csv").read_bytes()


def test_a_hash_that_is_none_is_refused(there: Path, run: Path) -> None:
    with pytest.raises(DefinitionError, match="expected sha256 to be 64 hexadecimal digits"):
        fetch(str(there / "f.csv"), run, sha256="abc")


def test_credentials_are_never_shown() -> None:
    assert "https://h:1/a/b.csv" == shown("https://me:secret@h:1/a/b.csv?token=secret#x")
    assert "/a/b.csv" == shown("/a/b.csv")


@pytest.mark.parametrize("point", ["publish.before_rename", "publish.after_rename"])
@pytest.mark.parametrize("hit", [1, 2, 3])
def test_dying_around_any_rename_leaves_whole_files_and_is_made_good(
    there: Path, run: Path, point: str, hit: int
) -> None:
    url = str(tar_of(there / "a.tgz", {"x.csv": b"abc", "d/y.csv": b"def"}))
    faultpoints.arm(f"{point}:{hit}:raise")
    try:
        with pytest.raises(faultpoints.InjectedFault):
            fetch(url, run, unpack=True)
    finally:
        faultpoints.arm(None)

    whole = {"a.tgz", "a/x.csv", "a/d/y.csv", "checksums.json"}
    assert whole >= set(names(run))
    assert run / "a" == fetch(url, run, unpack=True)
    assert whole == set(names(run))


def test_what_a_killed_attempt_left_is_removed(there: Path, run: Path) -> None:
    run.mkdir(parents=True)
    (run / ".f.csv.0123abcd.partial").write_text("half")

    fetch(str(there / "f.csv"), run)

    assert ["checksums.json", "f.csv"] == names(run)


def test_threads_that_fetch_side_by_side_lose_nothing(there: Path, run: Path) -> None:
    urls = [str(tar_of(there / f"{name}.tgz", {"x.csv": b"abc"})) for name in "abcd"]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda url: fetch(url, run, unpack=True), urls * 4))

    assert [run / name for name in "abcd"] * 4 == found
    assert sorted(f"{name}.tgz" for name in "abcd") == sorted(
        json.loads((run / "checksums.json").read_text())
    )
    assert 9 == len(names(run))


class TestArchives:
    @pytest.mark.parametrize("name", ["a.tar.gz", "a.tgz", "a.tar", "a.ZIP"])
    def test_each_kind_is_unpacked_into_a_folder_of_its_name(
        self, there: Path, run: Path, name: str
    ) -> None:
        members = {"x.csv": b"abc", "d/y.csv": b"def"}
        if name.endswith("ZIP"):
            zip_of(there / name, members)
        else:
            tar_of(there / name, dict(members), "w" if name.endswith("tar") else "w:gz")

        folder = fetch(str(there / name), run, unpack=True)

        assert run / "a" == folder
        assert ["d/y.csv", "x.csv"] == names(folder)
        assert b"def" == (folder / "d" / "y.csv").read_bytes()

    def test_an_intact_folder_is_not_unpacked_again_and_a_damaged_one_is(
        self, there: Path, run: Path
    ) -> None:
        url = str(zip_of(there / "a.zip", {"x.csv": b"abc"}))
        folder = fetch(url, run, unpack=True)
        before = folder.stat().st_ino

        assert before == fetch(url, run, unpack=True).stat().st_ino
        (folder / "x.csv").write_bytes(b"abd")
        assert b"abc" == (fetch(url, run, unpack=True) / "x.csv").read_bytes()

    @pytest.mark.parametrize("name", ["a.tar.gz", "a.tar", "a.zip"])
    @pytest.mark.parametrize(
        "content", [b"no archive at all", b"", b"\x1f\x8b\x08broken", b"PK\x03\x04"]
    )
    def test_what_is_no_archive_is_refused(
        self, there: Path, run: Path, name: str, content: bytes
    ) -> None:
        (there / name).write_bytes(content)

        with pytest.raises(SourceError, match="is no archive, or a damaged one"):
            fetch(str(there / name), run, unpack=True)

        assert not (run / "a").exists()

    def test_a_truncated_one_is_refused(self, there: Path, run: Path) -> None:
        path = tar_of(there / "a.tar.gz", {"x.csv": os.urandom(100_000)})
        os.truncate(path, 50_000)

        with pytest.raises(SourceError, match="damaged"):
            fetch(str(path), run, unpack=True)

        assert ["a.tar.gz"] == names(run)

    def test_a_plain_file_is_no_archive(self, there: Path, run: Path) -> None:
        with pytest.raises(SourceError, match=r"f\.csv is no archive that can be unpacked"):
            fetch(str(there / "f.csv"), run, unpack=True)

    @pytest.mark.parametrize("member", ["../out.csv", "/etc/out.csv", "d/../../out.csv"])
    @pytest.mark.parametrize("kind", ["tar", "zip"])
    def test_a_member_that_leads_out_refuses_the_whole_archive(
        self, there: Path, run: Path, member: str, kind: str
    ) -> None:
        if kind == "zip":
            path = zip_of(there / "a.zip", {"good.csv": b"abc", member: b"x"})
        else:
            path = tar_of(there / "a.tar", {"good.csv": b"abc", member: b"x"}, "w")

        with pytest.raises(SourceError, match="leads out of its folder"):
            fetch(str(path), run, unpack=True)

        assert [path.name] == names(run)
        assert not (run.parent / "out.csv").exists()

    def test_a_link_that_leads_out_refuses_the_whole_archive(self, there: Path, run: Path) -> None:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        path = tar_of(there / "a.tar", {"link": link}, "w")

        with pytest.raises(SourceError, match="leads out of its folder: 'link'"):
            fetch(str(path), run, unpack=True)

    def test_a_link_in_a_zip_is_refused(self, there: Path, run: Path) -> None:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        with zipfile.ZipFile(there / "a.zip", "w") as zipped:
            zipped.writestr(info, "/etc/passwd")

        with pytest.raises(SourceError, match="leads out"):
            fetch(str(there / "a.zip"), run, unpack=True)


def test_the_suffixes_are_those_that_are_documented() -> None:
    documented = fetching.fetch.__doc__ or ""

    assert all(suffix in documented for suffix in (*archives.SUFFIXES, *compressed.SUFFIXES))
