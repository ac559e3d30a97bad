"""The revisions of a release."""
