"""All files that match a pattern come into one folder, which is there whole or not at all."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec  # type: ignore[import-untyped]
import pytest

from daybreak import faultpoints
from daybreak.connectors.patience import Patience
from daybreak.errors import DefinitionError, SourceError
from daybreak.model.ownership import Pass
from tests.connectors.fetching import fetch
from tests.connectors.http_server import HttpServer, http_server

pytestmark = pytest.mark.slow  # it waits for disks and connections


@pytest.fixture
def there(tmp_path: Path) -> Path:
    folder = tmp_path / "there"
    for name in ("orders-1.csv", "orders-2.csv", "sub/orders-3.csv", "other.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
        os.utime(folder / name, (1e9, 1e9))
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http_server() as running:
        yield running


def names(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


@pytest.mark.parametrize(
    ("pattern", "folder", "files"),
    [
        ("orders-*.csv", "orders-_.csv", ["orders-1.csv", "orders-2.csv"]),
        ("orders-[13].csv", "orders-_13_.csv", ["orders-1.csv"]),
        ("orders-?.csv", "orders-_.csv", ["orders-1.csv", "orders-2.csv"]),
        ("**/*.csv", "_.csv", ["orders-1.csv", "orders-2.csv", "sub/orders-3.csv"]),
        ("*/orders-*", "orders-_", ["sub/orders-3.csv"]),
    ],
)
def test_files_that_match_keep_their_path_below_the_fixed_part(
    there: Path, run: Path, pattern: str, folder: str, files: list[str]
) -> None:
    place = fetch(f"{there}/{pattern}", run)

    assert run / folder == place
    assert files == names(place)
    assert all(name == (place / name).read_text() for name in files)
    assert sorted(["checksums.json", *(f"{folder}/{name}" for name in files)]) == names(run)
    record = json.loads((run / "checksums.json").read_text())[folder]["files"]
    sums = {name: hashlib.sha256(name.encode()).hexdigest() for name in files}
    assert sums == {name: facts["sha256"] for name, facts in record.items()}


def test_a_file_with_such_a_name_is_one_file(there: Path, run: Path) -> None:
    (there / "report[1].csv").write_text("one")

    assert run / "report[1].csv" == fetch(f"{there}/report[1].csv", run)
    assert run / "report[1].csv" == fetch(f"{there}/report[1].csv", run)


def test_a_folder_may_have_a_name_of_its_own(there: Path, run: Path) -> None:
    assert run / "orders" == fetch(f"{there}/orders-*.csv", run, name="orders")


def test_two_patterns_of_one_folder_do_not_mix(there: Path, run: Path) -> None:
    fetch(f"{there}/orders-*.csv", run)

    with pytest.raises(DefinitionError, match=r"was fetched from .* already") as raised:
        fetch(f"{there}/orders-?.csv", run)
    assert "name=" in raised.value.hint


def test_nothing_that_matches_is_said(there: Path, run: Path) -> None:
    with pytest.raises(SourceError, match=r"no file matches .*/no-\*\.csv"):
        fetch(f"{there}/no-*.csv", run)


def test_one_checksum_for_all_is_refused(there: Path, run: Path) -> None:
    with pytest.raises(DefinitionError, match="a checksum is of one file"):
        fetch(f"{there}/orders-*.csv", run, sha256="0" * 64)


def test_each_has_its_checksum_beside_it_which_is_not_fetched(there: Path, run: Path) -> None:
    for name in ("orders-1.csv", "orders-2.csv"):
        digest = hashlib.sha256(name.encode()).hexdigest()
        (there / f"{name}.sha256").write_text(f"{digest}  {name}\n")

    assert ["orders-1.csv", "orders-2.csv"] == names(
        fetch(f"{there}/orders-*", run, checksum="sidecar")
    )
    (there / "orders-2.csv.sha256").write_text("0" * 64)
    with pytest.raises(SourceError, match=r"orders-2\.csv has sha256"):
        fetch(f"{there}/orders-*", run.with_name("other"), checksum="sidecar")
    assert not (run.with_name("other") / "orders-_").exists()


def test_what_is_there_stays_until_the_step_begins_again(there: Path, run: Path) -> None:
    pattern = f"{there}/orders-*.csv"
    first = fetch(pattern, run, of=Pass("a", 1))
    (there / "orders-1.csv").unlink()
    (there / "orders-9.csv").write_text("new")

    assert ["orders-1.csv", "orders-2.csv"] == names(fetch(pattern, run, of=Pass("a", 1)))
    again = fetch(pattern, run, of=Pass("a", 2))
    assert (first, ["orders-2.csv", "orders-9.csv"]) == (again, names(again))


@pytest.mark.parametrize("damage", ["", "other"])
def test_what_is_damaged_is_fetched_again(there: Path, run: Path, damage: str) -> None:
    place = fetch(f"{there}/orders-*.csv", run)
    (place / "orders-2.csv").write_text(damage)

    assert "orders-2.csv" == (fetch(f"{there}/orders-*.csv", run) / "orders-2.csv").read_text()


def test_a_failed_one_publishes_none_and_the_others_are_kept(
    server: HttpServer, run: Path, there: Path
) -> None:
    pytest.importorskip("aiohttp")
    links = "".join(f'<a href="{name}">x</a>' for name in ("o-1.csv", "o-2.csv", "../out.csv"))
    server.serve("/in/", f"<html>{links}</html>".encode(), headers={"Content-Type": "text/html"})
    first = server.serve("/in/o-1.csv", b"one")
    second = server.serve("/in/o-2.csv", b"two", statuses=[500] * 5)

    with pytest.raises(SourceError, match=r"o-2\.csv cannot be read"):
        fetch(f"{server.url}/in/o-*.csv", run)
    assert not (run / "o-_.csv").exists()
    assert ["o-1.csv", "o-2.csv"] == names(fetch(f"{server.url}/in/o-*.csv", run))

    assert (1, 1) == (first.answers, second.answers)
    assert ["checksums.json", "o-_.csv"] == sorted(path.name for path in run.iterdir())


def test_one_that_changed_since_it_was_collected_is_fetched_anew(there: Path, run: Path) -> None:
    def beside(name: str, content: str) -> None:
        digest = hashlib.sha256(content.encode()).hexdigest()
        (there / f"{name}.sha256").write_text(digest)

    beside("orders-1.csv", "orders-1.csv")
    with pytest.raises(SourceError, match=r"orders-2\.csv has no checksum file"):
        fetch(f"{there}/orders-*.csv", run, checksum="sidecar")
    beside("orders-2.csv", "orders-2.csv")
    beside("orders-1.csv", "new")
    (there / "orders-1.csv").write_text("new")

    place = fetch(f"{there}/orders-*.csv", run, checksum="sidecar")
    assert "new" == (place / "orders-1.csv").read_text()


@pytest.mark.parametrize("point", ["publish.before_rename", "publish.after_rename"])
@pytest.mark.parametrize("hit", range(1, 8))
def test_dying_around_any_rename_is_made_good(there: Path, run: Path, point: str, hit: int) -> None:
    """Two files and their records, the folder, its record: each is renamed once."""
    faultpoints.arm(f"{point}:{hit}:raise")
    try:
        fetch(f"{there}/orders-*.csv", run)
    except faultpoints.InjectedFault:
        assert 6 >= hit
    finally:
        faultpoints.arm(None)

    assert ["orders-1.csv", "orders-2.csv"] == names(fetch(f"{there}/orders-*.csv", run))
    assert 3 == len(names(run))


def test_one_that_still_grows_refuses_all(there: Path, run: Path) -> None:
    os.utime(there / "orders-2.csv")

    def grow(_: float) -> None:
        with (there / "orders-2.csv").open("a") as file:
            file.write("more")

    with pytest.raises(SourceError, match=r"orders-2\.csv is still being written"):
        fetch(f"{there}/orders-*.csv", run, patience=Patience(wait=grow))
    assert not (run / "orders-_.csv").exists()
    (there / "orders-1.csv").write_text("exchanged meanwhile")

    place = fetch(f"{there}/orders-*.csv", run)
    assert "exchanged meanwhile" == (place / "orders-1.csv").read_text()
    assert "orders-2.csvmore" == (place / "orders-2.csv").read_text()


def test_files_are_waited_for_together(there: Path, run: Path) -> None:
    """The second has rested while the first was waited for."""
    for name in ("orders-1.csv", "orders-2.csv"):
        os.utime(there / name, (4e9, 4e9))
    waited: list[float] = []
    patience = Patience(settle_s=5, wait=waited.append, now_s=lambda: sum(waited))

    fetch(f"{there}/orders-*.csv", run, patience=patience)

    assert [5.0] == waited


def test_each_is_unpacked_into_a_folder_beside(there: Path, run: Path) -> None:
    for number in (1, 2):
        (there / f"o-{number}.csv.gz").write_bytes(gzip.compress(b"abc"))

    folder = fetch(f"{there}/o-*.csv.gz", run, unpack=True)

    assert run / "o-_.csv" == folder
    assert ["o-1.csv", "o-2.csv"] == names(folder)
    assert ["o-1.csv.gz", "o-2.csv.gz"] == names(run / "o-_.csv.gz")
    assert folder == fetch(f"{there}/o-*.csv.gz", run, unpack=True)


def test_one_that_cannot_be_unpacked_publishes_none(there: Path, run: Path) -> None:
    (there / "orders-9.csv.gz").write_bytes(gzip.compress(b"abc"))

    with pytest.raises(SourceError, match=r"orders-1\.csv is no archive"):
        fetch(f"{there}/orders-*", run, unpack=True)

    assert not (run / "unpacked").exists()


def test_other_file_systems_have_patterns_too(run: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe({"/several/a.csv": b"a", "/several/b.csv": b"b"})

    assert ["a.csv", "b.csv"] == names(fetch("memory://several/*.csv", run))


def test_a_server_that_names_a_file_elsewhere_is_refused(
    there: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "daybreak.connectors.remote_fsspec.FsspecFiles.matching",
        lambda *_: [f"{there}/../secret.csv"],
    )

    with pytest.raises(SourceError, match="matches a file that lies elsewhere"):
        fetch(f"{there}/*.csv", run)


def test_a_pattern_over_http_without_its_library_is_said(
    server: HttpServer, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "fsspec.implementations.http", raising=False)
    monkeypatch.setitem(sys.modules, "aiohttp", None)

    with pytest.raises(SourceError, match="needs a library") as raised:
        fetch(f"{server.url}/in/*.csv?token=secret", run)
    assert "pip install 'daybreak[http]'" == raised.value.hint
