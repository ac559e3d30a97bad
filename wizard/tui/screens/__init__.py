"""Screens: each is built from a snapshot and returns what the person decided."""
