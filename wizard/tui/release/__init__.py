"""A release, live and without a run."""
