"""What people and programs ask for, one verb a file: the parts are wired together here."""

from __future__ import annotations
