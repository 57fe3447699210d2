"""Databases: sessions, transactions, and the tables that hold epochs, markers and quarantine."""

from __future__ import annotations

from ..abc import Transaction
from ..model.row import Row
from .database import Database
from .nodes import Key, Mode, Table

__all__ = ["Database", "Key", "Mode", "Row", "Table", "Transaction"]
