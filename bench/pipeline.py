"""The figures of the pipeline: what do fan-out, fan-in and cancellation cost, beside its peers?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from . import auto_workers, cpu_stage, endings, pipeline_memory, slide, waiting_stage
from .measure import Figure

PARTS: Final[Mapping[str, Callable[[], Iterator[Figure]]]] = {
    "slide": slide.figures,
    "waiting_stage": waiting_stage.figures,
    "cpu_stage": cpu_stage.figures,
    "endings": endings.figures,
    "auto_workers": auto_workers.figures,
    "pipeline_memory": pipeline_memory.figures,
}
