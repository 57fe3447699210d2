"""Every program of the corpus: importing this enters them all."""

from __future__ import annotations

from . import (
    checking,
    databases,
    documents,
    estimates,
    flows,
    formats,
    mappings,
    messages,
    networks,
    numbers,
    ordering,
    sequences,
    statements,
    tables,
    wording,
)
from .program import PROGRAMS, Part, Program

FIRST_MODULES = (databases, formats, mappings, numbers, sequences)
SECOND_MODULES = (documents, networks, ordering, statements, tables, wording)
THIRD_MODULES = (checking, estimates, flows, messages)


def programs_of(part: Part) -> list[Program]:
    """Return the programs of a part, by family and name."""
    chosen = [program for program in PROGRAMS.values() if program.part == part]
    return sorted(chosen, key=lambda program: (program.family, program.name))
