"""The LLM Cost Ops installer: its version and a setting; imports nothing."""

__version__ = "1.0.0"

SELDOM = (20_000, 20, 20)
"""Thresholds of the garbage collector: log lines hold no cycles, and with the default thresholds scanning hundreds of
thousands of them takes a third of the time of reading them."""
