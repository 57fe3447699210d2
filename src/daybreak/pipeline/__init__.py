"""Moving records: pipelines, scopes, channels, and the stages of one chunk. Names only."""

from .block import BLOCK_RECORDS, Block, Origin
from .carry import Carried, Carrier, Failure, carrier, refuse_in_a_step
from .channel import Receiver
from .current import CurrentScope, current_scope
from .engine import Results
from .nodes import (
    Each,
    EachChunk,
    End,
    Filter,
    FlatMap,
    Group,
    Inner,
    Into,
    IterableRoot,
    Map,
    Merge,
    Node,
    Root,
    Sink,
    Split,
    Stage,
    Tap,
    names_in,
)
from .options import Collect
from .pipeline import Pipeline, source
from .report import Metric, Report, StageReport
from .scope import Scope
from .stage_options import StageOptions
from .waiting import Cancelled
from .work import Work

__all__ = [
    "BLOCK_RECORDS",
    "Block",
    "Cancelled",
    "Carried",
    "Carrier",
    "Collect",
    "CurrentScope",
    "Each",
    "EachChunk",
    "End",
    "Failure",
    "Filter",
    "FlatMap",
    "Group",
    "Inner",
    "Into",
    "IterableRoot",
    "Map",
    "Merge",
    "Metric",
    "Node",
    "Origin",
    "Pipeline",
    "Receiver",
    "Report",
    "Results",
    "Root",
    "Scope",
    "Sink",
    "Split",
    "Stage",
    "StageOptions",
    "StageReport",
    "Tap",
    "Work",
    "carrier",
    "current_scope",
    "names_in",
    "refuse_in_a_step",
    "source",
]
