"""Reasons in the words of whoever made the file: what is wrong, and how to repair it.

A finding's reason is short, for those who know the schema. A partner who sent the file does not:
he is told what the reason means, and what to do in the program that wrote the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .advice_on_formats import OF_FORMATS


@dataclass(frozen=True, slots=True)
class Advice:
    """What a reason means, and the way out."""

    meaning: str
    repair: str


_QUOTES: Final = (
    "Write a field that holds the delimiter, a quote or a line end between quotes, and every quote"
    " inside it twice. A program that exports CSV does this by itself: do not put rows together by"
    " hand."
)
_ENCODING: Final = (
    "Write the whole file in the one encoding that was agreed on, then send it again."
)
_DIGITS: Final = (
    "Write digits only, with a minus sign where it is needed: no blanks, no separators between"
    " thousands, no decimal places."
)
_DECIMALS: Final = (
    "Write digits and, where it is needed, a minus sign and a decimal point: no blanks, no"
    " separators between thousands, no currency, no comma."
)
_TEXT_FORM: Final = "Correct the value, or have the program write it in the form of the column."
_RULE: Final = "Correct the value so that it keeps the rule of its column (see the table below)."

_KNOWN: Final = tuple(
    (re.compile(pattern), Advice(meaning, repair))
    for pattern, meaning, repair in (
        *OF_FORMATS,
        (
            "^required$",
            "The field is empty, but every record must have a value there.",
            "Fill the value in. If it may really be unknown, agree on that with the receiver.",
        ),
        (
            "quote",
            "The quotes around a field do not add up, so that nobody can say where the field ends.",
            _QUOTES,
        ),
        (
            "carriage return",
            "There is a carriage return in the middle of a line.",
            "End lines with LF or CRLF only; put a field that holds a line end between quotes.",
        ),
        (
            "fewer (columns|fields)|more (columns|fields)|(columns|fields) than",
            "The record has another number of fields than the header.",
            "Write as many fields as the header has; quote a field that holds the delimiter.",
        ),
        (
            "^one field alone",
            "The line holds one field only: it may be a part of the record before or behind it.",
            "Look at those records as well; put a field that holds a line end between quotes.",
        ),
        (
            "empty line",
            "There is a line with nothing on it among the records.",
            "Remove the line.",
        ),
        (
            "NUL",
            "There are NUL bytes in the record, as damage or a wrong encoding leaves them.",
            "Have the program write the file again; look at the disk or the transfer if it recurs.",
        ),
        (
            "^bytes that are not",
            "The record has bytes that mean nothing in the encoding of the file.",
            _ENCODING,
        ),
        (
            "^longer than (.* bytes|a record may be)",
            "The record is longer than any record may be.",
            "Often a line end is missing, or a quote was never closed: look at where it begins.",
        ),
        (
            "column that the model needs is missing",
            "The file lacks a column that every record must have.",
            "Add the column, with its exact name, to the header and to every record.",
        ),
        (
            "two columns have this name",
            "Two columns have the same name, so that nobody can say which one is meant.",
            "Give each column a name of its own.",
        ),
        (
            "not a header",
            "The first line names none of the columns that are expected.",
            "Write the names of the columns on the first line.",
        ),
        (
            "empty file",
            "There is nothing in the file.",
            "Look at whether its transfer was cut off, then send it again.",
        ),
        (
            "no such file|not a file|no permission|cannot be read",
            "The file could not be read.",
            "Look at its name and at the rights to read it.",
        ),
        (
            "whole number|valid integer",
            "The value is no whole number.",
            _DIGITS,
        ),
        (
            "decimal number|not a number|valid number|valid decimal",
            "The value is no number.",
            _DECIMALS,
        ),
        (
            "timezone|time zone|offset",
            "The instant has an offset from UTC where none may be, or none where one must be.",
            "Write it as the column asks: with an offset (Z, +09:00), or without.",
        ),
        (
            "not a date and time|valid datetime",
            "The value is no date with a time.",
            "Write it as 2026-01-31T23:59:59; a day that does not exist is refused too.",
        ),
        (
            "not a date|valid date",
            "The value is no date.",
            "Write it as 2026-01-31; a day that does not exist is refused too.",
        ),
        (
            "true or false|valid boolean",
            "The value is neither true nor false.",
            "Write true or false, in small letters.",
        ),
        (
            "(greater|less) than",
            "The value is outside the range that its column allows.",
            _RULE,
        ),
        (
            "decimal places|digits",
            "The number has more digits than its column allows.",
            "Round it as was agreed on, or write it in the right unit.",
        ),
        (
            "character|items",
            "The text is longer or shorter than its column allows.",
            _RULE,
        ),
        (
            "match pattern|matching",
            "The text does not have the form that its column asks for.",
            _TEXT_FORM,
        ),
        (
            "duplicate|already|twice|not unique",
            "The same key stands in more than one record.",
            "Keep the record that is right, and remove the others.",
        ),
        (
            "^should be '",
            "The value is none of those that its column allows.",
            "Write one of the values that are allowed, exactly as it stands there.",
        ),
    )
)
_ANYTHING_ELSE: Final = Advice("The value breaks a rule of the schema.", _RULE)
OTHER: Final = Advice(
    "There are more kinds of faults than are told apart here.",
    "Repair those above first, then have the file checked again.",
)


def advice_on(reason: str) -> Advice:
    """Return what a reason means, and how to repair what it names."""
    return next((advice for known, advice in _KNOWN if known.search(reason)), _ANYTHING_ELSE)
