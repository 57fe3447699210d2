"""The ledger: the durable record of runs, steps, measurements and audit, and who owns a run.

It is a SQLite file of its own or the schema `daybreak_ledger` of a PostgreSQL database. It knows
nothing of files, tables or chunks beyond their ranges and counts.
"""

from __future__ import annotations
