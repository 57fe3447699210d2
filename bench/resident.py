"""A script: runs a command, then prints the peak resident memory of its process in bytes.

It is a process of its own, and imports nothing, because the kernel counts for a child what its
parent held when it started it: that must be less than what is measured.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command that is given as arguments; end as it ended."""
    process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
    _, status, usage = os.wait4(process, 0)
    unit_bytes = 1 if sys.platform == "darwin" else 1024
    print(usage.ru_maxrss * unit_bytes)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
