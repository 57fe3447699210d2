"""The job that loads orders by way of a Python function, which sees every one of them."""

from __future__ import annotations

from pathlib import Path

from bench.orders_data import Order
from daybreak import Database, Job, Work, files

db = Database("postgresql:///postgres")
job = Job("import-computed")


def normalise(order: Order) -> Order:
    """Write an address in small letters, as those of the file are already."""
    order.email = order.email.lower()
    return order


@job.step(chunk=50_000, parallel=2, impact="There are no figures.")
def load(path: Path) -> Work:
    """Load a file of orders."""
    return files.csv(path, Order).map(normalise).into(db.table("orders", Order, key="id"))
