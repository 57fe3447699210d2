"""A cable between two networks of one's own, which a test may cut; needs root.

Each end is a network namespace that nobody else is in. A cut cable is a black hole: nothing is
answered, and nobody hangs up. Each end knows the other's place by heart, so that no kernel notices
that there is nobody any more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

FAR_ADDRESS = "10.213.97.1"
NEAR_ADDRESSES = ("10.213.97.2", "10.213.97.3")
PREFIX_BITS = 29


@dataclass
class Cable:
    """Two networks, `near` and `far`, by the names of their namespaces."""

    near: str
    far: str
    near_address: str = NEAR_ADDRESSES[0]

    def cut(self) -> None:
        """Let nothing through any more, either way."""
        _ip("-n", self.far, "link", "set", "cable", "down")

    def mend(self) -> None:
        """Let everything through again."""
        _ip("-n", self.far, "link", "set", "cable", "up")
        _know(self.far, self.near_address, self.near)

    def replace_near(self) -> None:
        """Give the near end another address: what was connected there never says a word again."""
        _address(self.near, "delete", self.near_address)
        self.near_address = next(one for one in NEAR_ADDRESSES if one != self.near_address)
        _address(self.near, "add", self.near_address)
        _know(self.near, FAR_ADDRESS, self.far)


def inside(network: str) -> tuple[str, ...]:
    """Return the command that starts another one inside a network."""
    return ("nsenter", f"--net=/run/netns/{network}")


@contextmanager
def cable() -> Iterator[Cable]:
    """Lay a cable; nothing of it is left behind the block."""
    if os.geteuid() != 0 or not (shutil.which("ip") and shutil.which("nsenter")):
        pytest.skip("only root, with ip and nsenter, may make networks")
    made = Cable(f"daybreak-near-{os.getpid()}", f"daybreak-far-{os.getpid()}")
    with ExitStack() as undone:
        for network in (made.near, made.far):
            try:
                _ip("netns", "add", network)
            except subprocess.CalledProcessError as error:
                pytest.skip(f"no network can be made here: {error.stderr.strip()}")
            undone.callback(_ip, "netns", "delete", network)
        peer = ("type", "veth", "peer", "name", "cable", "netns", made.far)
        _ip("-n", made.near, "link", "add", "cable", *peer)
        for network, address in ((made.near, made.near_address), (made.far, FAR_ADDRESS)):
            _address(network, "add", address)
            _ip("-n", network, "link", "set", "cable", "up")
        _know(made.near, FAR_ADDRESS, made.far)
        _know(made.far, made.near_address, made.near)
        yield made


def _address(network: str, verb: str, address: str) -> None:
    _ip("-n", network, "address", verb, f"{address}/{PREFIX_BITS}", "dev", "cable")


def _know(network: str, address: str, other: str) -> None:
    """Let a network know by heart where an address of the other one is."""
    place = _ip("-n", other, "-brief", "link", "show", "cable").split()[2]
    _ip("-n", network, "neigh", "replace", address, "lladdr", place, "dev", "cable")


def _ip(*words: str) -> str:
    command = ["ip", *words]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return ran.stdout
