"""The diagnosis of a release."""
