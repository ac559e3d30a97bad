"""Frozen values that three or more modules share."""
