"""A job whose only step has a share, and says by the kernel's word whether it has it alone.

Run as a job's file by test_sharing.py. Its named pipes are the barriers: opening `began` waits for
the test to open the other end, and the work lasts until something stands in `go`.
"""

import fcntl
import os
import select
from pathlib import Path

from daybreak import Job, Run, current_scope

job = Job("sharing")


@job.task(uses={"db": 1}, impact="Nothing is shared.")
def load(run: Run, folder: str, name: str) -> None:
    """Work, from `began` to `go`; fail if another process works."""
    with Path(folder, "busy").open("w") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX | fcntl.LOCK_NB)
        Path(folder, f"{name}.began").open("w").close()
        go = os.open(Path(folder, f"{name}.go"), os.O_RDWR)
        while not select.select([go], [], [], 0.05)[0]:
            if current_scope().cancelled:
                raise RuntimeError("it is not wanted any more")
