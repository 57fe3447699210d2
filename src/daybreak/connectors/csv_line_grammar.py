"""What one physical line of a CSV file can be, by the grammar of RFC 4180."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

BARE_QUOTE: Final = "a quote inside a field that is not quoted"
TEXT_AFTER_QUOTE: Final = "text after a closing quote"
STRAY_CR: Final = "a carriage return that ends no line"


class LineGrammar:
    """Patterns over the bytes of one physical line; each is linear in the line.

    Args:
        delimiter: One byte.
        quote: One byte, or what stands in no line.
    """

    def __init__(self, delimiter: bytes, quote: bytes) -> None:
        self.delimiter = delimiter
        self.quote = quote
        cut, mark = re.escape(delimiter), re.escape(quote)
        no_mark = rb"[^" + mark + rb"]*"
        inside = no_mark + rb"(?:" + mark + mark + no_mark + rb")*"  # up to a closing quote
        plain = rb"[^" + mark + rb"\r\n" + cut + rb"]*"
        field = rb"(?:" + mark + inside + mark + rb"|" + plain + rb")"
        rest = rb"(?:" + cut + field + rb")*"
        before = rb"(?:" + field + cut + rb")*"
        end = rb"(?:\r?\n)?"
        again = mark + cut + before + mark + inside  # closed, and another one opened
        self.is_whole = re.compile(field + rest + end).fullmatch
        self.opens = re.compile(before + mark + inside).fullmatch
        self.closes = re.compile(inside + mark + rest + end).fullmatch
        self.stays_open = re.compile(inside + rb"(?:" + again + rb")?").fullmatch
        self.closes_and_opens = re.compile(inside + again).fullmatch
        self._good_part = re.compile(before)
        self._stray = re.compile(rb"[\r" + mark + rb"]")
        self._quoted = re.compile(mark + no_mark + mark)

    @staticmethod
    @lru_cache
    def of(delimiter: bytes, quote: bytes) -> LineGrammar:
        """Return the one of these marks."""
        return LineGrammar(delimiter, quote)

    def explain(self, text: bytes) -> str:
        """Say what is wrong with a line that is no row and opens no quote."""
        good = self._good_part.match(text)
        bad = text[good.end() :] if good else text
        if bad.startswith(self.quote):
            return TEXT_AFTER_QUOTE
        stray = self._stray.search(bad)
        return BARE_QUOTE if stray and stray.group() == self.quote else STRAY_CR

    def width(self, text: bytes) -> int:
        """Return how many fields a row of this grammar has."""
        if self.quote in text:
            text = self._quoted.sub(b"", text)
        return text.count(self.delimiter) + 1

    def width_without_quotes(self, text: bytes) -> int:
        """Return how many fields a line would have if quotes meant nothing."""
        return text.count(self.delimiter) + 1


def has_stray_cr(text: bytes, quote: bytes) -> bool:
    """Say whether a line without quotes has a carriage return other than that of its CRLF."""
    is_last = text.find(b"\r") == len(text) - 2 and text.endswith(b"\n")
    return not is_last and b"\r" in text and quote not in text
