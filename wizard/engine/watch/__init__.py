"""The present state of a release: watched, its logs followed, diagnosed."""
