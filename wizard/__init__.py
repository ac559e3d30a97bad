"""The LLM Cost Ops installer: version and one setting, imports nothing."""

__version__ = "1.0.0"

SELDOM = (20_000, 20, 20)
"""Thresholds of the garbage collector: log lines come by the hundred thousand and hold no cycles, and looking through
them again and again costs a third of the time that reading them takes."""
