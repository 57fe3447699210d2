"""From the names in a header to names of fields, and from the name of a file to that of a model."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_TAKEN: Final = frozenset(
    {
        *("Annotated", "Any", "AwareDatetime", "BaseModel", "Decimal", "Field", "Literal"),
        *("NaiveDatetime", "bool", "date", "datetime", "float", "int", "str"),
    }
)
"""What the proposal itself needs."""

MODEL: Final = "Record"


def field_names(columns: Iterable[str]) -> dict[str, str]:
    """Return the name of a field for each column: its own where it can be one.

    Args:
        columns: The names in the header, no two alike.
    """
    from pydantic import BaseModel  # noqa: PLC0415 - heavy

    taken = _TAKEN | {*dir(BaseModel)}
    fine = [name for name in columns if _is_field(name, taken)]
    names = {name: name for name in fine}
    used = {*fine}
    for column in columns:
        if column not in names:
            name = unused = _made(column, taken)
            number = 1
            while unused in used:
                number += 1
                unused = f"{name}_{number}"
            used.add(unused)
            names[column] = unused
    return names


def _is_field(name: str, taken: Iterable[str]) -> bool:
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith(("_", "model_"))
        and name not in taken
        and unicodedata.normalize("NFKC", name) == name  # Python would do it
    )


def _made(column: str, taken: Iterable[str]) -> str:
    text = unicodedata.normalize("NFKC", column).lower()
    letters = "".join(one if f"a{one}".isidentifier() else "_" for one in text)
    name = re.sub("_+", "_", letters).strip("_")
    if not name.isidentifier() or name.startswith("model_"):
        name = f"column_{name}".rstrip("_")
    return f"{name}_" if keyword.iskeyword(name) or name in taken else name


def model_name(stem: str) -> str:
    """Return the name of a model for the records of a file: `orders_2026-01` gives `Order`."""
    words = [word for word in re.split(r"[\W_]+", stem) if word and not word[0].isdigit()]
    if not words:
        return MODEL
    words[-1] = _singular(words[-1])
    name = "".join(word[0].upper() + word[1:] for word in words)
    is_fine = name.isascii() and name.isidentifier() and not keyword.iskeyword(name)
    return name if is_fine and name not in _TAKEN else MODEL


def _singular(word: str) -> str:
    lower = word.lower()
    if lower.endswith("ies") and len(word) > len("ties"):
        return word[:-3] + "y"
    if lower.endswith("s") and not lower.endswith(("ss", "us", "is", "news")):
        return word[:-1]
    return word
