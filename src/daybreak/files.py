"""Files at either end of a pipeline. Names only."""

from .connectors.csv_file import File, csv

__all__ = ["File", "csv"]
