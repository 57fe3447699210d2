"""Files at either end of a pipeline. Names only."""

from .connectors.csv_file import csv
from .connectors.csv_trailer import Trailer
from .connectors.excel_file import excel
from .connectors.file_root import File
from .connectors.named_files import fixed, json, jsonl, xml
from .connectors.parquet_file import parquet

__all__ = ["File", "Trailer", "csv", "excel", "fixed", "json", "jsonl", "parquet", "xml"]
