"""Every finding of one file, on disk, given back row by row in the order of the file.

Findings come in that order from each look at the file; what is compared across records afterwards
begins again from above. Each such run is written to a file of its own, and they are merged.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from ..connectors.publishing import writing
from ..model.chunk import Finding


class FindingsSpill:
    """Takes findings, then gives them back. A context manager.

    Args:
        folder: Where its files go; nobody else writes there.
        file: The file's name, for the findings.
    """

    def __init__(self, folder: Path, file: str) -> None:
        self._folder = folder
        self._file = file
        self._runs: list[Path] = []
        self._stream: TextIO | None = None
        self._line = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def add(self, finding: Finding) -> None:
        """Take one.

        Raises:
            SourceError: If it cannot be written.
        """
        with writing(self._folder):
            if self._stream is None or finding.line < self._line:
                self._close()
                self._folder.mkdir(parents=True, exist_ok=True)
                self._runs.append(self._folder / f"{len(self._runs)}.jsonl")
                self._stream = self._runs[-1].open("w", encoding="utf-8")
            self._line = finding.line
            parts = [finding.line, finding.column, finding.value, finding.reason]
            self._stream.write(json.dumps(parts) + "\n")

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def by_line(self) -> Iterator[tuple[int, list[Finding]]]:
        """Yield every line with findings, ascending, with all of them."""
        self._close()
        with ExitStack() as stack:
            runs = [self._read(stack.enter_context(path.open())) for path in self._runs]
            merged = heapq.merge(*runs, key=lambda one: one.line)
            for line, found in groupby(merged, key=lambda one: one.line):
                yield line, list(found)

    def _read(self, stream: TextIO) -> Iterator[Finding]:
        for text in stream:
            line, column, value, reason = json.loads(text)
            yield Finding(self._file, line, column, value, reason)
