"""Finding the bad records of a chunk, by the cheapest proof first (PROTOCOL.md 6).

0. A database that takes back only the row that it refuses (`abc.RowByRowSink`) is given all
   others, one behind the other: what stands in front of a bad one stays.
1. A function that raised, or a database that names the row, has found one record.
2. Where it does not, or for the second time, the sink is asked which records break that kind of
   rule: all at once.
3. What is left is divided.

All of this only raises suspicion. A record is set aside only if it fails alone, after all good
records of its chunk have been applied: suspects are tried again in source order until a round
admits none, so that a child that comes before its parent is no bad record. Of records that exclude
each other, such as equal keys, the first one in source order stays; but where a sink lets one
stand in the place of another, the last one does (`rivals`).

One savepoint is alive at a time, whatever the number of bad records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ..abc import (
    ChunkWriter,
    RawSink,
    RecordRefused,
    RowByRowSink,
    RuledSink,
    Sink,
    Transaction,
)
from ..errors import DataRefused, DaybreakError, TransactionEnded, TransientError
from ..faultpoints import hit
from .draft import OneEach, Unit
from .raw_units import RawUnits, values_of, without
from .rivals import Rivals, rivals_of
from .waiting_line import WaitingLine
from .whole import Admitted, Refusals, owner_of, rule_of, write_whole

CERTAIN_MIN: Final = 16
"""So many records are certainly bad before it is asked whether they are too many."""


def _asked(
    sink: RuledSink, tx: Transaction, units: Sequence[Unit], cause: DataRefused
) -> Sequence[int]:
    """Return the places of the units of which a sink says that they break a rule."""
    if isinstance(units, RawUnits) and isinstance(sink, RawSink):
        return sink.raw_suspects(tx, units.records, cause)
    values = values_of(units)
    places = sink.suspects(tx, values, cause)
    return places if len(values) == len(units) else sorted(set(owner_of(places, units)))


class Isolator:
    """Writes the good units of a chunk inside the open transaction, and names the bad ones.

    Args:
        writer: Its transaction is open.
        sink: Takes the units' values.
        refuse_excess: Is told of units that are certainly bad while others are still tried; raises
            if they are too many already.
    """

    def __init__(
        self,
        writer: ChunkWriter,
        sink: Sink,
        refuse_excess: Callable[[Refusals], None] | None = None,
    ) -> None:
        self._writer = writer
        self._sink = sink
        self._refuse_excess = refuse_excess
        self._admitted = Admitted()
        self._admissions = 0
        self._suspects: list[_Suspect] = []
        self._certain: Refusals = []
        self._rivals: Rivals | None = None
        self._named: set[tuple[str, str]] = set()
        self._asked: set[tuple[str, str]] = set()

    def admit(
        self,
        units: Sequence[Unit],
        refusal: RecordRefused | DataRefused | None = None,
        *,
        expected: DataRefused | None = None,
    ) -> Admitted:
        """Write what can be written; the rest is returned as refused, each with its cause.

        Args:
            units: In source order.
            refusal: What was raised when they were written all at once; None if nobody tried.
            expected: What is likely to be raised, for it was raised for others like them.
        """
        self._rivals = rivals_of(self._writer, self._sink, units)
        fault = None if refusal is None else _fault_of(refusal, units)
        if self._is_row_by_row():
            fault = expected = None  # whoever is bad will be named, at no cost
        if self._rivals is None:
            self._write_all(units, fault, expected)
            self._settle()
        else:
            self._write_rivals(self._rivals, units, fault, expected)
        return self._admitted

    def _write_all(
        self, units: Sequence[Unit], fault: _Fault | None, expected: DataRefused | None
    ) -> None:
        if fault is None and expected is not None:
            units = without(self._ask(expected, units), units)
        self._write_good(units, fault)
        self._try_suspects()

    def _write_rivals(
        self,
        rivals: Rivals,
        units: Sequence[Unit],
        fault: _Fault | None,
        expected: DataRefused | None,
    ) -> None:
        """Write the units that have no newer rival; then, from last to first, whoever is left.

        Nothing that was taken is ever taken back: a unit of several values, which one refused
        value would withdraw, is written only when it is known which of them stand.
        """
        leading = [unit for unit in units if rivals.standing(unit) is unit]
        self._write_all(leading, _fault_among(leading, units, fault), expected)
        led = {unit.origin for unit in leading}
        for unit in reversed([unit for unit in units if unit.origin not in led]):
            standing = rivals.standing(unit)
            if standing.values and (refused := self._attempt([standing])) is not None:
                self._suspect(unit, refused, is_alone=True)
        self._try_suspects()
        self._settle()
        self._settle_rivals(rivals, units)

    def _settle(self) -> None:
        self._admitted.refused = [(one.unit, one.cause) for one in self._suspects if one.cause]

    def _settle_rivals(self, rivals: Rivals, units: Sequence[Unit]) -> None:
        """Count anew: what was taken may have been written over, what was refused be superseded."""
        admitted = self._admitted
        beaten = {unit.origin for unit in units if unit.values and not rivals.standing(unit).values}
        admitted.refused = [one for one in admitted.refused if one[0].origin not in beaten]
        admitted.superseded = [unit for unit in units if unit.origin in beaten]
        admitted.passed = len(units) - len(beaten) - len(admitted.refused)
        admitted.written -= rivals.overwritten([u for u in units if rivals.is_written(u)])

    # ---------------------------------------------------------------- the good, all at once

    def _write_good(self, units: Sequence[Unit], fault: _Fault | None) -> None:
        """Write units in order, but for those under suspicion; `fault` is that of all together."""
        line = WaitingLine(units)
        while part := line.next():
            fault = fault or self._attempt(part)
            if fault is None:
                line.passed()
            elif fault.stayed is not None and fault.position is not None:
                self._suspect(part[fault.position], fault, is_alone=True)
                line.stayed(fault.position)
            elif self._is_to_be_asked(fault) and (places := self._ask(fault.cause, line.rest())):
                line = WaitingLine(without(places, line.rest()))
            elif fault.position is not None:
                self._suspect(part[fault.position], fault, is_alone=fault.position == 0)
                line.named(fault.position, is_first=self._is_first(fault))
            elif len(part) > 1:
                line.failed()
            else:
                self._suspect(part[0], fault, is_alone=True)
                line.found()
            fault = None

    def _is_row_by_row(self) -> bool:
        sink = self._sink
        return isinstance(sink, RowByRowSink) and sink.is_row_by_row(self._writer.transaction)

    def _suspect(self, unit: Unit, fault: _Fault, *, is_alone: bool) -> None:
        suspect = _Suspect(unit)
        self._suspects.append(suspect)
        if is_alone:
            self._failed_alone(suspect, fault)

    def _is_first(self, fault: _Fault) -> bool:
        """Whether nobody was named yet for breaking this rule: it may be the only one."""
        is_first = fault.rule not in self._named
        self._named.add(fault.rule)
        return is_first

    def _is_to_be_asked(self, fault: _Fault) -> bool:
        """Whether to ask who else breaks this rule: once, if nobody is named, or a second one.

        Of those that exclude each other all are to be suspects at once: the one that is named may
        have been in the way of a bad one only, and must be tried before those behind it.
        """
        is_first_named = fault.position is not None and fault.rule not in self._named
        excludes = fault.rule[0] == "unique"
        return fault.rule not in self._asked and (excludes or not is_first_named)

    def _ask(self, cause: Exception, units: Sequence[Unit]) -> Sequence[int]:
        """Ask the sink who breaks a rule; note them as suspects, and return their places."""
        self._asked.add(rule_of(cause))
        found = self._broken_by(units, cause)
        self._suspects.extend(_Suspect(units[place]) for place in found)
        return found

    def _broken_by(self, units: Sequence[Unit], cause: Exception) -> Sequence[int]:
        if not (isinstance(self._sink, RuledSink) and isinstance(cause, DataRefused)):
            return ()
        try:
            with self._writer.savepoint(), self._writer.guarded():
                return _asked(self._sink, self._writer.transaction, units, cause)
        except (TransientError, TransactionEnded):
            raise
        except DaybreakError:
            return ()  # a right is missing, or a value cannot be asked about: so divide

    # ---------------------------------------------------------------- the suspects, one by one

    def _try_suspects(self) -> None:
        """Try suspects alone, in source order, until a round admits none."""
        self._suspects.sort(key=lambda suspect: suspect.unit.origin)
        admits = True
        while admits:
            admits = False
            for suspect in self._suspects:
                if suspect.failed_at == self._admissions:
                    continue  # it has failed alone, and nothing came in since
                unit = self._standing(suspect.unit)
                if not unit.values:
                    continue  # something newer came in
                fault = self._attempt([unit])
                if fault is None:
                    suspect.is_admitted = admits = True
                else:
                    self._failed_alone(suspect, fault)
            self._suspects = [one for one in self._suspects if not one.is_admitted]

    def _failed_alone(self, suspect: _Suspect, fault: _Fault) -> None:
        """Note it; at 16, 32, 64 … that no other record can help, ask whether they are too many."""
        if self._rivals is not None:
            self._rivals.refused(suspect.unit)
        was_certain = isinstance(suspect.cause, DataRefused) and suspect.cause.is_final
        suspect.cause, suspect.failed_at = fault.cause, self._admissions
        is_certain = isinstance(fault.cause, DataRefused) and fault.cause.is_final
        if self._refuse_excess is None or was_certain or not is_certain:
            return
        self._certain.append((suspect.unit, fault.cause))
        count = len(self._certain)
        if count >= CERTAIN_MIN and count.bit_count() == 1:
            self._refuse_excess(self._certain)

    def _standing(self, unit: Unit) -> Unit:
        return unit if self._rivals is None else self._rivals.standing(unit)

    def _attempt(self, units: Sequence[Unit]) -> _Fault | None:
        hit("chunk.in_isolation")
        try:
            with self._writer.savepoint():
                taken, fault = self._write(units)
                self._writer.force_constraints()
        except (RecordRefused, DataRefused) as refused:
            return _fault_of(refused, units)
        self._admissions += 1
        if self._rivals is not None:
            self._rivals.taken(units[: taken.passed] if fault else units)
        self._admitted.written += taken.written
        self._admitted.passed += taken.passed
        self._admitted.superseded += taken.superseded
        return fault

    def _write(self, units: Sequence[Unit]) -> tuple[Admitted, _Fault | None]:
        """Write units, or those in front of one that is refused, if they stay."""
        try:
            return write_whole(self._writer, self._sink, units, are_compared=True), None
        except RecordRefused as refused:
            fault = _fault_of(refused, units)
            if not fault.stayed:
                raise
            return Admitted(fault.stayed, fault.position or 0), fault


@dataclass(slots=True)
class _Suspect:
    unit: Unit
    cause: Exception | None = None
    """With what it failed alone; None if it was not tried yet."""

    failed_at: int = -1
    """How many attempts had been admitted when it failed alone."""

    is_admitted: bool = False


@dataclass(frozen=True, slots=True)
class _Fault:
    position: int | None
    cause: Exception
    stayed: int | None = None
    """Rows that the units in front of it became, if those may stay."""

    @property
    def rule(self) -> tuple[str, str]:
        """Which rule was broken, as far as is known."""
        return rule_of(self.cause)


def _fault_of(refused: RecordRefused | DataRefused, units: Iterable[Unit]) -> _Fault:
    if isinstance(refused, RecordRefused):
        unit, is_first = _unit_of(refused.position, units)
        # One of several values of a unit takes those before it along.
        return _Fault(unit, refused.cause, refused.stayed if is_first else None)
    return _Fault(None, refused)


def _fault_among(
    some: Sequence[Unit], units: Sequence[Unit], fault: _Fault | None
) -> _Fault | None:
    """Return a fault of units as one of some of them; None if it names another, or nobody."""
    if fault is None or fault.position is None:
        return None
    named = units[fault.position].origin
    places = (place for place, unit in enumerate(some) if unit.origin == named)
    return next((_Fault(place, fault.cause) for place in places), None)


def _unit_of(position: int, units: Iterable[Unit]) -> tuple[int, bool]:
    """Return which unit holds the value at a position of the flat list; whether as its first."""
    if isinstance(units, (RawUnits, OneEach)):
        return position, True
    end = 0
    for number, unit in enumerate(units):
        begin, end = end, end + len(unit.values)
        if position < end:
            return number, position == begin
    raise IndexError(position)
