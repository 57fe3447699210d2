"""Every reason that a format knows has advice of its own: whoever sent the file can act on it."""

from __future__ import annotations

from types import ModuleType

import pytest

from daybreak.check import advice
from daybreak.connectors import (
    csv_header,
    csv_rows,
    excel_book,
    excel_cells,
    excel_format,
    excel_sheet,
    fixed_records,
    json_document,
    json_elements,
    json_format,
    json_grammar,
    named_values,
    parquet_format,
    parquet_types,
    typed_records,
    xml_document,
    xml_elements,
    xml_format,
    xml_markup,
)

OF_CSV = (csv_header, csv_rows)
OF_EXCEL = (excel_book, excel_cells, excel_format, excel_sheet)
OF_JSON = (json_document, json_elements, json_format, json_grammar)
OF_XML = (xml_document, xml_elements, xml_format, xml_markup)
OF_OTHERS = (fixed_records, named_values, parquet_format, parquet_types, typed_records)
NO_REASONS = ("{http", "not one row")
"""Constants that are none, and what only a replay can find."""


def reasons_in(modules: tuple[ModuleType, ...]) -> set[str]:
    named = [item for module in modules for item in vars(module).items()]
    texts = {value for name, value in named if name.isupper() and isinstance(value, str)}
    return {text for text in texts if not text.startswith(NO_REASONS) and " " in text}


@pytest.mark.parametrize(
    ("modules", "of_its_own"),
    [
        pytest.param(OF_CSV, "quotes|fields", id="csv"),
        pytest.param(OF_EXCEL, "sheet|merged|formula", id="excel"),
        pytest.param(OF_JSON, "JSON", id="json"),
        pytest.param(OF_XML, "XML", id="xml"),
        pytest.param(OF_OTHERS, "length", id="others"),
    ],
)
def test_every_reason_has_advice(modules: tuple[ModuleType, ...], of_its_own: str) -> None:
    reasons = reasons_in(modules)
    found = {reason: advice.advice_on(reason).meaning for reason in reasons}

    assert [] == [one for one in reasons if advice.advice_on(one) == advice._ANYTHING_ELSE]
    for word in of_its_own.split("|"):
        assert any(word in meaning for meaning in found.values())


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("no XML: tags that do not pair", "XML"),
        ("no JSON: a name in double quotes is missing", "JSON"),
        ("quotes that do not pair", "JSON"),
        ("a quote that is never closed", "where the field ends"),
        ("a number in quotes, which make it a text", "stands between quotes"),
        ("the text must be valid JSON", "rule of the schema"),
    ],
)
def test_advice_fits_the_format(reason: str, word: str) -> None:
    assert word in advice.advice_on(reason).meaning
