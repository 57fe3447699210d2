"""Reasons against files that are no CSV, in the words of whoever made them: see `advice`.

The first pattern that is found in a reason is the one that counts.
"""

from __future__ import annotations

from typing import Final

_JSON: Final = (
    "Have the program write the file by a library for JSON; do not put texts together by hand."
)
_NO_JSON: Final = (
    "^no JSON|^not one line of JSON|does not go on as JSON$|^(quotes|brackets) that do not pair"
    "|^a name outside|^no value between|^a comma behind|^not an object"
)
_XML: Final = (
    "Have the program write the file by a library for XML: every record a child of one element, and"
    " no text between them."
)
_AGAIN: Final = "Look at whether its transfer was cut off; have it written and sent once more."

OF_FORMATS: Final = (
    (
        "^a number in quotes",
        "The number stands between quotes, so that it is a text.",
        'Write it without quotes: 1.50, not "1.50".',
    ),
    (
        "^an object has one name twice|^more than one of this name",
        "The record has two values under one name.",
        "Write each name once.",
    ),
    (
        "^an escape for half a",
        "There is an escape for one half of a character.",
        "Write the character itself, in UTF-8.",
    ),
    (
        "nested (more|too)",
        "There are more values inside each other than any record needs.",
        "Look at whether each bracket or tag is closed where it should be.",
    ),
    (
        "NaN or [Ii]nfinity",
        "The value is NaN or infinity, which is no number.",
        "Write nothing there (in JSON null), if that was agreed on.",
    ),
    (
        "^the file ends|not a whole one|^damaged|page is damaged",
        "The file is of another kind than its name says, is damaged, or ends too early.",
        _AGAIN,
    ),
    (
        "its records should be|^no element of the name",
        "The records are not where they should be in the file.",
        "Write them in the place, and under the exact name, that was agreed on.",
    ),
    (
        _NO_JSON,
        "What stands there is no JSON, so that it cannot be taken apart.",
        _JSON,
    ),
    (
        "^(a|has a) document type",
        "The file has a document type definition, which may have a reader open other files.",
        "Write the file without one, and each character as itself in place of an entity.",
    ),
    (
        "^no XML|^text (outside|beside|between)|^a record outside",
        "What stands there is no well-formed XML, or is text where no text may be.",
        _XML,
    ),
    (
        "^it has elements inside",
        "There are elements where a value should be.",
        "Write the value as text.",
    ),
    (
        "^no byte order mark|order cannot be told",
        "Nothing says in which order the bytes of UTF-16 stand.",
        "Begin the file with a byte order mark, or write it in UTF-8.",
    ),
    (
        "byte order mark",
        "There is a byte order mark inside the file, as files that were put together have it.",
        "Remove it: only the very beginning of a file may have one.",
    ),
    (
        "^an encoding that|to UTF-8$",
        "The file says that it is in an encoding which cannot be read here.",
        "Write it in UTF-8.",
    ),
    (
        "^(shorter|longer) than a record$",
        "The record has another length than every record of the file must have.",
        "Fill each field up to its width; see whether widths are meant in bytes or characters.",
    ),
    (
        r"\.xls |\.xlsb|\.ods",
        "The file is a spreadsheet of another kind than .xlsx, or needs a password.",
        "Save it as .xlsx, without a password.",
    ),
    (
        "merged cell",
        "Cells are merged, so that the value stands in one of them only.",
        "Undo the merging, and write the value in every cell.",
    ),
    (
        "^a formula without",
        "There is a formula whose result is not in the file.",
        "Open the file in Excel and save it, or write values in place of formulas.",
    ),
    (
        "^an error of Excel",
        "A formula has come to an error, such as #N/A.",
        "Correct the formula, or leave the cell empty.",
    ),
    (
        "^no day of Excel|^outside the calendar|^finer than a micro",
        "The value is no day or instant that a calendar has, to the microsecond.",
        "Write a date between the years 1 and 9999, with at most six decimal places of a second.",
    ),
    (
        "^cannot be exact|^not exact",
        "The number has more digits than it can have there without being rounded.",
        "Store it as text, or in a type that holds all of its digits.",
    ),
    (
        "^(no sheet|several sheets)",
        "Nobody can say which sheet is meant.",
        "Give the sheet the name that was agreed on, or leave only one.",
    ),
    (
        "^unpacks to more",
        "The file unpacks to more than any workbook needs.",
        "Have it written anew.",
    ),
    (
        "^no (names of )?columns?|not the name of a column|beside the columns",
        "The columns do not have the names that every record needs.",
        "Write the exact name of every column once, and no values beside them.",
    ),
)
"""A pattern, what the reasons mean in which it is found, and how to repair what they name."""
