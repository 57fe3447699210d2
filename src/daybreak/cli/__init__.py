"""The command line: `daybreak run`, `status`, `quarantine`; heavy imports wait until needed."""

from .program import main

__all__ = ["main"]
