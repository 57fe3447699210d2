"""In what the rehearsals of a forecast differ from runs in production, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ..databases.sizes import Sizes, TableSize
from ..ledger.history import StepTime
from .rehearsal_words import SPREAD
from .samples import Sample

TABLES_SHOWN_MAX: Final = 3
_FINE_BYTES: Final = 1_000_000
SIZES_OF_MEMORY: Final = 3
"""With fewer sizes of a chunk or more, memory is forecast from smaller samples too."""

WITHIN_A_CHUNK: Final = (
    "memory was measured with few samples larger than a chunk ({:,} records): up to a chunk it"
    " grows with the records that are held at once, beyond it mostly does not"
)
_SAID: Final = (SPREAD, "one worker did them")
"""What a single rehearsal says and a forecast says otherwise, or need not."""


def caveats_of(
    samples: Sequence[Sample], runs: Sequence[StepTime], workers: int, parallel: int, asked: int
) -> Iterator[str]:
    """Yield what a forecast cannot know.

    Args:
        samples: Its rehearsals.
        runs: Its past runs.
        workers: How many workers were measured.
        parallel: How many a run has.
        asked: The number of records that is asked for.
    """
    if samples:
        if workers < parallel:
            yield (
                f"one worker was measured; a run has {parallel}, and takes at least 1/{parallel} of"
                " it"
            )
        largest = max(samples, key=lambda sample: sample.records)
        if largest.records < asked:
            yield (
                f"the largest sample has {largest.records:,} records: its pages fit into caches"
                f" that those of {asked:,} may not fit into"
            )
        if any(SPREAD in one for one in largest.caveats):
            yield (
                "samples keep the shares of values, not how often equal ones meet: a key that the"
                " whole has twice is seldom twice in a sample"
            )
        for sizes in largest.sizes:
            yield from _about_sizes(sizes)
        if len(samples) > 1:
            yield (
                "caches were warm: a sample finds in them what those before it have read, a run in"
                " the night may not"
            )
        yield from (one for one in largest.caveats if not any(said in one for said in _SAID))
    elif runs:
        yield "only past runs were looked at: a data set of another kind was not"


def beyond_a_chunk(samples: Sequence[Sample], chunk: int) -> list[Sample]:
    """Return the samples of a chunk or more, whose memory says how that of a run grows.

    A step holds its chunks in flight, not its source: up to one chunk it holds more with each
    record, and that law ends there.

    Returns:
        None of them if there are too few sizes to say anything.
    """
    found = [one for one in samples if one.records >= chunk]
    return found if len({one.records for one in found}) >= SIZES_OF_MEMORY else []


def _about_sizes(sizes: Sizes) -> Iterator[str]:
    if not sizes.tables:
        return
    shown = [_described(one) for one in sizes.tables[:TABLES_SHOWN_MAX]]
    more = len(sizes.tables) - len(shown)
    also = f" and {more} smaller" if more else ""
    yield (
        f"database {sizes.database}: it was measured with {', '.join(shown)}{also}; where"
        " production's are larger, each look into them and each new key costs more"
    )
    if sizes.cache_bytes is None:
        return
    if sizes.bytes <= sizes.cache_bytes:
        yield (
            f"they fit into the server's cache ({_size(sizes.bytes)} of shared_buffers"
            f" {_size(sizes.cache_bytes)}): where production's do not, their pages come from disk"
        )
    else:
        yield (
            f"they do not fit into the server's cache ({_size(sizes.bytes)}, shared_buffers"
            f" {_size(sizes.cache_bytes)}): how much of them is in memory may differ in production"
        )


def _described(table: TableSize) -> str:
    rows = "" if table.rows_about is None else f"about {table.rows_about:,} rows, "
    indexes = f", indexes {_size(table.index_bytes)}" if table.index_bytes else ""
    return f"{table.name} ({rows}{_size(table.bytes)}{indexes})"


def _size(size_bytes: int) -> str:
    if size_bytes < _FINE_BYTES:
        return f"{size_bytes / 1e3:,.0f} kB"
    return f"{size_bytes / 1e6:,.1f} MB"
