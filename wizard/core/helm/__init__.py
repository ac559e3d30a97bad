"""Helm: its command line, its records, values, and plans."""
