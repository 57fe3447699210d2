"""A schema proposed for a file, as the text of a Python module."""

from __future__ import annotations

from dataclasses import dataclass

from ..abc import Publish
from ..check.infer.inference import Inference
from ..connectors.file_refusals import FileRefused
from ..connectors.file_root import File, FileRoot
from ..errors import SourceError


@dataclass(frozen=True, slots=True)
class Inferred:
    """What was proposed."""

    text: str
    model: str
    """The model's name in it."""

    records: int
    """Records of the sample."""

    total: int | None
    """Records of the file; None if it was not looked at as a whole."""

    malformed: int
    refused: int
    """Records that the proposal refuses though they are not malformed."""


def infer(
    source: File[object], *, records: int, is_quick: bool, command: str, publish: Publish
) -> Inferred:
    """Propose a schema for one file.

    Args:
        source: The file, as a pipeline with nothing behind it.
        records: How many of the first records to look at.
        is_quick: Whether a sample is enough.
        command: How to check the file by it.
        publish: Hears `CheckProgress`.

    Raises:
        SourceError: If the file cannot be read as records at all.
        SourceChanged: If it changes meanwhile.
    """
    root = source.root
    assert isinstance(root, FileRoot), "a file pipeline begins with files"
    (path,) = root.paths
    inference = Inference(path, root.format)
    try:
        inference.look(records)
    except FileRefused as exc:
        raise SourceError(str(exc), hint="have the file repaired", file=path) from exc
    if not is_quick:
        inference.prove(publish)
    head = [f"Proposed for {path.name}: read it, correct it, keep it.", command]
    return Inferred(
        inference.text(head),
        inference.model,
        inference.records,
        inference.total,
        inference.malformed,
        inference.refused,
    )
