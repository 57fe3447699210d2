"""How a file of fixed width is written: which bytes are which column. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ..errors import DefinitionError
from .text_encodings import codec_name, keeps_apart

Span: TypeAlias = int | tuple[int, int]
"""A width, from where the column before ended; or first place and place behind, from 0."""

Unit: TypeAlias = Literal["bytes", "characters"]
Strip: TypeAlias = Literal["right", "left", "both", "none"]

UNITS: Final = ("bytes", "characters")
STRIPS: Final = ("right", "left", "both", "none")

LENGTH_MAX: Final = 2**20


@dataclass(frozen=True, slots=True)
class FixedLayout:
    """The columns of a record, and how their text is padded.

    Raises:
        DefinitionError: If a column lies outside of the record, or records could not be told apart.
    """

    columns: tuple[tuple[str, int, int], ...]
    """Name, first place, place behind, from 0; they may overlap, and leave places out."""

    length: int
    """Of every record, without its line end."""

    encoding: str = "utf-8"
    unit: Unit = "bytes"
    """What places and length count."""

    line_ends: bool = True
    """Whether each record is a line, which ends with LF or CRLF of the encoding."""

    strip: Strip = "right"
    """Where padding is taken off a text; off other types it is taken on both sides."""

    padding: str = " "
    """The character with which fields are filled up."""

    def __post_init__(self) -> None:
        """Refuse what cannot be cut."""
        object.__setattr__(self, "encoding", codec_name(self.encoding))
        for name, start, end in self.columns:
            if not 0 <= start < end <= self.length:
                raise DefinitionError(
                    f"column {name!r} from {start} to {end} is not inside of a record of"
                    f" {self.length} {self.unit}",
                    hint="places are counted from 0, and the last one is behind the column",
                )
        if not self.columns or self.length > LENGTH_MAX:
            raise DefinitionError(
                f"expected columns in a record of at most {LENGTH_MAX:,}, got a length of"
                f" {self.length:,}",
                hint='write columns={"id": 6, "name": (6, 26)}',
            )
        if self.unit not in UNITS or self.strip not in STRIPS or len(self.padding) != 1:
            raise DefinitionError(
                f"expected unit in {UNITS}, strip in {STRIPS} and padding of one character,"
                f" got {self.unit!r}, {self.strip!r} and {self.padding!r}"
            )
        if self.line_ends and not keeps_apart(self.encoding, "\n"):
            raise DefinitionError(
                f"lines in encoding {self.encoding!r} cannot be divided by their bytes",
                hint="give line_ends=False if there are none, or convert the file to UTF-8",
            )
        if self.unit == "characters" and not self.line_ends:
            raise DefinitionError(
                "records without line ends cannot be counted in characters",
                hint='give places in bytes: unit="bytes"',
            )

    @property
    def line_end(self) -> bytes | None:
        """The byte with which a record ends; None if there is none."""
        return "\n".encode(self.encoding) if self.line_ends else None


def spans_of(columns: Mapping[str, Span]) -> tuple[tuple[str, int, int], ...]:
    """Return columns as names with places.

    Raises:
        DefinitionError: If one is neither a width nor two places.
    """
    found: list[tuple[str, int, int]] = []
    at = 0
    for name, span in columns.items():
        match span:
            case bool():
                raise _no_span(name, span)
            case int(width):
                at, start = at + width, at
            case (int(start), int(end)):
                at = end
            case _:
                raise _no_span(name, span)
        found.append((name, start, at))
    return tuple(found)


def _no_span(name: str, span: object) -> DefinitionError:
    return DefinitionError(
        f"expected the width of column {name!r} or its two places, got {span!r}",
        hint='write columns={"id": 6, "name": (6, 26)}',
    )
