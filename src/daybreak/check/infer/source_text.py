"""A proposal as the text of a Python module."""

from __future__ import annotations

import io
import textwrap
import tokenize
from collections.abc import Iterator, Sequence
from typing import Final

from .proposal import Proposal

WIDTH: Final = 99

_IMPORTS: Final = (
    ("datetime", ("date", "datetime")),
    ("decimal", ("Decimal",)),
    ("typing", ("Annotated", "Any", "Literal")),
    ("pydantic", ("AwareDatetime", "BaseModel", "Field", "NaiveDatetime")),
)
_PLAIN: Final = {
    "bool": "bool",
    "int": "int",
    "float": "float",
    "date": "date",
    "datetime": "datetime",
    "datetime aware": "AwareDatetime",
    "datetime naive": "NaiveDatetime",
    "text": "str",
    "any": "Any",
}


def module_text(
    name: str,
    fields: Sequence[tuple[str, str, Proposal, Sequence[str]]],
    head: Sequence[str],
    notes: Sequence[str],
) -> str:
    """Return a module with one model.

    Args:
        name: The model's.
        fields: Of each field its name, its column, its type, and remarks about it.
        head: Lines of comment at the top.
        notes: Lines of comment above the fields.
    """
    lines = [line for note in notes for line in _comment(note, "    ")]
    lines += [line for field in fields for line in _field(*field)]
    text = "\n".join(lines)
    used = {"BaseModel", *_words(text)}
    imports = [
        f"from {module} import {', '.join(found)}"
        for module, names in _IMPORTS
        if (found := [one for one in names if one in used])
    ]
    if len(imports) > 1:
        imports.insert(-1, "")
    above = [line for text_ in head for line in _comment(text_, "")]
    model = [f"class {name}(BaseModel):", text or "    pass"]
    return "\n".join([*above, "", *imports, "", "", *model]) + "\n"


def _comment(text: str, indent: str) -> Iterator[str]:
    """Yield the lines of a comment; what is foreign in it cannot end one."""
    visible = "".join(one if one.isprintable() else "?" for one in text)
    for line in textwrap.wrap(visible, WIDTH - len(indent) - 2, break_on_hyphens=False):
        yield f"{indent}# {line}"


def _words(text: str) -> Iterator[str]:
    """Yield the words of the code in a text, without its comments and strings."""
    wrapped = f"class X:\n{text}\n" if text.strip() else ""
    for token in tokenize.generate_tokens(io.StringIO(wrapped).readline):
        if token.type == tokenize.NAME:
            yield token.string


def _field(name: str, column: str, proposal: Proposal, remarks: Sequence[str]) -> Iterator[str]:
    for remark in remarks:
        yield from _comment(remark, "    ")
    alias = "" if name == column else f"alias={_string(column)}"
    default = "None" if proposal.may_be_missing else ""
    value = f"Field({', '.join(part for part in (default, alias) if part)})" if alias else default
    yield f"    {name}: {_type(proposal)}" + (f" = {value}" if value else "")


def _type(proposal: Proposal) -> str:
    match proposal.kind:
        case "decimal":
            text = f"Annotated[Decimal, Field(decimal_places={proposal.places})]"
        case "choice":
            text = f"Literal[{', '.join(map(_string, proposal.choices))}]"
        case "text" if proposal.rules:
            rules = ", ".join(
                f"{name}={_string(rule) if isinstance(rule, str) else f'{rule:_}'}"
                for name, rule in proposal.rules.items()
            )
            text = f"Annotated[str, Field({rules})]"
        case kind:
            text = _PLAIN[f"{kind} {proposal.zone}".rstrip()]
    return f"{text} | None" if proposal.is_nullable and text != "Any" else text


def _string(text: str) -> str:
    """Write a text as a Python string, raw where that reads better."""
    if text.isprintable() and '"' not in text:
        if "\\" not in text:
            return f'"{text}"'
        if not text.endswith("\\"):
            return f'r"{text}"'
    return repr(text)
