"""A release as it is now: watched, its logs followed, diagnosed."""
