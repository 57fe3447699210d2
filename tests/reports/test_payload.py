"""Events as JSON data: nothing is lost that has a form, and no secret is told."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from daybreak.model.fate import Counts
from daybreak.model.parameters import Secret
from daybreak.model.row import Row
from daybreak.model.status import RunStatus
from daybreak.reports.payload import payload_of, plain
from daybreak.reports.secrets import Mask
from tests.reports.conftest import Events


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (Secret("abc"), "***"),
        (RunStatus.DONE, "done"),
        (True, True),
        (float("nan"), None),
        (Decimal("1.10"), "1.10"),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, tzinfo=UTC), "2026-01-31T00:00:00+00:00"),
        (timedelta(minutes=1), 60.0),
        (Path("a/b"), "a/b"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("é".encode(), "é"),
        (b"\xff", {"base64": "/w=="}),
        (Row(("a", "b"), (1, b"x")), {"a": 1, "b": "x"}),
        ({1: {"x"}}, {"1": ["x"]}),
        (Counts(1, 1), {"read": 1, "passed": 1, "filtered": 0, "quarantined": 0, "superseded": 0,
                        "written": 0}),
        ("with hunter22 inside", "with *** inside"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_value_has_a_json_form(value: Any, data: Any) -> None:
    found = plain(value, Mask(["hunter22"]))

    assert data == found
    json.dumps(found, allow_nan=False)


def test_what_has_no_json_form_becomes_text() -> None:
    class Odd:
        def __repr__(self) -> str:
            return "<odd hunter22>"

    assert "<odd ***>" == plain(Odd(), Mask(["hunter22"]))


def test_an_event_begins_with_its_name(events: Events) -> None:
    payload = payload_of(events.chunk(), Mask())

    assert [("event", "chunk_committed"), ("at", "2026-01-31T02:00:00+00:00")] == list(
        payload.items()
    )[:2]
