"""Forecasts are kept in the ledger as they were made, over both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daybreak.ledger.forecasts import KeptForecast
from daybreak.testing.ledger import INSTANT

if TYPE_CHECKING:
    from daybreak.ledger.store import LedgerStore


def test_forecasts_come_back_as_they_were_the_oldest_first(store: LedgerStore) -> None:
    kept = [
        KeptForecast("load", {"shop": "sqlite:///shop.db"}, 1, INSTANT, {"law": ["n²", 2.0]}),
        KeptForecast("close", {}, 4, INSTANT, {}),
    ]
    for one in kept:
        store.keep_forecast("shop", one)
    store.keep_forecast("another", kept[0])

    assert kept == store.forecasts("shop")
