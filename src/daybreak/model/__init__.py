"""Pure values and decisions: no clock, no chance, no thread, no I/O."""

from __future__ import annotations
