"""XML is read element by element, nothing but the file is touched, and damage costs its element."""

from __future__ import annotations

import io
import socket
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from daybreak import files
from daybreak.connectors import byte_window
from daybreak.connectors.file_refusals import FileRefused
from daybreak.connectors.xml_format import XmlFormat
from daybreak.errors import DefinitionError
from tests.connectors.test_json import measured, reasons, rows_of
from tests.connectors.test_json import read as read_as

EXAMPLES = settings().max_examples  # few in `make check`
seeded = settings(derandomize=True, max_examples=EXAMPLES, deadline=None, database=None)

ORDERS = XmlFormat("order")

letter = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
text = st.text(letter | st.sampled_from("\t\n"), max_size=8)
text |= st.sampled_from(["]]>", "<order>", "</order>", "<!--", "&amp;", "'\"", ""])
name = st.sampled_from(["a", "b", "s:c", "order2", "é", "d-e.f"])
how = st.sampled_from(["escaped", "section", "comment"])
record = st.tuples(
    st.dictionaries(st.sampled_from(["x", "y", "s:z"]), text, max_size=2),
    st.dictionaries(name, st.tuples(text, how), max_size=4),
)


def read(data: bytes, model: type | None = None, form: XmlFormat = ORDERS) -> list[Any]:
    return read_as(form, data, model)


def content(value: str, way: str) -> str:
    if way == "section" and "]]>" not in value:
        return f"<![CDATA[{value}]]>"
    half = len(value) // 2
    middle = "<!-- </order> --><?pi <order> ?>" if way == "comment" else ""
    return escape(value[:half]) + middle + escape(value[half:])


def element(one: Any) -> str:
    attributes, children = one
    inside = "".join(f"<{key}>{content(*value)}</{key}>" for key, value in children.items())
    facts = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<order{facts}>{inside}</order>"


@pytest.mark.slow
class TestAgainstEtree:
    @seeded
    @given(
        st.lists(record, max_size=5),
        st.sampled_from(["utf-8", "cp932", "latin-1", "gb18030"]),
        st.sampled_from(["", "\n  ", "<!-- <order/> -->"]),
        st.integers(1, 60),
    )
    def test_what_it_reads_is_read(
        self, records: list[Any], encoding: str, between: str, block_bytes: int
    ) -> None:
        inner = between.join(map(element, records))
        document = f'<?xml version="1.0" encoding="{encoding}"?>\n<s:o xmlns:s="u">{inner}</s:o>\n'
        data = document.encode(encoding, "xmlcharrefreplace")
        try:
            root = ET.fromstring(data.decode(encoding).partition("\n")[2])  # noqa: S314 - our own
        except ET.ParseError:  # a character reference where none may be
            return
        expected = [
            {key.rpartition("}")[2]: value for key, value in one.items()}
            | {child.tag.rpartition("}")[2]: child.text or "" for child in one}
            for one in root
        ]

        with patch.object(byte_window, "BLOCK_BYTES", block_bytes):
            found = read(data)

        assert expected == found


class Order(BaseModel):
    id: int
    name: str
    price: Decimal | None
    currency: str = Field(default="EUR", alias="price@currency")
    day: date | None = None
    on: bool = False


class TestTypes:
    def test_attributes_and_children_are_columns_by_the_grammar_of_texts(self) -> None:
        data = b"""<?xml version='1.0' encoding='UTF-8'?>
<orders xmlns="urn:orders" xmlns:x="http://www.w3.org/2001/XMLSchema-instance">
  <order id="007"><name> A </name><price currency="USD">1.50</price><day>2024-02-29</day></order>
  <order id="8"><name/><price x:nil="true"/><on>true</on><note>ignored</note></order>
  <order id="9"><name>b</name></order>
</orders>"""

        found = read(data, Order)

        assert [
            Order.model_validate(one)
            for one in (
                {"id": 7, "name": " A ", "price": "1.50", "price@currency": "USD",
                 "day": "2024-02-29"},
                {"id": 8, "name": "", "price": None, "on": True},
                {"id": 9, "name": "b", "price": None},
            )
        ] == found  # fmt: skip

    def test_all_faults_of_a_record_are_found_at_once(self) -> None:
        data = b"<o>\n<order><id>1_0</id><price><v/></price><on>1</on><on>0</on></order></o>"

        assert [
            [
                (2, "id", "1_0", "not a whole number"),
                (2, "price", None, "it has elements inside"),
                (2, "on", "0", "more than one of this name in a record"),
                (2, "name", None, "required"),
            ]
        ] == read(data, Order)

    def test_what_the_model_does_not_name_may_be_anything(self) -> None:
        data = b"<o><order><id>1</id><name>a</name><x><y/></x><z/><z/></order></o>"

        assert [Order(id=1, name="a", price=None)] == read(data, Order)
        assert [["it has elements inside", "more than one of this name in a record"]] == reasons(
            ORDERS, data
        )

    def test_a_record_without_children_may_be_a_text(self) -> None:
        assert [{"at": "1", "order": "12"}] == read(b'<o><order at="1">12</order></o>')

    def test_a_path_names_elements_from_the_outermost_on(self) -> None:
        data = b"<f><order><order/></order><order><n/></order></f>"
        inner = b"<f><g><order/><order/></g></f>"

        assert [{"order": ""}, {"n": ""}] == read(data)
        assert [{"order": ""}, {"n": ""}] == read(data, form=XmlFormat("f/order"))
        assert [{}, {}] == read(inner, form=XmlFormat("f/g/order"))

    def test_an_element_of_another_name_between_records_is_none(self) -> None:
        data = b"<f><sum>1</sum><order/><sum>2</sum><order><n/></order><sum>3</sum></f>"

        assert [{}, {"n": ""}] == read(data)


class TestDamage:
    @pytest.mark.parametrize(
        ("inside", "reason"),
        [
            (b"<n>A & B</n>", "no XML: not well-formed (invalid token)"),
            (b"<n>&foo;</n>", "no XML: undefined entity"),
            (b"<n>\x00</n>", "no XML: not well-formed (invalid token)"),
            (b"<n>\x1b</n>", "no XML: not well-formed (invalid token)"),
            (b"<n>&#0;</n>", "no XML: reference to invalid character number"),
            (b"<n>]]></n>", "no XML: not well-formed (invalid token)"),
            (b"<n>\xff</n>", "bytes that are not utf-8"),
            (b'<n a="1" a="1"/>', "no XML: duplicate attribute"),
            (b"<n a=1/>", "no XML: not well-formed (invalid token)"),
            (b"<x:n/>", "no XML: unbound prefix"),
            (b"<n>-- <!-- -- --></n>", "no XML: not well-formed (invalid token)"),
            (b"<n/>text", "text beside the elements of a record"),
        ],
    )
    def test_a_record_whose_tags_pair_costs_itself(self, inside: bytes, reason: str) -> None:
        data = b"<o>\n<order><a>0</a></order>\n<order>" + inside + b"</order>\n<order/></o>"

        assert [{"a": "0"}, [reason], {}] == reasons(ORDERS, data)

    @pytest.mark.parametrize(
        ("broken", "reason"),
        [
            (b"<order><n></order>", "no XML: tags that do not pair"),
            (b"<order></n></order>", "no XML: tags that do not pair"),
            (b"<order><n>", "no XML: tags that do not pair"),
            (b"<order><n><</n></order>", "no XML: a tag that is none"),
            (b'<order a="></order>', "no XML: a tag that is none"),
            (b"<order><1/></order>", "no XML: a tag that is none"),
            (
                b"<order><!-- </order>",
                "no XML: a comment, section or instruction that is never closed",
            ),
            (
                b"<order><![CDATA[ </order>",
                "no XML: a comment, section or instruction that is never closed",
            ),
            (b"<order><!DOCTYPE a></order>", "a document type definition, which is not read"),
        ],
    )
    def test_once_tags_do_not_pair_the_rest_is_one_region(self, broken: bytes, reason: str) -> None:
        data = b"<o>\n<order/>\n" + broken + b"\n<order/></o>\n"

        found = rows_of(ORDERS, data)

        assert [None, reason] == [row.fault for row in found]
        assert data[found[1].offset :] == found[1].raw
        assert (3, 2) == (found[1].line, found[1].lines)

    @pytest.mark.parametrize(
        ("behind", "reason"),
        [
            (b"", "no XML: the file ends inside an element"),
            (b"<!-- ", "no XML: a comment, section or instruction that is never closed"),
            (b"</o>", "no XML: the file ends inside an element"),
            (b"</o></f>x", "no XML: text outside of the outermost element"),
            (b"</o></f><f/>", "no XML: a second outermost element"),
            (b"</o><o><order/></o></f>", "a record outside of the element that holds the others"),
            (b"</f></o>", "no XML: tags that do not pair"),
        ],
    )
    def test_what_is_wrong_behind_the_records_is_a_finding(
        self, behind: bytes, reason: str
    ) -> None:
        data = b"<f><o><order><a>1</a></order><order><a>2</a></order><sum/>" + behind

        found = reasons(ORDERS, data)

        before = [{"a": "1"}, {"a": "2"}]
        assert [*before[: 1 if behind == b"</f></o>" else 2], [reason]] == found

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"", "no XML: a file without an element"),
            (b"  \n", "no XML: a file without an element"),
            (b"id,name\n1,a\n", "no XML: text outside of the outermost element"),
            (b"<o><x/></o>", "no element of the name that its records have"),
            (b"<o><x>", "no XML: the file ends inside an element"),
            (b"<o></x></o>", "no XML: tags that do not pair"),
            (b'<o a="1" a="2"><order/></o>', "no XML: duplicate attribute"),
            (b"<x:o><order/></x:o>", "no XML: unbound prefix"),
            (b"<?xml version='1.0' encoding='utf-9'?><o/>", "an encoding that is not known"),
            (
                b"<?xml version='1.0' encoding='utf-16'?><o/>",
                "an encoding that cannot be divided by its bytes",
            ),
            ("<o/>".encode("utf-16"), "text in UTF-16: convert the file to UTF-8"),
            ("<o/>".encode("utf-16-le"), "text in UTF-16: convert the file to UTF-8"),
        ],
    )
    def test_a_document_that_holds_no_records_is_refused(self, data: bytes, reason: str) -> None:
        with pytest.raises(FileRefused) as raised:
            ORDERS.header(io.BytesIO(data), "f", ())

        assert [reason] == [one.reason for one in raised.value.findings]

    @pytest.mark.slow
    def test_a_record_of_100_mb_is_a_finding_and_is_not_held(self, tmp_path: Path) -> None:
        path = tmp_path / "f"
        with path.open("wb") as stream:
            stream.write(b"<o><order/>\n<order><n>")
            for _ in range(50):
                stream.write(b"x" * 2**20)
            stream.write(b"</n><!--")
            for _ in range(50):
                stream.write(b"-" * 2**20)
            stream.write(b" --></order>\n<order/></o>")

        found, peak = measured(ORDERS, path)

        assert [None, "longer than 1,048,576 bytes", None] == [row.fault for row in found]
        assert [1, 2, 3] == [row.line for row in found]
        assert peak < 16 * 2**20

    @pytest.mark.slow
    def test_a_document_that_only_opens_elements_is_harmless(self, tmp_path: Path) -> None:
        path = tmp_path / "f"
        path.write_bytes(b"<o><order>" + b"<a>" * 50_000)

        found, peak = measured(ORDERS, path)

        assert ["no XML: elements nested too deeply"] == [row.fault for row in found]
        assert peak < 16 * 2**20


LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE o [
 <!ENTITY a "ha">
 <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
 <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
]>
<o><order><n>&c;</n></order></o>"""
OUTSIDE = b"""<!DOCTYPE o [<!ENTITY x SYSTEM "file:///%s">]><o><order><n>&x;</n></order></o>"""
SUBSET = b"""<!DOCTYPE o SYSTEM "http://127.0.0.1:1/o.dtd"><o><order/></o>"""
INCLUDE = (
    b"""<o xmlns:xi="http://www.w3.org/2001/XInclude"><order><xi:include href="f"/></order></o>"""
)


class TestNothingButTheFileIsRead:
    @pytest.fixture(autouse=True)
    def no_file_and_no_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("it was touched")

        monkeypatch.setattr("builtins.open", refuse)
        monkeypatch.setattr(io, "open", refuse)
        monkeypatch.setattr(socket.socket, "connect", refuse)

    @pytest.mark.parametrize("data", [LAUGHS, OUTSIDE % __file__.encode(), SUBSET])
    def test_a_document_type_definition_is_refused(self, data: bytes) -> None:
        with pytest.raises(FileRefused, match="a document type definition, which is not read"):
            ORDERS.header(io.BytesIO(data), "f", ())

    def test_an_inclusion_is_an_element_like_others(self) -> None:
        assert [{"include": "", "include@href": "f"}] == read(INCLUDE)


@pytest.mark.parametrize("record", ["", "a//b", "s:order", "<a>", "a b", "/a"])
def test_a_name_that_no_element_has_is_refused(record: str) -> None:
    with pytest.raises(DefinitionError, match="expected record to be the name"):
        files.xml("f", record=record)


def test_one_byte_lost_or_doubled_makes_no_wrong_record() -> None:
    """At every place of a document: what is good then was good before, or differs in one record."""
    records = [{"id": str(at), "name": "a", "n": ""} for at in range(4)]
    data = (
        b"<o>"
        + b"".join(b'<order id="%d"><name>a</name><n/></order>' % at for at in range(4))
        + b"<sum>4</sum></o>"
    )
    assert records == read(data)
    for at in range(len(data)):
        for damaged in (data[:at] + data[at + 1 :], data[:at] + data[at : at + 1] + data[at:]):
            try:
                found = [one for one in read(damaged) if isinstance(one, dict)]
            except FileRefused:
                continue
            others = [one for one in found if one not in records]
            assert len(others) <= 1, damaged
            assert all(len(one) == 3 for one in others), (damaged, others)
