"""What a figure is, and how samples become one: medians, intervals, and whether a target is met.

A comparison is a number of pairs, measured in turns in one run. Its target is met if the median
meets it and the 90 % interval of the pairs' ratio lies within 10 % of its median. A wider interval
says that the machine was too noisy to tell: then the figure is "not measured", and so is one whose
peer is absent. What is counted, and not timed, is met or missed without an interval.

A duration that has a bound in seconds is no comparison. Its target is met if both ends of the
median's 90 % interval meet it, missed if neither does, and else it is "not measured".

Intervals are those of order statistics: they assume nothing about the distribution, draw no
chance, and exist from five samples on, which is why a comparison has at least five pairs. How
figures are printed is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil, exp, lgamma, log
from statistics import median
from typing import Any, Final, Literal, NamedTuple, TypeAlias

PAIRS_MIN: Final = 5
CONFIDENCE_PERCENT: Final = 90
TOLERANCE: Final = 0.10
"""How far the interval of a ratio may reach from its median, as a part of the median."""

NOT_MEASURED: Final = "not measured"
Met: TypeAlias = bool | Literal["not measured"] | None


class Interval(NamedTuple):
    """From where to where a median may lie, with at least `CONFIDENCE_PERCENT`."""

    low: float
    high: float

    def is_within(self, tolerance: float, middle: float) -> bool:
        """Say whether both ends are at most `tolerance` of `middle` away from it."""
        reach = tolerance * abs(middle)
        return middle - reach <= self.low and self.high <= middle + reach


class Pair(NamedTuple):
    """One comparison: the same work done our way and the other way, one right after the other."""

    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        """How many times theirs ours is."""
        return self.ours / self.theirs

    @property
    def difference(self) -> float:
        """How much more ours is than theirs."""
        return self.ours - self.theirs

    @property
    def surplus_percent(self) -> float:
        """How much more ours is than theirs, in percent of theirs."""
        return 100 * (self.ratio - 1)


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure has to be: `sense` and `bound`, in the figure's unit."""

    sense: Literal["<", "<=", "=", ">=", ">"]
    bound: float

    def is_met_by(self, value: float) -> bool:
        """Say whether a value, which is exact, is what it has to be."""
        return {
            "<": value < self.bound,
            "<=": value <= self.bound,
            "=": value == self.bound,
            ">=": value >= self.bound,
            ">": value > self.bound,
        }[self.sense]

    def __str__(self) -> str:
        return f"{self.sense} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class Spread:
    """How sure a median is."""

    samples: int
    low: float | None = None
    """The interval's lower end, in the figure's unit; None with fewer samples than five."""

    high: float | None = None
    ratio_low: float | None = None
    """The interval of the pairs' ratio, by which the verdict was found; None without pairs."""

    ratio_high: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One result."""

    figure: str
    value: float | None
    """The median; None if it could not be measured at all."""

    unit: str
    target: Target | None
    met: Met
    """None if there is no target."""

    spread: Spread | None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON data, numbers rounded to four digits."""
        spread = None if self.spread is None else asdict(self.spread)
        return {
            "figure": self.figure,
            "value": rounded(self.value),
            "unit": self.unit,
            "target": None if self.target is None else str(self.target),
            "met": self.met,
            "spread": spread and {name: rounded(number) for name, number in spread.items()},
        }


def rounded(value: float | None) -> float | None:
    """Return a number with four significant digits; whole numbers, which are counts, as they are.

    Verdicts are found before this.
    """
    return value if value is None or isinstance(value, int) else float(f"{value:.4g}")


def interval_of_median(samples: Sequence[float]) -> Interval:
    """Return the narrowest symmetric interval of order statistics that has enough confidence.

    Between the k-th smallest and the k-th largest of n samples lies the true median, unless fewer
    than k samples fell on one side of it: that is tossing n coins.

    Args:
        samples: At least five; of four not even all of them are 90 % sure.

    Source: David and Nagaraja, Order Statistics, 3rd edition, 7.1.
    """
    count = len(samples)
    if count < PAIRS_MIN:
        raise ValueError(f"expected at least {PAIRS_MIN} samples, got {count}")
    k, outside, ways = 0, 0, 1  # ways in which exactly k of the coins fall on one side
    while 200 * (outside + ways) <= (100 - CONFIDENCE_PERCENT) * 2**count:
        outside += ways
        ways = ways * (count - k) // (k + 1)
        k += 1
    ordered = sorted(samples)
    return Interval(ordered[k - 1], ordered[-k])


def interval_of_quantile(samples: Sequence[float], share: float) -> Interval:
    """Return the order statistics between which a quantile lies, as the median's interval does.

    Args:
        samples: So many that the interval does not reach beyond them: of the 99th percentile, 299.
        share: Of the samples that lie below the quantile, between 0 and 1.
    """
    count = len(samples)
    ordered = sorted(samples)
    tail = (1 - CONFIDENCE_PERCENT / 100) / 2
    low = high = -1  # how many samples lie below it, at least and at most
    below = 0.0
    for number in range(count + 1):
        before = below
        below += exp(
            lgamma(count + 1)
            - lgamma(number + 1)
            - lgamma(count - number + 1)
            + number * log(share)
            + (count - number) * log(1 - share)
        )
        if before <= tail < below:
            low = number
        if high < 0 and below >= 1 - tail:
            high = number
    if low < 1 or high >= count:
        raise ValueError(f"expected more than {count} samples for a quantile of {share:g}")
    return Interval(ordered[low - 1], ordered[high])


def interleaved(
    ours: Callable[[], float], theirs: Callable[[], float], pairs: int = PAIRS_MIN
) -> list[Pair]:
    """Measure in turns; who goes first alternates, so that a drift of the machine cancels out.

    Args:
        ours: Does the work once our way, and returns what it took.
        theirs: Does the same the other way.
        pairs: How many times.
    """
    measured: list[Pair] = []
    for number in range(pairs):
        if number % 2:
            there = theirs()
            measured.append(Pair(ours(), there))
        else:
            here = ours()
            measured.append(Pair(here, theirs()))
    return measured


def in_turns(
    ways: Mapping[str, Callable[[], float]], rounds: int = PAIRS_MIN
) -> dict[str, list[float]]:
    """Measure several ways in turns; each round begins with another one, for the same reason.

    Args:
        ways: Each does the work once in its way, and returns what it took.
        rounds: How often each is measured.
    """
    names = list(ways)
    measured: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            measured[name].append(ways[name]())
    return measured


def pairs_from(ours: Sequence[float], theirs: Sequence[float]) -> list[Pair]:
    """Pair what was measured in the same rounds."""
    return [Pair(here, there) for here, there in zip(ours, theirs, strict=True)]


def compared(
    figure: str,
    pairs: Sequence[Pair],
    value_of: Callable[[Pair], float],
    *,
    unit: str,
    target: Target,
) -> Figure:
    """Return the figure of a comparison: the median of one reading of its pairs, and the verdict.

    Args:
        figure: What was compared, with its size.
        pairs: Measured in turns in one run.
        value_of: What of a pair has a target: `Pair.ratio`, `Pair.difference`, …
        unit: Of that.
        target: Of that.
    """
    values, ratios = [value_of(pair) for pair in pairs], [pair.ratio for pair in pairs]
    value = median(values)
    if len(pairs) < PAIRS_MIN:
        return Figure(figure, value, unit, target, NOT_MEASURED, Spread(len(pairs)))
    own, ratio = interval_of_median(values), interval_of_median(ratios)
    met: Met = target.is_met_by(value)
    if not ratio.is_within(TOLERANCE, median(ratios)):
        met = NOT_MEASURED
    return Figure(figure, value, unit, target, met, Spread(len(pairs), *own, *ratio))


def bounded(figure: str, samples: Sequence[float], *, unit: str, target: Target) -> Figure:
    """Return the figure of something that has a bound in its own unit, and the verdict.

    Args:
        figure: What was measured.
        samples: At least five.
        unit: Of the samples.
        target: Of the samples.
    """
    own = interval_of_median(samples)
    met = _met(own, target)
    return Figure(figure, median(samples), unit, target, met, Spread(len(samples), *own))


def bounded_quantile(
    figure: str, samples: Sequence[float], share: float, *, unit: str, target: Target
) -> Figure:
    """Return the figure of what nearly all samples keep to; its verdict is found as in `bounded`.

    Args:
        figure: What was measured.
        samples: As many as `interval_of_quantile` wants.
        share: Of the samples that lie below the quantile.
        unit: Of the samples.
        target: Of the quantile.
    """
    own = interval_of_quantile(samples, share)
    value = sorted(samples)[ceil(share * len(samples)) - 1]
    met = _met(own, target)
    return Figure(figure, value, unit, target, met, Spread(len(samples), *own))


def _met(own: Interval, target: Target) -> Met:
    verdicts = {target.is_met_by(own.low), target.is_met_by(own.high)}
    return verdicts.pop() if len(verdicts) == 1 else NOT_MEASURED


def counted(figure: str, value: int, *, unit: str, target: Target) -> Figure:
    """Return the figure of something that was counted, which leaves no doubt."""
    return Figure(figure, value, unit, target, target.is_met_by(value), spread=None)


def observed(figure: str, samples: Sequence[float], *, unit: str) -> Figure:
    """Return the figure of something without a target."""
    spread = Spread(len(samples))
    if len(samples) >= PAIRS_MIN:
        spread = Spread(len(samples), *interval_of_median(samples))
    return Figure(figure, median(samples), unit, target=None, met=None, spread=spread)


def absent(figure: str, *, unit: str, target: Target | None = None) -> Figure:
    """Return the figure of something that is not there, or of a comparison with it."""
    return Figure(figure, None, unit, target, NOT_MEASURED, spread=None)
