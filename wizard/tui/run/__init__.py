"""A run, live and ended."""
