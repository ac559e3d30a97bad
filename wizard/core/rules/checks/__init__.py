"""Checks before a run, one module a family."""
