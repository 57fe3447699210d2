"""A COMMIT whose connection is cut: its marker says whether it happened, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .outages import NUMBERS, PATIENT, WHOLE, Place, quarantined
from .proxy import Harm, Proxy, proxied

pytestmark = pytest.mark.slow

QUARANTINED = len(NUMBERS) - len(WHOLE["notes"])


@pytest.fixture
def proxy(postgres_socket: Path) -> Iterator[Proxy]:
    with proxied(postgres_socket) as found:
        yield found


@pytest.fixture
def place(tmp_path: Path, postgres_url: str) -> Place:
    return Place.make(tmp_path, postgres_url)


def through(place: Place, proxy: Proxy) -> Place:
    return place.reached_by(f"{place.url.split('?')[0]}?host={proxy.folder}")


@pytest.mark.parametrize("harm", ["before", "behind"])
@pytest.mark.parametrize("spare", [0, 5, 23])
def test_a_cut_commit_is_neither_lost_nor_repeated(
    place: Place, proxy: Proxy, harm: Harm, spare: int
) -> None:
    """Before it arrives, and behind the server's answer; of preparing and of writing."""
    proxy.cut(harm, spare=spare)
    with through(place, proxy).started(*PATIENT) as running:
        running.end()

    assert 0 == running.status, running.err
    assert (1, WHOLE) == (proxy.harmed, place.left())
    assert quarantined(running.events) == QUARANTINED


def test_every_fourth_commit_is_cut(place: Place, proxy: Proxy) -> None:
    proxy.cut("behind", spare=3)
    cuts = 0
    with through(place, proxy).started(*PATIENT) as running:
        while running.hear():
            if proxy.harmed > cuts:  # what is armed waits for its commit
                cuts = proxy.harmed
                proxy.cut("before" if cuts % 2 else "behind", spare=3)
        running.end()

    assert 0 == running.status, running.err
    assert place.left() == WHOLE
    assert quarantined(running.events) == QUARANTINED
    assert proxy.harmed > 3


def test_a_black_hole_is_given_up_and_the_run_goes_on(place: Place, proxy: Proxy) -> None:
    """Nothing answers any more, and nobody hangs up: the session is ended on the server."""
    proxy.cut("swallow", spare=12)
    with through(place, proxy).started("--patience-s", "40", "--lease-s", "2") as running:
        running.end()

    assert 0 == running.status, running.err
    assert (1, WHOLE) == (proxy.harmed, place.left())
    assert quarantined(running.events) == QUARANTINED
