"""What the finished steps of a run gave, so that `run[step]` answers in any attempt."""

from __future__ import annotations

import threading
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import DefinitionError, PreflightError, SourceChanged
from ..model.fate import Counts
from ..model.job import Step, StepKind


class KeptValues:
    """Values by step: as JSON text in the ledger, read anew when first asked for.

    Args:
        folder: Of the run.
        kept_folder: Of the run that gave the values; a rehearsal takes those of an earlier one.
    """

    def __init__(self, folder: Path, kept_folder: Path | None = None) -> None:
        self._folder = folder
        self._kept_folder = kept_folder or folder
        self._texts: dict[Step[Any], str | None] = {}
        self._counts: dict[Step[Any], Counts] = {}
        self._values: dict[Step[Any], Any] = {}
        self._lock = threading.Lock()

    def keep(self, step: Step[Any], value: object) -> str:
        """Return what a step's function gave as JSON text.

        Raises:
            DefinitionError: If it cannot be kept, or is not what the annotation says.
        """
        from ..check import keep  # noqa: PLC0415 - for steps that give something

        return keep.to_json(value, returned_by(step), self._folder)

    def done(self, step: Step[Any], text: str | None, counts: Counts) -> None:
        """Note that a step is done, and what it gave."""
        with self._lock:
            self._texts[step] = text
            self._counts[step] = counts

    def of(self, step: Step[Any]) -> Any:
        """Return what a finished step gave: a chunked one its fates.

        Raises:
            SourceChanged: If it gave files, and they are not the same any more.
            PreflightError: If it is not done: it is rehearsed what comes behind it.
        """
        with self._lock:
            if step not in self._counts:
                raise not_done([step.name])
            if step.kind is StepKind.STEP:
                return self._counts[step]
            if step not in self._values:
                text = self._texts[step]
                self._values[step] = None if text is None else self._read(step, text)
            return self._values[step]

    def _read(self, step: Step[Any], text: str) -> Any:
        try:
            from ..check import keep  # noqa: PLC0415 - for steps that give something

            return keep.from_json(text, returned_by(step), self._kept_folder)
        except SourceChanged as error:
            raise SourceChanged(
                f"what step {step.name} gave has changed: {error}",
                hint=f"put it back as it was, or begin again from that step: --from {step.name}",
                step=step.name,
            ) from error


def not_done(steps: Iterable[str]) -> PreflightError:
    """Say that a step cannot be rehearsed in place: steps that give its input are not done."""
    names = ", ".join(f"run[{name}]" for name in steps)
    return PreflightError(
        f"the step cannot be rehearsed in place: it asks for {names}, which no run has done",
        hint="rehearse the job up to it in a scratch database: --scratch; or run the steps before"
        " it, or name a run that has done them: --run N",
    )


def returned_by(step: Step[Any]) -> Any:
    """Return the annotation of what a step's function gives.

    Raises:
        DefinitionError: If it has none.
    """
    hints = typing.get_type_hints(step.function, include_extras=True)
    if "return" not in hints:
        raise DefinitionError(
            f"step {step.name} does not say what it returns",
            hint="annotate it, for example `-> None` or `-> Path`",
            step=step.name,
        )
    return hints["return"]
