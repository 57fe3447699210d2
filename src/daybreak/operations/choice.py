"""Which records of a run's quarantine are meant by a replay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import ProofFailed
from ..ledger.rows import RunRow
from ..model.chunk import Kept
from ..model.deaths import KILLED
from ..model.ranges import Range
from .quarantine import QuarantinedRecord, RunQuarantine
from .repairs import Repairs


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records are meant."""

    step: str | None = None
    """Only those of this step."""

    reason: str | None = None
    """Only those whose reason holds this text."""

    repaired: Path | None = None
    """Only those in this edited export, as they stand there."""

    without_killers: bool = False
    """Without those that killed their process before, and have not been repaired."""


class Choice:
    """Which records of a run are meant; looked at before anything is owned, and again after."""

    def __init__(
        self,
        run: RunRow,
        wanted: Wanted,
        repairs: Repairs | None,
        read: Callable[[], RunQuarantine],
    ) -> None:
        self._run = run
        self._wanted = wanted
        self._repairs = repairs
        self._read = read
        self.erased = 0
        """How many are meant and cannot be replayed: nothing is left of them but their fate."""

        self.killers = 0
        """How many were left out because they killed their process before."""

        self.gone = 0
        """How many of the edited export left quarantine before: they were replayed already."""

        self.meant: dict[str, list[QuarantinedRecord]] = {}
        """By step, those that can be replayed; a step without any is missing."""

    def look(self) -> None:
        """Find out what is meant.

        Raises:
            DefinitionError: If there is no such step, or the edited export is wrong.
        """
        quarantine = self._read()
        names = quarantine.steps_meant(self._wanted.step)
        records = [one for name in quarantine.steps for one in quarantine.records(name)]
        if self._repairs is not None:
            known = {one.id for one in records}
            self.gone = self._repairs.refuse_unknown(known, self._run.identity_key)
        asked_for = [one for one in records if one.step in names and self._is_asked_for(one)]
        meant = [one for one in asked_for if not self._is_left_out(one)]
        self.killers = len(asked_for) - len(meant)
        self.erased = sum(one.is_erased for one in meant)
        self.meant = {}
        for one in meant:
            if not one.is_erased:
                self._repaired(one, quarantine)
                self.meant.setdefault(one.step, []).append(one)

    def kept(self, step: str, ranges: Mapping[str, Range]) -> list[Kept]:
        """Return the records of a step as they are now, to be processed again.

        Raises:
            ProofFailed: If one was set aside in a range that has no marker.
        """
        quarantine = self._read()
        records = [
            one
            for one in quarantine.records(step)
            if step in self.meant
            and self._is_asked_for(one)
            and not self._is_left_out(one)
            and not one.is_erased
        ]
        if unknown := [one for one in records if one.range_after not in ranges]:
            raise ProofFailed(
                f"{step} has no marker of the range of {unknown[0].place}",
                hint="somebody removed it; run the job again to see what is missing",
            )
        return [
            Kept(
                part=ranges[one.range_after],
                origin=one.origin,
                cursor=one.place,
                reason=one.reason,
                raw=one.raw,
                by_check=one.by_check,
                repaired=self._repaired(one, quarantine),
            )
            for one in records
        ]

    def _is_left_out(self, one: QuarantinedRecord) -> bool:
        return (
            self._wanted.without_killers and self._repairs is None and one.reason.startswith(KILLED)
        )

    def _is_asked_for(self, one: QuarantinedRecord) -> bool:
        if self._repairs is not None and one.id not in self._repairs.by_id:
            return False
        return self._wanted.reason is None or self._wanted.reason in one.reason

    def _repaired(self, one: QuarantinedRecord, quarantine: RunQuarantine) -> bytes | None:
        if self._repairs is None:
            return None
        return self._repairs.bytes_of(one, quarantine.rows.get(one.step))
