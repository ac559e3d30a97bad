"""Fixes by what they mend."""
