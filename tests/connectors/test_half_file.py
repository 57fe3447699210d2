"""Half a file is gone on with only as far as it can be trusted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from daybreak.connectors import half_file
from daybreak.connectors.half_file import HalfFile, half_of
from daybreak.connectors.remote import Look

LOOK = Look(10, '"1"', sums={"md5": "0" * 32})


@contextmanager
def killed(place: Path, block: bytes, of: str = "here") -> Iterator[HalfFile]:
    """Write the beginning of a file, and be killed."""
    with pytest.raises(KeyboardInterrupt), half_of(place, of, ()) as half:
        half.begin(LOOK)
        half.write(block)
        yield half
        raise KeyboardInterrupt


def left(place: Path, suffix: str) -> Path:
    [found] = place.parent.glob(f".{place.name}.*{suffix}")
    return found


def change_note(place: Path, **changes: Any) -> None:
    note = left(place, ".half.json")
    note.write_text(json.dumps({**json.loads(note.read_text()), **changes}))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_half_is_gone_on_with_and_its_hashes_are_of_all(tmp_path: Path) -> None:
    place = tmp_path / "f.csv"
    with killed(place, b"12345"):
        pass

    with half_of(place, "here", ["sha512"]) as half:
        assert (5, LOOK) == (half.size, half.look)
        half.write(b"67890")
        half.publish()
        digests = half.digests

    assert {
        name: hashlib.new(name, b"1234567890").hexdigest() for name in ("md5", "sha256", "sha512")
    } == digests
    assert b"1234567890" == place.read_bytes()
    assert ["f.csv"] == names(tmp_path)


def test_a_half_of_another_place_is_thrown_away(tmp_path: Path) -> None:
    place = tmp_path / "f.csv"
    with killed(place, b"12345"):
        pass

    with half_of(place, "elsewhere", ()) as half:
        assert (0, None) == (half.size, half.look)
        assert 1 == len(names(tmp_path))
        half.begin(LOOK)
        half.publish()


def test_a_half_of_a_file_with_a_longer_name_is_left_alone(tmp_path: Path) -> None:
    with killed(tmp_path / "a.b.csv", b"12345"):
        pass

    with half_of(tmp_path / "a", "here", ()) as half:
        half.begin(LOOK)
        half.publish()

    with half_of(tmp_path / "a.b.csv", "here", ()) as half:
        assert 5 == half.size


def test_what_somebody_still_writes_is_left_to_him(tmp_path: Path) -> None:
    """A process that was stopped, and taken over, may wake up."""
    place = tmp_path / "f.csv"
    with killed(place, b"12345") as zombie:
        with half_of(place, "here", ()) as half:
            assert (0, None) == (half.size, half.look)
            half.begin(LOOK)
            half.write(b"abc")
            zombie.write(b"more")
            half.publish()
        assert b"abc" == place.read_bytes()


def test_after_a_crash_of_the_machine_only_what_the_disk_has_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(half_file, "SYNC_BYTES", 4)
    place = tmp_path / "f.csv"
    with killed(place, b"1234") as half:
        half.write(b"567")
    change_note(place, boot="another")

    with half_of(place, "here", ()) as half:
        assert 4 == half.size
        half.write(b"890")
        half.publish()
    assert b"1234890" == place.read_bytes()


@pytest.mark.parametrize("content", [b"", b"12", b"\0\0\0\0567"])
def test_what_the_disk_has_lost_after_all_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(half_file, "SYNC_BYTES", 4)
    place = tmp_path / "f.csv"
    with killed(place, b"1234567"):
        pass
    change_note(place, boot="another")
    left(place, ".half").write_bytes(content)

    with half_of(place, "here", ()) as half:
        assert (0, None) == (half.size, half.look)


def test_a_machine_that_does_not_say_when_it_started_trusts_its_disk_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(half_file, "_boot", lambda: "")
    place = tmp_path / "f.csv"
    with killed(place, b"1234567"):
        pass

    with half_of(place, "here", ()) as half:
        assert 0 == half.size


@pytest.mark.parametrize("note", ["", "{", "[]", '{"of": "here"}', '{"of": "here", "look": 1}'])
def test_a_damaged_note_costs_a_beginning(tmp_path: Path, note: str) -> None:
    place = tmp_path / "f.csv"
    with killed(place, b"12345"):
        pass
    left(place, ".half.json").write_text(note)

    with half_of(place, "here", ()) as half:
        assert (0, None) == (half.size, half.look)


def test_a_process_that_dies_when_it_has_published_loses_nothing(tmp_path: Path) -> None:
    """Between the rename and whatever is recorded of it."""
    place = tmp_path / "f.csv"
    with killed(place, b"12345") as half:
        half.publish()
        half._write_note(is_whole=True)

    assert place.exists()
    with half_of(place, "here", ()) as half:
        assert (5, LOOK) == (half.size, half.look)
        half.publish()
    assert ["f.csv"] == names(tmp_path)


def test_a_published_file_that_is_not_what_the_note_says_is_not_trusted(tmp_path: Path) -> None:
    place = tmp_path / "f.csv"
    with killed(place, b"12345") as half:
        half.publish()
        half._write_note(is_whole=True)
    place.write_bytes(b"other")

    with half_of(place, "here", ()) as half:
        assert (0, None) == (half.size, half.look)


@pytest.mark.parametrize("is_kept", [False, True])
def test_an_error_removes_it_unless_it_is_to_be_kept(tmp_path: Path, *, is_kept: bool) -> None:
    place = tmp_path / "f.csv"
    with pytest.raises(ValueError, match="x"), half_of(place, "here", ()) as half:
        half.begin(LOOK)
        half.write(b"12345")
        half.is_kept = is_kept
        raise ValueError("x")

    assert (2 if is_kept else 0) == len(names(tmp_path))
