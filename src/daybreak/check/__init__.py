"""Looking at all data before the work, and keeping what a task gave. Names only."""

from .by_columns import CheckedByRows
from .file import CheckProgress
from .sources import check_sources
from .summary import CheckSummary

__all__ = ["CheckProgress", "CheckSummary", "CheckedByRows", "check_sources"]
