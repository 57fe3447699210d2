"""Moving records: pipelines, scopes, channels, and the stages of one chunk. Names only."""

from .block import BLOCK_RECORDS, Block, Origin
from .carry import Carried, Failure, carry
from .channel import Receiver
from .current import CurrentScope, current_scope
from .engine import Results
from .meter import Report, StageReport
from .nodes import (
    Each,
    EachChunk,
    End,
    Filter,
    FlatMap,
    Into,
    IterableRoot,
    Map,
    Node,
    Root,
    Sink,
    Stage,
    Tap,
)
from .pipeline import Pipeline, StageOptions, source
from .scope import Scope
from .waiting import Cancelled
from .work import Work

__all__ = [
    "BLOCK_RECORDS",
    "Block",
    "Cancelled",
    "Carried",
    "CurrentScope",
    "Each",
    "EachChunk",
    "End",
    "Failure",
    "Filter",
    "FlatMap",
    "Into",
    "IterableRoot",
    "Map",
    "Node",
    "Origin",
    "Pipeline",
    "Receiver",
    "Report",
    "Results",
    "Root",
    "Scope",
    "Sink",
    "Stage",
    "StageOptions",
    "StageReport",
    "Tap",
    "Work",
    "carry",
    "current_scope",
    "source",
]
