"""What moves at run time: chunks into targets, steps to their proof, a net of steps to its end."""

from __future__ import annotations
