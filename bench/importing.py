"""The figures of loading a file: how quick it is, whether memory is flat, how soon it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from . import import_memory, import_resume, import_speed
from .measure import Figure

PARTS: Final[Mapping[str, Callable[[], Iterator[Figure]]]] = {
    "speed": import_speed.figures,
    "memory": import_memory.figures,
    "resume": import_resume.figures,
}
