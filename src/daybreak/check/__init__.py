"""Looking at all data before the work, and keeping what a task gave. Names only."""

from .csv_file import CheckProgress
from .sources import check_sources

__all__ = ["CheckProgress", "check_sources"]
