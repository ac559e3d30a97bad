"""Findings during and after a run: diagnosed causes, one module per family."""
