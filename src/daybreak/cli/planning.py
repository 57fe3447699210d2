"""What `daybreak plan` does once its options are read: plan, show it, end."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from ..ledger.clock import SystemClock
from ..operations.load import LoadedJob
from ..operations.plan import plan_of
from ..operations.settings import Settings
from ..operations.what_if import read_what_if
from ..reports.jsonlog import JsonLines
from ..reports.look import console_on
from ..reports.plan import plan_parts
from ..reports.plan_page import page_of
from ..reports.plan_words import plan_payload
from ..reports.secrets import Mask
from .exits import Exit
from .job_options import read_databases, read_given
from .pages import write_page


def plan_job(loaded: LoadedJob, file: str, options: Mapping[str, Any]) -> Exit:
    """Plan what a command means, and show it.

    Args:
        loaded: The job.
        file: Its file as typed.
        options: The command's options as click read them.

    Raises:
        DaybreakError: If nothing is known of a step, or what is supposed makes no sense.
    """
    job = loaded.job
    limits = {name for step in job.steps for name in step.uses}
    what_if = read_what_if(options["what_if"], [step.name for step in job.steps], limits)
    settings = Settings(
        parameters=read_given(loaded.parameters, options),
        databases=read_databases([one.name for one in loaded.databases], options["databases"]),
        ledger=options["ledger"],
        night=options["night"],
    )
    plan = plan_of(
        loaded,
        settings,
        SystemClock(),
        file=file,
        what_if=what_if,
        supposed=options["what_if"],
        nights=options["nights"],
        seed=options["seed"],
    )
    mask = Mask()
    if options["as_json"]:
        JsonLines(sys.stdout, mask).write(plan_payload(plan, mask))
    else:
        console = console_on(sys.stdout)
        for part in plan_parts(plan, sys.stdout, console.width):
            console.print(part)
    if options["html"] is not None:
        write_page(options["html"], page_of(plan, mask), is_told=not options["as_json"])
    return Exit.DONE
