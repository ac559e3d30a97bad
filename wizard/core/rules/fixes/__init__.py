"""Fixes, one module per kind of object."""
