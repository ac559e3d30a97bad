"""Helm's side: its command line, its records, values, and what a plan says."""
