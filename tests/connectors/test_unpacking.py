"""A packed file is unpacked whole, under a bound, and never outside its place."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import shutil
import tarfile
import zipfile
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from daybreak.connectors import archives, room
from daybreak.connectors.compressed import zstd_module
from daybreak.connectors.unpacking import unpack
from daybreak.errors import DefinitionError, SourceError
from tests.connectors.fetching import fetch

pytestmark = pytest.mark.slow  # it waits for disks and connections


MB = 2**20
Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil's


@pytest.fixture
def there(tmp_path: Path) -> Path:
    folder = tmp_path / "there"
    folder.mkdir()
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "run"


def names(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def tar_bytes(members: dict[str, bytes], *, ends: bool = True) -> bytes:
    packed = io.BytesIO()
    tar = tarfile.TarFile(fileobj=packed, mode="w")
    for name, content in members.items():
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    if ends:
        tar.close()
    return packed.getvalue()


PACKERS: dict[str, Any] = {
    ".gz": gzip.compress,
    ".zst": lambda content: zstd_module().compress(
        content, options={zstd_module().CompressionParameter.checksum_flag: 1}
    ),
}
"""With a checksum each: `zstd` writes it too."""


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_compressed_file_becomes_the_file_in_it(there: Path, run: Path, suffix: str) -> None:
    content = random.Random(1).randbytes(3 * MB)
    (there / f"f.csv{suffix}").write_bytes(PACKERS[suffix](content))

    place = fetch(f"{there}/f.csv{suffix}", run, unpack=True)

    assert run / "f.csv" == place
    assert content == place.read_bytes()
    record = json.loads((run / "checksums.json").read_text())[f"f.csv{suffix}"]
    assert (3 * MB, "f.csv") == (record["unpacked"]["size"], record["unpacked_as"])
    place.write_bytes(b"damaged")
    assert content == fetch(f"{there}/f.csv{suffix}", run, unpack=True).read_bytes()


@pytest.mark.parametrize("suffix", PACKERS)
def test_several_pieces_in_one_file_are_all_unpacked(there: Path, run: Path, suffix: str) -> None:
    pack = PACKERS[suffix]
    (there / f"f.csv{suffix}").write_bytes(pack(b"one\n") + pack(b"two\n"))

    assert b"one\ntwo\n" == fetch(f"{there}/f.csv{suffix}", run, unpack=True).read_bytes()


@pytest.mark.parametrize("suffix", PACKERS)
def test_no_part_of_a_damaged_file_is_published(there: Path, suffix: str) -> None:
    """Cut at every place, or with one byte changed, it is refused; or it is what was packed."""
    content = b"".join(b"%d,abc\n" % number for number in range(50))
    packed = PACKERS[suffix](content)
    place = there / f"f.csv{suffix}"
    for at in range(len(packed)):
        changed = packed[:at] + bytes([packed[at] ^ 0x10]) + packed[at + 1 :]
        assert not came(place, packed[:at], content), f"cut at byte {at}, and nobody noticed"
        came(place, changed, content)


def came(packed: Path, of: bytes, content: bytes) -> bool:
    """Say whether something was published; then it has to be what was packed."""
    packed.write_bytes(of)
    result = packed.with_name("f.csv")
    result.unlink(missing_ok=True)
    try:
        unpack(packed, result, 200.0)
    except SourceError as exc:
        assert "damaged or was cut off" in str(exc)  # noqa: PT017 - or no exception
        assert [packed.name] == names(packed.parent)
        return False
    assert content == result.read_bytes()
    return True


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.zst", ".tzst"])
def test_a_tar_is_unpacked_into_a_folder(there: Path, run: Path, suffix: str) -> None:
    pack = next((PACKERS[end] for end in PACKERS if suffix.endswith(end)), lambda content: content)
    pack = PACKERS[".zst"] if suffix == ".tzst" else pack
    (there / f"a{suffix}").write_bytes(pack(tar_bytes({"x.csv": b"abc", "d/y.csv": b"def"})))

    folder = fetch(f"{there}/a{suffix}", run, unpack=True)

    assert run / "a" == folder
    assert ["d/y.csv", "x.csv"] == names(folder)


def test_a_tar_that_is_cut_anywhere_is_refused(there: Path, run: Path) -> None:
    """Also between two members, where tarfile sees an end."""
    packed = tar_bytes({"x.csv": b"a" * 600, "y.csv": b"b" * 100}, ends=False)
    for length in range(0, len(packed) + 1, 128):
        (there / "a.tar").write_bytes(packed[:length])
        shutil.rmtree(run, ignore_errors=True)
        with pytest.raises(SourceError, match="is no archive, or a damaged one"):
            fetch(f"{there}/a.tar", run, unpack=True)
        assert ["a.tar"] == names(run)


def test_a_tar_with_a_damaged_header_is_refused(there: Path, run: Path) -> None:
    """For tarfile it is an end, and the members behind it are lost without a word."""
    packed = bytearray(tar_bytes({"x.csv": b"a" * 10, "y.csv": b"b" * 10}))
    packed[1024] ^= 1
    (there / "a.tar").write_bytes(packed)

    with pytest.raises(SourceError, match="bad checksum at byte 1,024"):
        fetch(f"{there}/a.tar", run, unpack=True)


def test_a_zip_that_is_cut_anywhere_is_refused(there: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr("x.csv", b"abc" * 100)
    whole = packed.getvalue()
    for length in range(len(whole)):
        (there / "a.zip").write_bytes(whole[:length])
        with pytest.raises(SourceError, match="is no archive, or a damaged one"):
            unpack(there / "a.zip", there / "a", 200.0)
        assert ["a.zip"] == names(there)


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_a_name_that_comes_twice_is_refused(there: Path, run: Path, suffix: str) -> None:
    """One of the two would be lost."""
    place = there / f"a{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(place, "w") as zipped:
            zipped.writestr("x.csv", b"one")
            with pytest.warns(UserWarning, match="Duplicate name"):
                zipped.writestr("x.csv", b"two")
    else:
        place.write_bytes(tar_bytes({"x.csv": b"one", "./x.csv": b"two"}))

    with pytest.raises(SourceError, match="comes twice"):
        fetch(str(place), run, unpack=True)


# ---------------------------------------------------------------- links and devices


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def tar_with(place: Path, *specials: tarfile.TarInfo) -> str:
    with tarfile.open(place, "w") as tar:
        info = tarfile.TarInfo("d/x.csv")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
        for each in specials:
            tar.addfile(each)
    return str(place)


@pytest.mark.parametrize(
    "link",
    [special("d/l.csv", tarfile.SYMTYPE, "x.csv"), special("l.csv", tarfile.LNKTYPE, "d/x.csv")],
    ids=["symbolic", "hard"],
)
def test_a_link_to_a_file_before_it_is_a_second_name(
    there: Path, run: Path, link: tarfile.TarInfo
) -> None:
    folder = fetch(tar_with(there / "a.tar", link), run, unpack=True)

    assert b"abc" == (folder / link.name).read_bytes()
    assert not (folder / link.name).is_symlink()


@pytest.mark.parametrize(
    ("link", "message"),
    [
        (special("l", tarfile.SYMTYPE, "../x"), "leads out of its folder: 'l'"),
        (special("l", tarfile.LNKTYPE, "/etc/passwd"), "leads out of its folder: 'l'"),
        (special("d/l", tarfile.SYMTYPE, "../../x"), "leads out of its folder: 'd/l'"),
        (special("l", tarfile.SYMTYPE, "later.csv"), "did not come before it"),
        (special("l", tarfile.SYMTYPE, "d"), "did not come before it"),
        (special("p", tarfile.FIFOTYPE), "is no file: 'p'"),
        (special("p", tarfile.CHRTYPE), "is no file: 'p'"),
        (special("d/x.csv/y", tarfile.SYMTYPE, "../x.csv"), "damaged"),
    ],
)
def test_any_other_link_or_device_is_refused(
    there: Path, run: Path, link: tarfile.TarInfo, message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        fetch(tar_with(there / "a.tar", link), run, unpack=True)

    assert ["a.tar"] == names(run)


# ---------------------------------------------------------------- bombs


@pytest.fixture
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ALWAYS_BYTES", MB)


def bomb(place: Path, size: int) -> Path:
    """Write a file from which zeros come."""
    zeros = bytes(size)
    match place.name.split(".", 1)[1]:
        case "zip":
            with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as zipped:
                zipped.writestr("x.csv", zeros)
        case "csv.gz":
            place.write_bytes(gzip.compress(zeros))
        case "csv.zst":
            place.write_bytes(zstd_module().compress(zeros))
        case "tar.gz":
            place.write_bytes(gzip.compress(tar_bytes({"x.csv": zeros})))
        case "tar.zst":
            place.write_bytes(zstd_module().compress(tar_bytes({"x.csv": zeros})))
    return place


@pytest.mark.usefixtures("small_bounds")
@pytest.mark.parametrize("name", ["b.zip", "b.csv.gz", "b.csv.zst", "b.tar.gz", "b.tar.zst"])
def test_a_bomb_is_refused_long_before_it_has_gone_off(there: Path, run: Path, name: str) -> None:
    place = bomb(there / name, 20 * MB)

    with pytest.raises(
        SourceError, match=r"unpacks to more than .* bytes, 200 times its size"
    ) as e:
        fetch(str(place), run, unpack=True)

    assert "max_ratio" in e.value.hint
    assert [name] == names(run)
    assert fetch(str(place), run, unpack=True, max_ratio=50_000).exists()


@pytest.mark.usefixtures("small_bounds")
def test_a_hole_in_a_tar_counts_as_what_it_becomes(there: Path, run: Path) -> None:
    """A sparse member of 1 TB in an archive of 10 kB."""
    info = tarfile.TarInfo("x.csv")
    info.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.size": str(2**40),
        "GNU.sparse.numblocks": "1",
        "GNU.sparse.map": f"{2**40 - 1},1",
        "GNU.sparse.name": "x.csv",
    }
    info.size = 1
    with tarfile.open(there / "a.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(info, io.BytesIO(b"x"))

    with pytest.raises(SourceError, match="unpacks to more than"):
        fetch(f"{there}/a.tar", run, unpack=True)

    assert ["a.tar"] == names(run)


def test_a_name_that_fills_the_memory_is_refused(there: Path, run: Path) -> None:
    info = tarfile.TarInfo("x.csv")
    info.pax_headers = {"comment": "x" * (2 * MB)}
    with tarfile.open(there / "a.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(info)

    with pytest.raises(SourceError, match="bytes of names and attributes"):
        fetch(f"{there}/a.tar", run, unpack=True)


def test_too_many_members_are_refused(
    there: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MEMBERS_MAX", 10)
    (there / "a.tar").write_bytes(tar_bytes({f"{number}": b"" for number in range(11)}))

    with pytest.raises(SourceError, match="more than 10 members"):
        fetch(f"{there}/a.tar", run, unpack=True)


def test_unpacking_leaves_room_on_the_disk(
    there: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20 MB of noise have no ratio to speak of: only the disk bounds them."""
    (there / "f.csv.gz").write_bytes(gzip.compress(os.urandom(20 * MB), 0))
    usage = Usage(1000 * MB, 960 * MB, 40 * MB)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    with pytest.raises(SourceError, match="less than 52,428,800 bytes would be left"):
        fetch(f"{there}/f.csv.gz", run, unpack=True)

    assert ["f.csv.gz"] == names(run)


def test_a_file_for_which_there_is_no_room_is_not_begun(
    there: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (there / "f.csv").write_bytes(b"x" * 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1000, 1, 999))

    with pytest.raises(
        SourceError, match=r"cannot be written: .* has 1,000 bytes, and 999 are free"
    ):
        fetch(f"{there}/f.csv", run)

    assert [] == names(run)


@pytest.mark.parametrize("ratio", [0, -1, float("nan")])
def test_a_ratio_that_is_none_is_refused(there: Path, run: Path, ratio: float) -> None:
    (there / "f.csv.gz").write_bytes(gzip.compress(b"abc"))

    with pytest.raises(DefinitionError, match="expected max_ratio to be above 0"):
        fetch(f"{there}/f.csv.gz", run, unpack=True, max_ratio=ratio)


# ---------------------------------------------------------------- names


def test_what_is_unpacked_replaces_no_other_file(there: Path, run: Path) -> None:
    (there / "f.csv").write_bytes(b"plain")
    (there / "f.csv.gz").write_bytes(gzip.compress(b"packed"))
    fetch(f"{there}/f.csv", run)

    with pytest.raises(DefinitionError, match=r"'f\.csv' was fetched from .*/f\.csv already"):
        fetch(f"{there}/f.csv.gz", run, unpack=True)

    assert b"plain" == (run / "f.csv").read_bytes()
    assert b"packed" == fetch(f"{there}/f.csv.gz", run, name="g.csv.gz", unpack=True).read_bytes()


def test_every_member_of_an_archive_stays_below_its_folder() -> None:
    assert all(archives._leads_out(name) for name in ("/a", "..", "a/../../b", "..\\b", "\\a"))
    assert not any(archives._leads_out(name) for name in ("a", "a/b", "..a", "a..b"))
