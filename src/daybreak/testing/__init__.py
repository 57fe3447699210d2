"""For those who test jobs, or write parts of their own: conformance suites and manual time."""

from __future__ import annotations
