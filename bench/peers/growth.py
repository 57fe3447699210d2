"""How others name a growth and carry it on: the forecasts that ours stands beside.

Written from their descriptions: Google Benchmark's complexity fit, big_O, Extra-P's search of the
performance model normal form, a power law through the last three sizes, and a straight line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
from scipy.optimize import nnls

Array = Any
Predict = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Guess:
    """What a method says: a law, and a curve."""

    law: str
    predict: Predict


Method = Callable[[Array, Array], Guess]

_FORMS: Final[Mapping[str, Callable[[Array], Array]]] = {
    "constant": np.ones_like,
    "log n": np.log,
    "n": lambda n: n,
    "n log n": lambda n: n * np.log(n),
    "n²": lambda n: n**2,
    "n³": lambda n: n**3,
}


def google_benchmark(sizes: Array, amounts: Array) -> Guess:
    """One coefficient, no constant, plain least squares; the least normalised error wins."""
    best: tuple[float, Guess] | None = None
    for law, form in _FORMS.items():
        shape = form(sizes)
        coefficient = float(shape @ amounts / (shape @ shape))
        error = float(np.sqrt(np.mean((amounts - coefficient * shape) ** 2)) / np.mean(amounts))
        if best is None or error < best[0]:
            best = error, Guess(law, _scaled(form, 0.0, coefficient))
    assert best is not None
    return best[1]


def big_o(sizes: Array, amounts: Array) -> Guess:
    """Intercept and slope, plain least squares; powers and exponentials through logarithms."""
    guesses: list[tuple[float, Guess]] = []
    for law, form in _FORMS.items():
        offset, slope = _line(form(sizes), amounts) if law != "constant" else (amounts.mean(), 0.0)
        guesses.append(_judged(Guess(law, _scaled(form, offset, slope)), sizes, amounts))
    offset, slope = _line(np.log(sizes), np.log(amounts))
    guesses.append(_judged(_power(offset, slope), sizes, amounts))
    offset, slope = _line(sizes, np.log(amounts))
    rate, start = float(slope), float(offset)
    grown = Guess("exponential", lambda n: float(np.exp(min(start + rate * n, 600.0))))
    guesses.append(_judged(grown, sizes, amounts))
    return min(guesses, key=lambda guess: guess[0])[1]


def extra_p(sizes: Array, amounts: Array) -> Guess:
    """One term a·n^i·log2(n)^j beside a constant; the least error when each point is left out."""
    powers = [
        0,
        1 / 4,
        1 / 3,
        1 / 2,
        2 / 3,
        3 / 4,
        1,
        5 / 4,
        4 / 3,
        3 / 2,
        5 / 3,
        7 / 4,
        2,
        9 / 4,
        5 / 2,
        3,
    ]
    best = (_smape_of_constant(amounts), Guess("constant", lambda _: float(amounts.mean())))
    for i, j in product(powers, (0, 1, 2)):
        if i == j == 0:
            continue
        form = _normal_form(i, j)
        error = _left_out_error(form(sizes), amounts)
        if error < best[0]:
            offset, slope = _line(form(sizes), amounts)
            best = error, Guess(_normal_law(i, j), _scaled(form, offset, slope))
    return best[1]


def last_three(sizes: Array, amounts: Array) -> Guess:
    """A power law through the last three sizes."""
    return _power(*_line(np.log(sizes[-3:]), np.log(amounts[-3:])))


def straight_line(sizes: Array, amounts: Array) -> Guess:
    """The largest size, taken so many times."""
    rate = float(amounts[-1] / sizes[-1])
    return Guess("n", lambda n: rate * n)


def told(law: str, sizes: Array, amounts: Array) -> Guess | None:
    """One who is told the true law: a constant and so much of it, by the least relative error.

    No method, but the mark that naming the law alone can reach. None if the law has no one shape.
    """
    form = _FORMS.get(law) or _power_form(law)
    if form is None:
        return None
    columns = np.stack([np.ones_like(sizes), form(sizes)], axis=1)
    largest = columns.max(axis=0)
    (offset, slope), _ = nnls(columns / largest / amounts[:, None], np.ones_like(amounts))
    return Guess(law, _scaled(form, offset / largest[0], slope / largest[1]))


def exponent_of(law: str) -> float | None:
    """Return the power of n that a law is by its name; None if it is none."""
    known = {"√n": 0.5, "n": 1.0, "n²": 2.0, "n³": 3.0}
    if law in known:
        return known[law]
    try:
        return float(law.removeprefix("n^")) if law.startswith("n^") else None
    except ValueError:
        return None


METHODS: Final[Mapping[str, Method]] = {
    "Google Benchmark": google_benchmark,
    "big_O": big_o,
    "Extra-P": extra_p,
    "power law, last three": last_three,
    "linear": straight_line,
}


def _scaled(form: Callable[[Array], Array], offset: float, slope: float) -> Predict:
    return lambda n: float(offset + slope * form(np.array([float(n)]))[0])


def _power_form(law: str) -> Callable[[Array], Array] | None:
    exponent = exponent_of(law)
    return None if exponent is None else lambda n: n**exponent


def _line(shape: Array, amounts: Array) -> tuple[float, float]:
    slope, offset = np.polyfit(shape, amounts, 1)
    return float(offset), float(slope)


def _power(offset: float, slope: float) -> Guess:
    known = {"constant": 0.0, "√n": 0.5, "n": 1.0, "n^1.5": 1.5, "n²": 2.0, "n³": 3.0}
    near = [law for law, power in known.items() if abs(power - slope) <= 0.1]
    law = near[0] if near else f"n^{slope:.1f}"
    return Guess(law, lambda n: float(np.exp(offset) * n**slope))


def _judged(guess: Guess, sizes: Array, amounts: Array) -> tuple[float, Guess]:
    fitted = np.array([guess.predict(float(size)) for size in sizes])
    return float(np.sum((fitted - amounts) ** 2)), guess


def _normal_form(i: float, j: int) -> Callable[[Array], Array]:
    return lambda n: n**i * np.log2(n) ** j


def _normal_law(i: float, j: int) -> str:
    match i, j:
        case 1, 1:
            return "n log n"
        case 0, 1:
            return "log n"
    plain = {0.5: "√n", 1.0: "n", 1.5: "n^1.5", 2.0: "n²", 3.0: "n³"}
    return plain.get(float(i), f"n^{i:.1f}") if j == 0 else f"n^{i:.2f} log^{j} n"


def _smape(one: float, other: float) -> float:
    return abs(one - other) / (abs(one) + abs(other) + 1e-300)


def _smape_of_constant(amounts: Array) -> float:
    return float(np.mean([_smape(a, (amounts.sum() - a) / (len(amounts) - 1)) for a in amounts]))


def _left_out_error(shape: Array, amounts: Array) -> float:
    errors = []
    for left_out in range(len(amounts)):
        kept = np.arange(len(amounts)) != left_out
        offset, slope = _line(shape[kept], amounts[kept])
        errors.append(_smape(float(amounts[left_out]), offset + slope * float(shape[left_out])))
    return float(np.mean(errors))
