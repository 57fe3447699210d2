r"""Patterns that RE2 and the model's engine, Rust's `regex`, understand alike.

Both come from one family, and differ in corners: Rust's `\d`, `\w` and `\s` are Unicode's, its
classes have operators (`&&`, `--`, `~~`) and may be nested, its `\b` has variants, `{,n}` and flags
differ. So a pattern is read by a grammar of our own that knows only what is the same in both, for
texts of printable ASCII; any other pattern is left to the model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

_REPEAT_MAX: Final = 1_000
"""RE2 repeats no part more often."""

_SHAPE_MAX: Final = 16
"""Places of a shape; longer texts are quicker by the pattern."""

_LENGTH_MAX: Final = 1_000
"""Characters of a pattern; a longer one is left to the model."""

_ESCAPABLE: Final = r"""\.+*?()|[]{}^$#&-~/@,:;=!'" """
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_CLASS_SIGNS: Final = r"""_.+*?()|$#/@!%,:;='"`{} """
"""Signs that mean themselves inside a class, in both; not `&`, `~`, `-`, `^` and brackets."""

_PRINTABLE: Final = frozenset(range(0x20, 0x7F))
_DIGITS: Final = frozenset(b"0123456789")
_WORD: Final = _DIGITS | frozenset(_LETTERS.encode()) | frozenset(b"_")
_BLANK: Final = frozenset(b" ")
_MEANINGS: Final = {
    "d": _DIGITS,
    "D": _PRINTABLE - _DIGITS,
    "w": _WORD,
    "W": _PRINTABLE - _WORD,
    "s": _BLANK,
    "S": _PRINTABLE - _BLANK,
}
"""What a shorthand stands for among printable ASCII."""

_PLAIN_SIGNS: Final = """-_#&~/@!%,:;='"`<> """
"""Signs that mean themselves outside of one."""


class _Different(Exception):  # noqa: N818 - a verdict, raised and caught here
    """The pattern has something that is not known to mean the same."""


@dataclass(frozen=True, slots=True)
class Portable:
    """A pattern that both engines find in the same texts of printable ASCII."""

    pattern: str
    shape: tuple[frozenset[int], ...] | None
    """The bytes that may stand at each place, if the pattern is for whole texts of one length, and
    no place has to do with another."""

    body: str | None = None
    """The pattern between its anchors, if it is for whole texts, of `named` bytes only."""

    named: frozenset[int] = frozenset()


def portable(pattern: str) -> Portable | None:
    """Return a pattern as both engines understand it, or None if they may not."""
    if len(pattern) > _LENGTH_MAX or not pattern.isascii() or not pattern.isprintable():
        return None
    reader = _Reader(pattern)
    try:
        reader.alternatives()
    except _Different:
        return None
    if reader.at != len(pattern):
        return None
    shape = _shape_of(reader.seen)
    if reader.named is None or not _is_for_whole_texts(reader.seen):
        return Portable(pattern, shape)
    return Portable(pattern, shape, pattern[1:-1], reader.named)


@dataclass(slots=True)
class _Reader:
    """Reads a pattern from left to right."""

    pattern: str
    at: int = 0
    seen: list[_Part] = field(default_factory=list)
    """What it has read: an anchor or an operator by its sign, or bytes and how often."""

    named: frozenset[int] | None = frozenset()
    """The bytes that it may take; None if it says which ones it does not take."""

    def _next(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _take(self, text: str) -> bool:
        if self.pattern.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def alternatives(self) -> None:
        """Read branches up to a closing parenthesis or the end."""
        self._branch()
        while self._take("|"):
            self.seen.append("|")
            self._branch()

    def _branch(self) -> None:
        while (character := self._next()) and character not in "|)":
            if character in "^$":
                self.at += 1
                self.seen.append(character)
                if self._next() and self._next() in "*+?{":
                    raise _Different  # a repeated anchor
            else:
                found = self._atom()
                low, high = self._repetition()
                self.seen.append((found, low) if found is not None and low == high else "*")

    def _atom(self) -> frozenset[int] | None:
        """Read one part; return the bytes of which it takes one, or None for a group."""
        if self._take("("):
            if self._take("?") and not self._take(":"):
                raise _Different
            self.alternatives()
            if not self._take(")"):
                raise _Different
            return None
        if self._take("["):
            return self._name(self._class())
        if self._take("\\"):
            return self._name(self._escape())
        character = self._next()
        self.at += 1
        if character == ".":
            self.named = None
            return _PRINTABLE
        if character in _LETTERS or character in _PLAIN_SIGNS:
            return self._name(frozenset(character.encode()))
        raise _Different

    def _name(self, found: frozenset[int]) -> frozenset[int]:
        self.named = None if self.named is None else self.named | found
        return found

    def _escape(self) -> frozenset[int]:
        character = self._next()
        self.at += 1
        if character in "DWSs":  # they take more than what is printable
            self.named = None
        if character in _MEANINGS:
            return _MEANINGS[character]
        if not character or character not in _ESCAPABLE:
            raise _Different
        return frozenset(character.encode())

    def _repetition(self) -> tuple[int, int]:
        """Read how often; return the least and the most, or different numbers for no end."""
        low, high = 1, 1
        if self._take("*") or self._take("+") or self._take("?"):
            low, high = 0, 1
        elif self._take("{"):
            low, high = self._count()
        else:
            return low, high
        self._take("?")  # lazy: it finds other ends, but in the same texts
        if self._next() and self._next() in "*+?{":
            raise _Different
        return low, high

    def _count(self) -> tuple[int, int]:
        low = high = self._number()
        if self._take(","):
            high = low + 1 if self._next() == "}" else self._number()
        if not self._take("}") or low > high or high > _REPEAT_MAX:
            raise _Different
        return low, high

    def _number(self) -> int:
        begin = self.at
        while self._next() and self._next() in "0123456789":
            self.at += 1
        if begin == self.at:
            raise _Different
        return int(self.pattern[begin : self.at])

    def _class(self) -> frozenset[int]:
        is_negated = self._take("^")
        found = frozenset(b"-") if self._take("-") else frozenset()  # first it means itself
        while not (found and self._take("]")):
            low = self._next()
            found |= self._member()
            if low in _LETTERS and self._next() == "-" and not self._is_last_hyphen():
                found |= self._range(low)
            if self._is_last_hyphen():
                self.at += 1
                found |= frozenset(b"-")
            elif self._next() == "-":
                raise _Different
        if is_negated:
            self.named = None
        return _PRINTABLE - found if is_negated else found

    def _is_last_hyphen(self) -> bool:
        """Say whether a hyphen at the end of a class is next: it means itself."""
        return self.pattern.startswith("-]", self.at)

    def _range(self, low: str) -> frozenset[int]:
        self._take("-")
        high = self._next()
        if not high or high not in _LETTERS or low > high:
            raise _Different
        self.at += 1
        return frozenset(range(ord(low), ord(high) + 1))

    def _member(self) -> frozenset[int]:
        if self._take("\\"):
            return self._escape()
        character = self._next()
        if not character or (character not in _LETTERS and character not in _CLASS_SIGNS):
            raise _Different
        self.at += 1
        return frozenset(character.encode())


_Part: TypeAlias = str | tuple[frozenset[int], int]


def _is_for_whole_texts(seen: list[_Part]) -> bool:
    return len(seen) > 1 and seen[0] == "^" and seen[-1] == "$" and not {"^", "$"} & {*seen[1:-1]}


def _shape_of(seen: list[_Part]) -> tuple[frozenset[int], ...] | None:
    if len(seen) < 2 or seen[0] != "^" or seen[-1] != "$":  # noqa: PLR2004 - both anchors
        return None
    places: list[frozenset[int]] = []
    for part in seen[1:-1]:
        if isinstance(part, str):
            return None
        found, count = part
        places += [found] * count
    return tuple(places) if len(places) <= _SHAPE_MAX else None
