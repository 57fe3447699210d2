"""The job that loads orders as they are: checked by columns, and handed to the table."""

from __future__ import annotations

from pathlib import Path

from bench.orders_data import Order
from daybreak import Database, Job, Work, files

db = Database("postgresql:///postgres")
job = Job("import-plain")


@job.step(chunk=100_000, parallel=2, impact="There are no figures.")
def load(path: Path) -> Work:
    """Load a file of orders."""
    return files.csv(path, Order).into(db.table("orders", Order, key="id"))
