"""Steps whose time for any setting is known: by a law of scalability, or as a bottleneck."""

from __future__ import annotations

from dataclasses import dataclass

from daybreak.forecast.scaling_laws import Setting


@dataclass(frozen=True, slots=True)
class ScaledStep:
    """A step that spends so much on a record, on a chunk, and more on records of large chunks."""

    record_s: float
    chunk_s: float
    size_s: float = 0.0
    serial: float = 0.0
    crosstalk: float = 0.0
    processors: float | None = None
    """How many workers are at work at once, the others wait; None for no such bound."""

    def seconds(self, setting: Setting, records: int) -> float:
        """Return what so many records take."""
        chunk, workers = setting.chunk, setting.parallel
        alone_s = records * (self.record_s + self.chunk_s / chunk + self.size_s * chunk)
        others = workers - 1
        slower = 1 + self.serial * others + self.crosstalk * workers * others
        most = workers if self.processors is None else min(workers, self.processors)
        return alone_s * max(slower / workers, 1 / most)


STEPS = {
    "side by side": ScaledStep(1e-5, 2e-3),
    "large chunks cost": ScaledStep(1e-5, 2e-3, 2e-9, serial=0.1),
    "a lock": ScaledStep(2e-6, 1e-2, 1e-11, serial=0.38, crosstalk=0.01),
    "workers that disturb each other": ScaledStep(3e-5, 1e-3, 1e-9, serial=0.02, crosstalk=0.03),
    "one at a time": ScaledStep(1e-5, 1e-3, serial=1.0),
    "two processors": ScaledStep(4e-5, 1e-3, processors=2),
    "commits decide": ScaledStep(1e-6, 2e-2, processors=4),
}
