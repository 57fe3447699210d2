"""Many laws of how the time of a step may follow its two knobs, drawn by chance.

A law has three costs: of a record, of a chunk, and of each record for each record of its chunk
(what large chunks cost). Of each cost a share is serial: only one worker can do it at a time. What
is serial joins what is divided by a norm: added to it as in Amdahl's law, or the larger of the two
as at a bottleneck, or in between as in a queue. Beyond that workers may disturb each other, so that
more of them are slower (N. J. Gunther, "Guerrilla Capacity Planning", 2007: contention and
coherency). Which of the laws agree with what was measured is `scaling`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

LAWS: Final = 60_000
SEED: Final = 20261128

_CHUNK_COST: Final = (0.003, 30.0)
"""What a chunk costs, as a multiple of the records of the smallest chunk."""

_SIZE_COST: Final = (0.003, 3.0)
"""What the records of the largest chunk cost more each than those of a tiny one, as a multiple."""

_WITH_SIZE: Final = 0.5
"""The share of the laws in which large chunks cost anything."""

_CROSSTALK: Final = (0.01, 3.0)
"""By how much the most workers slow each other down."""

_WITH_CROSSTALK: Final = 0.6
"""The share of the laws in which they do."""


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """The two knobs of a step; smaller settings come first."""

    parallel: int
    """Chunks in flight, at least 1."""

    chunk: int
    """Records that commit together, at least 1."""


@dataclass(frozen=True, slots=True)
class ScalingLaws:
    """Laws, each with a record's own cost as its unit. Every array has shape (laws,)."""

    chunk: Floats
    """What a chunk costs."""

    size: Floats
    """What a record costs for each record of its chunk."""

    serial: Floats
    """Shape (laws, 3): the serial share of a record's, a chunk's and the size's cost, 0 to 1."""

    norm: Floats
    """1: serial work is added; the larger, the more it is hidden behind the rest."""

    crosstalk: Floats
    """By how much the most workers slow each other down."""

    power: Floats
    """How that grows with their number."""

    parallel_max: int

    def costs(self, settings: Sequence[Setting], records: int | None = None) -> Floats:
        """Return what a record costs by each law with each setting.

        Args:
            settings: n of them.
            records: How many there are in all: the last round of chunks may not employ all workers.
                None: so many that it does not count.

        Returns:
            Shape (laws, n).
        """
        workers = np.array([float(one.parallel) for one in settings])
        chunks = np.array([float(one.chunk) for one in settings])
        whole, serial = self._work(chunks)
        rounds = np.array([_rounds(one, records) for one in settings])
        norm = self.norm[:, None]
        queued = serial * (1 - 1 / workers) ** (1 / norm)
        joined = ((whole * rounds) ** norm + queued**norm) ** (1 / norm)
        others = (workers - 1) / max(self.parallel_max - 1, 1)
        disturbed: Floats = joined * (
            1 + self.crosstalk[:, None] * np.power(others, self.power[:, None])
        )
        return disturbed

    def picked(self, numbers: NDArray[np.int64]) -> ScalingLaws:
        """Return some of the laws, by their numbers."""
        return replace(
            self,
            chunk=self.chunk[numbers],
            size=self.size[numbers],
            serial=self.serial[numbers],
            norm=self.norm[numbers],
            crosstalk=self.crosstalk[numbers],
            power=self.power[numbers],
        )

    def _work(self, chunks: Floats) -> tuple[Floats, Floats]:
        a_chunk, a_size = self.chunk[:, None] / chunks, self.size[:, None] * chunks
        whole = 1 + a_chunk + a_size
        record, chunk, size = (self.serial[:, n : n + 1] for n in range(3))
        return whole, record + chunk * a_chunk + size * a_size


def _rounds(setting: Setting, records: int | None) -> float:
    """Return the share of the records that the busiest worker does."""
    if records is None:
        return 1 / setting.parallel
    chunks = max(records / setting.chunk, 1.0)
    whole = -(-chunks // setting.parallel)
    return float(min(max(whole / chunks, 1 / setting.parallel), 1.0))


def drawn_laws(settings: Sequence[Setting], *, count: int = LAWS, seed: int = SEED) -> ScalingLaws:
    """Draw laws that differ within the range of some settings.

    Args:
        settings: Whatever will be asked about: at least one.
        count: How many.
        seed: The same gives the same laws.
    """
    chance = np.random.default_rng(seed)
    smallest = min(one.chunk for one in settings)
    largest = max(one.chunk for one in settings)
    return ScalingLaws(
        chunk=_log_uniform(chance, _CHUNK_COST, count) * smallest,
        size=_log_uniform(chance, _SIZE_COST, count) / largest * _some(chance, _WITH_SIZE, count),
        serial=np.column_stack([_shares(chance, count) for _ in range(3)]),
        norm=1 / chance.uniform(0.1, 1.0, count),
        crosstalk=_log_uniform(chance, _CROSSTALK, count) * _some(chance, _WITH_CROSSTALK, count),
        power=chance.uniform(0.3, 2.0, count),
        parallel_max=max(one.parallel for one in settings),
    )


def _log_uniform(chance: Any, between: tuple[float, float], count: int) -> Floats:
    low, high = between
    drawn: Floats = np.exp(chance.uniform(np.log(low), np.log(high), count))
    return drawn


def _some(chance: Any, share: float, count: int) -> Floats:
    """Draw 1 for a share of the laws, 0 for the others."""
    drawn: Floats = np.where(chance.random(count) < share, 1.0, 0.0)
    return drawn


def _shares(chance: Any, count: int) -> Floats:
    """Draw shares: a quarter of them nothing, a quarter everything, the others anything between."""
    drawn: Floats = np.clip(chance.uniform(-0.5, 1.5, count), 0.0, 1.0)
    return drawn
