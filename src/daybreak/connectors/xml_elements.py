"""Elements of XML as values by name.

| in the document | column | value |
| --- | --- | --- |
| `<order id="7">` | `id` | the attribute's text |
| `<name>Ann</name>` | `name` | the child's text, as it stands |
| `<price currency="EUR">` | `price@currency` | the child's attribute's text |
| `<order>text</order>`, without children | `order` | its text, if it is not only blanks |
| `<name xsi:nil="true"/>` | `name` | NULL |
| no such child or attribute | | NULL |

Names are without prefixes and namespaces; other attributes of `xsi` are no columns. A name that
comes twice, and a child with children of its own, have no value that could be trusted. Text beside
children belongs to none of them: then the record has no values at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .file_refusals import shorten
from .named_values import show_fault
from .row import Malformed
from .xml_document import Around

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NO_XML: Final = "no XML: "
TWICE: Final = "more than one of this name in a record"
NESTED: Final = "it has elements inside"
TEXT_BESIDE: Final = "text beside the elements of a record"

_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_NIL: Final = _XSI + "nil"


class Values:
    """What one element says, by name."""

    def __init__(self, element: Element) -> None:
        self.by_name: dict[str, str | None] = {}
        self.refused: dict[str, str] = {}
        """Names without a value that could be trusted, and why."""
        self._attributes("", element)
        for child in element:
            self._child(child)
            _refuse_text(child.tail)
        if len(element):
            _refuse_text(element.text)
        elif element.text and element.text.strip():
            self._put(_local(element.tag), element.text)

    def _child(self, child: Element) -> None:
        name = _local(child.tag)
        if len(child):
            self._put(name, None)
            self.refused.setdefault(name, NESTED)
            return
        is_nil = child.get(_NIL) in {"true", "1"}
        self._put(name, None if is_nil else child.text or "")
        self._attributes(name + "@", child)

    def _attributes(self, before: str, element: Element) -> None:
        for name, value in element.items():
            if not name.startswith(_XSI):
                self._put(before + _local(name), value)

    def _put(self, name: str, value: str | None) -> None:
        if name in self.by_name:
            self.refused[name] = TWICE
        self.by_name[name] = value


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _refuse_text(text: str | None) -> None:
    if text and text.strip():
        raise Malformed(TEXT_BESIDE, shorten(text.strip()))


class ElementReader:
    """Parses records one by one, inside of the elements in which they stand.

    Args:
        around: These elements: they say what prefixes mean.
    """

    def __init__(self, around: Around) -> None:
        from xml.etree import ElementTree as ET  # noqa: PLC0415 - heavy; no DTD gets here

        self._etree = ET
        self._codec = around.codec
        self._depth = len(around.tags)
        self._before = "".join(around.tags)
        names = [name.decode(around.codec) for name in reversed(around.names)]
        self._behind = "".join(f"</{name}>" for name in names)

    def read(self, raw: bytes) -> Values:
        """Return what an element says.

        Raises:
            Malformed: If it is no XML, or has text beside its children.
        """
        element = self._parsed(raw)
        for _ in range(self._depth):
            element = element[0]
        return Values(element)

    def refuse_bad_tags(self) -> None:
        """Parse the elements around the records; raises `Malformed` if they are no XML."""
        if self._before:
            self._parsed(b"")

    def _parsed(self, raw: bytes) -> Element:
        try:
            text = raw.decode(self._codec)
        except UnicodeDecodeError as exc:
            reason = f"bytes that are not {self._codec}"
            raise Malformed(reason, show_fault(raw, exc.start)) from exc
        whole = self._before + text + self._behind
        parser = self._etree.XMLParser()
        try:
            parser.feed(whole)
            found: Element = parser.close()
        except self._etree.ParseError as exc:
            reason, at = _explain(whole.encode("utf-8", "surrogatepass"), exc.code)
            inside = text.encode()[: max(0, at - len(self._before.encode()))]
            at = len(inside.decode("utf-8", "ignore").encode(self._codec))
            raise Malformed(reason, show_fault(raw, at)) from exc
        return found


def _explain(whole: bytes, code: int) -> tuple[str, int]:
    """Return the reason why a document is no XML, and the byte at which that was seen."""
    from xml.parsers import expat  # noqa: PLC0415 - as above

    parser = expat.ParserCreate("utf-8", "}")
    try:
        parser.Parse(whole, True)  # noqa: FBT003 - its own face
    except expat.ExpatError as exc:
        code = exc.code
    return NO_XML + expat.ErrorString(code), parser.ErrorByteIndex
