"""Looking at all data before the work, and keeping what a task gave. Names only."""

from .sources import check_sources

__all__ = ["check_sources"]
