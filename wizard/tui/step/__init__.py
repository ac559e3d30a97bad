"""The steps with their questions."""
