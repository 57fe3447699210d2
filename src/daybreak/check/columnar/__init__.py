"""The check by columns: which rows of a block are certainly good. The row reader judges the rest.

NumPy and PyArrow are imported here; who imports this package needs the extra `files`. Names only.
"""

from .block_check import BlockCheck, BlockRows, Verdict
from .cutting import Block, Cutter
from .memory import Memory
from .plan import ByRows
from .text_tags import TextColumn, TextTags

__all__ = [
    "Block",
    "BlockCheck",
    "BlockRows",
    "ByRows",
    "Cutter",
    "Memory",
    "TextColumn",
    "TextTags",
    "Verdict",
]
